/**
 * OssWriteStream: Node's contract of a Writable over an upload. `_destroy` is the single exit of
 * every story but success and the only caller of abort. Events are for users; nothing here listens.
 */
import { abortedBefore } from './aborted-before.js'
import { Conclusion } from './conclusion.js'
import { asError, type Outcome } from './errors.js'
import { Interruptions } from './interruptions.js'
import type { OssWriteStreamOptions, UploadProgress } from './options.js'
import { PublishGuard } from './publish-guard.js'
import { type ResolvedOptions, resolveOptions } from './resolve-options.js'
import { streamUpload } from './stream-upload.js'
import type { MultipartUpload } from './upload/multipart-upload.js'
import type { PartSource } from './upload/part-reader.js'
import type { Published, UploadHooks } from './upload/upload-settings.js'
import {
  completeError,
  DestroyedError,
  idleProcessError,
  type UploadErrorDetails,
} from './upload-errors.js'
import { type UploadResult, uploadResult } from './upload-result.js'
import { type UploadStats, UploadWatch } from './upload-watch.js'
import { Eventful, Teller } from './write-events.js'

/**
 * Begins an upload to `oss://bucket/key`, or to `options.bucket` and `options.key`. Nothing is sent
 * before the first part is full or the stream ends, and nothing is published unless it ends. The stream
 * fails with an UploadError, or with what its source, its `signal` or a listener failed with.
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

/** Taking a smaller chunk counts as waiting for the source: two looks at the clock cost as much. */
const METERED = 16 * 1024

/** A Writable whose `finish` means that the object is published and its checksums agree. */
export class OssWriteStream extends Eventful {
  readonly bucket: string
  readonly key: string
  /** Address of the object, without a signature. */
  readonly url: string
  readonly #settings: ResolvedOptions
  readonly #source: PartSource | undefined
  readonly #guard: PublishGuard
  readonly #upload: MultipartUpload
  readonly #conclusion = new Conclusion<UploadResult>()
  readonly #interruptions: Interruptions
  readonly #watch: UploadWatch
  readonly #tell: Teller
  #result: UploadResult | undefined
  #outcome: Outcome | undefined
  #abortError: Error | undefined

  /** `source` is for `uploadFile()`: read at the end, and nothing is written then. @internal */
  constructor(target: string | undefined, options: OssWriteStreamOptions, source?: PartSource) {
    const settings = resolveOptions(target, options)
    const { signal, highWaterMark } = settings
    super(signal?.aborted ? { highWaterMark, ...abortedBefore(signal) } : { highWaterMark })
    const { client, bucket, key, url } = settings
    this.#settings = settings
    this.#source = source
    this.bucket = bucket
    this.key = key
    this.url = url
    this.#guard = new PublishGuard(settings.guard)
    this.#tell = this.#newTeller()
    this.#watch = new UploadWatch(client.clock, this)
    const tools = { witness: this.#guard.witness, watch: this.#watch }
    this.#upload = streamUpload(settings, tools, this.#tell)
    this.#interruptions = new Interruptions({
      signal: settings.signal,
      stream: this,
      onIdleProcess: () => idleProcessError(this.#details('unknown')),
    })
    this.#interruptions.listen()
    // Node's own word to the end of a pipeline. A source that never gives a byte must not go unnoticed.
    this.on('pipe', () => this.#interruptions.begin())
    this.#watch.begin()
  }

  /** Resolves with the result, rejects with the failure. May be ignored. */
  get completed(): Promise<UploadResult> {
    return this.#conclusion.completed
  }

  /**
   * Resolves once nothing is left to do, cleaning up included; never rejects. Await it before
   * `process.exit()`: `pipeline()` rejects on an error of its *source* earlier than that.
   */
  get settled(): Promise<void> {
    return this.#conclusion.settled
  }

  /** Bytes accepted so far, and those that were skipped. */
  get bytesWritten(): number {
    return this.#upload.progress.bytesWritten
  }

  /** Bytes that the service has acknowledged. */
  get bytesUploaded(): number {
    return this.#result?.size ?? this.#upload.progress.bytesUploaded
  }

  /** Parts that the service has acknowledged. */
  get partsUploaded(): number {
    return this.#result?.parts ?? this.#upload.progress.partsUploaded
  }

  /** The upload of the parts, once there is one; a small object needs none. */
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
    const { bytesWritten, partsInFlight, heldBytes } = this.#upload.progress
    return {
      bytesWritten,
      bytesUploaded: this.bytesUploaded,
      partsUploaded: this.partsUploaded,
      partsInFlight,
      heldBytes,
      expectedSize: this.#settings.expectedSize,
    }
  }

  /** How fast it was so far, and what it waited for: see {@link UploadStats}. */
  stats(): UploadStats {
    return this.#watch.stats({ bytes: this.bytesUploaded, retries: this.#tell.retries })
  }

  /**
   * With `checkpoint` and `sourceVersion`: how many bytes at the beginning an earlier run has stored of the
   * same version; the source is to begin behind them. 0 if there are none, if somebody wants to see all bytes
   * (`sha256`, `expectedDigest`, `beforeComplete`), or with `integrity: 'crc64'`, where nobody has compared what
   * is stored. To be called before any write. What it rejects with, a write would fail with, too.
   */
  async skipStored(): Promise<number> {
    if (this.writableLength > 0 || this.writableEnded) {
      throw new RangeError('skipStored() was called after a write')
    }
    this.#interruptions.begin()
    const { checkpoint, digests, signal } = this.#settings
    // The rejection tells it, and before there is a pipeline nobody listens.
    const unheard = () => undefined
    this.on('error', unheard)
    try {
      if (signal?.aborted) await this.completed
      if (checkpoint?.source === undefined || this.#guard.witness !== undefined) return 0
      // The service has compared with Content-MD5 what it stored; with a CRC-64 only we can.
      if (!digests.md5) return 0
      return await this.#upload.skipStored()
    } finally {
      if (!this.destroyed) this.off('error', unheard)
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    const isLarge = chunk.byteLength >= METERED
    this.#begin(isLarge)
    let waiting: Promise<void> | undefined
    try {
      waiting = this.#upload.append(chunk)
    } catch (error) {
      callback(asError(error))
      return
    }
    if (waiting !== undefined) waiting.then(() => this.#taken(callback), callback)
    else if (isLarge) this.#taken(callback)
    else callback()
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    this.#begin(true)
    this.#appendAll(chunks).then(() => this.#taken(callback), callback)
  }

  override _final(callback: Callback): void {
    this.#begin(true)
    this.#watch.stalls.enter('network')
    this.#upload
      .finish(this.#source)
      .then((published) => this.#publish(published))
      .then(
        () => callback(),
        // A veto may throw nothing at all, which Node would take for success.
        (thrown) => callback(asError(thrown)),
      )
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#interruptions.release()
    // Published: everything has been told.
    if (this.#result !== undefined) callback(error)
    else this.#end(error).then(callback, callback)
  }

  /** For `await using`: waits for a stream that was ended, gives up any other and cleans up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded) this.destroy()
    await this.settled
  }

  #begin(isMetered: boolean): void {
    if (isMetered) this.#watch.stalls.enter(undefined)
    this.#interruptions.begin()
  }

  #taken(callback: Callback): void {
    this.#watch.stalls.enter('source')
    callback()
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
    this.#watch.stop()
    this.#result = uploadResult(published, {
      bucket: this.bucket,
      key: this.key,
      url: this.url,
      uploadId: this.uploadId,
      digests: this.#guard.digests,
      elapsedMs: this.#watch.elapsedMs,
      retries: this.#tell.retries,
    })
    // Published: from here on neither a signal nor a listener can make a failure of it.
    this.#interruptions.release()
    this.#outcome = 'published'
    this.#conclusion.succeed(this.#result)
    this.#watch.end()
    this.#tell.published()
  }

  /** Cleans up after anything but success, and completes the error that the user will see. */
  async #end(error: Error | null): Promise<Error | null> {
    this.#watch.stop()
    const reason = error ?? new DestroyedError(this.#details('unknown'))
    const report = await this.#upload.abort(reason)
    this.#outcome = report.outcome
    this.#abortError = report.abortError
    completeError(reason, this.#upload, { ...report, uploadId: this.uploadId })
    this.#watch.end(reason)
    this.#conclusion.fail(reason)
    return error
  }

  #newTeller(): Teller {
    const { witness } = this.#guard
    const check: UploadHooks['beforePublish'] = (what) =>
      this.#guard.check(what, this.#details('absent'))
    const { onProgress } = this.#settings
    return new Teller(this, { onProgress, beforePublish: witness && check })
  }

  #details(outcome: Outcome): UploadErrorDetails {
    return { bucket: this.bucket, key: this.key, outcome, owner: this.#upload }
  }
}

type Callback = (error?: Error | null) => void
