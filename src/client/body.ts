/**
 * What can be sent as a body, in a form that can be sent again.
 */

/** A stretch of a local file; read anew for each attempt. */
export interface FileRange {
  readonly path: string
  /** First byte. @default 0 */
  readonly start?: number | undefined
  /** Byte after the last. @default the end of the file */
  readonly end?: number | undefined
}

/** Bytes in memory (never copied, must not change until the call settles), text, or a file range. */
export type UploadBody = Uint8Array | readonly Uint8Array[] | string | FileRange

/** Digests of a body. */
export interface BodyDigests {
  /** 16 bytes: sent as Content-MD5 and compared with the ETag of the answer. */
  readonly md5?: Uint8Array | undefined
  /** Compared with the CRC-64 of the answer, if that has one. */
  readonly crc64?: bigint | undefined
}
