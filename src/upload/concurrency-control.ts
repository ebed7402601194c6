/**
 * How many requests an upload with `concurrency: 'auto'` may have on the wire: more as long as that
 * brings throughput, fewer once the service pushes back. Arithmetic on what it is told; no clock.
 *
 * It measures a window of acknowledged parts, raises the limit by half, measures again, and stays
 * there if that brought a tenth. Otherwise it steps back, and leaves it at that for a while.
 */

/** Most requests at once that `auto` goes up to. */
export const MOST_AUTOMATIC = 16

/** A raise must bring so much: it then ends at no less than nine tenths of what could be had. */
const WORTH = 1.1
/** By so much the limit is raised. */
const STEP = 1.5
/** So much of the limit must be in use, on average, for a raise to be tried. */
const REACHED = 0.8
/** Parts measured at least. */
const LEAST_MEASURED = 8
/** For so many windows no raise is tried where one has failed; twice as many after each failure. */
const FIRST_REST = 8
const LONGEST_REST = 64

/** A part that the service has acknowledged. */
export interface Acknowledgement {
  /** Size of the part. */
  readonly bytes: number
  /** When it was sent and when the answer came, in milliseconds since whenever. */
  readonly sentAt: number
  readonly at: number
}

export interface ConcurrencyControlSettings {
  /** The limit to begin with: 1 or more. */
  readonly start: number
  /** The limit never goes beyond this; at least `start`. */
  readonly max: number
}

export class ConcurrencyControl {
  readonly #max: number
  #limit: number
  /** Parts still to be acknowledged that were begun before the limit changed: they say nothing of it. */
  #unsettled: number
  #isCut = false
  #window = { since: 0, bytes: 0, parts: 0, busyMs: 0 }
  /** Where a raise came from, until it is known what it brings. */
  #raised: { readonly from: number; readonly rate: number } | undefined
  /** A limit that proved too high, for so many more windows. */
  #lid = Number.POSITIVE_INFINITY
  #rest = 0
  #nextRest = FIRST_REST

  constructor({ start, max }: ConcurrencyControlSettings) {
    this.#max = max
    this.#limit = start
    this.#unsettled = start
  }

  /** Most requests at once, now. */
  get limit(): number {
    return this.#limit
  }

  acknowledge({ bytes, sentAt, at }: Acknowledgement): void {
    if (this.#unsettled > 0) {
      this.#unsettled--
      if (this.#unsettled === 0) this.#measure(at)
      return
    }
    const window = this.#window
    window.bytes += bytes
    window.parts++
    window.busyMs += at - sentAt
    // Parts that were begun together end together: only whole rounds can be compared.
    const rounds = Math.ceil(LEAST_MEASURED / this.#limit)
    if (window.parts < rounds * this.#limit || at <= window.since) return
    const elapsedMs = at - window.since
    this.#measure(at)
    this.#decide(window.bytes / elapsedMs, window.busyMs / elapsedMs)
  }

  /** The service was asked too much: it answered 503 or 429, or did not answer in time. */
  pushBack(): void {
    // The requests that were on the wire together are refused together: that is one push.
    if (this.#isCut && this.#unsettled > 0) return
    this.#forbid(this.#limit)
    this.#raised = undefined
    this.#change(Math.max(1, Math.floor(this.#limit / 2)))
    this.#isCut = true
  }

  /** @param rate bytes a millisecond; @param inFlight requests on the wire at once, on average */
  #decide(rate: number, inFlight: number): void {
    const raised = this.#raised
    this.#raised = undefined
    if (raised !== undefined && rate < WORTH * raised.rate) {
      this.#forbid(raised.from + 1)
      this.#change(raised.from)
      return
    }
    if (raised !== undefined && this.#rest === 0) this.#nextRest = FIRST_REST
    if (this.#rest > 0) {
      this.#rest--
      if (this.#rest === 0) this.#lid = Number.POSITIVE_INFINITY
    }
    // Where the limit is not reached, the source, the memory or the processor is what is waited for.
    const higher = inFlight < REACHED * this.#limit ? this.#limit : this.#higher()
    if (higher === this.#limit) return
    this.#raised = { from: this.#limit, rate }
    this.#change(higher)
  }

  /** The limit to try next: below one that proved too high, half-way to it. */
  #higher(): number {
    const step = Math.min(this.#max, Math.ceil(STEP * this.#limit))
    return Math.min(step, Math.max(this.#limit, Math.floor((this.#limit + this.#lid) / 2)))
  }

  #forbid(limit: number): void {
    this.#lid = limit
    this.#rest = this.#nextRest
    this.#nextRest = Math.min(2 * this.#nextRest, LONGEST_REST)
  }

  #change(limit: number): void {
    this.#unsettled = this.#limit
    this.#isCut = false
    this.#limit = limit
  }

  #measure(at: number): void {
    this.#window = { since: at, bytes: 0, parts: 0, busyMs: 0 }
  }
}
