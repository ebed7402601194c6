/** The errors of a read stream: what was being read, how far it had come, and why it ended. */
import { assignDefined, OssError, type OssErrorCode, ServiceError } from './errors.js'
import type { DigestAlgorithm } from './expected-digest.js'

/** What was read when it failed, and why it did. */
export interface DownloadErrorDetails {
  readonly bucket: string
  readonly key: string
  readonly versionId?: string | undefined
  /** Bytes handed over before. */
  readonly bytesRead: number
  /** Of the first answer; a cause that has its own replaces it. */
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/** What a read stream fails with, unless the failure is the caller's own (its signal). */
export class DownloadError extends OssError {
  override readonly code: OssErrorCode = 'ERR_OSS_DOWNLOAD'
  readonly bucket: string
  readonly key: string
  /** The version that was asked for, or that the bucket said this is. */
  declare readonly versionId?: string
  /** Bytes that the stream had handed over by then. They are not verified. */
  readonly bytesRead: number
  declare readonly status?: number
  declare readonly ossCode?: string
  declare readonly requestId?: string
  declare readonly ec?: string

  constructor(message: string, details: DownloadErrorDetails) {
    super(message, { cause: details.cause })
    const { bucket, key, versionId, bytesRead, requestId, cause } = details
    this.bucket = bucket
    this.key = key
    this.bytesRead = bytesRead
    this.operation = 'GetObject'
    assignDefined(this, { versionId, requestId })
    if (cause instanceof OssError) {
      const { operation, attempts, elapsedMs } = cause
      assignDefined(this, { operation, attempts, elapsedMs })
    }
    if (cause instanceof ServiceError) {
      const { status, ossCode, requestId, ec } = cause
      assignDefined(this, { status, ossCode, requestId, ec })
    }
  }
}

/** Another object stands at the key than the one that reading began with (or that `ifMatch` names). */
export class ObjectChangedError extends DownloadError {
  override readonly code = 'ERR_OSS_OBJECT_CHANGED' as const
  /** ETag that was expected, without quotes. */
  readonly etag: string

  constructor(etag: string, details: DownloadErrorDetails) {
    const { bucket, key } = details
    super(`oss://${bucket}/${key} is no longer the object with the ETag ${etag}`, details)
    this.etag = etag
  }
}

/** `start` lies beyond the end of the object. */
export class ObjectRangeError extends DownloadError {
  override readonly code = 'ERR_OSS_RANGE' as const
  readonly start: number

  constructor(start: number, details: DownloadErrorDetails) {
    const { bucket, key } = details
    super(`oss://${bucket}/${key} ends before byte ${start}`, details)
    this.start = start
  }
}

/** A digest that was compared, and who says what it should be. */
export interface DigestComparison {
  readonly algorithm: DigestAlgorithm
  /** Lower-case hexadecimal, or unsigned decimal for CRC-64. */
  readonly expected: string
  /** That of the bytes read, in the same form. */
  readonly actual: string
  /** The service's checksum, the one in the object's metadata, or the caller's `expectedDigest`. */
  readonly source: 'service' | 'metadata' | 'expectedDigest'
}

/** All bytes were read, and they are not what they should be. Comes in place of `end`. */
export class CorruptDownloadError extends DownloadError {
  override readonly code = 'ERR_OSS_CORRUPT_DOWNLOAD' as const
  readonly algorithm: DigestAlgorithm
  readonly expected: string
  readonly actual: string
  readonly source: DigestComparison['source']

  constructor(comparison: DigestComparison, details: DownloadErrorDetails) {
    const { algorithm, expected, actual, source } = comparison
    const { bucket, key, bytesRead } = details
    super(
      `The ${bytesRead} bytes read of oss://${bucket}/${key} have the ${NAMES[algorithm]} ${actual}, ` +
        `not ${expected} as ${SOURCES[source]}`,
      details,
    )
    this.algorithm = algorithm
    this.expected = expected
    this.actual = actual
    this.source = source
  }
}

const NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  md5: 'MD5',
  sha256: 'SHA-256',
  crc64: 'CRC-64',
}

const SOURCES: Readonly<Record<DigestComparison['source'], string>> = {
  service: 'the service has it',
  metadata: 'its metadata says',
  expectedDigest: '`expectedDigest` says',
}

/** Puts the download around the error of a request; its own and foreign errors stay as they are. */
export function asDownloadError(error: unknown, details: DownloadErrorDetails): unknown {
  if (!(error instanceof OssError) || error instanceof DownloadError) return error
  return new DownloadError(error.message, { ...details, cause: error })
}
