/**
 * The operations of one multipart upload: initiate, upload a part, complete, abort.
 */

import type { ObjectHeaderOptions } from '../protocol/headers.js'
import type { BodyDigests, UploadBody } from './body.js'
import type { ObjectCallOptions } from './call-options.js'

export interface InitiateMultipartUploadOptions extends ObjectCallOptions, ObjectHeaderOptions {}

export interface InitiateMultipartUploadResult {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly requestId: string | undefined
}

export interface UploadPartOptions extends ObjectCallOptions {
  readonly uploadId: string
  /** 1 to 10,000. */
  readonly partNumber: number
  readonly body: UploadBody
  /**
   * Content-MD5 to send as it is (base64). The service answers a wrong one with InvalidDigest, which
   * is then not retried. @default computed from the body
   */
  readonly contentMd5?: string | undefined
  /** Digests that the caller has already computed; then none is computed here. */
  readonly digests?: BodyDigests | undefined
  /** Bits per second, 819,200 to 838,860,800. */
  readonly trafficLimit?: number | undefined
}

export interface UploadPartResult {
  readonly partNumber: number
  /** Without quotes, as the service spelt it. */
  readonly etag: string
  /** CRC-64 of the part, unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  /** Bytes. */
  readonly size: number
  readonly requestId: string | undefined
}

export interface CompleteMultipartUploadOptions
  extends ObjectCallOptions,
    Pick<ObjectHeaderOptions, 'acl' | 'callback' | 'forbidOverwrite'> {
  readonly uploadId: string
  /** In strictly ascending order of part number; gaps are fine. Not with `completeAll`. */
  readonly parts?: readonly { readonly partNumber: number; readonly etag: string }[] | undefined
  /** Let the service take all parts it has, whatever they are. @default false */
  readonly completeAll?: boolean | undefined
}

export interface CompleteMultipartUploadResult {
  readonly bucket: string
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  /** CRC-64 of the object, unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  readonly location?: string | undefined
  readonly versionId?: string | undefined
  readonly requestId: string | undefined
  /** With `callback`: what the application server answered. */
  readonly callbackBody?: Buffer | undefined
}

export interface AbortMultipartUploadOptions extends ObjectCallOptions {
  readonly uploadId: string
}

export interface AbortMultipartUploadResult {
  readonly requestId: string | undefined
}
