/**
 * How many ranges are worth asking for at once. Several connections carry more than one where the
 * network is the limit. Where the event loop is, they carry no more: what comes too early then only
 * grows old in memory, and old memory costs the collector a third of all that reading takes.
 */

/** The loop has no time left: nothing more would come any sooner. */
const SATURATED = 0.95
/** The loop waited for the first answer; else it was busy with its own start. */
const HAS_WAITED = 0.5

/** The next number of ranges, after a while in which the loop was busy for a share of `load`. */
export function nextLanes(lanes: number, load: number, most: number): number {
  if (load >= SATURATED) return Math.max(1, lanes - 1)
  // One more takes as much as each of the others.
  return (load / lanes) * (lanes + 1) < SATURATED ? Math.min(most, lanes + 1) : lanes
}

/** How many at first: the request for the first range has shown whether the loop has time. */
export function firstLanes(load: number, most: number): number {
  return load < HAS_WAITED ? most : 1
}

/** Long enough for several ranges on a fast line, and for others to have had the processor. */
const LOOK_MS = 100
/** The first looks are sooner; each that changes nothing is followed after twice as long. */
const SOON_MS = 10

export interface PaceSettings {
  readonly most: number
  /** Milliseconds since whenever. */
  readonly ticks: () => number
  /** Begins to measure; each call of what it returns tells the load since the one before. */
  readonly newLoadMeter: () => () => number
}

export class Pace {
  readonly #settings: PaceSettings
  #meter: (() => number) | undefined
  #lanes: number | undefined
  #lookedAt = 0
  #everyMs = SOON_MS

  constructor(settings: PaceSettings) {
    this.#settings = settings
  }

  /** The first range is asked for. */
  start(): void {
    this.#meter = this.#settings.newLoadMeter()
  }

  /** So many ranges at once are worth it now. */
  get lanes(): number {
    const { most, ticks } = this.#settings
    const now = ticks()
    if (this.#meter === undefined) return 1
    if (this.#lanes !== undefined && now - this.#lookedAt < this.#everyMs) return this.#lanes
    const load = this.#meter()
    this.#lookedAt = now
    if (this.#lanes === undefined) {
      this.#lanes = firstLanes(load, most)
    } else {
      const lanes = nextLanes(this.#lanes, load, most)
      if (lanes === this.#lanes) this.#everyMs = Math.min(LOOK_MS, 2 * this.#everyMs)
      this.#lanes = lanes
    }
    return this.#lanes
  }
}
