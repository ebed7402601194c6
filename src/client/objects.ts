/**
 * The operations on whole objects: put, head, get, delete.
 */

import type { Readable } from 'node:stream'
import type { ObjectHeaderOptions } from '../protocol/headers.js'
import type { BodyDigests, UploadBody } from './body.js'
import type { ObjectCallOptions } from './call-options.js'

export interface PutObjectOptions extends ObjectCallOptions, ObjectHeaderOptions {
  readonly body: UploadBody
  /** Content-MD5 to send as it is (base64). @default computed from the body */
  readonly contentMd5?: string | undefined
  /** Digests that the caller has already computed; then none is computed here. */
  readonly digests?: BodyDigests | undefined
}

export interface PutObjectResult {
  readonly bucket: string
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  readonly versionId?: string | undefined
  /** Bytes. */
  readonly size: number
  readonly requestId: string | undefined
  /** With `callback`: what the application server answered. */
  readonly callbackBody?: Buffer | undefined
}

export interface HeadObjectOptions extends ObjectCallOptions {
  readonly versionId?: string | undefined
  /** Fail with 412 unless the object has this ETag. */
  readonly ifMatch?: string | undefined
}

export interface HeadObjectResult {
  /** Bytes. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  readonly contentType?: string | undefined
  readonly lastModified?: Date | undefined
  readonly storageClass?: string | undefined
  /** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
  readonly objectType?: string | undefined
  readonly versionId?: string | undefined
  /** User metadata, names without `x-oss-meta-`. */
  readonly meta: Readonly<Record<string, string>>
  /** All headers of the answer, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly requestId: string | undefined
}

export interface GetObjectOptions extends ObjectCallOptions {
  /** Bytes `start` up to, but not including, `end`; either may be left out. */
  readonly range?:
    | { readonly start?: number | undefined; readonly end?: number | undefined }
    | undefined
  /** Fail with 412 unless the object has this ETag. */
  readonly ifMatch?: string | undefined
  readonly versionId?: string | undefined
}

export interface GetObjectResult extends Omit<HeadObjectResult, 'size'> {
  /** 200, or 206 for a range. */
  readonly status: number
  /** Bytes of this body as announced; fails with a TransportError if the connection breaks. */
  readonly body: Readable
  /** Bytes of the body, if announced. */
  readonly contentLength?: number | undefined
  /** Bytes of the whole object, if known. */
  readonly size?: number | undefined
}

export interface DeleteObjectOptions extends ObjectCallOptions {
  readonly versionId?: string | undefined
}

export interface DeleteObjectResult {
  readonly versionId?: string | undefined
  readonly deleteMarker: boolean
  readonly requestId: string | undefined
}
