/** ListObjects, ListObjectsV2, ListParts, ListMultipartUploads. */

import { encodeListPartsResult, encodeListUploadsResult } from '../protocol/xml.js'
import { encodeListObjectsResult, encodeListObjectsV2Result } from '../protocol/xml-objects.js'
import { type Answer, xmlAnswer } from './answers.js'
import { failures } from './failures.js'
import { uploadOf } from './multipart-handlers.js'
import { bucketOf, encodingTypeOf, integerQuery, isoTime, type OssRequest } from './oss-request.js'
import { OWNER } from './owner.js'
import { compareNames, type Page, pageOf } from './paging.js'
import type { ObjectRecord } from './records.js'

export async function listObjects(request: OssRequest): Promise<Answer> {
  const { query } = request
  const marker = query.get('marker') ?? ''
  const encoding = encodingTypeOf(request)
  const { page, ...common } = pageOfObjects(request, marker)
  const xml = encodeListObjectsResult({
    ...common,
    ...encoding,
    marker,
    isTruncated: page.isTruncated,
    objects: page.items.map((object) => ({ ...listed(object), owner: OWNER })),
    commonPrefixes: page.commonPrefixes,
    nextMarker: page.isTruncated ? page.last?.name : undefined,
  })
  return xmlAnswer(xml)
}

export async function listObjectsV2(request: OssRequest): Promise<Answer> {
  const { query } = request
  const startAfter = query.get('start-after')
  const token = query.get('continuation-token')
  const encoding = encodingTypeOf(request)
  const withOwner = query.get('fetch-owner') === 'true'
  const marker = token === undefined ? (startAfter ?? '') : fromToken(token)
  const { page, ...common } = pageOfObjects(request, marker)
  const xml = encodeListObjectsV2Result({
    ...common,
    ...encoding,
    startAfter,
    continuationToken: token,
    isTruncated: page.isTruncated,
    keyCount: page.items.length + page.commonPrefixes.length,
    objects: page.items.map((object) => ({
      ...listed(object),
      ...(withOwner ? { owner: OWNER } : {}),
    })),
    commonPrefixes: page.commonPrefixes,
    nextContinuationToken: page.isTruncated ? toToken(page.last?.name ?? '') : undefined,
  })
  return xmlAnswer(xml)
}

export async function listParts(request: OssRequest): Promise<Answer> {
  const { bucket, key } = request
  const upload = uploadOf(request)
  const encoding = encodingTypeOf(request)
  const maxParts = integerQuery(request, 'max-parts', 1000, [1, 1000])
  const marker = integerQuery(request, 'part-number-marker', 0, [0, Number.MAX_SAFE_INTEGER])
  const rest = [...upload.parts.values()]
    .filter((part) => part.partNumber > marker)
    .sort((a, b) => a.partNumber - b.partNumber)
  const parts = rest.slice(0, maxParts)
  const xml = encodeListPartsResult({
    ...encoding,
    bucket,
    key,
    uploadId: upload.record.uploadId,
    storageClass: upload.record.headers['x-oss-storage-class'] ?? 'Standard',
    partNumberMarker: marker,
    nextPartNumberMarker: parts.at(-1)?.partNumber ?? 0,
    maxParts,
    isTruncated: rest.length > parts.length,
    parts: parts.map((part) => ({
      partNumber: part.partNumber,
      etag: part.etag,
      size: part.size,
      crc64: BigInt(part.crc64),
      lastModified: isoTime(part.lastModified),
    })),
  })
  return xmlAnswer(xml)
}

export async function listMultipartUploads(request: OssRequest): Promise<Answer> {
  const { query, bucket } = request
  const encoding = encodingTypeOf(request)
  const maxUploads = integerQuery(request, 'max-uploads', 1000, [1, 1000])
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const keyMarker = query.get('key-marker') ?? ''
  const uploadIdMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '')
  const uploads = [...bucketOf(request).uploads.values()]
    .map((upload) => upload.record)
    .sort((a, b) => compareNames(a.key, b.key) || compareNames(a.uploadId, b.uploadId))
  const page = pageOf(uploads, (upload) => upload.key, {
    prefix,
    delimiter,
    max: maxUploads,
    marker: keyMarker,
    isAfterMarker: (key, upload) => {
      const order = compareNames(key, keyMarker)
      return order > 0 || (order === 0 && uploadIdMarker !== '' && upload.uploadId > uploadIdMarker)
    },
  })
  const xml = encodeListUploadsResult({
    ...encoding,
    bucket,
    prefix,
    delimiter,
    keyMarker,
    uploadIdMarker,
    nextKeyMarker: page.isTruncated ? (page.last?.name ?? '') : '',
    nextUploadIdMarker: page.isTruncated ? (page.last?.item?.uploadId ?? '') : '',
    maxUploads,
    isTruncated: page.isTruncated,
    uploads: page.items.map((upload) => ({
      key: upload.key,
      uploadId: upload.uploadId,
      storageClass: upload.headers['x-oss-storage-class'] ?? 'Standard',
      initiated: isoTime(upload.initiated),
    })),
    commonPrefixes: page.commonPrefixes,
  })
  return xmlAnswer(xml)
}

function pageOfObjects(
  request: OssRequest,
  marker: string,
): {
  bucket: string
  prefix: string
  delimiter: string
  maxKeys: number
  page: Page<ObjectRecord>
} {
  const { query, bucket } = request
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const maxKeys = integerQuery(request, 'max-keys', 100, [0, 1000])
  const objects = [...bucketOf(request).objects.values()]
    .filter((object) => object.key.startsWith(prefix))
    .sort((a, b) => compareNames(a.key, b.key))
  const page = pageOf(objects, (object) => object.key, {
    prefix,
    delimiter,
    max: maxKeys,
    marker,
    isAfterMarker: (key) => marker === '' || compareNames(key, marker) > 0,
  })
  return { bucket, prefix, delimiter, maxKeys, page }
}

function listed(object: ObjectRecord): {
  key: string
  etag: string
  size: number
  lastModified: string
  type: string
  storageClass: string
} {
  return {
    key: object.key,
    etag: object.etag,
    size: object.size,
    lastModified: isoTime(object.lastModified),
    type: object.type,
    storageClass: object.headers['x-oss-storage-class'] ?? 'Standard',
  }
}

/** Tokens are opaque to clients; ours is the last name of the page. */
function toToken(name: string): string {
  return Buffer.from(name).toString('base64')
}

function fromToken(token: string): string {
  const name = Buffer.from(token, 'base64')
  if (token === '' || name.toString('base64') !== token) {
    throw failures.invalidArgument(
      'The continuation token is invalid.',
      'continuation-token',
      token,
    )
  }
  return name.toString()
}
