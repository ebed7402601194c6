/** PutBucket, DeleteBucket, ListBuckets, GetBucketInfo, GetBucketLocation, DeleteMultipleObjects. */

import { STORAGE_CLASSES } from '../protocol/headers.js'
import {
  type BucketDescription,
  decodeCreateBucketConfiguration,
  encodeBucketInfo,
  encodeListBucketsResult,
  encodeLocation,
} from '../protocol/xml-bucket.js'
import { decodeDeleteRequest, encodeDeleteResult } from '../protocol/xml-objects.js'
import { type Answer, xmlAnswer } from './answers.js'
import { decodeDocument, readDocument } from './document.js'
import { failures } from './failures.js'
import { bucketOf, encodingTypeOf, integerQuery, isoTime, type OssRequest } from './oss-request.js'
import { OWNER } from './owner.js'
import { pageOf } from './paging.js'
import type { BucketRecord } from './records.js'
import { aclOf } from './stored-headers.js'

export async function putBucket(request: OssRequest): Promise<Answer> {
  const { bucket, headers, store } = request
  const acl = aclOf(headers, 'x-oss-acl')
  const document = await readDocument(request)
  const { storageClass = 'Standard' } =
    document.length === 0 ? {} : decodeDocument(decodeCreateBucketConfiguration, document)
  if (!STORAGE_CLASSES.some((name) => name === storageClass)) {
    throw failures.invalidArgument('The storage class is not valid.', 'StorageClass', storageClass)
  }
  await store.editBucket(bucket, (current) => ({
    name: bucket,
    createdAt: request.now(),
    storageClass,
    ...current,
    acl: acl ?? current?.acl ?? 'private',
  }))
  return { status: 200, headers: { location: `/${bucket}` } }
}

export async function deleteBucket(request: OssRequest): Promise<Answer> {
  const outcome = await request.store.deleteBucket(request.bucket)
  if (outcome === 'missing') throw failures.noSuchBucket(request.bucket)
  if (outcome === 'not-empty') throw failures.bucketNotEmpty(request.bucket)
  return { status: 204 }
}

export async function listBuckets(request: OssRequest): Promise<Answer> {
  const { query, store, region } = request
  const prefix = query.get('prefix') ?? ''
  const marker = query.get('marker') ?? ''
  const maxKeys = integerQuery(request, 'max-keys', 100, [1, 1000])
  const page = pageOf(store.buckets(), ({ record }) => record.name, {
    prefix,
    delimiter: '',
    max: maxKeys,
    marker,
    isAfterMarker: (name) => name > marker,
  })
  const xml = encodeListBucketsResult({
    ...(page.isTruncated ? { prefix, marker, maxKeys, nextMarker: page.last?.name } : {}),
    isTruncated: page.isTruncated,
    owner: OWNER,
    buckets: page.items.map(({ record }) => describeBucket(record, region)),
  })
  return xmlAnswer(xml)
}

export async function getBucketInfo(request: OssRequest): Promise<Answer> {
  const { record } = bucketOf(request)
  const described = describeBucket(record, request.region)
  return xmlAnswer(encodeBucketInfo({ ...described, owner: OWNER, acl: record.acl }))
}

export async function getBucketLocation(request: OssRequest): Promise<Answer> {
  return xmlAnswer(encodeLocation(`oss-${request.region}`))
}

/** Most keys of one DeleteMultipleObjects. */
const MAX_DELETIONS = 1000

export async function deleteMultipleObjects(request: OssRequest): Promise<Answer> {
  const { store, bucket, headers } = request
  const encoding = encodingTypeOf(request)
  if (headers['content-md5'] === undefined) {
    throw failures.missingArgument('Content-MD5', '0016-00000606')
  }
  const { quiet, objects } = decodeDocument(decodeDeleteRequest, await readDocument(request))
  if (objects.length > MAX_DELETIONS) throw failures.malformedXml(`more than ${MAX_DELETIONS} keys`)
  if (objects.some(({ versionId }) => versionId !== undefined)) {
    throw failures.notImplemented('VersionId')
  }
  for (const { key } of objects) {
    await store.editObject(bucket, key, () => undefined)
  }
  if (quiet) return { status: 200 }
  return xmlAnswer(
    encodeDeleteResult({ deleted: objects.map(({ key }) => ({ key })), ...encoding }),
  )
}

function describeBucket(record: BucketRecord, region: string): BucketDescription {
  return {
    name: record.name,
    location: `oss-${region}`,
    region,
    creationDate: isoTime(record.createdAt),
    extranetEndpoint: `oss-${region}.aliyuncs.com`,
    intranetEndpoint: `oss-${region}-internal.aliyuncs.com`,
    storageClass: record.storageClass,
  }
}
