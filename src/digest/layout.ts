/**
 * Where things lie in the memory that the kernels work on: first the tables and the states of the
 * batches, then a window for bytes from elsewhere, then the part buffers. Addresses in bytes.
 */

/** Parts that one batch can hash side by side: the 32-bit lanes of a 128-bit register. */
export const LANES = 4

/** MD5's 64 constants, each once for every lane, so that a step adds it by one load. */
export const MD5_CONSTANTS = 0
/** Eight tables of 256 words of 64 bits. */
export const CRC64_TABLES = 1024
/** Masks of the lanes: 16 bytes for each combination of the four. */
export const LANE_MASKS = CRC64_TABLES + 8 * 256 * 8

/** State of a batch, outside the part buffers: what is being sent is never written to. */
const STATES = 20_480
const STATE_SIZE = 1024
/** In a state: MD5's four words, each for all lanes. */
export const MD5_STATE = 0
/** In a state: a CRC-64 word for each lane. */
export const CRC64_STATE = 64
/** In a state: room for what MD5 puts after the last whole block, two blocks for each lane. */
export const TAILS = 128
export const TAIL_SIZE = 128

/** Batches that may be hashed side by side. */
export const WIDE = 2

/** Small objects hashed in one go. */
export const MOST_MESSAGES = LANES * WIDE

/** Batches that may be under way at once: twice as many with the worker as inline. */
export const STATE_COUNT = 3 * WIDE

/** A window for each lane: bytes that lie elsewhere are copied through it, and stay in the cache. */
export const WINDOW = 64 * 1024
const STAGE = 64 * 1024

/** What MD5 puts behind a message, at least: a bit, and the length. */
export const MD5_PADDING = 9
/** Bytes of the longest small object that finds room in a window with that. */
export const LONGEST_MESSAGE = WINDOW - MD5_PADDING

/** Room for the kernels to work in, one for each thread: 32 KiB, of which they use less. */
export const SCRATCH = STAGE + LANES * WINDOW
export const SCRATCH_SIZE = 32 * 1024
export const WORKER_SCRATCH = SCRATCH + SCRATCH_SIZE

/** Where the part buffers begin. */
export const FIRST_SLAB = WORKER_SCRATCH + SCRATCH_SIZE

/** Address of the state with that index. */
export function stateAt(index: number): number {
  return STATES + STATE_SIZE * index
}

/** Address of a lane's window. */
export function stageAt(lane: number): number {
  return STAGE + WINDOW * lane
}
