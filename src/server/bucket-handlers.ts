/** PutBucket, DeleteBucket, ListBuckets, GetBucketInfo, GetBucketLocation. */

import { STORAGE_CLASSES } from '../protocol/headers.js'
import { decodeCreateBucketConfiguration } from '../protocol/xml-bucket.js'
import type { Answer } from './answers.js'
import { decodeDocument, readDocument } from './document.js'
import { failures } from './failures.js'
import type { OssRequest } from './oss-request.js'
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
