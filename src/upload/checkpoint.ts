/**
 * What a later process must know to go on with an upload, as one text. It holds what the service
 * cannot tell: which upload, planned how, of what. Which parts are stored is asked of the service
 * (ListParts): a second list here could only be out of date. Never holds a secret.
 */
import type { PartPlan } from '../protocol/part-plan.js'

/**
 * Keeps the checkpoint of one upload between runs. One writer at a time: two uploads with one
 * store would take each other's place. Texts are a few hundred bytes. A call that takes longer than
 * `timeouts.abortMs`, rejects or throws is a CheckpointError (`store`).
 */
export interface CheckpointStore {
  /** What was saved last; `undefined` (or `null`) if nothing is, or it was removed. */
  load(): Promise<string | null | undefined> | string | null | undefined
  /** Replaces what is kept; once it resolves, it must survive a crash. */
  save(text: string): Promise<unknown> | unknown
  /** Nothing is kept any more. */
  remove(): Promise<unknown> | unknown
}

export interface Checkpoint {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** The upload's marker, which its object has; `undefined` if it was turned off. */
  readonly marker: string | undefined
  /** The sizes of its parts: the same bytes must fall into the same parts. */
  readonly plan: Pick<PartPlan, 'partSize' | 'growAfter' | 'maxPartSize'>
  /** Digest of the object headers, which were fixed when it was initiated. */
  readonly headers: string
  /** The caller's name of what is being uploaded; see the option `sourceVersion`. */
  readonly source: string | undefined
}

/** Why a checkpoint that can be read is not gone on with. */
export type FreshReason = 'plan' | 'headers' | 'source'

const FORMAT = 'osspipe-checkpoint'
const VERSION = 1

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...checkpoint })}\n`
}

/** Reads a checkpoint; `undefined` if the text is none of this version. */
export function decodeCheckpoint(text: string): Checkpoint | undefined {
  const value = parse(text)
  if (!isRecord(value) || value.format !== FORMAT || value.version !== VERSION) return undefined
  const { bucket, key, uploadId, marker, plan, headers, source } = value
  if (!isText(bucket) || !isText(key) || !isText(uploadId) || !isText(headers)) return undefined
  if (!isOptionalText(marker) || !isOptionalText(source) || !isRecord(plan)) return undefined
  const { partSize, growAfter, maxPartSize } = plan
  if (!isCount(partSize) || !isCount(growAfter) || !isCount(maxPartSize)) return undefined
  const sizes = { partSize, growAfter, maxPartSize }
  return { bucket, key, uploadId, marker, plan: sizes, headers, source }
}

/** Whether a checkpoint is one of this object at all: any other is not ours to end or to replace. */
export function isForeign(found: Checkpoint, own: Pick<Checkpoint, 'bucket' | 'key'>): boolean {
  return found.bucket !== own.bucket || found.key !== own.key
}

/** Why the upload of `found` cannot become what `own` describes; `undefined` if it can. */
export function whyFresh(
  found: Checkpoint,
  own: Omit<Checkpoint, 'uploadId' | 'marker'>,
): FreshReason | undefined {
  const { partSize, growAfter, maxPartSize } = found.plan
  const isSamePlan =
    partSize === own.plan.partSize &&
    growAfter === own.plan.growAfter &&
    maxPartSize === own.plan.maxPartSize
  if (!isSamePlan) return 'plan'
  if (found.headers !== own.headers) return 'headers'
  return found.source === own.source ? undefined : 'source'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
