/** What an upload stream tells its user: the result, and what its events carry. */

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

/** What the event `part` tells: a part that the service has acknowledged. */
export interface UploadedPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
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
