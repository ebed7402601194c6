/**
 * An upload, from its first byte to its end: the only owner of the lifecycle, the parts in flight
 * and their cancellation. Bytes come in by `append`, the end by `finish` or `abort`. It knows
 * neither Node's streams nor HTTP; it speaks to an `UploadTarget`.
 */
import { asError, type Outcome } from '../errors.js'
import { md5Hex } from '../protocol/digest.js'
import { capacityOf } from '../protocol/part-plan.js'
import {
  asUploadError,
  PartLimitError,
  SizeMismatchError,
  type UploadErrorDetails,
} from '../upload-errors.js'
import { BufferPool, bufferSizeFor } from './buffer-pool.js'
import { CleanUp } from './clean-up.js'
import { combinedCrc64 } from './ledger.js'
import { isTerminal, mayEnter, type UploadState } from './lifecycle.js'
import { Part } from './part.js'
import { PartFiller } from './part-filler.js'
import { PartSender } from './part-sender.js'
import type { AbortReport, Published, UploadSettings } from './upload-settings.js'
import type { StoredObject, UploadTarget } from './upload-target.js'
import { judgeAnswer, judgeError, type Sent, type Verdict } from './verdict.js'

const CAPACITY_WARNING = 0.8

export class MultipartUpload {
  readonly #target: UploadTarget
  readonly #settings: UploadSettings
  readonly #pool: BufferPool
  readonly #filler: PartFiller
  readonly #sender: PartSender
  readonly #cleanUp: CleanUp
  /** Cancels parts and a Put; stops further attempts of Initiate and Complete. */
  readonly #cancel = new AbortController()
  #state: UploadState = 'idle'
  #initiated: Promise<string> | undefined
  #publishing: Promise<Verdict> | undefined
  #aborted: Promise<AbortReport> | undefined
  /** Why it is over: the first failure, or the reason of an abort. */
  #over: { readonly reason: unknown } | undefined
  #uploadId: string | undefined
  #putSent = false
  #bytes = 0
  #capacityTold = false

  constructor(target: UploadTarget, settings: UploadSettings) {
    const { plan, digests, clock, concurrency, hooks } = settings
    this.#target = target
    this.#settings = settings
    this.#cleanUp = new CleanUp(target, settings)
    this.#pool = new BufferPool(bufferSizeFor(plan.partSize), plan.maxMemory)
    this.#sender = new PartSender(target, {
      pool: this.#pool,
      concurrency,
      signal: this.#cancel.signal,
      onStored: (row) => {
        if (this.#over === undefined) hooks.onPart(row)
      },
      onFailure: (error) => this.#fail(error),
    })
    this.#filler = new PartFiller({
      plan,
      digests,
      pool: this.#pool,
      breathe: () => clock.breathe(),
      onFull: (part) => this.#seal(part),
      onPartLimit: () => new PartLimitError(capacityOf(plan), this.#details()),
    })
  }

  get state(): UploadState {
    return this.#state
  }

  /** Bytes taken in: those copied into part buffers. */
  get bytesWritten(): number {
    return this.#filler.bytes
  }

  /** Bytes of the parts that the service has acknowledged. */
  get bytesUploaded(): number {
    return this.#sender.ledger.bytes
  }

  /** Parts that the service has acknowledged. */
  get partsUploaded(): number {
    return this.#sender.ledger.count
  }

  /** Requests for parts on the wire, or about to be. */
  get partsInFlight(): number {
    return this.#sender.inFlight
  }

  /** Memory held in part buffers, in bytes: filling + sealed + in flight. */
  get heldBytes(): number {
    return this.#pool.heldBytes
  }

  get uploadId(): string | undefined {
    return this.#uploadId
  }

  /**
   * Copies `chunk` into part buffers and sends the parts that are full. Returns a promise only if
   * it has to wait, for memory or for the event loop; until that settles it must not be called again.
   */
  append(chunk: Uint8Array): Promise<void> | undefined {
    this.#assertOpen()
    this.#bytes += chunk.byteLength
    const { exactSize = this.#bytes } = this.#settings
    if (this.#bytes > exactSize) throw this.#sizeMismatch(exactSize)
    return this.#filler.append(chunk)
  }

  /** Sends what is left and publishes the object. Rejects with the failure if it cannot be. */
  async finish(): Promise<Published> {
    this.#assertOpen()
    const { exactSize = this.#bytes } = this.#settings
    if (this.#bytes !== exactSize) throw this.#sizeMismatch(exactSize)
    const last = this.#filler.takeLast()
    if (this.#initiated === undefined)
      return this.#put(last ?? new Part(1, 0, this.#settings.digests))
    if (last !== undefined) this.#seal(last)
    // A failing Initiate is reported by the parts that wait for it.
    await this.#initiated.catch(() => undefined)
    this.#assertOpen()
    this.#enter('draining')
    await this.#sender.settled()
    this.#assertOpen()
    return this.#complete(await this.#initiated)
  }

  /**
   * Gives the upload up and cleans up after it; a second call is the first one. Never rejects.
   * After a success it does nothing.
   */
  abort(reason: unknown): Promise<AbortReport> {
    this.#aborted ??= this.#abort(reason)
    return this.#aborted
  }

  #seal(part: Part): void {
    if (this.#initiated === undefined) {
      this.#enter('initiating')
      this.#initiated = this.#initiate()
    }
    this.#sender.send(part, this.#initiated)
    this.#warnOfCapacity()
  }

  async #initiate(): Promise<string> {
    const uploadId = await this.#target.initiate({ stop: this.#cancel.signal })
    this.#uploadId = uploadId
    if (this.#over === undefined) {
      this.#enter('uploading')
      this.#settings.hooks.onUploadId(uploadId)
    }
    return uploadId
  }

  async #put(part: Part): Promise<Published> {
    this.#enter('putting')
    const { size } = part
    const onSend = () => {
      this.#putSent = true
    }
    const request = { ...part.seal(), size, signal: this.#cancel.signal, onSend }
    const { crc64, md5 } = request.digests
    try {
      this.#publishing = this.#publish({ size, md5: md5 && md5Hex(md5), crc64 }, () =>
        this.#target.put(request),
      )
      const object = this.#settle(await this.#publishing)
      return { object, size, crc64: object.crc64 ?? crc64, parts: 1 }
    } finally {
      this.#pool.release(part.buffers)
    }
  }

  async #complete(uploadId: string): Promise<Published> {
    const parts = this.#sender.finish()
    const size = this.#bytes
    const crc64 = combinedCrc64(parts)
    const request = { uploadId, parts, stop: this.#cancel.signal }
    this.#enter('completing')
    this.#publishing = this.#publish({ size, crc64 }, () => this.#target.complete(request))
    const object = this.#settle(await this.#publishing)
    return { object, size, crc64: object.crc64 ?? crc64, parts: parts.length }
  }

  /** Sends what publishes the object and finds out whether it did. Never rejects. */
  async #publish(what: Sent, send: () => Promise<StoredObject>): Promise<Verdict> {
    const { marker, bucket, key, leavePartsOnError } = this.#settings
    const sent: Sent = { ...what, marker }
    try {
      return judgeAnswer(await send(), sent, `oss://${bucket}/${key}`)
    } catch (error) {
      const uploadId = this.#uploadId
      // A Put that we have cut short ourselves: its bytes may have been out already.
      if (uploadId === undefined && this.#cancel.signal.aborted) {
        return { error, outcome: this.#putSent ? 'unknown' : 'absent' }
      }
      const head = () =>
        this.#cleanUp.inTime('HeadObject', (signal) => this.#target.head({ signal }))
      if (uploadId === undefined) return judgeError(error, sent, { head })
      return judgeError(error, sent, {
        head,
        endUpload: () => this.#cleanUp.end(uploadId, this.#sender.hasSent),
        keepsParts: leavePartsOnError,
      })
    }
  }

  #settle(verdict: Verdict): StoredObject {
    if ('error' in verdict) throw this.#fail(verdict.error, verdict.outcome)
    // A finished stream may be kept for its result: its buffers need not be.
    this.#pool.close(new RangeError('The upload is over'))
    if (this.#over === undefined) this.#enter('completed')
    return verdict.object
  }

  async #abort(reason: unknown): Promise<AbortReport> {
    if (isTerminal(this.#state)) return { outcome: 'published' }
    this.#enter('aborting')
    this.#close(reason)
    const verdict = await this.#publishing
    await this.#sender.settled()
    if (verdict !== undefined && ('object' in verdict || verdict.outcome === 'published')) {
      this.#enter('completed')
      return { outcome: 'published' }
    }
    const outcome = verdict?.outcome ?? 'absent'
    const uploadId = this.#uploadId
    if (uploadId === undefined || this.#settings.leavePartsOnError) {
      this.#enter(uploadId === undefined ? 'aborted' : 'suspended')
      return { outcome }
    }
    try {
      await this.#cleanUp.end(uploadId, this.#sender.hasSent)
      return { outcome }
    } catch (error) {
      return { outcome, abortError: asError(error) }
    } finally {
      this.#enter('aborted')
    }
  }

  /** Makes the first failure the upload's, and stops everything that is under way. */
  #fail(error: unknown, outcome: Outcome = 'absent'): unknown {
    const failure = asUploadError(error, { ...this.#details(), outcome })
    if (this.#over !== undefined) return failure
    this.#close(failure)
    this.#settings.hooks.onFailure(failure)
    return failure
  }

  #close(reason: unknown): void {
    this.#over ??= { reason }
    this.#sender.close(reason)
    this.#pool.close(reason)
    this.#filler.close(reason)
    this.#cancel.abort(reason)
  }

  #sizeMismatch(exactSize: number): Error {
    return new SizeMismatchError(exactSize, this.#bytes, this.#details())
  }

  #details(): UploadErrorDetails {
    const { bucket, key } = this.#settings
    return { bucket, key, uploadId: this.#uploadId, outcome: 'absent', owner: this }
  }

  #warnOfCapacity(): void {
    const { plan, exactSize, hooks } = this.#settings
    // With an exact size the plan has been held against the end already.
    if (this.#capacityTold || exactSize !== undefined) return
    const capacity = capacityOf(plan)
    if (this.#bytes <= CAPACITY_WARNING * capacity) return
    this.#capacityTold = true
    hooks.onCapacity(capacity)
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
