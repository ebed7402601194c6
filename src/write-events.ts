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
import type { UploadHooks } from './upload/upload-settings.js'
import {
  type CapacityWarning,
  type UploadedPart,
  warnOfCapacity,
  warnOfStaleCheckpoint,
} from './upload-result.js'

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

/** The stream whose events these are. */
export interface TellingStream extends Writable {
  readonly bucket: string
  readonly key: string
  readonly progress: UploadProgress
}

export interface TellerSettings extends Pick<UploadHooks, 'beforePublish'> {
  readonly onProgress: ((progress: UploadProgress) => void) | undefined
}

/** Tells one stream's users of its upload. A listener that throws fails the upload, or is told as a warning. */
export class Teller implements UploadHooks {
  readonly beforePublish: UploadHooks['beforePublish']
  readonly #stream: TellingStream
  readonly #onProgress: TellerSettings['onProgress']
  #retries = 0

  constructor(stream: TellingStream, { onProgress, beforePublish }: TellerSettings) {
    this.#stream = stream
    this.#onProgress = onProgress
    this.beforePublish = beforePublish
  }

  /** Attempts that failed and were repeated. */
  get retries(): number {
    return this.#retries
  }

  onUploadId(uploadId: string): void {
    this.#stream.emit('uploadId', uploadId)
  }

  onResume(notice: ResumeNotice): void {
    this.#stream.emit('resume', notice)
  }

  onHedge(notice: HedgeNotice): void {
    this.#stream.emit('hedge', notice)
  }

  onRetry(notice: RetryNotice): void {
    this.#retries++
    try {
      this.#stream.emit('retry', notice)
    } catch (thrown) {
      // Not thrown into the retry loop, which has to go on: it may be cleaning up.
      this.#stream.destroy(asError(thrown))
    }
  }

  onPart({ partNumber, size, etag }: LedgerRow): void {
    this.#stream.emit('part', { partNumber, size, etag } satisfies UploadedPart)
    this.#progress()
  }

  /** The object is published: what a listener throws can no longer make a failure of it. */
  published(): void {
    try {
      this.#progress()
    } catch (thrown) {
      process.emitWarning(asError(thrown))
    }
  }

  onCapacity(capacity: number): void {
    const { bucket, key, progress } = this.#stream
    warnOfCapacity(bucket, key, capacity)
    const { bytesWritten } = progress
    this.#stream.emit('capacity', { bytesWritten, capacity } satisfies CapacityWarning)
  }

  onFailure(error: unknown): void {
    this.#stream.destroy(asError(error))
  }

  onStaleCheckpoint(error: unknown): void {
    warnOfStaleCheckpoint(this.#stream.bucket, this.#stream.key, error)
  }

  #progress(): void {
    const stream = this.#stream
    this.#onProgress?.(stream.progress)
    if (stream.listenerCount('progress') > 0) stream.emit('progress', stream.progress)
  }
}
