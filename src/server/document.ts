/** Request bodies that are XML documents. */

import { MalformedXmlError } from '../errors.js'
import { createMd5, md5Base64, parseContentMd5 } from '../protocol/digest.js'
import { failures } from './failures.js'
import type { OssRequest } from './oss-request.js'

/** Longest document the server reads, in bytes; the longest Complete has about 1 MiB. */
const MAX_DOCUMENT = 4 * 1024 * 1024

/** The body as it is, its Content-MD5 compared. @throws {Failure} 400 EntityTooLarge, InvalidDigest */
export async function readDocument(request: OssRequest): Promise<Uint8Array> {
  const contentMd5 = request.headers['content-md5']
  if (contentMd5 !== undefined && parseContentMd5(contentMd5) === undefined) {
    throw failures.invalidDigest('0017-00000502', contentMd5)
  }
  const bytes = await request.body.bytes(MAX_DOCUMENT)
  if (contentMd5 === undefined) return bytes
  const md5 = createMd5()
  md5.update(bytes)
  const computed = md5Base64(md5.digest())
  if (computed !== contentMd5) throw failures.invalidDigest('0017-00000503', contentMd5, computed)
  return bytes
}

/** Decodes a document. @throws {Failure} 400 MalformedXML */
export function decodeDocument<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T {
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof MalformedXmlError) throw failures.malformedXml(error.message)
    throw error
  }
}
