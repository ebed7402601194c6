/**
 * When parts are hashed, together with which, and by whom: decisions only, on plain numbers.
 */
import { type DigestWish, type HashJob, sizeOf } from './job.js'
import type { JointName } from './kernels.js'
import { LANES } from './layout.js'

/** Who computes the digests of a batch; `auto` decides by load. */
export type HashingMode = 'auto' | 'inline' | 'worker'

/**
 * Returns how many parts a stream hashes together: half of the parts its memory holds, so that the
 * other half can fill or be sent meanwhile, but no more than the kernels take. With 1 it never batches.
 *
 * Kernels take as long for one part as for four or five, and 1.3 times as long for eight. So where this
 * process is what everything waits for, it takes more: all there are, if one thread does one thing after
 * the other anyway; enough for the kernels, if the worker has them while others fill and are sent.
 */
export function lanesFor(now: {
  readonly partsInMemory: number
  readonly wish: DigestWish
  /** The event loop has had little time to spare for a while. */
  readonly pressed: boolean
  /** All parts that memory holds are sent in next to no time: nothing is lost while it is idle. */
  readonly isLineFast: boolean
  /** The worker hashes. */
  readonly inWorker: boolean
}): number {
  const { partsInMemory, wish, pressed, isLineFast, inWorker } = now
  const half = Math.floor(partsInMemory / 2)
  // CRC-64 alone is as fast with one.
  if (!wish.md5 || half < 2) return 1
  const most = mostLanes(wish)
  if (!pressed || !isLineFast) return Math.min(most, half)
  const all = inWorker ? Math.max(half, Math.min(LANES, partsInMemory - 1)) : partsInMemory
  return Math.min(most, all)
}

/** Parts that the kernels take at once: MD5 beside CRC-64 uses all registers for four. */
function mostLanes({ md5, crc64 }: DigestWish): number {
  return md5 && !crc64 ? 2 * LANES : LANES
}

/**
 * Whether a part that begins to fill is hashed while its bytes arrive. So it is while neither the
 * network nor this process is what everything waits for: then there is time for it, and a part that
 * can be sent once it is full must not wait for others.
 */
export function hashesAsItFills(now: {
  readonly lanes: number
  /** Full parts that the service has not acknowledged: waiting, being hashed or sent. */
  readonly ahead: number
  /** Most requests on the wire at once. */
  readonly concurrency: number
  /** The event loop has little time to spare. */
  readonly busy: boolean
}): boolean {
  return now.lanes < 2 || (!now.busy && now.ahead < now.concurrency)
}

/**
 * Returns how many of the parts that wait are to be hashed now, as one batch; 0 is to wait for more.
 *
 * A batch costs the same with one part as with four or five. So one that is not full starts only if nothing
 * will fill it: the stream has ended, or no byte comes and none of its parts is out; or if
 * connections are idle and the processor has time. While parts are being sent their buffers come
 * back, are filled, and make the batch full; to start whenever the buffers run out would hash one part
 * at a time, at four times the cost.
 */
export function partsToHash(now: {
  /** Full parts not hashed, nor being hashed. */
  readonly waiting: number
  /** Parts that make a batch full, see {@link lanesFor}. */
  readonly lanes: number
  /** Parts being hashed, waiting to be sent, or sent. */
  readonly out: number
  /** Most requests on the wire at once. */
  readonly concurrency: number
  /** The event loop has little time to spare. */
  readonly busy: boolean
  /** No byte will come any more. */
  readonly ended: boolean
  /** No byte comes at present: the source is silent, or there is no memory for another one. */
  readonly stalled: boolean
}): number {
  if (now.waiting >= now.lanes) return now.lanes
  if (now.ended) return now.waiting
  if (!now.busy && now.out < now.concurrency) return now.waiting
  return now.stalled && now.out === 0 ? now.waiting : 0
}

/**
 * Returns how many of the parts that wait for the kernels, of whatever stream, go into one batch: four,
 * or up to eight for MD5.
 */
export function batchedOf(waiting: number, wish: DigestWish): number {
  return Math.min(waiting, mostLanes(wish))
}

/**
 * Returns the kernel for so many parts, `undefined` if it is the one of four: five take as long as
 * four, eight 1.3 times as long.
 */
export function jointKernelOf(parts: number): JointName | undefined {
  if (parts <= LANES) return undefined
  return parts === LANES + 1 ? 'md5x5' : 'md5x8'
}

/** Bytes of a job that is alone, from which on it is worth having memory and kernels. */
const WORTH_KERNELS = 256 * 1024

/** Whether the kernels are to be preferred: for MD5 if they have several parts, for CRC-64 always. */
export function isWorthKernels(jobs: readonly HashJob[]): boolean {
  const [head] = jobs
  if (head === undefined || jobs.length > 1) return head !== undefined
  return !head.md5 && sizeOf(head) >= WORTH_KERNELS
}

/** Share of the event loop's time from which the loop is what holds uploads up. */
export const BUSY = 0.7

/** Busy batches in a row after which `auto` starts the worker, which takes some 40 ms of CPU. */
export const BUSY_BATCHES = 2

/** Processors with which the worker takes from nobody what it is given. */
const PLENTY_OF_CORES = 3

/**
 * Returns the mode for the batches of a stream. On two processors and a fast line `auto` is `inline`: what
 * uploads wait for is the processors themselves then, and to hash eight parts at once here costs less
 * than four there. With CRC-64 it is four in either place, and the worker at least does it beside the
 * rest. On a slower line the source is what takes this thread's time, and the worker helps.
 */
export function modeFor(now: {
  readonly mode: HashingMode
  readonly wish: DigestWish
  /** Processors the process may use. */
  readonly cores: number
  /** All parts that memory holds are sent in next to no time. */
  readonly isLineFast: boolean
}): HashingMode {
  const { mode, wish, cores, isLineFast } = now
  const isCheaperHere = isLineFast && cores < PLENTY_OF_CORES && mostLanes(wish) > LANES
  return mode === 'auto' && isCheaperHere ? 'inline' : mode
}

/**
 * Returns who hashes a batch. The worker saves no work, it takes it off the loop: `auto` uses it
 * once the loop has been busy over two batches, and stays with it as long as it runs.
 */
export function hashesIn(now: {
  readonly mode: HashingMode
  /** Processors the process may use. */
  readonly cores: number
  /** The worker has died or could not be started. */
  readonly failed: boolean
  readonly running: boolean
  /** Batches in a row over which the loop was busy for at least {@link BUSY} of the time. */
  readonly busyBatches: number
}): 'inline' | 'worker' {
  if (now.mode === 'inline' || now.failed) return 'inline'
  if (now.mode === 'worker') return 'worker'
  if (now.cores < 2) return 'inline'
  return now.running || now.busyBatches >= BUSY_BATCHES ? 'worker' : 'inline'
}
