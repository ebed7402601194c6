/**
 * The ledger of truth: what the client said of an upload, against what the server has. Pure. Every
 * line it writes is a lie or a leak, and a bug.
 */
import type { Outcome } from '../../src/errors.js'

/** What was meant to be uploaded, and what stood there before. */
export interface Intent {
  readonly size: number
  readonly sha256: string
  readonly crc64: string
  readonly hasMarker: boolean
  /** It computes the CRC-64 itself; otherwise the result repeats what a header has said. */
  readonly knowsCrc64: boolean
  /** Success would be a lie: the source failed, or a guard had to refuse. */
  readonly mustFail: boolean
  readonly keepsParts: boolean
  readonly before: ObjectTruth | undefined
}

/** What the client said. */
export interface Claim {
  readonly success: boolean
  readonly outcome: Outcome | undefined
  /** `outcome` of the error, where it is an error of the upload's own. */
  readonly errorOutcome?: Outcome | undefined
  /** Codes of the error and its causes. */
  readonly codes: readonly string[]
  /** It has said that cleaning up failed. */
  readonly saidNotCleaned: boolean
  readonly uploadId: string | undefined
  readonly result?:
    | { readonly size: number; readonly crc64?: string | undefined; readonly sha256?: string }
    | undefined
}

export interface ObjectTruth {
  readonly size: number
  readonly sha256: string
  readonly marker: string | undefined
  /** It is the one that stood there before: no upload has touched the key. */
  readonly isOld: boolean
}

/** What the server has. */
export interface Truth {
  readonly object: ObjectTruth | undefined
  readonly uploads: readonly { readonly uploadId: string; readonly parts: number }[]
  /** Markers that requests for this key have brought. */
  readonly markers: readonly string[]
}

/** All that the claim and the truth do not agree in. */
export function liesOf(intent: Intent, claim: Claim, truth: Truth): string[] {
  return [...liesAboutObject(intent, claim, truth), ...leaksOf(intent, claim, truth)]
}

/** Uploads without a part that nobody knows the id of: an Initiate whose answer was lost. */
export function orphansOf(claim: Claim, truth: Truth): number {
  return truth.uploads.filter(({ uploadId, parts }) => parts === 0 && uploadId !== claim.uploadId)
    .length
}

function liesAboutObject(intent: Intent, claim: Claim, truth: Truth): string[] {
  if (claim.success) return liesOfSuccess(intent, claim, truth)
  const lies: string[] = []
  const { outcome, errorOutcome } = claim
  if (errorOutcome !== undefined && errorOutcome !== outcome) {
    lies.push(`the stream says ${outcome}, its error ${errorOutcome}`)
  }
  if (outcome === undefined) lies.push('it failed without an outcome')
  if (outcome === 'absent' && !isAsBefore(intent, truth)) {
    lies.push('called absent, but what stands at the key has changed')
  }
  if (outcome === 'published') lies.push(...liesOfPublished(intent, claim, truth))
  if (outcome === 'unknown' && !isAsBefore(intent, truth) && !isByThisUpload(intent, truth)) {
    lies.push('called unknown, but neither of the two truths stands at the key')
  }
  return lies
}

function liesOfSuccess(intent: Intent, claim: Claim, truth: Truth): string[] {
  const lies: string[] = []
  const { object } = truth
  if (intent.mustFail) lies.push('called a success what had to fail')
  if (claim.outcome !== 'published') lies.push(`called a success with outcome ${claim.outcome}`)
  if (object === undefined) return [...lies, 'called a success, but there is no object']
  if (object.sha256 !== intent.sha256) lies.push('called a success, but the bytes differ')
  // Without a marker an older object of the same bytes is not told from ours: documented.
  if (intent.hasMarker && !isByThisUpload(intent, truth)) {
    lies.push('called a success, but the object is not of this upload')
  }
  const { result } = claim
  if (result === undefined) return [...lies, 'called a success without a result']
  if (result.size !== intent.size) lies.push(`the result says ${result.size} bytes`)
  if (intent.knowsCrc64 && result.crc64 !== intent.crc64) {
    lies.push(`the result says CRC-64 ${result.crc64}`)
  }
  if (result.sha256 !== undefined && result.sha256 !== intent.sha256) {
    lies.push(`the result says SHA-256 ${result.sha256}`)
  }
  return lies
}

function liesOfPublished(intent: Intent, claim: Claim, truth: Truth): string[] {
  if (!isByThisUpload(intent, truth)) return ['called published, but it is not']
  const isWhole = truth.object?.sha256 === intent.sha256
  if (isWhole || claim.codes.includes('ERR_OSS_DIGEST_MISMATCH')) return []
  return ['called published, but other bytes than ours are, and it does not say so']
}

function leaksOf(intent: Intent, claim: Claim, truth: Truth): string[] {
  if (claim.saidNotCleaned || (intent.keepsParts && !claim.success)) return []
  return truth.uploads.flatMap(({ uploadId, parts }) => {
    if (parts > 0) return [`${parts} parts of ${uploadId} are left, and it does not say so`]
    return uploadId === claim.uploadId ? [`the upload ${uploadId} is left unfinished`] : []
  })
}

function isAsBefore({ before }: Intent, { object }: Truth): boolean {
  if (before === undefined || object === undefined) return before === object
  const { isOld, marker, sha256 } = object
  return isOld === before.isOld && marker === before.marker && sha256 === before.sha256
}

function isByThisUpload({ hasMarker }: Intent, { object, markers }: Truth): boolean {
  if (object === undefined || object.isOld) return false
  return !hasMarker || (object.marker !== undefined && markers.includes(object.marker))
}
