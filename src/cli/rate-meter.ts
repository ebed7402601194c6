/** The rate of the last seconds: a mean over all hours tells nothing of how it goes now. */

interface Sample {
  readonly atMs: number
  readonly bytes: number
}

export class RateMeter {
  readonly #windowMs: number
  #samples: Sample[] = []

  /** @param windowMs how far back it looks, in milliseconds */
  constructor(windowMs = 10_000) {
    this.#windowMs = windowMs
  }

  /** Notes the bytes so far, and gives the rate in bytes a second. */
  sample(atMs: number, bytes: number): number {
    this.#samples.push({ atMs, bytes })
    // One from before the window stays, so that the whole window is covered.
    const first = this.#samples.findLastIndex((each) => each.atMs <= atMs - this.#windowMs)
    if (first > 0) this.#samples = this.#samples.slice(first)
    const oldest = this.#samples[0]
    if (oldest === undefined || atMs <= oldest.atMs) return 0
    return ((bytes - oldest.bytes) / (atMs - oldest.atMs)) * 1000
  }
}
