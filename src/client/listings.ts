/**
 * The two listings of multipart uploads, page by page or item by item.
 */

import { InvalidOptionError } from '../errors.js'
import { decodeListPartsResult, decodeListUploadsResult } from '../protocol/xml.js'
import { decodeDocument } from './answer-fields.js'
import type { Call } from './call.js'
import type { CallOptions, ObjectAddress, ObjectCallOptions } from './call-options.js'
import { malformed, requestIdOf } from './error-answer.js'
import { checkUploadId } from './multipart.js'
import { partsMoveOn, uploadsMoveOn } from './page-order.js'

/** Which page of the parts of an upload. */
export interface ListPartsOptions extends ObjectCallOptions {
  readonly uploadId: string
  /** Parts a page, 1 to 1000. @default 1000 */
  readonly maxParts?: number | undefined
  /** List the parts after this number. @default 0 */
  readonly partNumberMarker?: number | undefined
}

/** A part as the service has it. */
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

/** One page of parts, by number. */
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
  /** Only keys that begin with it. */
  readonly prefix?: string | undefined
  /** Keys with it behind the prefix are folded into `commonPrefixes`. */
  readonly delimiter?: string | undefined
  /** `nextKeyMarker` of the page before. */
  readonly keyMarker?: string | undefined
  /** `nextUploadIdMarker` of the page before; ignored by the service without `keyMarker`. */
  readonly uploadIdMarker?: string | undefined
  /** Uploads a page, 1 to 1000. @default 1000 */
  readonly maxUploads?: number | undefined
}

/** An unfinished upload. */
export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  /** ISO 8601. */
  readonly initiated?: string | undefined
  readonly storageClass?: string | undefined
}

/** One page of unfinished uploads, by key. */
export interface ListMultipartUploadsResult {
  readonly bucket: string
  readonly uploads: readonly ListedUpload[]
  readonly commonPrefixes: readonly string[]
  readonly isTruncated: boolean
  /** `keyMarker` of the next page, if `isTruncated`. */
  readonly nextKeyMarker: string
  /** `uploadIdMarker` of the next page, if `isTruncated`. */
  readonly nextUploadIdMarker: string
  readonly requestId: string | undefined
}

export function listPartsCall(
  address: ObjectAddress,
  options: ListPartsOptions,
): Call<ListPartsResult> {
  const { uploadId, maxParts, partNumberMarker } = options
  checkUploadId(uploadId)
  checkRange('maxParts', maxParts, 1, 1000)
  checkRange('partNumberMarker', partNumberMarker, 0, Number.MAX_SAFE_INTEGER)
  return {
    operation: 'ListParts',
    options,
    ...address,
    query: given({
      uploadId,
      'encoding-type': 'url',
      'max-parts': maxParts,
      'part-number-marker': partNumberMarker,
    }),
    decode(answer) {
      const page = decodeDocument(answer, decodeListPartsResult)
      if (!partsMoveOn(page, partNumberMarker)) throw malformed(answer, 'parts out of order')
      const { parts, isTruncated, nextPartNumberMarker, storageClass } = page
      return {
        ...address,
        uploadId,
        parts: parts.map(({ crc64, ...part }) => ({
          ...part,
          ...(crc64 === undefined ? {} : { crc64: crc64.toString() }),
        })),
        isTruncated,
        nextPartNumberMarker,
        ...(storageClass === undefined ? {} : { storageClass }),
        requestId: requestIdOf(answer),
      }
    },
  }
}

export function listUploadsCall(
  bucket: string,
  options: ListMultipartUploadsOptions,
): Call<ListMultipartUploadsResult> {
  const { prefix, delimiter, keyMarker, uploadIdMarker, maxUploads } = options
  checkRange('maxUploads', maxUploads, 1, 1000)
  return {
    operation: 'ListMultipartUploads',
    options,
    bucket,
    query: {
      uploads: '',
      ...given({
        'encoding-type': 'url',
        prefix: prefix || undefined,
        delimiter: delimiter || undefined,
        'key-marker': keyMarker || undefined,
        'upload-id-marker': uploadIdMarker || undefined,
        'max-uploads': maxUploads,
      }),
    },
    decode(answer) {
      const page = decodeDocument(answer, decodeListUploadsResult)
      if (!uploadsMoveOn(page, keyMarker, uploadIdMarker)) {
        throw malformed(answer, 'a next page that is not behind this one')
      }
      return {
        bucket,
        uploads: page.uploads,
        commonPrefixes: page.commonPrefixes,
        isTruncated: page.isTruncated,
        nextKeyMarker: page.nextKeyMarker,
        nextUploadIdMarker: page.nextUploadIdMarker,
        requestId: requestIdOf(answer),
      }
    },
  }
}

/** Parameters with a value; those without are left out, not sent empty. */
export function given(
  query: Readonly<Record<string, string | number | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  )
}

export function checkRange(option: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
  throw InvalidOptionError.expected(option, `an integer from ${min} to ${max}`, value)
}
