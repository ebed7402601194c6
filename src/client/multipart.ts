/**
 * The operations of one multipart upload: initiate, upload a part, complete, abort.
 */

import type { CancelSignal } from '../cancellation.js'
import { InvalidOptionError } from '../errors.js'
import { createMd5, md5Base64 } from '../protocol/digest.js'
import { type ObjectHeaderOptions, objectHeaders } from '../protocol/headers.js'
import {
  decodeCompleteResult,
  decodeInitiateResult,
  encodeCompleteRequest,
} from '../protocol/xml.js'
import {
  compareDigests,
  crc64Field,
  decodeDocument,
  refuseHiddenError,
  requiredEtag,
  requireNoContent,
  versionField,
} from './answer-fields.js'
import type { BodyDigests, PreparedBody, UploadBody } from './body.js'
import type { Call } from './call.js'
import type { CallOptions, ObjectAddress, ObjectCallOptions } from './call-options.js'
import { requestIdOf } from './error-answer.js'
import { creationHeaders, md5Header } from './request-headers.js'

export interface InitiateMultipartUploadOptions extends ObjectCallOptions, ObjectHeaderOptions {}

/** The upload that parts may now be sent to; they are billed until it is completed or aborted. */
export interface InitiateMultipartUploadResult {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly requestId: string | undefined
}

/** One part: another one of the same number is replaced. */
export interface UploadPartOptions extends ObjectCallOptions {
  readonly uploadId: string
  /** 1 to 10,000. */
  readonly partNumber: number
  /** 100 KiB (but for the last part, which may be shorter) to 5 GiB. */
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
  /** Further headers; only those that belong on this request are sent. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** What Complete needs of a part, and what was compared with its bytes. */
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

/** Publishes the parts as one object: either `parts` or `completeAll`. */
export interface CompleteMultipartUploadOptions
  extends ObjectCallOptions,
    Pick<ObjectHeaderOptions, 'acl' | 'callback' | 'forbidOverwrite' | 'headers'> {
  readonly uploadId: string
  /** In strictly ascending order of part number; gaps are fine. Not with `completeAll`. */
  readonly parts?: readonly { readonly partNumber: number; readonly etag: string }[] | undefined
  /** Let the service take all parts it has, whatever they are. @default false */
  readonly completeAll?: boolean | undefined
}

/** What the service says of the object just published. */
export interface CompleteMultipartUploadResult {
  readonly bucket: string
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  /** CRC-64 of the object, unsigned decimal; absent if the service sent none. */
  readonly crc64?: string | undefined
  /** Address as the service tells it. */
  readonly location?: string | undefined
  /** In a bucket with versioning. */
  readonly versionId?: string | undefined
  readonly requestId: string | undefined
  /** With `callback`: what the application server answered. */
  readonly callbackBody?: Buffer | undefined
}

/** Which upload to end; its parts are deleted, but for one that is still arriving. */
export interface AbortMultipartUploadOptions extends ObjectCallOptions {
  readonly uploadId: string
}

/** The upload is gone. */
export interface AbortMultipartUploadResult {
  readonly requestId: string | undefined
}

export function initiateCall(
  address: ObjectAddress,
  options: InitiateMultipartUploadOptions,
): Call<InitiateMultipartUploadResult> {
  return {
    operation: 'InitiateMultipartUpload',
    options,
    ...address,
    query: { uploads: '', 'encoding-type': 'url' },
    headers: creationHeaders(options, 'InitiateMultipartUpload', address.key),
    decode: (answer) => ({
      ...address,
      uploadId: decodeDocument(answer, decodeInitiateResult).uploadId,
      requestId: requestIdOf(answer),
    }),
  }
}

/** Throws an InvalidOptionError for a part that cannot be; before its body is looked at. */
export function checkPart({ uploadId, partNumber }: UploadPartOptions): void {
  checkUploadId(uploadId)
  checkPartNumber(partNumber, 'partNumber')
}

/** A part whose options have been checked. */
export interface PreparedPart extends ObjectAddress {
  readonly options: CallOptions
  /** In place of the options' signal. */
  readonly cancellation?: CancelSignal | undefined
  readonly uploadId: string
  readonly partNumber: number
  /** See {@link partHeaders}. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: PreparedBody
  /** The caller gave the Content-MD5. */
  readonly digestIsGiven: boolean
}

/** The headers of all parts of an upload. @throws {InvalidOptionError} for one that cannot be */
export function partHeaders({
  trafficLimit,
  headers,
}: Pick<UploadPartOptions, 'trafficLimit' | 'headers'>): Readonly<Record<string, string>> {
  return objectHeaders({ trafficLimit, headers }, 'UploadPart')
}

export function uploadPartCall(part: PreparedPart): Call<UploadPartResult> {
  const { bucket, key, options, cancellation, uploadId, partNumber, headers, body } = part
  return {
    operation: 'UploadPart',
    options,
    cancellation,
    bucket,
    key,
    partNumber,
    query: { partNumber: String(partNumber), uploadId },
    // Two spreads into one literal would take twenty times as long.
    headers: Object.assign(md5Header(body.contentMd5), headers),
    body,
    digestIsGiven: part.digestIsGiven,
    decode(answer) {
      const etag = requiredEtag(answer)
      compareDigests(body.digests, answer, `part ${partNumber}`)
      const { size } = body
      return { partNumber, etag, size, requestId: requestIdOf(answer), ...crc64Field(answer) }
    },
  }
}

export function completeCall(
  address: ObjectAddress,
  options: CompleteMultipartUploadOptions,
): Call<CompleteMultipartUploadResult> {
  const { uploadId, acl, callback, forbidOverwrite, headers: free } = options
  checkUploadId(uploadId)
  const given = { acl, callback, forbidOverwrite, headers: free }
  const headers = objectHeaders(given, 'CompleteMultipartUpload')
  const withCallback = 'x-oss-callback' in headers
  return {
    operation: 'CompleteMultipartUpload',
    options,
    ...address,
    query: { uploadId, 'encoding-type': 'url' },
    ...completeRequest(options, headers),
    decode(answer) {
      refuseHiddenError(answer, withCallback)
      const fields = {
        ...crc64Field(answer),
        ...versionField(answer),
        requestId: requestIdOf(answer),
      }
      if (withCallback) {
        return { ...address, etag: requiredEtag(answer), ...fields, callbackBody: answer.body }
      }
      const { etag, location } = decodeDocument(answer, decodeCompleteResult)
      return { ...address, etag, ...locationField(location), ...fields }
    },
  }
}

export function abortCall(
  address: ObjectAddress,
  options: AbortMultipartUploadOptions,
): Call<AbortMultipartUploadResult> {
  checkUploadId(options.uploadId)
  return {
    operation: 'AbortMultipartUpload',
    options,
    ...address,
    query: { uploadId: options.uploadId },
    decode(answer) {
      requireNoContent(answer)
      return { requestId: requestIdOf(answer) }
    },
  }
}

/** Where the object is, for people to read; what nobody could read is left out. */
function locationField(location = ''): { location?: string } {
  return /^\P{Cc}{1,4096}$/u.test(location) ? { location } : {}
}

/** Refuses an upload id that would ask for something else, such as a DeleteObject. */
export function checkUploadId(uploadId: unknown): void {
  if (typeof uploadId === 'string' && uploadId !== '') return
  throw InvalidOptionError.expected('uploadId', 'an upload id', uploadId)
}

function completeRequest(
  { parts, completeAll = false }: CompleteMultipartUploadOptions,
  headers: Record<string, string>,
): Pick<Call<never>, 'headers' | 'body'> {
  if (completeAll) {
    if (parts === undefined) return { headers: { ...headers, 'x-oss-complete-all': 'yes' } }
    throw new InvalidOptionError('parts', 'Expected only one of `parts` and `completeAll`')
  }
  const document = Buffer.from(encodeCompleteRequest(checkParts(parts)))
  const md5 = createMd5()
  md5.update(document)
  return {
    headers: {
      ...headers,
      'content-type': 'application/xml',
      'content-md5': md5Base64(md5.digest()),
    },
    body: { size: document.byteLength, source: [document] },
  }
}

function checkParts(
  parts: CompleteMultipartUploadOptions['parts'],
): NonNullable<CompleteMultipartUploadOptions['parts']> {
  if (!Array.isArray(parts) || parts.length === 0) {
    const got = Array.isArray(parts) ? 'none' : parts
    throw InvalidOptionError.expected('parts', 'an array of one part or more', got)
  }
  let previous = 0
  for (const { partNumber, etag } of parts) {
    checkPartNumber(partNumber, 'parts')
    if (partNumber <= previous) {
      throw new InvalidOptionError(
        'parts',
        `Expected \`parts\` in ascending order, got part ${partNumber} after part ${previous}`,
      )
    }
    if (typeof etag !== 'string' || etag === '') {
      throw InvalidOptionError.expected(
        `parts`,
        `parts with an \`etag\`: no \`etag\` for part ${partNumber}`,
        etag,
      )
    }
    previous = partNumber
  }
  return parts
}

function checkPartNumber(partNumber: unknown, option: string): void {
  const isNumber = typeof partNumber === 'number' && Number.isInteger(partNumber)
  if (isNumber && partNumber >= 1 && partNumber <= 10_000) return
  throw InvalidOptionError.expected(option, 'a part number: an integer from 1 to 10000', partNumber)
}
