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
const LARGEST_SLICE = 512 * 1024
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

/**
 * Slices of a body in memory: views, never copies.
 * @param length of the body, in bytes
 * @param onTake is called whenever the consumer asks for a slice
 */
export function* slicesOf(
  body: readonly Uint8Array[],
  length: number,
  clock: Clock,
  onTake: () => void,
): Generator<Uint8Array, void, undefined> {
  let size = FIRST_SLICE
  let untilLast = length - LAST_SLICE
  for (const bytes of body) {
    for (let start = 0; start < bytes.byteLength; ) {
      onTake()
      const most = untilLast > 0 ? Math.min(size, untilLast) : size
      const end = Math.min(start + most, bytes.byteLength)
      untilLast -= end - start
      const taken = clock.ticks()
      yield bytes.subarray(start, end)
      start = end
      size = nextSliceSize(size, clock.ticks() - taken)
    }
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
    yield* slicesOf([bytes], left, clock, onTake)
    left -= bytes.byteLength
  }
}
