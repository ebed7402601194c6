/**
 * OssWriteStream: Node's contract of a Writable over an upload. `_destroy` is the single exit of
 * every story but success and the only caller of abort. Events are for users; nothing here listens.
 */
import { onAbort } from './client/abort-hub.js'
import type { RetryNotice } from './client/call-options.js'
import type { Clock } from './client/clock.js'
import { clientTarget } from './client-target.js'
import { asError, type Outcome } from './errors.js'
import type { OssWriteStreamOptions, UploadProgress } from './options.js'
import { type ResolvedOptions, resolveOptions } from './resolve-options.js'
import { StrictWritable } from './strict-writable.js'
import type { LedgerRow } from './upload/ledger.js'
import { MultipartUpload } from './upload/multipart-upload.js'
import type { Published } from './upload/upload-settings.js'
import { completeError, DestroyedError } from './upload-errors.js'
import {
  type CapacityWarning,
  type UploadedPart,
  type UploadResult,
  warnOfCapacity,
} from './upload-result.js'

/**
 * Begins an upload to `oss://bucket/key`, or to `options.bucket` and `options.key`. Nothing is sent
 * before the first part is full or the stream ends, and nothing is published unless it ends.
 * @throws {InvalidOptionError} synchronously, for a bad, missing or unknown option.
 */
export function createOssWriteStream(
  target: string,
  options?: OssWriteStreamOptions,
): OssWriteStream
export function createOssWriteStream(options: OssWriteStreamOptions): OssWriteStream
export function createOssWriteStream(
  target: string | OssWriteStreamOptions,
  options: OssWriteStreamOptions = {},
): OssWriteStream {
  return typeof target === 'object' && target !== null
    ? new OssWriteStream(undefined, target)
    : new OssWriteStream(target, options)
}

/** A Writable whose `finish` means that the object is published and its checksums agree. */
export class OssWriteStream extends StrictWritable {
  readonly bucket: string
  readonly key: string
  /** Address of the object, without a signature. */
  readonly url: string
  /** Resolves with the result, rejects with the failure. May be ignored. */
  readonly completed: Promise<UploadResult>
  /**
   * Resolves once nothing is left to do, cleaning up included; never rejects. Await it before
   * `process.exit()`: `pipeline()` rejects on an error of its *source* earlier than that.
   */
  readonly settled: Promise<void>
  readonly #settings: ResolvedOptions
  readonly #clock: Clock
  readonly #upload: MultipartUpload
  readonly #startedAt: number
  #releaseSignal: () => void = ignore
  #tellCompleted: (result: UploadResult) => void = ignore
  #tellFailed: (reason: unknown) => void = ignore
  #tellSettled: () => void = ignore
  #result: UploadResult | undefined
  #outcome: Outcome | undefined
  #abortError: Error | undefined
  #retries = 0

  constructor(target: string | undefined, options: OssWriteStreamOptions) {
    const settings = resolveOptions(target, options)
    super({ highWaterMark: settings.highWaterMark })
    const { client, bucket, key } = settings
    this.#settings = settings
    this.#clock = client.clock
    this.#startedAt = client.clock.ticks()
    this.bucket = bucket
    this.key = key
    this.url = client.urlOf(bucket, key)
    this.completed = new Promise((resolve, reject) => {
      this.#tellCompleted = resolve
      this.#tellFailed = reject
    })
    // Whoever ignores it has the stream's own events; it must not end the process.
    this.completed.catch(ignore)
    this.settled = new Promise((resolve) => {
      this.#tellSettled = resolve
    })
    this.#upload = this.#newUpload()
    const { signal } = settings
    // A reason such as `null` would make `destroy()` of it, which tells nobody.
    this.#releaseSignal = onAbort(signal, () =>
      this.destroy(signal?.reason || new DOMException('This operation was aborted', 'AbortError')),
    )
  }

  /** Bytes accepted so far. */
  get bytesWritten(): number {
    return this.#upload.bytesWritten
  }

  /** Bytes that the service has acknowledged. */
  get bytesUploaded(): number {
    return this.#result?.size ?? this.#upload.bytesUploaded
  }

  /** Parts that the service has acknowledged. */
  get partsUploaded(): number {
    return this.#result?.parts ?? this.#upload.partsUploaded
  }

  /** The upload that the parts belong to, once there is one; a small object needs none. */
  get uploadId(): string | undefined {
    return this.#upload.uploadId
  }

  /** The published object, from `finish` on. */
  get result(): UploadResult | undefined {
    return this.#result
  }

  /** What became of the object, once `settled` has resolved. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** Why cleaning up failed, if it did: parts of `uploadId` may then still be stored (and billed). */
  get abortError(): Error | undefined {
    return this.#abortError
  }

  /** How far it has come; the same as the event `progress` tells, at any time. */
  get progress(): UploadProgress {
    const upload = this.#upload
    return {
      bytesWritten: upload.bytesWritten,
      bytesUploaded: this.bytesUploaded,
      partsUploaded: this.partsUploaded,
      partsInFlight: upload.partsInFlight,
      heldBytes: upload.heldBytes,
      expectedSize: this.#settings.expectedSize,
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    let waiting: Promise<void> | undefined
    try {
      waiting = this.#upload.append(chunk)
    } catch (error) {
      callback(asError(error))
      return
    }
    if (waiting === undefined) callback()
    else waiting.then(() => callback(), callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    this.#appendAll(chunks).then(() => callback(), callback)
  }

  override _final(callback: Callback): void {
    this.#upload
      .finish()
      .then((published) => this.#publish(published))
      .then(() => callback(), callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#releaseSignal()
    this.#end(error).then(callback, callback)
  }

  /** For `await using`: waits for a stream that was ended, gives up any other and cleans up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded) this.destroy()
    await this.settled
  }

  async #appendAll(chunks: { chunk: Buffer }[]): Promise<void> {
    for (const { chunk } of chunks) {
      const waiting = this.#upload.append(chunk)
      if (waiting !== undefined) await waiting
    }
  }

  #publish(published: Published): void {
    // Given up while Complete was under way: `outcome` tells that it has landed all the same.
    if (this.destroyed) return
    const { object, size, crc64, parts } = published
    const { uploadId } = this.#upload
    this.#result = {
      bucket: this.bucket,
      key: this.key,
      url: this.url,
      size,
      etag: object.etag,
      ...(crc64 !== undefined && { crc64: String(crc64) }),
      parts,
      ...(uploadId !== undefined && { uploadId }),
      ...(object.versionId !== undefined && { versionId: object.versionId }),
      ...(object.requestId !== undefined && { requestId: object.requestId }),
      durationMs: Math.round(this.#clock.ticks() - this.#startedAt),
      retries: this.#retries,
    }
    // Published: from here on neither a signal nor a listener can make a failure of it.
    this.#releaseSignal()
    this.#outcome = 'published'
    this.#tellCompleted(this.#result)
    this.#tellSettled()
    try {
      this.#tellProgress()
    } catch (thrown) {
      process.emitWarning(asError(thrown))
    }
  }

  /** Cleans up after anything but success, and completes the error that the user will see. */
  async #end(error: Error | null): Promise<Error | null> {
    // Published: there is nothing left to do, and everything has been told.
    if (this.#result !== undefined) return error
    const reason = error ?? this.#destroyedError()
    const report = await this.#upload.abort(reason)
    this.#outcome = report.outcome
    this.#abortError = report.abortError
    const { uploadId } = this
    completeError(reason, this.#upload, { ...report, uploadId })
    this.#tellFailed(reason)
    this.#tellSettled()
    return error
  }

  #newUpload(): MultipartUpload {
    const { client, bucket, key, headers, exactSize, expectedSize, ...rest } = this.#settings
    const target = clientTarget(client, {
      bucket,
      key,
      headers,
      onRetry: (notice) => this.#tellRetry(notice),
    })
    return new MultipartUpload(target, {
      ...rest,
      bucket,
      key,
      exactSize: exactSize ? expectedSize : undefined,
      abortMs: client.timeouts.abortMs,
      clock: this.#clock,
      hooks: {
        onUploadId: (uploadId) => this.emit('uploadId', uploadId),
        onPart: (row) => this.#tellPart(row),
        onCapacity: (capacity) => this.#tellCapacity(capacity),
        onFailure: (error) => this.destroy(asError(error)),
      },
    })
  }

  #tellRetry(notice: RetryNotice): void {
    this.#retries++
    try {
      this.emit('retry', notice)
    } catch (thrown) {
      // Not thrown into the retry loop, which has to go on: it may be cleaning up.
      this.destroy(asError(thrown))
    }
  }

  #tellPart({ partNumber, size, etag }: LedgerRow): void {
    const part: UploadedPart = { partNumber, size, etag }
    this.emit('part', part)
    this.#tellProgress()
  }

  #tellProgress(): void {
    const { progress } = this
    this.#settings.onProgress?.(progress)
    this.emit('progress', progress)
  }

  #tellCapacity(capacity: number): void {
    const warning: CapacityWarning = { bytesWritten: this.bytesWritten, capacity }
    warnOfCapacity(this.bucket, this.key, capacity)
    this.emit('capacity', warning)
  }

  #destroyedError(): DestroyedError {
    const { bucket, key } = this
    const message = `The upload of oss://${bucket}/${key} was destroyed before it had finished`
    return new DestroyedError(message, { bucket, key, outcome: 'unknown', owner: this.#upload })
  }
}

type Callback = (error?: Error | null) => void

function ignore(): void {}
