/** How fast the line of an upload is, by the time that its parts are on the wire: decisions only. */

/**
 * A line is fast that sends all parts of the memory in so many milliseconds. On another one some must be
 * on their way while others fill, however little time this process has.
 */
const FAST_MS = 50

/** What one part more counts beside those before. */
const WEIGHT = 1 / 4

/**
 * Returns how long a part is on the wire, of late, now that one more has been.
 * @param before what it was; `undefined` before the first part
 * @param ms how long the one was
 */
export function partMsAfter(before: number | undefined, ms: number): number {
  return before === undefined ? ms : before + (ms - before) * WEIGHT
}

/** Returns whether the line sends all parts of the memory so fast that nothing is lost while they fill. */
export function isLineFast(now: {
  /** How long a part is on the wire, of late; `undefined` before the first one has been. */
  readonly partMs: number | undefined
  /** Parts that the memory holds. */
  readonly parts: number
  /** Most requests on the wire at once. */
  readonly concurrency: number
}): boolean {
  const { partMs, parts, concurrency } = now
  return partMs !== undefined && partMs * parts <= FAST_MS * concurrency
}
