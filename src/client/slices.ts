/**
 * Cuts a body into slices, so that its progress can be seen: undici takes a slice when the socket
 * has room. Slices grow on a fast connection, for speed, and shrink on a slow one, lest a single
 * slice take longer than a stall is allowed to.
 */

import type { Clock } from './clock.js'

/** Bytes in memory, or a function that opens them anew. */
export type Source = readonly Uint8Array[] | (() => AsyncIterable<Uint8Array>)

const SMALLEST_SLICE = 16 * 1024
const FIRST_SLICE = 64 * 1024
/** What a connection that breaks down to 4 KiB/s still sends in 30 s. */
const USUAL_SLICE = 128 * 1024
/** For connections so fast that they would have to become a hundred times slower to be taken for dead. */
const LARGEST_SLICE = 1024 * 1024
const QUICK_MS = 1000
const VERY_QUICK_MS = 50

/**
 * The last slice is so small that the socket takes it at once. undici takes a body for sent when the
 * socket has room again; an answer that came before, as on a busy event loop over TLS, would make it
 * close the connection after every request. Less than a socket's `writableHighWaterMark` (16 KiB).
 */
const LAST_SLICE = 4 * 1024

/** Size of the slice after one of `size` bytes that took `tookMs` to be sent. */
export function nextSliceSize(size: number, tookMs: number): number {
  if (tookMs >= QUICK_MS) return Math.max(size / 2, SMALLEST_SLICE)
  return Math.min(size * 2, tookMs < VERY_QUICK_MS ? LARGEST_SLICE : USUAL_SLICE)
}

/**
 * The whole of a body that goes out in one go: so small that the socket takes it at once, and there is
 * no progress to be seen. `undefined` of any other.
 */
export function wholeOf(body: Source | undefined, size: number): Uint8Array | undefined {
  if (typeof body === 'function' || body?.length !== 1 || size > SMALLEST_SLICE) return undefined
  const [whole] = body
  return whole?.byteLength === size ? whole : undefined
}

/** Cuts slices off a body in memory: views, never copies. */
export class SliceCutter {
  readonly #body: readonly Uint8Array[]
  readonly #clock: Clock
  readonly #onTake: () => void
  /** Which of the body's pieces is next, and from which byte of it on. */
  #piece = 0
  #start = 0
  #size = FIRST_SLICE
  #untilLast: number
  /** When the last slice was taken, in ticks. */
  #taken: number | undefined

  /**
   * @param length of the body, in bytes
   * @param onTake is called whenever the consumer asks for a slice
   */
  constructor(body: readonly Uint8Array[], length: number, clock: Clock, onTake: () => void) {
    this.#body = body
    this.#clock = clock
    this.#onTake = onTake
    this.#untilLast = length - LAST_SLICE
  }

  /** The next slice; `undefined` at the end. */
  next(): Uint8Array | undefined {
    const bytes = this.#nextPiece()
    if (bytes === undefined) return undefined
    const now = this.#clock.ticks()
    if (this.#taken !== undefined) this.#size = nextSliceSize(this.#size, now - this.#taken)
    this.#taken = now
    this.#onTake()
    const most = this.#untilLast > 0 ? Math.min(this.#size, this.#untilLast) : this.#size
    const start = this.#start
    this.#start = Math.min(start + most, bytes.byteLength)
    this.#untilLast -= this.#start - start
    return bytes.subarray(start, this.#start)
  }

  /** The piece that the next byte is in. */
  #nextPiece(): Uint8Array | undefined {
    let bytes = this.#body[this.#piece]
    while (bytes !== undefined && this.#start === bytes.byteLength) {
      this.#start = 0
      bytes = this.#body[++this.#piece]
    }
    return bytes
  }
}

/** Slices of a body that is read as it is sent. */
export async function* slicesOfSource(
  open: () => AsyncIterable<Uint8Array>,
  length: number,
  clock: Clock,
  onTake: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length
  for await (const bytes of open()) {
    const slices = new SliceCutter([bytes], left, clock, onTake)
    for (let slice = slices.next(); slice !== undefined; slice = slices.next()) yield slice
    left -= bytes.byteLength
  }
}
