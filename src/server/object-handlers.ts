/** PutObject, GetObject, HeadObject, GetObjectMeta, DeleteObject. */

import { md5Base64, md5Hex, quoteEtag } from '../protocol/digest.js'
import type { Answer } from './answers.js'
import { callbackOf, runCallback } from './callback.js'
import { failures } from './failures.js'
import { bucketOf, type OssRequest } from './oss-request.js'
import { checkConditions, parseRange } from './ranges.js'
import { receiveBody } from './receive.js'
import type { ObjectRecord } from './records.js'
import {
  aclOf,
  describeObject,
  encryptionHeaders,
  forbidsOverwrite,
  storedHeaders,
  taggingOf,
} from './stored-headers.js'

const EXISTS_EC = '0026-00000002'

export async function putObject(request: OssRequest): Promise<Answer> {
  const { headers, key, store } = request
  const bucket = bucketOf(request)
  const kept = storedHeaders(headers, bucket.record)
  const acl = aclOf(headers)
  const tagging = taggingOf(headers)
  const callback = callbackOf(request)
  const forbidden = forbidsOverwrite(headers)
  if (forbidden && bucket.objects.has(key)) throw failures.fileAlreadyExists(EXISTS_EC)
  const body = await receiveBody(request)
  const record: ObjectRecord = {
    key,
    type: 'Normal',
    size: body.size,
    etag: md5Hex(body.md5),
    crc64: String(body.crc64),
    contentMd5: md5Base64(body.md5),
    segments: body.segments,
    lastModified: request.now(),
    headers: kept,
    ...(acl === undefined ? {} : { acl }),
    ...(tagging === undefined ? {} : { tagging }),
  }
  let stored = false
  try {
    stored = await store.editObject(request.bucket, key, (current) => {
      if (forbidden && current !== undefined) throw failures.fileAlreadyExists(EXISTS_EC)
      return record
    })
  } finally {
    if (!stored) await store.blobs.release(body.segments)
  }
  if (!stored) throw failures.noSuchBucket(request.bucket)
  const answerHeaders = {
    etag: quoteEtag(record.etag),
    'x-oss-hash-crc64ecma': record.crc64,
    'content-md5': md5Base64(body.md5),
    ...encryptionHeaders(kept),
  }
  if (callback !== undefined) return runCallback(callback, request, record, answerHeaders)
  return { status: 200, headers: answerHeaders }
}

export async function getObject(request: OssRequest): Promise<Answer> {
  const record = findObject(request)
  const { headers, query, store } = request
  checkConditions(headers, record)
  const overrides = responseOverrides(query)
  if (request.isAnonymous && Object.keys(overrides).length > 0) {
    throw failures.invalidArgument(
      'The response-* parameters may not be used by anonymous requests.',
    )
  }
  const standard = headers['x-oss-range-behavior'] === 'standard'
  const range = parseRange(headers.range, record.size, standard)
  const { offset, size } = range ?? { offset: 0, size: record.size }
  const lease = store.blobs.lease(record.segments)
  const last = offset + size - 1
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...describeObject(record),
      ...overrides,
      ...(range === undefined ? {} : { 'content-range': `bytes ${offset}-${last}/${record.size}` }),
    },
    body: { size, chunks: lease.read(offset, size), release: () => lease.release() },
  }
}

export async function headObject(request: OssRequest): Promise<Answer> {
  const record = findObject(request)
  checkConditions(request.headers, record)
  return {
    status: 200,
    headers: { ...describeObject(record), 'content-length': String(record.size) },
  }
}

export async function getObjectMeta(request: OssRequest): Promise<Answer> {
  const record = findObject(request)
  return {
    status: 200,
    headers: {
      etag: quoteEtag(record.etag),
      'last-modified': new Date(record.lastModified).toUTCString(),
      'x-oss-hash-crc64ecma': record.crc64,
      'content-length': String(record.size),
    },
  }
}

export async function deleteObject(request: OssRequest): Promise<Answer> {
  const { store, bucket, key } = request
  await store.editObject(bucket, key, () => undefined)
  return { status: 204 }
}

/** The object addressed. @throws {Failure} 404 NoSuchKey */
export function findObject(request: OssRequest): ObjectRecord {
  const record = bucketOf(request).objects.get(request.key)
  if (record === undefined) throw failures.noSuchKey(request.key)
  return record
}

const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
]

function responseOverrides(query: OssRequest['query']): Record<string, string> {
  return Object.fromEntries(
    OVERRIDES.flatMap((name) => {
      const value = query.get(`response-${name}`)
      if (value === undefined || value === '') return []
      if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)) {
        throw failures.invalidArgument('The value cannot be a header.', `response-${name}`, value)
      }
      return [[name, value]]
    }),
  )
}
