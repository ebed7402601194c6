/** What a write stream tells: the events beside Node's own, with their arguments, and who emits them. */
import type { Writable, WritableOptions } from 'node:stream'
import type { RetryNotice } from './client/call-options.js'
import { asError } from './errors.js'
import type { EventfulWritable } from './listening.js'
import type { UploadProgress } from './options.js'
import { StrictWritable } from './strict-writable.js'
import type { LedgerRow } from './upload/ledger.js'
import type { HedgeNotice } from './upload/part-flights.js'
import type { ResumeNotice } from './upload/resumption.js'
import { type CapacityWarning, type UploadedPart, warnOfCapacity } from './upload-result.js'

/** Events of a write stream, by name. */
export interface WriteStreamEvents {
  /** There is an upload id: as soon as the first part is full. */
  uploadId: [uploadId: string]
  /** A part was acknowledged. */
  part: [part: UploadedPart]
  /** After each part, and at the end. */
  progress: [progress: UploadProgress]
  /** An attempt failed and will be repeated. */
  retry: [notice: RetryNotice]
  /** A part far slower than the others is being sent a second time, beside its first request. */
  hedge: [notice: HedgeNotice]
  /** More than 80 % of what 10,000 parts can hold is used; once. */
  capacity: [warning: CapacityWarning]
  /** What came of an earlier run's checkpoint. */
  resume: [notice: ResumeNotice]
}

/** The strict Writable as it is, but for the types of the events above. */
export const Eventful: new (options: WritableOptions) => EventfulWritable<WriteStreamEvents> =
  StrictWritable

export interface TellerSettings {
  readonly bucket: string
  readonly key: string
  readonly onProgress: ((progress: UploadProgress) => void) | undefined
  progress(): UploadProgress
}

/** Emits the events of one stream. A listener that throws fails the upload, or is told as a warning. */
export class Teller {
  readonly #stream: Writable
  readonly #settings: TellerSettings
  #retries = 0

  constructor(stream: Writable, settings: TellerSettings) {
    this.#stream = stream
    this.#settings = settings
  }

  /** Attempts that failed and were repeated. */
  get retries(): number {
    return this.#retries
  }

  uploadId(uploadId: string): void {
    this.#stream.emit('uploadId', uploadId)
  }

  resume(notice: ResumeNotice): void {
    this.#stream.emit('resume', notice)
  }

  hedge(notice: HedgeNotice): void {
    this.#stream.emit('hedge', notice)
  }

  retry(notice: RetryNotice): void {
    this.#retries++
    try {
      this.#stream.emit('retry', notice)
    } catch (thrown) {
      // Not thrown into the retry loop, which has to go on: it may be cleaning up.
      this.#stream.destroy(asError(thrown))
    }
  }

  part({ partNumber, size, etag }: LedgerRow): void {
    this.#stream.emit('part', { partNumber, size, etag } satisfies UploadedPart)
    this.progress()
  }

  progress(): void {
    const { onProgress, progress } = this.#settings
    onProgress?.(progress())
    this.#stream.emit('progress', progress())
  }

  /** The object is published: what a listener throws can no longer make a failure of it. */
  published(): void {
    try {
      this.progress()
    } catch (thrown) {
      process.emitWarning(asError(thrown))
    }
  }

  capacity(capacity: number): void {
    const { bucket, key, progress } = this.#settings
    warnOfCapacity(bucket, key, capacity)
    const { bytesWritten } = progress()
    this.#stream.emit('capacity', { bytesWritten, capacity } satisfies CapacityWarning)
  }
}
