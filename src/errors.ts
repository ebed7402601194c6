/**
 * The errors of this library: one base, a stable `code` a class, typed fields, `cause` kept. Those
 * of a whole upload stand in upload-errors.ts.
 * Match on `code`, not on `instanceof`: two copies of the package may be loaded.
 * No message, field or stack ever holds a secret, a signature or a query string.
 */

/** Stable identifiers of the failures this library reports. */
export type OssErrorCode =
  | 'ERR_OSS_INVALID_OPTION'
  | 'ERR_OSS_CREDENTIALS'
  | 'ERR_OSS_TRANSPORT'
  | 'ERR_OSS_SERVICE'
  | 'ERR_OSS_MALFORMED_RESPONSE'
  | 'ERR_OSS_MALFORMED_XML'
  | 'ERR_OSS_DIGEST_MISMATCH'
  | 'ERR_OSS_UPLOAD'
  | 'ERR_OSS_SIZE_MISMATCH'
  | 'ERR_OSS_PART_LIMIT'
  | 'ERR_OSS_UNEXPECTED_DIGEST'
  | 'ERR_OSS_SOURCE_CHANGED'
  | 'ERR_OSS_CHECKPOINT'
  | 'ERR_OSS_DESTROYED'
  | 'ERR_OSS_DOWNLOAD'
  | 'ERR_OSS_OBJECT_CHANGED'
  | 'ERR_OSS_RANGE'
  | 'ERR_OSS_CORRUPT_DOWNLOAD'
  | 'ERR_OSS_CHILD_PROCESS'
  | 'ERR_OSS_DATA_DIR'

/**
 * What became of the object when an upload failed.
 * `absent`: this upload published nothing. `published`: the object is there, although
 * something failed after that (its callback, a checksum) or it had been given up.
 * `unknown`: the service may or may not have published it, and no question could settle which.
 */
export type Outcome = 'absent' | 'published' | 'unknown'

/**
 * Why a failed call may have taken effect nevertheless. `answered`: an answer came that does not
 * settle it (5xx, garbled). `lost`: none came, so the effect may even be still to come.
 */
export type Doubt = 'answered' | 'lost'

/** What a client call was doing when it failed; see {@link OssError.describe}. */
export interface CallContext {
  /** Vendor name of the operation, such as `UploadPart`. */
  readonly operation: string
  /** What it was done to, such as `oss://bucket/key`. */
  readonly target: string
  /** Part number, for operations on one part. */
  readonly partNumber?: number | undefined
  /** Attempts made, the first included. */
  readonly attempts: number
  /** From the start of the first attempt to the failure of the last, in milliseconds. */
  readonly elapsedMs: number
  /** Whether and why an attempt may have taken effect although no answer said so. */
  readonly uncertain: Doubt | undefined
}

/** Base of all errors of this library. */
export abstract class OssError extends Error {
  /** Stable identifier of the kind of failure. */
  abstract readonly code: OssErrorCode
  /** Vendor name of the operation that failed, such as `UploadPart`. */
  declare operation?: string
  /** Part number, for operations on one part. */
  declare partNumber?: number
  /** Attempts made, the first included. */
  declare attempts?: number
  /** From the start of the first attempt to the failure of the last, in milliseconds. */
  declare elapsedMs?: number
  /** Set if an attempt may have taken effect although no answer said so. */
  declare uncertain?: Doubt

  constructor(message: string, options?: { cause?: unknown }) {
    super(printable(message), options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
  }

  /**
   * Completes an error of a single attempt with what the whole call was about, and puts that into
   * the text: `UploadPart 7 of oss://b/k failed after 5 attempts in 12.3 s: 503 ServiceUnavailable …`.
   */
  describe(context: CallContext): this {
    if (this.operation !== undefined) return this
    this.operation = context.operation
    if (context.partNumber !== undefined) this.partNumber = context.partNumber
    this.attempts = context.attempts
    this.elapsedMs = context.elapsedMs
    if (context.uncertain !== undefined) this.uncertain = context.uncertain
    const part = context.partNumber === undefined ? '' : ` ${context.partNumber}`
    const often = context.attempts === 1 ? '' : ` after ${context.attempts} attempts`
    const seconds = (context.elapsedMs / 1000).toFixed(1)
    const short = this.message
    // Node formats the stack when it is first read: read it while it has the short message.
    const { stack } = this
    const what = `${context.operation}${part} of ${printable(context.target)}`
    this.message = `${what} failed${often} in ${seconds} s: ${short}`
    if (stack !== undefined) this.stack = stack.replace(short, () => this.message)
    return this
  }
}

/** An option is missing, out of range, of the wrong type, or unknown. Thrown synchronously. */
export class InvalidOptionError extends OssError {
  override readonly code = 'ERR_OSS_INVALID_OPTION' as const
  /** Name of the option, as the caller spelt it. */
  readonly option: string

  constructor(option: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.option = option
  }

  /** ``Expected `partSize` to be an integer …, got `50` (number)``. Never for a secret. */
  static expected(option: string, expected: string, received: unknown): InvalidOptionError {
    return new InvalidOptionError(
      option,
      `Expected \`${option}\` to be ${expected}, got ${show(received)}`,
    )
  }
}

/** The credentials provider threw, timed out, or returned something that is no credentials. */
export class CredentialsError extends OssError {
  override readonly code = 'ERR_OSS_CREDENTIALS' as const
}

/**
 * What a failed exchange lets one assume. `unsent`: the request never left, so it had no effect.
 * `timeout`: no progress or no answer in time. `interrupted`: the connection broke on the way.
 */
export type TransportErrorKind = 'unsent' | 'timeout' | 'interrupted'

/** No complete answer came back. */
export class TransportError extends OssError {
  override readonly code = 'ERR_OSS_TRANSPORT' as const
  readonly kind: TransportErrorKind
  /** Whether the whole request had been handed over; if not, it can have had no effect. */
  readonly sent: boolean

  constructor(
    kind: TransportErrorKind,
    message: string,
    options?: { cause?: unknown; sent?: boolean },
  ) {
    super(message, options)
    this.kind = kind
    this.sent = options?.sent ?? kind !== 'unsent'
  }
}

/** What an error answer of the service said. */
export interface ServiceErrorDetails {
  /** HTTP status. */
  readonly status: number
  /** `<Code>` of the error document, such as `NoSuchUpload`; absent if there was no such document. */
  readonly ossCode?: string | undefined
  /** `<Message>` of the error document. */
  readonly ossMessage?: string | undefined
  /** `x-oss-request-id`: what Alibaba Cloud's support asks for. */
  readonly requestId?: string | undefined
  /** `<EC>`: the service's fine-grained error code, such as `0042-00000104`. */
  readonly ec?: string | undefined
  /** Beginning of a body that was no error document, at most 1 KiB. */
  readonly snapshot?: string | undefined
  /** How long the service asks to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** The `Date` of the answer, for clock-skew correction. */
  readonly serverDate?: Date | undefined
}

/** The service answered, with an error. */
export class ServiceError extends OssError {
  override readonly code = 'ERR_OSS_SERVICE' as const
  readonly status: number
  declare readonly ossCode?: string
  declare readonly ossMessage?: string
  declare readonly requestId?: string
  declare readonly ec?: string
  declare readonly snapshot?: string
  declare readonly retryAfterMs?: number
  declare readonly serverDate?: Date

  constructor(details: ServiceErrorDetails) {
    super(serviceMessage(details))
    this.status = details.status
    assignDefined(this, details)
  }
}

/** The service answered success, but with a document that cannot be what it should be. */
export class MalformedResponseError extends OssError {
  override readonly code = 'ERR_OSS_MALFORMED_RESPONSE' as const
  /** HTTP status. */
  readonly status: number
  declare readonly requestId?: string
  /** Beginning of the body, at most 1 KiB. */
  readonly snapshot: string

  constructor(
    message: string,
    details: { status: number; snapshot: string; requestId?: string | undefined },
  ) {
    super(message)
    this.status = details.status
    this.snapshot = details.snapshot.slice(0, 1024)
    if (details.requestId !== undefined) this.requestId = details.requestId
  }
}

/** A document is not well-formed, not of the expected shape, or refused as hostile (DTD, depth, size). */
export class MalformedXmlError extends OssError {
  override readonly code = 'ERR_OSS_MALFORMED_XML' as const
}

/** A digest of ours and the service's differ: bytes were changed on the way or at rest. */
export class DigestMismatchError extends OssError {
  override readonly code = 'ERR_OSS_DIGEST_MISMATCH' as const
  readonly algorithm: 'md5' | 'crc64'
  /** Our digest: hexadecimal for MD5, unsigned decimal for CRC-64. */
  readonly expected: string
  /** The service's. */
  readonly actual: string

  constructor(algorithm: 'md5' | 'crc64', expected: string, actual: string, what: string) {
    super(
      `${algorithm === 'md5' ? 'MD5' : 'CRC-64'} of ${what} is ${expected}, the service has ${actual}`,
    )
    this.algorithm = algorithm
    this.expected = expected
    this.actual = actual
  }
}

function serviceMessage(details: ServiceErrorDetails): string {
  const code = details.ossCode === undefined ? '' : ` ${details.ossCode}`
  const text = details.ossMessage ? `: ${clip(details.ossMessage, 512)}` : ''
  const snapshot =
    details.ossCode === undefined && details.snapshot
      ? `: ${JSON.stringify(clip(details.snapshot, 120))}`
      : ''
  const ids = [
    details.requestId === undefined ? '' : `request id ${details.requestId}`,
    details.ec === undefined ? '' : `EC ${details.ec}`,
  ].filter(Boolean)
  return `${details.status}${code}${text}${snapshot}${ids.length > 0 ? ` (${ids.join(', ')})` : ''}`
}

/** In one line, and without what a terminal would obey: keys and services may say anything. */
function printable(text: string): string {
  return text
    .trimEnd()
    .replace(/\n/g, '\\n')
    .replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Control characters, and the separators that some take for the end of a line. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu

/** `text`, cut to `length` characters. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return '`null`'
  switch (typeof value) {
    case 'string':
      return `\`${clip(value, 80)}\` (string)`
    case 'number':
    case 'bigint':
    case 'boolean':
      return `\`${value}\` (${typeof value})`
    default:
      return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  }
}

/** What was thrown, as an Error: a listener may throw anything, even what cannot be shown as text. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  const text = typeof thrown === 'string' ? thrown : 'Something that is no Error was thrown'
  return new Error(text, { cause: thrown })
}

/** Sets only what is there, so that a printed error shows no row of `undefined`. */
export function assignDefined(target: object, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) Object.assign(target, { [name]: value })
  }
}
