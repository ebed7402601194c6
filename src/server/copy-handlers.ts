/** CopyObject and UploadPartCopy: the source's bytes are shared, not copied. */

import { createCrc64, createMd5, md5Hex, quoteEtag } from '../protocol/digest.js'
import { percentDecode } from '../protocol/percent-encoding.js'
import { encodeCopyObjectResult, encodeCopyPartResult } from '../protocol/xml.js'
import { type Answer, xmlAnswer } from './answers.js'
import { sliceSegments } from './blob-store.js'
import { failures } from './failures.js'
import { partNumberOf, savePart, uploadOf } from './multipart-handlers.js'
import { bucketOf, isoTime, type OssRequest } from './oss-request.js'
import { checkConditions, parseRange } from './ranges.js'
import { MAX_BODY } from './receive.js'
import type { ObjectRecord, PartRecord } from './records.js'
import {
  aclOf,
  directiveOf,
  encryptionHeaders,
  forbidsOverwrite,
  storedHeaders,
  taggingOf,
} from './stored-headers.js'

const EXISTS_EC = '0026-00000201'
const SOURCE = 'x-oss-copy-source'

export async function copyObject(request: OssRequest): Promise<Answer> {
  const { bucket, key, headers, store } = request
  const target = bucketOf(request)
  const source = findSource(request)
  if (source.size > MAX_BODY) throw failures.entityTooLarge(MAX_BODY)
  const replaced = storedHeaders(headers, target.record)
  const acl = aclOf(headers)
  const tagging =
    directiveOf(headers, 'x-oss-tagging-directive') === 'REPLACE'
      ? taggingOf(headers)
      : source.tagging
  const record: ObjectRecord = {
    key,
    type: source.type === 'Multipart' ? 'Multipart' : 'Normal',
    size: source.size,
    etag: source.etag,
    crc64: source.crc64,
    // A list of its own, since it holds references of its own: also when copied onto itself.
    segments: [...source.segments],
    lastModified: request.now(),
    headers:
      directiveOf(headers, 'x-oss-metadata-directive') === 'REPLACE'
        ? replaced
        : { ...source.headers, ...ofTheCopy(replaced) },
    ...(source.contentMd5 === undefined ? {} : { contentMd5: source.contentMd5 }),
    ...(acl === undefined ? {} : { acl }),
    ...(tagging === undefined ? {} : { tagging }),
  }
  const forbidden = forbidsOverwrite(headers)
  store.blobs.retain(record.segments)
  let stored = false
  try {
    stored = await store.editObject(bucket, key, (current) => {
      if (forbidden && current !== undefined) throw failures.fileAlreadyExists(EXISTS_EC)
      return record
    })
  } finally {
    if (!stored) await store.blobs.release(record.segments)
  }
  if (!stored) throw failures.noSuchBucket(bucket)
  const lastModified = isoTime(record.lastModified)
  return xmlAnswer(encodeCopyObjectResult({ etag: record.etag, lastModified }), {
    'x-oss-hash-crc64ecma': record.crc64,
    ...encryptionHeaders(record.headers),
  })
}

export async function uploadPartCopy(request: OssRequest): Promise<Answer> {
  const { store, headers } = request
  uploadOf(request)
  const partNumber = partNumberOf(request)
  const source = findSource(request)
  // An invalid range means the whole object ("UploadPartCopy").
  const range = parseRange(headers['x-oss-copy-source-range'], source.size, false)
  const { offset, size } = range ?? { offset: 0, size: source.size }
  if (size > MAX_BODY) throw failures.entityTooLarge(MAX_BODY)
  const segments = sliceSegments(source.segments, offset, size)
  // From here on these are the part's; `savePart` lets go of them if it cannot keep them.
  store.blobs.retain(segments)
  const part = await digestPart(request, segments, size).catch(async (error: unknown) => {
    await store.blobs.release(segments)
    throw error
  })
  const record: PartRecord = { partNumber, lastModified: request.now(), segments, size, ...part }
  await savePart(request, record)
  const lastModified = isoTime(record.lastModified)
  return xmlAnswer(encodeCopyPartResult({ etag: record.etag, lastModified }), {
    etag: quoteEtag(record.etag),
    'x-oss-hash-crc64ecma': record.crc64,
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${offset}-${offset + size - 1}/${source.size}` }),
  })
}

async function digestPart(
  { store }: OssRequest,
  segments: PartRecord['segments'],
  size: number,
): Promise<{ etag: string; crc64: string }> {
  const md5 = createMd5()
  const crc64 = createCrc64()
  const lease = store.blobs.lease(segments)
  try {
    for await (const bytes of lease.read(0, size)) {
      md5.update(bytes)
      crc64.update(bytes)
    }
  } finally {
    await lease.release()
  }
  return { etag: md5Hex(md5.digest()), crc64: String(crc64.digest()) }
}

/** The object that `x-oss-copy-source: /bucket/<encoded key>` names, its conditions checked. */
function findSource(request: OssRequest): ObjectRecord {
  const { headers, store } = request
  const text = headers[SOURCE] ?? ''
  const [path = '', version] = text.split('?', 2)
  if (version !== undefined) throw failures.notImplemented(`${SOURCE}: versionId`)
  const [, bucketName = '', encoded = ''] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? []
  const key = tryDecode(encoded)
  if (bucketName === '' || key === undefined) {
    throw failures.invalidArgument(
      'Copy Source must mention the source bucket and key.',
      SOURCE,
      text,
    )
  }
  const bucket = store.bucket(bucketName)
  if (bucket === undefined) throw failures.noSuchBucket(bucketName)
  const source = bucket.objects.get(key)
  if (source === undefined) throw failures.noSuchKey(key)
  checkConditions(headers, source, `${SOURCE}-`)
  return source
}

function tryDecode(text: string): string | undefined {
  try {
    return percentDecode(text)
  } catch {
    return undefined
  }
}

/** What the copy takes from the request although the metadata is the source's. */
function ofTheCopy(headers: Readonly<Record<string, string>>): Record<string, string> {
  return {
    'x-oss-storage-class': headers['x-oss-storage-class'] ?? 'Standard',
    ...encryptionHeaders(headers),
  }
}
