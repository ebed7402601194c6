/**
 * The service's time, as far as it is known: ours, plus an offset learnt from a refusal for a clock
 * that is more than 15 minutes off (RequestTimeTooSkewed, OSS documentation page "Error responses").
 */

import type { Clock } from './clock.js'

/** A change of less than this is no news. */
const NOTICEABLE_MS = 1000

export class ServerClock {
  readonly #clock: Clock
  #offsetMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): Date {
    return new Date(this.#clock.now() + this.#offsetMs)
  }

  /**
   * Learns the service's time from an answer to a request signed at `signedAt`.
   * Returns whether signing again would give a noticeably different date; `false` for a date that is
   * absent or absurd, which is not believed.
   */
  correct(serverDate: Date | undefined, signedAt: Date): boolean {
    if (serverDate === undefined || !isPlausible(serverDate)) return false
    this.#offsetMs = serverDate.getTime() - this.#clock.now()
    return Math.abs(this.now().getTime() - signedAt.getTime()) > NOTICEABLE_MS
  }
}

/** Servers and proxies without a clock of their own say 1970. */
export function isPlausible(date: Date): boolean {
  const year = date.getUTCFullYear()
  return year >= 2020 && year <= 2100
}
