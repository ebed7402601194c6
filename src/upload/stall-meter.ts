/** What an upload's time is spent waiting for: one cause at a time, summed up. */

/**
 * `source`: nobody writes. `memory`: a write waits for a buffer although the network has nothing to
 * do for one. `network`: a write, or the end, waits for requests under way.
 */
export type StallCause = 'source' | 'memory' | 'network'

/** Waiting times so far, in milliseconds. */
export type Stalls = Readonly<Record<StallCause, number>>

export class StallMeter {
  readonly #clock: { ticks(): number }
  readonly #waited: Record<StallCause, number> = { source: 0, memory: 0, network: 0 }
  #cause: StallCause | undefined
  #since: number

  /** @param clock in milliseconds, never going back */
  constructor(clock: { ticks(): number }) {
    this.#clock = clock
    this.#since = clock.ticks()
  }

  /** From now on the upload waits for this, or, without a cause, for nothing. */
  enter(cause: StallCause | undefined): void {
    const now = this.#clock.ticks()
    if (this.#cause !== undefined) this.#waited[this.#cause] += now - this.#since
    this.#cause = cause
    this.#since = now
  }

  /** All waiting so far, the present one included. */
  get stalls(): Stalls {
    this.enter(this.#cause)
    return { ...this.#waited }
  }
}
