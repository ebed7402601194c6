/**
 * Fields that many answers share, read from their headers, and the comparison of digests.
 */

import { DigestMismatchError, MalformedXmlError } from '../errors.js'
import { md5Hex, parseCrc64, unquoteEtag } from '../protocol/digest.js'
import { isErrorDocument } from '../protocol/xml.js'
import type { BodyDigests } from './body.js'
import { malformed, requestIdOf, serviceError } from './error-answer.js'
import type { Answer } from './transport.js'

/** ETag without quotes; '' if there is none, or one that no later request could repeat. */
export function etagOf(answer: Answer): string {
  const etag = unquoteEtag(answer.headers.etag ?? '')
  return /^[\x21-\x7e]{1,1024}$/.test(etag) ? etag : ''
}

/** ETag without quotes; an answer that should have one and has none is malformed. */
export function requiredEtag(answer: Answer): string {
  const etag = etagOf(answer)
  if (etag === '') throw malformed(answer, 'no ETag')
  return etag
}

/** CRC-64, unsigned decimal; absent if the service sent none. */
export function crc64Field(answer: Answer): { crc64?: string } {
  const value = parseCrc64(answer.headers['x-oss-hash-crc64ecma'])
  return value === undefined ? {} : { crc64: value.toString() }
}

export function versionField(answer: Answer): { versionId?: string } {
  const versionId = answer.headers['x-oss-version-id']
  return versionId === undefined ? {} : { versionId }
}

/**
 * Compares what was sent with what the service says it has; throws a DigestMismatchError.
 * An ETag that is no MD5 (KMS encryption) and a CRC-64 that is not sent prove nothing.
 */
export function compareDigests(digests: BodyDigests, answer: Answer, what: string): void {
  const etag = unquoteEtag(answer.headers.etag ?? '').toUpperCase()
  const isKms = answer.headers['x-oss-server-side-encryption']?.toUpperCase() === 'KMS'
  if (digests.md5 !== undefined && !isKms && /^[0-9A-F]{32}$/.test(etag)) {
    const md5 = md5Hex(digests.md5)
    if (md5 !== etag) throw new DigestMismatchError('md5', md5, etag, what)
  }
  if (digests.crc64 === undefined) return
  const crc64 = parseCrc64(answer.headers['x-oss-hash-crc64ecma'])
  if (crc64 !== undefined && digests.crc64 !== crc64) {
    throw new DigestMismatchError('crc64', String(digests.crc64), String(crc64), what)
  }
}

/**
 * Throws for an error that comes with a successful status: a 200 whose body is an error document,
 * and 203, which says that the object is stored but its callback failed
 * (OSS documentation pages "CompleteMultipartUpload", "Callback").
 */
export function refuseHiddenError(answer: Answer, withCallback: boolean): void {
  const failedCallback = answer.status === 203 && withCallback
  if (failedCallback || (!withCallback && isErrorDocument(answer.body))) {
    throw serviceError(answer, { method: 'POST' })
  }
  if (answer.status !== 200) throw malformed(answer, 'a status that means nothing here')
}

/**
 * Throws unless the service says that something is gone: 204 and nothing else, with its request id
 * (OSS documentation pages "AbortMultipartUpload", "DeleteObject", "Common response headers"). The
 * 200 of a log-in page would hide what is left, and so would the 204 of whatever stands between.
 */
export function requireNoContent(answer: Answer): void {
  if (answer.status !== 204) throw malformed(answer, 'a status that means nothing here')
  if (requestIdOf(answer) === undefined) throw malformed(answer, 'no request id')
}

/** Decodes the document of a success; a document that is none makes the answer malformed. */
export function decodeDocument<Result>(
  answer: Answer,
  decode: (body: Uint8Array) => Result,
): Result {
  try {
    return decode(answer.body)
  } catch (error) {
    if (!(error instanceof MalformedXmlError)) throw error
    throw malformed(answer, `a document that is not what it should be: ${error.message}`)
  }
}
