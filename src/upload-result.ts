/** What an upload stream tells its user: the result, what its events carry, and its warnings. */
import { asError } from './errors.js'
import type { Published } from './upload/upload-settings.js'

/** A published object. */
export interface UploadResult {
  readonly bucket: string
  readonly key: string
  /** Address of the object, without a signature. */
  readonly url: string
  /** Bytes. */
  readonly size: number
  /** Without quotes. Of a multipart object it is no MD5 of its bytes. */
  readonly etag: string
  /** CRC-64/XZ of all bytes, unsigned decimal; absent if neither side computed it. */
  readonly crc64?: string
  /** SHA-256 of all bytes in lower-case hexadecimal, with `sha256` or `expectedDigest.sha256`. */
  readonly sha256?: string
  /** MD5 of all bytes in lower-case hexadecimal, with `expectedDigest.md5`. */
  readonly md5?: string
  /** Parts it was sent in; 1 for a PutObject. */
  readonly parts: number
  /** Absent for a PutObject. */
  readonly uploadId?: string
  /** In a bucket with versioning. */
  readonly versionId?: string
  /** What Alibaba Cloud's support asks for. */
  readonly requestId?: string
  /** From the creation of the stream to the confirmed end, in milliseconds. */
  readonly durationMs: number
  /** Attempts that failed and were repeated. */
  readonly retries: number
}

/** Puts a result together; what is not known is left out rather than `undefined`. */
export function uploadResult(
  published: Published,
  what: Pick<UploadResult, 'bucket' | 'key' | 'url' | 'retries'> & {
    readonly uploadId: string | undefined
    readonly digests: { readonly sha256?: string; readonly md5?: string }
    readonly elapsedMs: number
  },
): UploadResult {
  const { object, size, parts, crc64 } = published
  const { bucket, key, url, retries, uploadId, digests } = what
  const { sha256, md5 } = digests
  const { etag, versionId, requestId } = object
  return {
    bucket,
    key,
    url,
    size,
    etag,
    ...(crc64 !== undefined && { crc64: String(crc64) }),
    ...(sha256 !== undefined && { sha256 }),
    ...(md5 !== undefined && { md5 }),
    parts,
    ...(uploadId !== undefined && { uploadId }),
    ...(versionId !== undefined && { versionId }),
    ...(requestId !== undefined && { requestId }),
    durationMs: Math.round(what.elapsedMs),
    retries,
  }
}

/** What the event `part` tells: a part that the service has acknowledged. */
export interface UploadedPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
}

/** Says as a process warning what can no longer be a failure: the object is published. */
export function warnOfStaleCheckpoint(bucket: string, key: string, error: unknown): void {
  process.emitWarning(
    `oss://${bucket}/${key} is published, but its checkpoint could not be removed: ${asError(error).message}`,
    { type: 'OssCheckpointWarning', code: 'OSS_CHECKPOINT' },
  )
}

/** Says so as a process warning, too: a stream that will fail hours later should be noticed now. */
export function warnOfCapacity(bucket: string, key: string, capacity: number): void {
  process.emitWarning(
    `oss://${bucket}/${key} has used more than 80 % of the ${capacity} bytes that it can ` +
      'hold: set `expectedSize`, or raise `maxMemory` or `partSize`',
    { type: 'OssCapacityWarning', code: 'OSS_CAPACITY' },
  )
}

/** What the event `capacity` tells: more than 80 % of what 10,000 parts can hold is written. */
export interface CapacityWarning {
  readonly bytesWritten: number
  /** Most bytes that this upload can hold. */
  readonly capacity: number
}
