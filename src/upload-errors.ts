/** The errors of a whole upload: where it failed, and what became of the object. */
import { assignDefined, OssError, type OssErrorCode, type Outcome, ServiceError } from './errors.js'

/** Whose error it is: an error may be handed on to other streams, and must not be changed by them. */
const owners = new WeakMap<UploadError, object>()

/** Where and how an upload failed. */
export interface UploadErrorDetails {
  readonly bucket: string
  readonly key: string
  readonly operation?: string | undefined
  readonly partNumber?: number | undefined
  readonly uploadId?: string | undefined
  readonly outcome: Outcome
  readonly cause?: unknown
  /** The upload whose error it is; see {@link completeError}. */
  readonly owner?: object | undefined
}

/** What an upload stream fails with, unless the failure is the caller's own (its source, its signal). */
export class UploadError extends OssError {
  override readonly code: OssErrorCode = 'ERR_OSS_UPLOAD'
  readonly bucket: string
  readonly key: string
  /** The upload the parts belong to, once there was one. */
  declare uploadId?: string
  /** What became of the object; final once the stream has emitted `close`. */
  outcome: Outcome
  /**
   * Why cleaning up failed, if it did: parts of `uploadId` may then still be stored (and billed); with
   * `outcome: 'published'` it is the damaged object that could not be deleted, with `unknown` perhaps has been.
   */
  declare abortError?: Error
  declare readonly status?: number
  declare readonly ossCode?: string
  declare readonly requestId?: string
  declare readonly ec?: string

  constructor(message: string, details: UploadErrorDetails) {
    super(message, { cause: details.cause })
    this.bucket = details.bucket
    this.key = details.key
    this.outcome = details.outcome
    if (details.owner !== undefined) owners.set(this, details.owner)
    const { cause } = details
    const inherited =
      cause instanceof OssError
        ? { operation: cause.operation, partNumber: cause.partNumber }
        : { operation: undefined, partNumber: undefined }
    assignDefined(this, {
      operation: details.operation ?? inherited.operation,
      partNumber: details.partNumber ?? inherited.partNumber,
      uploadId: details.uploadId,
    })
    if (cause instanceof OssError) {
      assignDefined(this, { attempts: cause.attempts, elapsedMs: cause.elapsedMs })
    }
    if (cause instanceof ServiceError) {
      const { status, ossCode, requestId, ec } = cause
      assignDefined(this, { status, ossCode, requestId, ec })
    }
  }
}

/** With `exactSize`, the stream was longer or shorter than `expectedSize`; nothing was published. */
export class SizeMismatchError extends UploadError {
  override readonly code = 'ERR_OSS_SIZE_MISMATCH' as const
  /** `expectedSize`, in bytes. */
  readonly expected: number
  /** Bytes written when it was noticed. */
  readonly actual: number

  constructor(expected: number, actual: number, details: UploadErrorDetails) {
    const relation = actual > expected ? 'at least ' : ''
    super(
      `Expected exactly ${expected} bytes for oss://${details.bucket}/${details.key}, got ${relation}${actual}`,
      details,
    )
    this.expected = expected
    this.actual = actual
  }
}

/** The stream is longer than what the plan of at most 10,000 parts can hold. */
export class PartLimitError extends UploadError {
  override readonly code = 'ERR_OSS_PART_LIMIT' as const
  /** Most bytes that this plan can hold. */
  readonly capacity: number

  constructor(capacity: number, details: UploadErrorDetails) {
    super(
      `oss://${details.bucket}/${details.key} is longer than the ${capacity} bytes that 10000 parts ` +
        'can hold within this memory: set `expectedSize`, or raise `maxMemory` or `partSize`',
      details,
    )
    this.capacity = capacity
  }
}

/** The file that is uploaded was changed while it was read; nothing was published. */
export class SourceChangedError extends UploadError {
  override readonly code = 'ERR_OSS_SOURCE_CHANGED' as const

  /** @param what in what it is not any more what it was */
  constructor(what: string, details: UploadErrorDetails) {
    const { bucket, key } = details
    super(`The file uploaded to oss://${bucket}/${key} has changed meanwhile: ${what}`, details)
  }
}

/** A digest of the stream is not the one of `expectedDigest`; nothing was published. */
export class UnexpectedDigestError extends UploadError {
  override readonly code = 'ERR_OSS_UNEXPECTED_DIGEST' as const
  readonly algorithm: 'md5' | 'sha256' | 'crc64'
  /** As in `expectedDigest`: lower-case hexadecimal, or unsigned decimal for CRC-64. */
  readonly expected: string
  /** That of the stream, in the same form. */
  readonly actual: string

  constructor(
    algorithm: 'md5' | 'sha256' | 'crc64',
    values: { readonly expected: string; readonly actual: string },
    details: UploadErrorDetails,
  ) {
    const { expected, actual } = values
    super(
      `Expected ${algorithm} ${expected} for oss://${details.bucket}/${details.key}, got ${actual}`,
      details,
    )
    this.algorithm = algorithm
    this.expected = expected
    this.actual = actual
  }
}

/**
 * The checkpoint cannot be used. `malformed`: it is none, or of another version of this library.
 * `foreign`: it is one of another object. `store`: the store has failed, see `cause`.
 */
export class CheckpointError extends UploadError {
  override readonly code = 'ERR_OSS_CHECKPOINT' as const
  readonly reason: 'malformed' | 'foreign' | 'store'

  constructor(reason: 'malformed' | 'foreign' | 'store', details: UploadErrorDetails) {
    const what = {
      malformed: 'is not a checkpoint that this version can read',
      foreign: 'belongs to another object',
      store: 'could not be loaded, saved or removed',
    }
    const { bucket, key } = details
    super(`The checkpoint given for oss://${bucket}/${key} ${what[reason]}`, details)
    this.reason = reason
  }
}

/** The stream was destroyed, without a reason, before it had finished. */
export class DestroyedError extends UploadError {
  override readonly code = 'ERR_OSS_DESTROYED' as const

  constructor(details: UploadErrorDetails) {
    const { bucket, key } = details
    super(`The upload of oss://${bucket}/${key} was destroyed before it had finished`, details)
  }
}

/** The event loop ran empty: whoever was to go on with the stream never will. */
export function idleProcessError(details: UploadErrorDetails): UploadError {
  const { bucket, key } = details
  return new UploadError(
    `The process had nothing left to do before oss://${bucket}/${key} was complete`,
    details,
  )
}

/** How an upload ended that had begun to fail. */
export interface Ending {
  readonly outcome: Outcome
  /** To be added to the text of the upload's own error. */
  readonly aftermath?: string | undefined
  readonly uploadId?: string | undefined
  readonly abortError?: Error | undefined
}

/** Tells in the upload's own error how it ended; in a foreign one only what was left behind. */
export function completeError(reason: unknown, owner: object, ending: Ending): void {
  const { outcome, aftermath = '', uploadId, abortError } = ending
  if (reason instanceof UploadError) {
    if (owners.get(reason) !== owner) return
    reason.message += aftermath
    assignDefined(reason, { outcome, uploadId, abortError })
    return
  }
  // The caller's own stays as it is, unless something was left that costs money; and if it can.
  if (abortError === undefined || !(reason instanceof Error) || 'abortError' in reason) return
  for (const [name, value] of Object.entries({ abortError, uploadId })) {
    Reflect.defineProperty(reason, name, { value, enumerable: true, configurable: true })
  }
}

/** Puts the upload around the error of a request; an upload's own and foreign errors stay as they are. */
export function asUploadError(
  error: unknown,
  details: UploadErrorDetails,
  aftermath = AFTERMATH[details.outcome],
): unknown {
  if (!(error instanceof OssError) || error instanceof UploadError) return error
  return new UploadError(`${error.message}${aftermath}`, { ...details, cause: error })
}

const AFTERMATH: Readonly<Record<Outcome, string>> = {
  absent: '',
  published: '; the object is published nevertheless',
  unknown: '; whether the object is published could not be found out',
}
