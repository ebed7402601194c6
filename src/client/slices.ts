/**
 * Cuts a body into slices, so that its progress can be seen: undici takes a slice when the socket
 * has room. Slices grow on a fast connection, for speed, and shrink on a slow one, lest a single
 * slice take longer than a stall is allowed to.
 */

import type { Clock } from './clock.js'

/** Bytes in memory, or a function that opens them anew. */
export type Source = readonly Uint8Array[] | (() => AsyncIterable<Uint8Array>)

const FIRST_SLICE = 64 * 1024
const LARGEST_SLICE = 128 * 1024
const SMALLEST_SLICE = 16 * 1024
const QUICK_MS = 1000

/** Size of the slice after one of `size` bytes that took `tookMs` to be sent. */
export function nextSliceSize(size: number, tookMs: number): number {
  return tookMs < QUICK_MS ? Math.min(size * 2, LARGEST_SLICE) : Math.max(size / 2, SMALLEST_SLICE)
}

/**
 * Slices of a body in memory: views, never copies.
 * @param onTake is called whenever the consumer asks for a slice
 */
export function* slicesOf(
  body: readonly Uint8Array[],
  clock: Clock,
  onTake: () => void,
): Generator<Uint8Array, void, undefined> {
  let size = FIRST_SLICE
  for (const bytes of body) {
    for (let start = 0; start < bytes.byteLength; ) {
      onTake()
      const end = Math.min(start + size, bytes.byteLength)
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
  clock: Clock,
  onTake: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const bytes of open()) yield* slicesOf([bytes], clock, onTake)
}
