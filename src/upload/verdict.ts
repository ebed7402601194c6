/**
 * The truth about Complete and Put. An answer that was lost, a NoSuchUpload after a retry, an error
 * under status 200: each may hide a success. What stands at the key is compared with what we sent;
 * only if that does not settle it is the outcome called unknown.
 */
import { DigestMismatchError, OssError, type Outcome, ServiceError } from '../errors.js'
import type { FoundObject, StoredObject } from './upload-target.js'

/** What we sent, to be recognised again. */
export interface Sent {
  /** Bytes. */
  readonly size: number
  /** CRC-64/XZ of all bytes, if known. */
  readonly crc64?: bigint | undefined
  /** It was computed here; otherwise of what single answers told of the parts: one may be wrong. */
  readonly isCrc64Own?: boolean
  /** MD5 of all bytes, upper-case hexadecimal, if known: of a PutObject. */
  readonly md5?: string | undefined
  /** Value of this upload's marker in the user metadata; `undefined` if it was turned off. */
  readonly marker?: string | undefined
  /** An earlier run has begun the upload, and may have published it with other bytes. */
  readonly isResumed?: boolean
}

/** How publishing ended: with the object as it was sent, or with an error and what is there. */
export type Verdict =
  | { readonly object: StoredObject }
  | {
      readonly error: unknown
      readonly outcome: Outcome
      /** What became of a damaged object, for the text; `outcome` tells only what is there now. */
      readonly aftermath?: string
      /** Why a damaged object could not be taken away again. */
      readonly abortError?: Error
    }

/** The questions that may settle what became of an object. */
export interface Questions {
  /** What stands at the key now. */
  head(): Promise<FoundObject | undefined>
  /**
   * Ends the upload, or asks after it where the parts are to be kept: `alive` means that until now
   * it existed, so that Complete cannot have happened. Absent for PutObject, which has no upload.
   */
  endUpload?(): Promise<'alive' | 'gone'>
  /** `endUpload` only asks: a Complete whose answer was lost may still come to pass. */
  readonly keepsParts?: boolean
}

/** Whether the object may have been published although this error says it was not. */
export function mayHaveLanded(error: unknown): boolean {
  if (!(error instanceof OssError)) return false
  if (error.uncertain !== undefined) return true
  // A gateway that repeats a request by itself may pass on the answer to one copy when the other has taken
  // effect: what that has made of the upload and of the key, or that the time is over.
  return isNoSuchUpload(error) || isAlreadyThere(error) || isTooLate(error)
}

/**
 * Whether what stands at the key is what we sent. The marker decides where there is one: an older
 * object of equal bytes is not ours. Without it equal size and an equal digest have to do.
 */
export function isOurs(found: FoundObject | undefined, sent: Sent): found is FoundObject {
  if (found === undefined || found.size !== sent.size) return false
  const digests = [areEqual(found.md5, sent.md5), areEqual(found.crc64, sent.crc64)]
  if (digests.includes(false)) return false
  return sent.marker === undefined ? digests.includes(true) : found.marker === sent.marker
}

/** What an answer of success means: the object, unless its CRC-64 is not the one of our bytes. */
export function judgeAnswer(object: StoredObject, sent: Sent, name: string): Verdict {
  const { crc64 } = object
  if (crc64 === undefined || sent.crc64 === undefined || crc64 === sent.crc64) return { object }
  const error = new DigestMismatchError('crc64', String(sent.crc64), String(crc64), name)
  // A Put is compared where its answer is read; here it is the parts against the whole.
  error.operation = 'CompleteMultipartUpload'
  return { error, outcome: 'published' }
}

/** What an error means. Never rejects: a question that cannot be answered leaves it unknown. */
export async function judgeError(
  error: unknown,
  sent: Sent,
  questions: Questions,
): Promise<Verdict> {
  // The object is stored, only the callback was not answered (OSS "Callback").
  if (isCallbackFailure(error)) return { error, outcome: 'published' }
  // It was answered with success, every time with a digest that is not the one of our bytes.
  if (error instanceof DigestMismatchError) return { error, outcome: 'published' }
  if (!mayHaveLanded(error)) return { error, outcome: 'absent' }
  const unknown: Verdict = { error, outcome: 'unknown' }
  const absent: Verdict = { error, outcome: 'absent' }
  const doubt = error instanceof OssError ? error.uncertain : undefined
  const { endUpload, keepsParts = false } = questions
  const first = await ask(questions.head)
  const isGone = isNoSuchUpload(error)
  // Without a marker an older object of equal bytes looks like ours: only the upload itself can tell,
  // and an error without a doubt says that something stands there already, or that nothing will.
  const isCertain =
    sent.marker !== undefined || (doubt !== undefined && (endUpload === undefined || isGone))
  if (first !== UNANSWERED && isCertain && isOurs(first, sent)) return { object: first }
  const flaw = first === UNANSWERED ? undefined : flawOf(first, sent, error)
  if (flaw !== undefined) return flaw
  if (isGone) {
    if (first === undefined) return absent
    return first !== UNANSWERED && doubt === undefined && isForeign(first, sent) ? absent : unknown
  }
  if (endUpload === undefined) {
    // What was answered is done with; what was lost may still be under way.
    const isOver = doubt !== 'lost' && first !== UNANSWERED
    return isOver && isForeign(first, sent) ? absent : unknown
  }
  const upload = await ask(endUpload)
  if (upload === UNANSWERED) return unknown
  if (upload === 'alive') return keepsParts && doubt === 'lost' ? unknown : absent
  // It ended between the two questions; or before the first, and something else stands there.
  const second = await ask(questions.head)
  if (second === UNANSWERED) return unknown
  if (isOurs(second, sent)) return { object: second }
  const lateFlaw = flawOf(second, sent, error)
  if (lateFlaw !== undefined) return lateFlaw
  return second === undefined ? absent : unknown
}

/** What it means if this upload's object stands there, as its marker says, with other bytes than ours. */
function flawOf(
  found: FoundObject | undefined,
  sent: Sent,
  error: unknown,
): Extract<Verdict, { readonly error: unknown }> | undefined {
  if (found === undefined || sent.marker === undefined || found.marker !== sent.marker) {
    return undefined
  }
  // No damage, and not to be deleted as such: the earlier run may well have sent what is there.
  if (sent.isResumed) return { error, outcome: 'published', aftermath: OTHER_BYTES }
  const name = 'the object that was found after a lost answer'
  const outcome = 'published'
  if (areEqual(found.crc64, sent.crc64) === false) {
    const values = [String(sent.crc64), String(found.crc64)] as const
    return { error: new DigestMismatchError('crc64', ...values, name), outcome }
  }
  if (areEqual(found.md5, sent.md5) === false) {
    const values = [String(sent.md5), String(found.md5)] as const
    return { error: new DigestMismatchError('md5', ...values, name), outcome }
  }
  return undefined
}

const OTHER_BYTES =
  '; the object of this upload is published, with other bytes than those of this run'

/** Whether what stands at the key is certainly not ours: neither damaged nor beyond comparison. */
function isForeign(found: FoundObject | undefined, sent: Sent): boolean {
  if (found === undefined) return true
  if (sent.marker !== undefined) return found.marker !== sent.marker
  const digests = [areEqual(found.md5, sent.md5), areEqual(found.crc64, sent.crc64)]
  return found.size !== sent.size || digests.includes(false)
}

/** `undefined` where one of them is not known. */
function areEqual<T>(one: T | undefined, other: T | undefined): boolean | undefined {
  return one === undefined || other === undefined ? undefined : one === other
}

function isNoSuchUpload(error: unknown): boolean {
  return error instanceof ServiceError && error.ossCode === 'NoSuchUpload'
}

/** Refused for `forbidOverwrite`. */
function isAlreadyThere(error: unknown): boolean {
  return error instanceof ServiceError && error.ossCode === 'FileAlreadyExists'
}

function isTooLate(error: unknown): boolean {
  return error instanceof ServiceError && error.ossCode === 'RequestTimeTooSkewed'
}

function isCallbackFailure(error: unknown): boolean {
  return error instanceof ServiceError && error.status === 203 && error.ossCode === 'CallbackFailed'
}

const UNANSWERED = Symbol('unanswered')

async function ask<T>(question: () => Promise<T>): Promise<T | typeof UNANSWERED> {
  try {
    return await question()
  } catch {
    // The first failure is the one to report; that asking failed too is told by `unknown`.
    return UNANSWERED
  }
}
