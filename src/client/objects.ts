/**
 * The operations on whole objects: put, head, get, delete.
 */

import { Readable } from 'node:stream'
import type { CancelSignal } from '../cancellation.js'
import { InvalidOptionError } from '../errors.js'
import { quoteEtag } from '../protocol/digest.js'
import { type ObjectHeaderOptions, userMetadata } from '../protocol/headers.js'
import {
  compareDigests,
  crc64Field,
  etagOf,
  refuseHiddenError,
  requiredEtag,
  requireNoContent,
  versionField,
} from './answer-fields.js'
import type { BodyDigests, PreparedBody, UploadBody } from './body.js'
import type { Call } from './call.js'
import type { CallOptions, ObjectAddress, ObjectCallOptions } from './call-options.js'
import { malformed, requestIdOf } from './error-answer.js'
import { md5Header } from './request-headers.js'
import type { Answer } from './transport.js'

/** A whole object in one request: at most 5 GiB. */
export interface PutObjectOptions extends ObjectCallOptions, ObjectHeaderOptions {
  /** At most 5 GiB; sent from its beginning again if an attempt fails. */
  readonly body: UploadBody
  /** Content-MD5 to send as it is (base64). @default computed from the body */
  readonly contentMd5?: string | undefined
  /** Digests that the caller has already computed; then none is computed here. */
  readonly digests?: BodyDigests | undefined
}

/** What the service says of the object just stored. */
export interface PutObjectResult {
  readonly bucket: string
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  /** In a bucket with versioning. */
  readonly versionId?: string | undefined
  /** Bytes. */
  readonly size: number
  readonly requestId: string | undefined
  /** With `callback`: what the application server answered. */
  readonly callbackBody?: Buffer | undefined
}

/** Which object, and which version of it. */
export interface HeadObjectOptions extends ObjectCallOptions {
  /** @default the newest */
  readonly versionId?: string | undefined
  /** Fail with 412 unless the object has this ETag. */
  readonly ifMatch?: string | undefined
}

/** What the service says of an object. */
export interface HeadObjectResult {
  /** Bytes. */
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  readonly contentType?: string | undefined
  /** To the second. */
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

/** Which object, and which bytes of it. */
export interface GetObjectOptions extends ObjectCallOptions {
  /** Bytes `start` up to, but not including, `end`; either may be left out. */
  readonly range?:
    | { readonly start?: number | undefined; readonly end?: number | undefined }
    | undefined
  /** Fail with 412 unless the object has this ETag. */
  readonly ifMatch?: string | undefined
  /** @default the newest */
  readonly versionId?: string | undefined
}

/** The object as it comes; read `body` to its end, or destroy it, or its connection stays taken. */
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

/** Which object, and which version of it; one that is not there is no error. */
export interface DeleteObjectOptions extends ObjectCallOptions {
  /** Deletes this version for good. @default in a bucket with versioning, puts a delete marker on top */
  readonly versionId?: string | undefined
}

/** What the deletion has done in a bucket with versioning. */
export interface DeleteObjectResult {
  readonly versionId?: string | undefined
  readonly deleteMarker: boolean
  readonly requestId: string | undefined
}

/** A PutObject of which everything has been checked. */
export interface PreparedPut extends ObjectAddress {
  readonly options: CallOptions
  /** In place of the options' signal. */
  readonly cancellation?: CancelSignal | undefined
  /** Those of the object; see {@link creationHeaders}. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: PreparedBody
  /** The caller gave the Content-MD5. */
  readonly digestIsGiven: boolean
}

export function putObjectCall(put: PreparedPut): Call<PutObjectResult> {
  const { bucket, key, options, cancellation, headers, body, digestIsGiven } = put
  const withCallback = 'x-oss-callback' in headers
  return {
    operation: 'PutObject',
    options,
    cancellation,
    bucket,
    key,
    // Two spreads into one literal would take twenty times as long.
    headers: Object.assign(md5Header(body.contentMd5), headers),
    body,
    digestIsGiven,
    decode(answer) {
      refuseHiddenError(answer, withCallback)
      const etag = requiredEtag(answer)
      compareDigests(body.digests, answer, 'the object')
      return {
        bucket,
        key,
        etag,
        size: body.size,
        requestId: requestIdOf(answer),
        ...crc64Field(answer),
        ...versionField(answer),
        ...(withCallback ? { callbackBody: answer.body } : {}),
      }
    },
  }
}

export function headObjectCall(
  address: ObjectAddress,
  options: HeadObjectOptions,
): Call<HeadObjectResult> {
  return {
    operation: 'HeadObject',
    options,
    ...address,
    query: versionQuery(options.versionId),
    headers: conditions(options.ifMatch),
    decode(answer) {
      const size = lengthOf(answer)
      if (size === undefined) throw malformed(answer, 'no Content-Length')
      return { size, ...objectFields(answer), etag: requiredEtag(answer) }
    },
  }
}

export function getObjectCall(
  address: ObjectAddress,
  options: GetObjectOptions,
): Call<GetObjectResult> {
  return {
    operation: 'GetObject',
    options,
    ...address,
    query: versionQuery(options.versionId),
    headers: { ...conditions(options.ifMatch), ...rangeHeaders(options.range) },
    expect: 'stream',
    decode(answer) {
      const contentLength = lengthOf(answer)
      const size = answer.status === 206 ? totalOf(answer) : contentLength
      return {
        status: answer.status,
        body: answer.stream ?? Readable.from([]),
        ...(contentLength === undefined ? {} : { contentLength }),
        ...(size === undefined ? {} : { size }),
        ...objectFields(answer),
      }
    },
  }
}

export function deleteObjectCall(
  address: ObjectAddress,
  options: DeleteObjectOptions,
): Call<DeleteObjectResult> {
  return {
    operation: 'DeleteObject',
    options,
    ...address,
    query: versionQuery(options.versionId),
    decode(answer) {
      requireNoContent(answer)
      return {
        ...versionField(answer),
        deleteMarker: answer.headers['x-oss-delete-marker'] === 'true',
        requestId: requestIdOf(answer),
      }
    },
  }
}

/** What the headers of an answer tell of an object, but for its size. */
export function objectFields(answer: Answer): Omit<HeadObjectResult, 'size'> {
  const { headers } = answer
  const lastModified = new Date(headers['last-modified'] ?? '')
  const contentType = headers['content-type']
  const storageClass = headers['x-oss-storage-class']
  const objectType = headers['x-oss-object-type']
  return {
    etag: etagOf(answer),
    ...crc64Field(answer),
    ...(contentType === undefined ? {} : { contentType }),
    ...(Number.isNaN(lastModified.getTime()) ? {} : { lastModified }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(objectType === undefined ? {} : { objectType }),
    ...versionField(answer),
    meta: userMetadata(headers),
    headers,
    requestId: requestIdOf(answer),
  }
}

export function versionQuery(versionId: string | undefined): Record<string, string> {
  return versionId === undefined ? {} : { versionId }
}

export function conditions(ifMatch: string | undefined): Record<string, string> {
  return ifMatch === undefined ? {} : { 'if-match': quoteEtag(ifMatch) }
}

/** Headers that ask for a range; throws an InvalidOptionError for one that cannot be. */
export function rangeHeaders(range: GetObjectOptions['range']): Record<string, string> {
  const text = formatRange(range)
  // Without the second header a range outside the object is answered with the whole object.
  return text === undefined ? {} : { range: text, 'x-oss-range-behavior': 'standard' }
}

function formatRange(range: GetObjectOptions['range']): string | undefined {
  if (range === undefined) return undefined
  const { start = 0, end } = range
  const isFirst = Number.isSafeInteger(start) && start >= 0
  if (!isFirst || (end !== undefined && !(Number.isSafeInteger(end) && end > start))) {
    throw new InvalidOptionError(
      'range',
      `Expected \`range\` to be integers with 0 <= start < end, got ${start} to ${end}`,
    )
  }
  if (end === undefined) return start === 0 ? undefined : `bytes=${start}-`
  return `bytes=${start}-${end - 1}`
}

export function lengthOf({ headers }: Answer): number | undefined {
  return numberOf(headers['content-length'])
}

function totalOf({ headers }: Answer): number | undefined {
  return numberOf(/^bytes \d+-\d+\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1])
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}
