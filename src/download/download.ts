/**
 * A download: one object from its first byte to the comparison of its digests. Knows which object it
 * began with, and accepts no byte of another. The first failure ends it.
 */
import {
  asDownloadError,
  CorruptDownloadError,
  type DownloadErrorDetails,
  ObjectChangedError,
  ObjectRangeError,
} from '../download-errors.js'
import { ServiceError, TransportError } from '../errors.js'
import type { DownloadSource, OpenedObject } from './download-source.js'
import type { IncomingRange } from './incoming-range.js'
import type { Pace } from './pace.js'
import { type ReadAheadLimits, type Span, spanWithin } from './ranges.js'
import { ReadAhead } from './read-ahead.js'
import { expectationsOf, Verification, type VerificationSettings } from './verification.js'

export interface DownloadSettings extends ReadAheadLimits, VerificationSettings {
  readonly bucket: string
  readonly key: string
  /** What was asked for; the object may end before its end. */
  readonly wanted: Span
  readonly etag: string | undefined
  readonly versionId: string | undefined
}

export interface DownloadHooks {
  /** The service has described the object; once, before the first byte. */
  readonly onOpen: (object: OpenedObject) => void
  readonly onReadable: () => void
  readonly onRange: () => void
  readonly onFailure: (error: unknown) => void
  /** How many ranges are worth asking for at once. @default all that the settings allow */
  readonly pace?: Pace | undefined
}

export class Download {
  readonly #source: DownloadSource
  readonly #settings: DownloadSettings
  readonly #hooks: DownloadHooks
  readonly #window: ReadAhead
  readonly #cancelling = new AbortController()
  /** Names the version in every request; learnt only when the key no longer leads to it. */
  #versionId: string | undefined
  #hasStarted = false
  #object: OpenedObject | undefined
  #span: Span | undefined
  #verification = new Verification([])
  #bytesReceived = 0
  #bytesRead = 0

  constructor(source: DownloadSource, settings: DownloadSettings, hooks: DownloadHooks) {
    this.#source = source
    this.#settings = settings
    this.#hooks = hooks
    this.#versionId = settings.versionId
    this.#window = new ReadAhead(settings.wanted, settings, {
      fetch: (range) => this.#fetch(range),
      onReadable: hooks.onReadable,
      onRange: hooks.onRange,
      onFailure: hooks.onFailure,
      lanes: () => hooks.pace?.lanes ?? settings.concurrency,
    })
  }

  /** The object, once it is known. */
  get object(): OpenedObject | undefined {
    return this.#object
  }

  /** Bytes to read in all, once they are known. */
  get length(): number | undefined {
    return this.#span && this.#span.end - this.#span.start
  }

  /** Bytes that have come from the service. */
  get bytesReceived(): number {
    return this.#bytesReceived
  }

  /** Bytes taken. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  get rangesInFlight(): number {
    return this.#window.requests
  }

  get heldBytes(): number {
    return this.#window.heldBytes
  }

  /** Nothing is left to take or to wait for. */
  get isDone(): boolean {
    return this.#window.isDrained
  }

  /** Begins, once; further calls do nothing. */
  start(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.#hooks.pace?.start()
    this.#window.start()
  }

  /** The next bytes in order, if there are any. */
  take(): Uint8Array | undefined {
    const bytes = this.#window.take()
    if (bytes === undefined) return undefined
    this.#verification.update(bytes)
    this.#bytesRead += bytes.byteLength
    return bytes
  }

  /** Compares the number and the digests of all bytes taken. @throws {DownloadError} */
  verify(): void {
    const { length = 0 } = this
    if (this.#bytesRead !== length) {
      const short = new TransportError('interrupted', `${this.#bytesRead} bytes came of ${length}`)
      throw asDownloadError(short, this.#details())
    }
    const wrong = this.#verification.finish()
    if (wrong !== undefined) throw new CorruptDownloadError(wrong, this.#details())
  }

  /** Cancels what is under way; resolves when nothing is. */
  cancel(reason: unknown): Promise<void> {
    this.#cancelling.abort(reason)
    return this.#window.close()
  }

  async #fetch(range: IncomingRange): Promise<void> {
    for (;;) {
      const versionId = this.#versionId
      try {
        await this.#source.receive({
          start: range.start + range.received,
          end: range.end,
          etag: this.#etag,
          versionId,
          signal: this.#cancelling.signal,
          onHead: (object) => this.#recognise(object),
          onData: (bytes) => this.#append(range, bytes),
        })
        return
      } catch (error) {
        const status = error instanceof ServiceError ? error.status : undefined
        if (status === 416 && this.#object === undefined) return this.#findEnd(error)
        // Replaced or removed, but the bucket keeps versions. Not before: reading one takes a
        // permission more.
        const isElsewhere = status === 412 || status === 404
        if (isElsewhere && versionId === undefined && this.#object?.versionId !== undefined) {
          this.#versionId = this.#object.versionId
          continue
        }
        throw this.#failureOf(error, versionId !== this.#settings.versionId)
      }
    }
  }

  get #etag(): string | undefined {
    return this.#object?.etag ?? this.#settings.etag
  }

  #append(range: IncomingRange, bytes: Uint8Array): void {
    range.append(bytes)
    this.#bytesReceived += bytes.byteLength
    this.#hooks.onReadable()
  }

  #recognise(object: OpenedObject): void {
    const known = this.#object
    const etag = this.#etag
    const isOther = known !== undefined && known.size !== object.size
    if (isOther || (etag !== undefined && etag !== object.etag)) {
      throw new ObjectChangedError(etag ?? '', this.#details())
    }
    if (known === undefined) this.#open(object)
  }

  #open(object: OpenedObject): void {
    const { wanted } = this.#settings
    const span = spanWithin(object.size, wanted)
    if (span === undefined) throw new ObjectRangeError(wanted.start, this.#details())
    this.#object = object
    this.#span = span
    const isWhole = span.end - span.start === object.size
    this.#verification = new Verification(expectationsOf(object, { ...this.#settings, isWhole }))
    this.#hooks.onOpen(object)
    this.#window.resolve(span)
  }

  /** No byte is where the first was expected: of an empty object there is none at 0 either. */
  async #findEnd(cause: unknown): Promise<void> {
    const { wanted, versionId } = this.#settings
    if (wanted.start > 0) throw new ObjectRangeError(wanted.start, this.#details(cause))
    const { signal } = this.#cancelling
    let object: OpenedObject
    try {
      object = await this.#source.head({ etag: this.#etag, versionId, signal })
    } catch (error) {
      throw this.#failureOf(error, false)
    }
    if (object.size > 0) throw new ObjectChangedError(object.etag, this.#details(cause))
    this.#recognise(object)
  }

  /** @param elsewhere a version was asked for that the caller did not name */
  #failureOf(error: unknown, elsewhere: boolean): unknown {
    if (this.#cancelling.signal.aborted) return error
    const status = error instanceof ServiceError ? error.status : undefined
    const isGone = status === 404 && this.#object !== undefined
    const isChanged = status === 412 || isGone || (status === 403 && elsewhere)
    const etag = this.#etag
    return isChanged && etag !== undefined
      ? new ObjectChangedError(etag, this.#details(error))
      : asDownloadError(error, this.#details())
  }

  #details(cause?: unknown): DownloadErrorDetails {
    const { bucket, key, versionId = this.#object?.versionId } = this.#settings
    const requestId = this.#object?.requestId
    return { bucket, key, versionId, bytesRead: this.#bytesRead, requestId, cause }
  }
}
