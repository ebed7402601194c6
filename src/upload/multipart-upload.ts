/**
 * An upload, from its first byte to its end: the only owner of the lifecycle, the parts in flight
 * and their cancellation. Bytes come in by `append`, the end by `finish` or `abort`. It knows
 * neither Node's streams nor HTTP; it speaks to an `UploadTarget`.
 */
import { Cancellation } from '../cancellation.js'
import type { Outcome } from '../errors.js'
import { md5Hex } from '../protocol/digest.js'
import { capacityOf } from '../protocol/part-plan.js'
import {
  asUploadError,
  PartLimitError,
  SizeMismatchError,
  SourceChangedError,
  type UploadErrorDetails,
} from '../upload-errors.js'
import { CapacityAlarm } from './capacity-alarm.js'
import { combinedCrc64, hasOwnCrc64 } from './ledger.js'
import { isTerminal, mayEnter, type UploadState } from './lifecycle.js'
import type { Part, SealedPart } from './part.js'
import { type LineProgress, PartLine } from './part-line.js'
import type { PartSource } from './part-reader.js'
import { Publisher } from './publisher.js'
import { RemoteUpload } from './remote-upload.js'
import type { AbortReport, Published, PublishNotes, UploadSettings } from './upload-settings.js'
import type { StoredObject, UploadTarget } from './upload-target.js'
import type { Verdict } from './verdict.js'

/** What would reject whoever waited for memory after the end: nobody does. */
const OVER = new RangeError('The upload is over')

export class MultipartUpload {
  readonly #settings: UploadSettings
  readonly #line: PartLine
  readonly #remote: RemoteUpload
  readonly #publisher: Publisher
  /** There is none before a part is full. */
  #alarm: CapacityAlarm | undefined
  /** Cancels a Put; stops further attempts of Initiate and Complete. */
  readonly #cancel = new Cancellation()
  #state: UploadState = 'idle'
  /** An earlier run has been asked after, or there is none. */
  #hasResumed: boolean
  /** The upload id, once there is or will be one; rejects if it could not be begun. */
  #opened: Promise<string> | undefined
  /** The digests of what is put, whose memory is held until they are there. */
  #sealing: Promise<SealedPart> | undefined
  #publishing: Promise<Verdict> | undefined
  #aborted: Promise<AbortReport> | undefined
  /** Why it is over: the first failure, or the reason of an abort. */
  #over: { readonly reason: unknown } | undefined
  #bytes = 0

  constructor(target: UploadTarget, settings: UploadSettings) {
    const { plan, hooks, bucket, key, onMismatch, leavePartsOnError } = settings
    this.#settings = settings
    this.#hasResumed = settings.checkpoint === undefined
    this.#remote = new RemoteUpload(target, settings, this.#cancel, this)
    const publishing = { bucket, key, onMismatch, leavePartsOnError, cleanUp: this.#remote.cleanUp }
    this.#publisher = new Publisher(target, publishing, this.#cancel)
    this.#line = new PartLine(target, settings, () => ({
      findStored: (...part) => this.#remote.find(...part),
      onFull: (part) => this.#seal(part),
      onStored: (row) => (this.#over === undefined ? hooks.onPart(row) : undefined),
      onHedge: (notice) => hooks.onHedge(notice),
      onFailure: (error) => this.#fail(error),
      onChange: (what) => new SourceChangedError(what, this.#details()),
      onPartLimit: () => new PartLimitError(capacityOf(plan), this.#details()),
    }))
  }

  get state(): UploadState {
    return this.#state
  }

  /** How far the bytes have come. */
  get progress(): LineProgress {
    return this.#line
  }

  get uploadId(): string | undefined {
    return this.#remote.id
  }

  /**
   * Copies `chunk` into part buffers and sends the parts that are full. Returns a promise only if
   * it has to wait, for memory or for the event loop; until that settles it must not be called again.
   */
  append(chunk: Uint8Array): Promise<void> | undefined {
    this.#assertOpen()
    const bytes = this.#bytes + chunk.byteLength
    this.#bytes = bytes
    const { exactSize = bytes } = this.#settings
    if (bytes > exactSize) throw new SizeMismatchError(exactSize, bytes, this.#details())
    if (this.#hasResumed) return this.#line.append(chunk)
    return this.#resume().then(() => this.#line.append(chunk))
  }

  /**
   * Adopts the parts 1 to n that an earlier run has stored, unread, and tells how many bytes they
   * are: the source is to begin behind them. To be called before the first byte.
   */
  async skipStored(): Promise<number> {
    this.#assertOpen()
    await this.#resume()
    if (this.#bytes > 0) throw new RangeError('skipStored() was called after a write')
    this.#bytes = this.#line.adopt((sizeOf) => this.#remote.prefix(sizeOf))
    if (this.#bytes > 0) this.#enter('uploading')
    return this.#bytes
  }

  /** Takes what is left of `source`, if there is one, and publishes. Rejects with the failure if it cannot. */
  async finish(source?: PartSource): Promise<Published> {
    this.#assertOpen()
    if (!this.#hasResumed) await this.#resume()
    if (source !== undefined) this.#bytes = await this.#line.readAll(source)
    this.#assertOpen()
    const { exactSize = this.#bytes } = this.#settings
    if (this.#bytes !== exactSize)
      throw new SizeMismatchError(exactSize, this.#bytes, this.#details())
    const last = this.#line.takeLast()
    if (this.#bytes === 0) {
      // An upload needs a part: an empty object is put.
      await this.#orFail(this.#remote.discard())
      this.#opened = undefined
      this.#assertOpen()
    }
    if (this.#opened === undefined) return await this.#put(last ?? this.#line.emptyPart())
    if (last !== undefined) this.#seal(last)
    this.#line.end()
    // A failing Initiate has told of itself.
    await this.#opened.catch(() => undefined)
    this.#assertOpen()
    this.#enter('draining')
    await this.#line.drain()
    this.#assertOpen()
    return this.#complete(await this.#opened)
  }

  /** Gives the upload up, once, and cleans up after it; does nothing after a success. Never rejects. */
  abort(reason: unknown): Promise<AbortReport> {
    this.#aborted ??= this.#abort(reason)
    return this.#aborted
  }

  #seal(part: Part): void {
    if (this.#opened === undefined) {
      this.#enter('initiating')
      this.#opened = this.#open()
    } else if (this.#state === 'resuming') {
      this.#enter('uploading')
    }
    this.#line.send(part, this.#opened)
    this.#alarm ??= new CapacityAlarm(this.#settings)
    this.#alarm.check(this.#bytes)
  }

  async #open(): Promise<string> {
    // At once: the parts that wait for it may still wait for their digests, and for memory.
    const uploadId = await this.#orFail(this.#remote.open())
    if (this.#over !== undefined) return uploadId
    this.#enter('uploading')
    this.#settings.hooks.onUploadId(uploadId)
    return uploadId
  }

  /** Asks after an earlier run, unless that has been done. */
  async #resume(): Promise<void> {
    if (this.#hasResumed) return
    // Another call may be asking already.
    if (this.#state === 'idle') this.#enter('resuming')
    await this.#orFail(this.#remote.resume())
    this.#assertOpen()
    this.#hasResumed = true
    const { uploadId } = this
    if (uploadId === undefined || this.#opened !== undefined) return
    this.#opened = Promise.resolve(uploadId)
    this.#settings.hooks.onUploadId(uploadId)
  }

  async #put(part: Part): Promise<Published> {
    try {
      this.#sealing = part.sealBy(this.#settings.smallMd5)
      const { body, digests } = await this.#sealing
      this.#assertOpen()
      const [{ md5, crc64 }, { size }] = [digests, part]
      const sent = { size, md5: md5 && md5Hex(md5), crc64, marker: this.#remote.marker }
      return await this.#publish('putting', { parts: 1, crc64 }, ({ meta } = {}) =>
        this.#publisher.put({ body, digests, size, meta }, sent),
      )
    } finally {
      this.#sealing = undefined
      this.#line.release(part)
    }
  }

  #complete(uploadId: string): Promise<Published> {
    const parts = this.#line.finish()
    const crc64 = combinedCrc64(parts)
    const { marker, isResumed } = this.#remote
    const sent = { size: this.#bytes, crc64, isCrc64Own: hasOwnCrc64(parts), marker, isResumed }
    // Parts of an earlier run count: there is something to be cleaned up after.
    const hasParts = this.#line.hasSent || this.#remote.isResumable
    return this.#publish('completing', { parts: parts.length, crc64 }, () =>
      this.#publisher.complete({ uploadId, parts }, sent, hasParts),
    )
  }

  async #publish(
    state: UploadState,
    what: Pick<Published, 'parts' | 'crc64'>,
    send: (notes: PublishNotes | undefined) => Promise<Verdict>,
  ): Promise<Published> {
    const [{ parts, crc64 }, size] = [what, this.#bytes]
    const { beforePublish } = this.#settings.hooks
    let notes: PublishNotes | undefined
    if (beforePublish !== undefined) {
      // The last moment at which the caller may refuse.
      notes = await beforePublish({ size, parts, crc64, signal: this.#cancel.signal })
      this.#assertOpen()
    }
    this.#enter(state)
    this.#publishing = send(notes)
    const object = this.#settle(await this.#publishing)
    if (this.#remote.isResumable) await this.#remote.forget()
    return { object, size, crc64: object.crc64 ?? crc64, parts }
  }

  #settle(verdict: Verdict): StoredObject {
    if ('error' in verdict) throw this.#fail(verdict.error, verdict.outcome, verdict.aftermath)
    // A finished stream may be kept for its result: its buffers need not be.
    this.#line.closePool(OVER)
    if (this.#over === undefined) this.#enter('completed')
    return verdict.object
  }

  async #abort(reason: unknown): Promise<AbortReport> {
    if (isTerminal(this.#state)) {
      await this.#remote.forget()
      return { outcome: 'published' }
    }
    this.#enter('aborting')
    this.#close(reason)
    const verdict = await this.#publishing
    await this.#line.settled()
    // Not every part waits for it, nor for its failure: one may still have waited for its digests.
    await Promise.allSettled([this.#opened, this.#sealing])
    if (verdict !== undefined && ('object' in verdict || verdict.outcome === 'published')) {
      this.#enter('completed')
      await this.#remote.forget()
      const abortError = 'object' in verdict ? undefined : verdict.abortError
      return { outcome: 'published', abortError }
    }
    const { state, ...report } = await this.#remote.close(this.#line.hasSent, this.#over?.reason)
    this.#enter(state)
    const { outcome = report.outcome, abortError = report.abortError } = verdict ?? {}
    return { ...report, outcome, abortError }
  }

  /** Makes the first failure the upload's, and stops everything that is under way. */
  #fail(error: unknown, outcome: Outcome = 'absent', aftermath?: string): unknown {
    const failure = asUploadError(error, { ...this.#details(), outcome }, aftermath)
    if (this.#over !== undefined) return failure
    this.#close(failure)
    this.#settings.hooks.onFailure(failure)
    return failure
  }

  /** The failure of `task` is the upload's. */
  async #orFail<Result>(task: Promise<Result>): Promise<Result> {
    try {
      return await task
    } catch (error) {
      throw this.#fail(error)
    }
  }

  #close(reason: unknown): void {
    this.#over ??= { reason }
    this.#line.close(reason)
    this.#cancel.abort(reason)
  }

  #details(): UploadErrorDetails {
    const { bucket, key } = this.#settings
    return { bucket, key, uploadId: this.uploadId, outcome: 'absent', owner: this }
  }

  #assertOpen(): void {
    if (this.#over !== undefined) throw this.#over.reason
  }

  #enter(state: UploadState): void {
    if (!mayEnter(this.#state, state)) {
      throw new RangeError(`An upload cannot go from ${this.#state} to ${state}`)
    }
    this.#state = state
  }
}
