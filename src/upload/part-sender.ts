/**
 * Sends full parts, at most `concurrency` at once, and keeps the ledger of those acknowledged. It
 * takes a part's buffers over and gives them back in every case. It never decides what a failure means.
 */
import type { BufferPool } from './buffer-pool.js'
import { ConcurrencyControl } from './concurrency-control.js'
import { Ledger, type LedgerRow } from './ledger.js'
import { isLineFast, partMsAfter } from './line-speed.js'
import type { Part, SealedPart } from './part.js'
import { PartFlights, type PartFlightsSettings } from './part-flights.js'
import { Permits } from './permits.js'
import type { BodyDigests, UploadTarget } from './upload-target.js'

export interface PartSenderSettings
  extends Pick<PartFlightsSettings, 'ticks' | 'sleep' | 'onHedge'> {
  readonly pool: BufferPool
  /** Resolves with the digests of a part; its buffers stay as they are until then. */
  seal(part: Part): Promise<SealedPart>
  /** Told how many parts are full and not done with, whenever that changes. */
  onPending(parts: number): void
  /** Most requests on the wire at once; to begin with, if there is a `maxConcurrency`. */
  readonly concurrency: number
  /** As many as bring something, up to so many. `undefined`: `concurrency`, always. */
  readonly maxConcurrency?: number | undefined
  /** A part far slower than the others may be sent twice, once no other waits for its turn. */
  readonly hedge: boolean
  /** The row of a part that need not be sent, because the service has it already. */
  readonly findStored?:
    | ((partNumber: number, size: number, digests: BodyDigests) => LedgerRow | undefined)
    | undefined
  onStored(row: LedgerRow): void
  onFailure(error: unknown): void
}

export class PartSender {
  readonly ledger = new Ledger()
  readonly #target: UploadTarget
  readonly #settings: PartSenderSettings
  readonly #permits: Permits
  readonly #control: ConcurrencyControl | undefined
  readonly #flights: PartFlights
  /** Told when no part is under way; a list of the parts themselves would hold on to those that are not any more. */
  readonly #awaiting: (() => void)[] = []
  #parts = 0
  /** Parts given to `send` and not settled. */
  #underWay = 0
  #pending = 0
  #hasSent = false
  /** How long a part is on the wire, of late. */
  #partMs: number | undefined

  constructor(target: UploadTarget, settings: PartSenderSettings) {
    this.#target = target
    this.#settings = settings
    const { concurrency: start, maxConcurrency: max } = settings
    this.#permits = new Permits(start)
    this.#control = max === undefined ? undefined : new ConcurrencyControl({ start, max })
    this.#flights = new PartFlights({
      ticks: settings.ticks,
      sleep: settings.sleep,
      permits: this.#permits,
      onHedge: (notice) => this.#orFail(() => settings.onHedge(notice)),
    })
  }

  /** Most requests on the wire at once, now. */
  get concurrency(): number {
    return this.#permits.limit
  }

  /** Whether the line is fast enough to send so many parts once all have filled, and none meanwhile. */
  isFast(parts: number): boolean {
    return isLineFast({ partMs: this.#partMs, parts, concurrency: this.concurrency })
  }

  /** Requests on the wire, or about to be. */
  get inFlight(): number {
    return this.#permits.taken
  }

  /** Parts that are full and not done with: waiting for digests or a permit, or on the wire. */
  get pending(): number {
    return this.#pending
  }

  /** A part has been on its way, whatever became of it. */
  get hasSent(): boolean {
    return this.#hasSent
  }

  /** Sends a part as soon as there is an upload id and a permit. Its failure goes to `onFailure`. */
  send(part: Part, uploadId: Promise<string>): void {
    this.#parts++
    // Told by the parts that await it; until they have their digests nobody does.
    uploadId.catch(() => undefined)
    this.#underWay++
    void this.#send(part, uploadId)
  }

  /** Counts parts that an earlier run has stored, before any part of this one. */
  adopt(rows: readonly LedgerRow[]): void {
    this.#parts += rows.length
    for (const row of rows) this.#record(row)
  }

  /** No part comes any more. Resolves once none is under way. */
  async drain(): Promise<void> {
    const over = new AbortController()
    const isBusy = () => this.#underWay > this.#flights.count
    const hedging = this.#settings.hedge ? this.#flights.hedge(isBusy, over.signal) : undefined
    await this.settled()
    over.abort()
    await hedging
  }

  /** Resolves once no part is under way. */
  async settled(): Promise<void> {
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#awaiting.push(resolve))
  }

  /** All parts sent, ascending. @throws {RangeError} unless each of them was acknowledged. */
  finish(): LedgerRow[] {
    return this.ledger.finish(this.#parts)
  }

  /** Cancels the parts under way, and lets no further one begin. */
  close(reason: unknown): void {
    this.#permits.close(reason)
    this.#flights.close(reason)
  }

  async #send(part: Part, uploadId: Promise<string>): Promise<void> {
    try {
      this.#notePending(1)
      const sealed = await this.#settings.seal(part)
      await this.#sendSealed(part, sealed, await uploadId)
    } catch (error) {
      this.#settings.onFailure(error)
    } finally {
      // Whoever is told goes on when all of this has been done.
      this.#land()
      this.#settings.pool.release(part.buffers)
      this.#notePending(-1)
    }
  }

  #land(): void {
    this.#underWay--
    if (this.#underWay > 0) return
    for (const tell of this.#awaiting.splice(0)) tell()
  }

  async #sendSealed(part: Part, sealed: SealedPart, uploadId: string): Promise<void> {
    await this.#permits.acquire()
    try {
      await this.#sendNow(part, sealed, uploadId)
    } finally {
      this.#permits.release()
    }
  }

  #notePending(change: 1 | -1): void {
    this.#pending += change
    this.#settings.onPending(this.#pending)
  }

  async #sendNow(part: Part, sealed: SealedPart, uploadId: string): Promise<void> {
    const { partNumber, size } = part
    const { body, digests } = sealed
    const found = this.#settings.findStored?.(partNumber, size, digests)
    if (found !== undefined) return this.#record(found)
    this.#hasSent = true
    const sentAt = this.#settings.ticks()
    const stored = await this.#flights.send(
      { partNumber, size, digests },
      (cancellation, pushedBack) => {
        const onPushBack = () => {
          pushedBack()
          this.#adapt((control) => control.pushBack())
        }
        const request = { uploadId, partNumber, body, size, digests, cancellation, onPushBack }
        return this.#target.uploadPart(request)
      },
    )
    const at = this.#settings.ticks()
    this.#partMs = partMsAfter(this.#partMs, at - sentAt)
    this.#adapt((control) => control.acknowledge({ bytes: size, sentAt, at }))
    const isCrc64Own = digests.crc64 !== undefined
    const crc64 = stored.crc64 ?? digests.crc64
    this.#record({ partNumber, size, etag: stored.etag, crc64, isCrc64Own })
  }

  /** What `task` throws is a failure. */
  #orFail(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#settings.onFailure(error)
    }
  }

  /** Tells the control something, and does as it says. */
  #adapt(tell: (control: ConcurrencyControl) => void): void {
    if (this.#control === undefined) return
    tell(this.#control)
    this.#permits.resize(this.#control.limit)
  }

  #record(row: LedgerRow): void {
    this.ledger.record(row)
    this.#settings.onStored(row)
  }
}
