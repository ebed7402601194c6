/** Takes the body of an upload into the store, and compares it with what the client says of it. */

import { md5Base64, parseContentMd5 } from '../protocol/digest.js'
import type { StoredBody } from './blob-store.js'
import { failures } from './failures.js'
import type { OssRequest } from './oss-request.js'

/** Most bytes of PutObject, AppendObject and of a part: 5 GiB ("Limits"). */
export const MAX_BODY = 5 * 1024 ** 3

/**
 * Stores the body of a request. Who gets it back holds the only reference to it.
 *
 * @throws {Failure} 411 without a length, 400 EntityTooLarge, InvalidDigest, InvalidCRC64, RequestTimeout;
 * nothing is left of the body then.
 */
export async function receiveBody(request: OssRequest): Promise<StoredBody> {
  const { body, headers, store } = request
  if (!body.isDelimited) throw failures.missingContentLength()
  if ((body.length ?? 0) > MAX_BODY) throw failures.entityTooLarge(MAX_BODY)
  const contentMd5 = headers['content-md5']
  if (contentMd5 !== undefined && parseContentMd5(contentMd5) === undefined) {
    throw failures.invalidDigest('0017-00000502', contentMd5)
  }
  const stored = await store.blobs.write(
    (onPiece) => limited(body.batches(onPiece)),
    request.damage,
  )
  try {
    checkDigests(headers, stored)
  } catch (error) {
    await store.blobs.release(stored.segments)
    throw error
  }
  return stored
}

function checkDigests(headers: OssRequest['headers'], stored: StoredBody): void {
  const contentMd5 = headers['content-md5']
  const md5 = md5Base64(stored.md5)
  if (contentMd5 !== undefined && contentMd5 !== md5) {
    throw failures.invalidDigest('0017-00000503', contentMd5, md5)
  }
  const crc64 = headers['x-oss-hash-crc64ecma']
  if (crc64 !== undefined && crc64 !== String(stored.crc64)) throw failures.invalidCrc64()
}

async function* limited(
  batches: AsyncIterable<readonly Uint8Array[]>,
): AsyncGenerator<readonly Uint8Array[], void, void> {
  let size = 0
  for await (const batch of batches) {
    for (const piece of batch) size += piece.length
    if (size > MAX_BODY) throw failures.entityTooLarge(MAX_BODY)
    yield batch
  }
}
