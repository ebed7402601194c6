/**
 * Headers of requests that carry an object or a part of it.
 */

import { contentTypeOf, type ObjectHeaderOptions, objectHeaders } from '../protocol/headers.js'

/** Headers of a request that creates an object; its type is guessed from the key if not given. */
export function creationHeaders(
  options: ObjectHeaderOptions,
  request: 'PutObject' | 'InitiateMultipartUpload',
  key: string,
): Record<string, string> {
  const headers = objectHeaders(options, request)
  headers['content-type'] ??= contentTypeOf(key)
  return headers
}

/** Content-MD5, if there is one to send. */
export function md5Header(contentMd5: string | undefined): Record<string, string> {
  return contentMd5 === undefined ? {} : { 'content-md5': contentMd5 }
}
