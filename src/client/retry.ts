/**
 * When a failed attempt is repeated, and after how long: pure decisions, no timer.
 */

/** How failed attempts are repeated. */
export interface RetryPolicy {
  /** Attempts a call makes at most, the first included: an integer from 1, or `Infinity`. @default 5 */
  readonly maxAttempts: number
  /** Upper bound of the first wait, in milliseconds; doubles with each attempt. @default 200 */
  readonly baseDelayMs: number
  /** Upper bound of any wait, in milliseconds. @default 20_000 */
  readonly maxDelayMs: number
  /** No attempt begins later than this after the first began, in milliseconds. @default 600_000 */
  readonly maxElapsedMs: number
}
