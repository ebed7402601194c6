/**
 * The parts on the wire. At the end of an upload, when no part waits for its turn any more, one that
 * is far slower than those before is sent a second time, over a connection that would be idle: the
 * service replaces a part by one of the same number, and these have the same bytes.
 */
import type { Cancellation } from '../cancellation.js'
import { md5Hex } from '../protocol/digest.js'
import { PartRace } from './part-race.js'
import { patienceFor, type Sibling } from './patience.js'
import type { Permits } from './permits.js'
import type { BodyDigests, StoredPart } from './upload-target.js'

/** A part that is being sent a second time. */
export interface HedgeNotice {
  readonly partNumber: number
  /** How long its first request has been under way, in milliseconds. */
  readonly elapsedMs: number
}

export interface PartFlightsSettings {
  readonly permits: Permits
  /** Milliseconds since whenever. */
  ticks(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Told of each part that is sent a second time. */
  onHedge(notice: HedgeNotice): void
}

/** A part to be sent. */
export interface FlyingPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  readonly digests: BodyDigests
}

/** One request of a part; `onPushBack` is to be told, see {@link UploadTarget.uploadPart}. */
type Send = (cancellation: Cancellation, onPushBack: () => void) => Promise<StoredPart>

interface Flight {
  readonly part: FlyingPart
  readonly race: PartRace<StoredPart>
  readonly sentAt: number
  /** It has been sent twice; or the service has too much to do: it needs less of us, not more. */
  isSettledFor: boolean
}

/** How often it is looked whether a part is slow, in milliseconds. */
const INTERVAL = 250
/** So many parts are compared with: those that were acknowledged last. */
const MOST_SIBLINGS = 32

export class PartFlights {
  readonly #settings: PartFlightsSettings
  /** A list: a set that changes all the time leaves tables behind that hold on to what was in them. */
  readonly #flights: Flight[] = []
  readonly #siblings: Sibling[] = []
  /** The service's ETags are the MD5s of the parts: whichever request it takes, Complete names it. */
  #hasPlainEtags = true
  #closed: { readonly reason: unknown } | undefined

  constructor(settings: PartFlightsSettings) {
    this.#settings = settings
  }

  /** Parts on the wire. */
  get count(): number {
    return this.#flights.length
  }

  /** Sends a part; resolves or rejects when none of its requests is under way. */
  async send(part: FlyingPart, send: Send): Promise<StoredPart> {
    if (this.#closed !== undefined) throw this.#closed.reason
    const pushBack = () => {
      flight.isSettledFor = true
    }
    const race = new PartRace((cancellation) => send(cancellation, pushBack))
    const flight = { part, race, sentAt: this.#settings.ticks(), isSettledFor: false }
    this.#flights.push(flight)
    try {
      const stored = await race.run()
      this.#learn(flight, stored)
      return stored
    } finally {
      this.#flights.splice(this.#flights.indexOf(flight), 1)
    }
  }

  /**
   * Sends slow parts a second time until `signal` is aborted, each at most once; never rejects.
   * @param isBusy whether parts wait for their turn, which come first
   */
  async hedge(isBusy: () => boolean, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#settings.sleep(INTERVAL, signal)
        if (!isBusy()) this.#hedgeNow()
      }
    } catch {
      // Only `signal` wakes it before its time.
    }
  }

  /** Cancels all that is on the wire, and lets nothing begin. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const { race } of this.#flights) race.cancel(reason)
  }

  #hedgeNow(): void {
    const { permits, ticks, onHedge } = this.#settings
    if (!this.#hasPlainEtags || this.#closed !== undefined) return
    for (const flight of this.#flights) {
      const { partNumber, size } = flight.part
      const elapsedMs = ticks() - flight.sentAt
      if (flight.isSettledFor || elapsedMs < patienceFor(size, this.#siblings)) continue
      if (!permits.tryAcquire()) return
      flight.isSettledFor = true
      const request = flight.race.again()
      if (request === undefined) {
        permits.release()
        continue
      }
      // It never rejects, and the race waits for it.
      void request.then(() => permits.release())
      onHedge({ partNumber, elapsedMs })
    }
  }

  #learn({ part, sentAt }: Flight, { etag }: StoredPart): void {
    const { size, digests } = part
    const isPlain = digests.md5 !== undefined && md5Hex(digests.md5) === etag.toUpperCase()
    this.#hasPlainEtags &&= isPlain
    this.#siblings.push({ size, ms: this.#settings.ticks() - sentAt })
    if (this.#siblings.length > MOST_SIBLINGS) this.#siblings.shift()
  }
}
