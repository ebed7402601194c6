/** AppendObject. */

import { combineCrc64, createMd5, md5Hex, quoteEtag } from '../protocol/digest.js'
import type { Answer } from './answers.js'
import type { StoredBody } from './blob-store.js'
import { Failure, failures } from './failures.js'
import { bucketOf, type OssRequest } from './oss-request.js'
import { MAX_BODY, receiveBody } from './receive.js'
import type { ObjectRecord } from './records.js'
import { aclOf, encryptionHeaders, storedHeaders, taggingOf } from './stored-headers.js'

export async function appendObject(request: OssRequest): Promise<Answer> {
  const { bucket, key, headers, store } = request
  const { record, objects } = bucketOf(request)
  const position = positionOf(request)
  checkAppendable(objects.get(key), position)
  const fresh = {
    headers: storedHeaders(headers, record),
    acl: aclOf(headers),
    tagging: taggingOf(headers),
  }
  const body = await receiveBody(request)
  let result: ObjectRecord | undefined
  let kept: ObjectRecord['segments'] = []
  let stored = false
  try {
    stored = await store.editObject(bucket, key, (current) => {
      checkAppendable(current, position)
      if (position + body.size > MAX_BODY) throw failures.entityTooLarge(MAX_BODY)
      // The old segments stay in use: the new record takes references of its own.
      kept = current?.segments ?? []
      store.blobs.retain(kept)
      result = current === undefined ? begun(request, body, fresh) : grown(request, body, current)
      return result
    })
  } finally {
    if (!stored) await store.blobs.release([...kept, ...body.segments])
  }
  if (result === undefined) throw failures.noSuchBucket(bucket)
  return {
    status: 200,
    headers: {
      etag: quoteEtag(result.etag),
      'x-oss-hash-crc64ecma': result.crc64,
      'x-oss-next-append-position': String(result.size),
      ...encryptionHeaders(result.headers),
    },
  }
}

/** @throws {Failure} 409 ObjectNotAppendable, PositionNotEqualToLength */
function checkAppendable(current: ObjectRecord | undefined, position: number): void {
  if (current !== undefined && current.type !== 'Appendable') {
    throw new Failure(409, 'ObjectNotAppendable', 'The object is not appendable', {
      ec: '0026-00000017',
    })
  }
  const length = current?.size ?? 0
  if (position !== length) {
    throw new Failure(409, 'PositionNotEqualToLength', 'Position is not equal to file length', {
      ec: '0026-00000016',
      headers: { 'x-oss-next-append-position': String(length) },
    })
  }
}

function positionOf(request: OssRequest): number {
  const text = request.query.get('position') ?? ''
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw failures.invalidArgument('The position must be a non-negative integer.', 'position', text)
}

function begun(
  request: OssRequest,
  body: StoredBody,
  {
    headers,
    acl,
    tagging,
  }: Pick<ObjectRecord, 'headers'> & {
    acl: ObjectRecord['acl'] | undefined
    tagging: ObjectRecord['tagging'] | undefined
  },
): ObjectRecord {
  return {
    key: request.key,
    type: 'Appendable',
    size: body.size,
    etag: md5Hex(body.md5),
    crc64: String(body.crc64),
    segments: body.segments,
    lastModified: request.now(),
    headers,
    ...(acl === undefined ? {} : { acl }),
    ...(tagging === undefined ? {} : { tagging }),
  }
}

function grown(request: OssRequest, body: StoredBody, current: ObjectRecord): ObjectRecord {
  // The service only says that it is unique; it is no digest of the content.
  const etag = createMd5()
  etag.update(Buffer.from(current.etag))
  etag.update(body.md5)
  return {
    ...current,
    size: current.size + body.size,
    etag: md5Hex(etag.digest()),
    crc64: String(combineCrc64(BigInt(current.crc64), body.crc64, body.size)),
    segments: [...current.segments, ...body.segments],
    lastModified: request.now(),
  }
}
