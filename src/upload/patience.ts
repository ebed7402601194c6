/** How long a part may be under way before it is far slower than others. Arithmetic only. */

/** A part that was acknowledged. */
export interface Sibling {
  /** Bytes. */
  readonly size: number
  /** From the request to its answer, in milliseconds. */
  readonly ms: number
}

/** So many parts must have been acknowledged: fewer tell nothing. */
const LEAST_SIBLINGS = 3
/** So many times as long as the others is far slower. */
const FAR_SLOWER = 3
/** Below this nothing is slow, in milliseconds: a second request takes its time, too. */
const LEAST_PATIENCE = 1000

/**
 * Returns after how many milliseconds a part of `size` bytes is far slower than `siblings`:
 * three times their median, a second at least. A smaller part may take as long as they did, since
 * latency does not shrink with it. `Infinity` if there are too few of them.
 */
export function patienceFor(size: number, siblings: readonly Sibling[]): number {
  if (siblings.length < LEAST_SIBLINGS) return Number.POSITIVE_INFINITY
  const expected = siblings
    .map((sibling) => sibling.ms * Math.max(1, size / sibling.size))
    .sort((one, other) => one - other)
  const median = expected[Math.floor(expected.length / 2)] ?? Number.POSITIVE_INFINITY
  return Math.max(LEAST_PATIENCE, FAR_SLOWER * median)
}
