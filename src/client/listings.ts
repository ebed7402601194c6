/**
 * The two listings of multipart uploads, page by page or item by item.
 */

import type { CallOptions, ObjectCallOptions } from './call-options.js'

export interface ListPartsOptions extends ObjectCallOptions {
  readonly uploadId: string
  /** Parts a page, 1 to 1000. @default 1000 */
  readonly maxParts?: number | undefined
  /** List the parts after this number. @default 0 */
  readonly partNumberMarker?: number | undefined
}

export interface ListedPart {
  readonly partNumber: number
  /** Without quotes. */
  readonly etag: string
  /** Bytes. */
  readonly size: number
  /** Unsigned decimal; absent if the service has none. */
  readonly crc64?: string | undefined
  /** ISO 8601. */
  readonly lastModified?: string | undefined
}

export interface ListPartsResult {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly parts: readonly ListedPart[]
  readonly isTruncated: boolean
  /** `partNumberMarker` of the next page, if there is one. */
  readonly nextPartNumberMarker: number
  readonly storageClass?: string | undefined
  readonly requestId: string | undefined
}

export interface ListMultipartUploadsOptions extends CallOptions {
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly keyMarker?: string | undefined
  /** Ignored by the service without `keyMarker`. */
  readonly uploadIdMarker?: string | undefined
  /** Uploads a page, 1 to 1000. @default 1000 */
  readonly maxUploads?: number | undefined
}

export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  /** ISO 8601. */
  readonly initiated?: string | undefined
  readonly storageClass?: string | undefined
}

export interface ListMultipartUploadsResult {
  readonly bucket: string
  readonly uploads: readonly ListedUpload[]
  readonly commonPrefixes: readonly string[]
  readonly isTruncated: boolean
  readonly nextKeyMarker: string
  readonly nextUploadIdMarker: string
  readonly requestId: string | undefined
}
