/**
 * OssReadStream: Node's contract of a Readable over a download. `end` means that every byte was
 * handed over and the digests agree. Events are for users; nothing here listens.
 */
import { onAbort } from './client/abort-hub.js'
import type { RetryNotice } from './client/call-options.js'
import type { Clock } from './client/clock.js'
import { clientSource } from './client-source.js'
import { newLoadMeter } from './digest/load-meter.js'
import { Download } from './download/download.js'
import type { OpenedObject } from './download/download-source.js'
import { Pace } from './download/pace.js'
import { asError } from './errors.js'
import { Eventful } from './read-events.js'
import type { DownloadProgress, OssReadStreamOptions } from './read-options.js'
import { resolveReadOptions } from './resolve-read-options.js'

/**
 * Opens `oss://bucket/key`, or `options.bucket` and `options.key`, for reading. Nothing is asked for
 * before somebody reads; an object of at most one `partSize` takes a single request.
 * @throws {InvalidOptionError} synchronously, for a bad, missing or unknown option.
 */
export function createOssReadStream(target: string, options?: OssReadStreamOptions): OssReadStream
export function createOssReadStream(options: OssReadStreamOptions): OssReadStream
export function createOssReadStream(
  target: string | OssReadStreamOptions,
  options: OssReadStreamOptions = {},
): OssReadStream {
  return typeof target === 'object' && target !== null
    ? new OssReadStream(undefined, target)
    : new OssReadStream(target, options)
}

/** Bytes of a supply that are handed over before other work has its turn. */
const TURN_BYTES = 1024 * 1024

/** A Readable of an object, or of a range of it, whose `end` means that the bytes are verified. */
export class OssReadStream extends Eventful {
  readonly bucket: string
  readonly key: string
  readonly #download: Download
  readonly #clock: Clock
  readonly #onProgress: ((progress: DownloadProgress) => void) | undefined
  #releaseSignal: () => void = () => {}
  /** Node wants more. */
  #isWanted = false
  #isPumping = false
  #hasEnded = false
  #turnBytes = 0
  #retries = 0

  constructor(target: string | undefined, options: OssReadStreamOptions) {
    const settings = resolveReadOptions(target, options)
    super({ highWaterMark: settings.highWaterMark })
    const { client, download, signal } = settings
    const { bucket, key } = download
    this.bucket = bucket
    this.key = key
    this.#clock = client.clock
    this.#onProgress = settings.onProgress
    const onRetry = (notice: RetryNotice) => this.#tellRetry(notice)
    const ticks = () => this.#clock.ticks()
    const pace = settings.isPaced
      ? new Pace({ most: download.concurrency, ticks, newLoadMeter })
      : undefined
    this.#download = new Download(clientSource(client, { bucket, key, onRetry }), download, {
      onOpen: (object) => this.#tell(() => this.emit('open', object)),
      onReadable: () => this.#pump(),
      onRange: () => this.#tellProgress(),
      onFailure: (error) => this.destroy(asError(error)),
      pace,
    })
    // A reason such as `null` would make `destroy()` of it, which tells nobody.
    this.#releaseSignal = onAbort(signal, () =>
      this.destroy(signal?.reason || new DOMException('This operation was aborted', 'AbortError')),
    )
  }

  /** What the service says of the object, from the event `open` on. */
  get object(): OpenedObject | undefined {
    return this.#download.object
  }

  /** Bytes of the whole object, from `open` on. */
  get size(): number | undefined {
    return this.object?.size
  }

  /** ETag of the object, without quotes, from `open` on. */
  get etag(): string | undefined {
    return this.object?.etag
  }

  /** Bytes handed over so far, to the consumer or to Node's buffer for it. */
  get bytesRead(): number {
    return this.#download.bytesRead
  }

  /** Attempts that failed and were repeated. */
  get retries(): number {
    return this.#retries
  }

  /** How far it has come; the same as the event `progress` tells, at any time. */
  get progress(): DownloadProgress {
    const { bytesRead, bytesReceived, length, rangesInFlight, heldBytes } = this.#download
    return { bytesRead, bytesReceived, length, rangesInFlight, heldBytes }
  }

  override _read(): void {
    this.#isWanted = true
    this.#download.start()
    this.#pump()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#releaseSignal()
    const reason = error ?? new Error('The stream was destroyed')
    this.#download.cancel(reason).then(() => callback(error), callback)
  }

  /** Hands over what there is, as long as it is wanted. A consumer's call may come in between. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    let isResting = false
    try {
      while (this.#isWanted && !this.destroyed) {
        isResting = this.#turnBytes >= TURN_BYTES
        if (isResting) break
        const bytes = this.#download.take()
        if (bytes === undefined) {
          // What comes next has to come from the network first, in a turn of its own.
          this.#turnBytes = 0
          break
        }
        this.#turnBytes += bytes.byteLength
        // First, because `push` may call `_read`.
        this.#isWanted = false
        if (this.push(bytes)) this.#isWanted = true
      }
    } catch (thrown) {
      // By a listener of `data`. It must not reach the request that brought the bytes: that would
      // take it for its own failure, and might bring them once more.
      this.destroy(asError(thrown))
    } finally {
      this.#isPumping = isResting
    }
    if (isResting) this.#rest()
    else if (this.#download.isDone) this.#finish()
  }

  /** Much has been handed over in one go: lets others have a turn. */
  #rest(): void {
    this.#clock.breathe().then(() => {
      this.#turnBytes = 0
      this.#isPumping = false
      this.#pump()
    })
  }

  #finish(): void {
    if (this.#hasEnded || this.destroyed) return
    this.#hasEnded = true
    try {
      this.#download.verify()
    } catch (error) {
      this.destroy(asError(error))
      return
    }
    this.#tellProgress()
    this.push(null)
  }

  #tellRetry(notice: RetryNotice): void {
    this.#retries++
    this.#tell(() => this.emit('retry', notice))
  }

  #tellProgress(): void {
    const { progress } = this
    this.#tell(() => {
      this.#onProgress?.(progress)
      this.emit('progress', progress)
    })
  }

  /** What a listener throws ends the stream, but not the request that was told of. */
  #tell(tell: () => void): void {
    try {
      tell()
    } catch (thrown) {
      this.destroy(asError(thrown))
    }
  }
}
