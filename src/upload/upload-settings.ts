/** What an upload is told when it begins, and what it tells: the types of `MultipartUpload`. */
import type { Outcome } from '../errors.js'
import type { PartPlan } from '../protocol/part-plan.js'
import type { CheckpointStore } from './checkpoint.js'
import type { CleanUpClock } from './clean-up.js'
import type { LedgerRow } from './ledger.js'
import type { LineHashing, PartLineSettings } from './line-settings.js'
import type { MemoryBudget } from './memory-budget.js'
import type { DigestChoice, MessageHash } from './part.js'
import type { HedgeNotice } from './part-flights.js'
import type { OnMismatch } from './publisher.js'
import type { ResumeNotice } from './resumption.js'
import type { Slabs } from './slabs.js'
import type { StallMeter } from './stall-meter.js'
import type { StoredObject } from './upload-target.js'

export interface UploadSettings {
  readonly bucket: string
  readonly key: string
  readonly plan: PartPlan
  /** Parts of the current size held beside those on the wire at most, within the plan's memory. */
  readonly spareParts: number
  /** Most requests on the wire at once; to begin with, if there is a `maxConcurrency`. */
  readonly concurrency: number
  /** As many as bring something, up to so many. `undefined`: `concurrency`, always. */
  readonly maxConcurrency?: number | undefined
  /** A part far slower than the others may be sent twice, once no other waits for its turn. */
  readonly hedge: boolean
  /** Digests computed by us; see the option `integrity`. */
  readonly digests: DigestChoice
  /** The only length that may be published, in bytes; `undefined` if any may. */
  readonly exactSize?: number | undefined
  /** Keep the parts of an upload that fails. */
  readonly leavePartsOnError: boolean
  /** Deadline of cleaning up, in milliseconds. */
  readonly abortMs: number
  /** Value of the upload's marker in the user metadata; `undefined` if it was turned off. */
  readonly marker?: string | undefined
  /** What becomes of an object that was published with other bytes than ours. */
  readonly onMismatch: OnMismatch
  /** Going on with an earlier run; `undefined` if there is nothing to go on with, nor will be. */
  readonly checkpoint?: CheckpointSettings | undefined
  /** Sees all bytes once, in order, before the last of them can be published. */
  readonly witness?: { update(bytes: Uint8Array): void } | undefined
  /** What parts are hashed with. */
  readonly hashing: LineHashing
  /** MD5 of an object that is one small part. @default node:crypto, at once */
  readonly smallMd5?: MessageHash | undefined
  /** Where part buffers come from. */
  readonly slabs: Slabs
  /** What all part buffers beyond those of one part are taken from. */
  readonly budget: MemoryBudget
  /** Told what the upload waits for. */
  readonly stalls: Pick<StallMeter, 'enter'>
  readonly clock: PartLineSettings['clock'] & CleanUpClock
  readonly hooks: UploadHooks
}

/** How an upload is kept for a later run. */
export interface CheckpointSettings {
  readonly store: CheckpointStore
  /** Digest of the object headers. */
  readonly headers: string
  /** The caller's name of what is being uploaded. */
  readonly source: string | undefined
}

/** What is about to be published. */
export interface Unpublished {
  /** Bytes. */
  readonly size: number
  readonly parts: number
  /** CRC-64/XZ of all bytes, if the service or we computed it by now. */
  readonly crc64: bigint | undefined
  /** Aborted when the upload is given up. */
  readonly signal: AbortSignal
}

/** What the owner of an upload is told. A hook that throws fails the upload with what it threw. */
export interface UploadHooks {
  onUploadId(uploadId: string): void
  onPart(row: LedgerRow): void
  /** A part is being sent a second time, beside its first request. */
  onHedge(notice: HedgeNotice): void
  /** More than 80 % of what the plan can hold is written; told once. */
  onCapacity(capacity: number): void
  /** All bytes are there and nothing is published; a rejection prevents that it ever is. */
  readonly beforePublish?: ((what: Unpublished) => Promise<PublishNotes | undefined>) | undefined
  /** What came of an earlier run's checkpoint. */
  onResume(notice: ResumeNotice): void
  /** The checkpoint of a published object could not be removed. */
  onStaleCheckpoint(error: unknown): void
  /** The upload has failed by itself and is to be aborted; told once. */
  onFailure(error: unknown): void
}

/** What is to be stored with an object that is sent in one request. */
export interface PublishNotes {
  readonly meta?: Readonly<Record<string, string>> | undefined
}

/** A published object. */
export interface Published {
  readonly object: StoredObject
  /** Bytes. */
  readonly size: number
  /** CRC-64/XZ of the whole stream, if the service or we computed it. */
  readonly crc64?: bigint | undefined
  /** Parts it was sent in; 1 for a PutObject. */
  readonly parts: number
}

/** How an upload that was given up ended. */
export interface AbortReport {
  readonly outcome: Outcome
  /** What the outcome alone does not tell, for the text of the error. */
  readonly aftermath?: string | undefined
  /** Why cleaning up failed, if it did. */
  readonly abortError?: Error | undefined
}
