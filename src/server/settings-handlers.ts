/** ACLs, tagging and lifecycle rules: settings of objects and buckets, stored and given back. */

import { decodeTagging, encodeAccessControl, encodeTagging } from '../protocol/xml-bucket.js'
import { encodeLifecycle } from '../protocol/xml-lifecycle.js'
import { type Answer, xmlAnswer } from './answers.js'
import { decodeDocument, readDocument } from './document.js'
import { failures } from './failures.js'
import { readLifecycle } from './lifecycle.js'
import { findObject } from './object-handlers.js'
import { bucketOf, type OssRequest } from './oss-request.js'
import { OWNER } from './owner.js'
import type { BucketRecord, ObjectRecord } from './records.js'
import { aclOf, checkTags } from './stored-headers.js'

const DONE: Answer = { status: 200 }

export async function getBucketAcl(request: OssRequest): Promise<Answer> {
  const { acl } = bucketOf(request).record
  return xmlAnswer(encodeAccessControl({ owner: OWNER, grant: acl }))
}

export async function putBucketAcl(request: OssRequest): Promise<Answer> {
  const given = request.headers['x-oss-acl']
  if (given === undefined) throw failures.missingArgument('x-oss-acl')
  const acl = aclOf(request.headers, 'x-oss-acl')
  if (acl === undefined) {
    throw failures.invalidArgument('No such bucket access control exists.', 'x-oss-acl', given)
  }
  await request.body.discard()
  await editBucket(request, (bucket) => ({ ...bucket, acl }))
  return DONE
}

export async function getObjectAcl(request: OssRequest): Promise<Answer> {
  const { acl } = findObject(request)
  return xmlAnswer(encodeAccessControl({ owner: OWNER, grant: acl ?? 'default' }))
}

export async function putObjectAcl(request: OssRequest): Promise<Answer> {
  if (request.headers['x-oss-object-acl'] === undefined) {
    throw failures.missingArgument('x-oss-object-acl')
  }
  const acl = aclOf(request.headers)
  await request.body.discard()
  await editObject(request, ({ acl: _, ...object }) => ({
    ...object,
    ...(acl === undefined ? {} : { acl }),
  }))
  return DONE
}

export async function getObjectTagging(request: OssRequest): Promise<Answer> {
  return xmlAnswer(encodeTagging(Object.entries(findObject(request).tagging ?? {})))
}

export async function putObjectTagging(request: OssRequest): Promise<Answer> {
  const document = await readDocument(request)
  const tagging = checkTags([...decodeDocument(decodeTagging, document)])
  await editObject(request, (object) => ({ ...object, tagging }))
  return DONE
}

export async function deleteObjectTagging(request: OssRequest): Promise<Answer> {
  await editObject(request, ({ tagging: _, ...object }) => object)
  return { status: 204 }
}

export async function putBucketLifecycle(request: OssRequest): Promise<Answer> {
  const lifecycle = readLifecycle(await readDocument(request))
  await editBucket(request, (bucket) => ({ ...bucket, lifecycle }))
  return DONE
}

export async function getBucketLifecycle(request: OssRequest): Promise<Answer> {
  const { lifecycle } = bucketOf(request).record
  if (lifecycle === undefined) throw failures.noSuchLifecycle(request.bucket)
  return xmlAnswer(encodeLifecycle(lifecycle))
}

export async function deleteBucketLifecycle(request: OssRequest): Promise<Answer> {
  await editBucket(request, ({ lifecycle: _, ...bucket }) => bucket)
  return { status: 204 }
}

async function editObject(
  request: OssRequest,
  edit: (object: ObjectRecord) => ObjectRecord,
): Promise<void> {
  const { store, bucket, key } = request
  const found = await store.editObject(bucket, key, (current) => {
    if (current === undefined) throw failures.noSuchKey(key)
    return edit(current)
  })
  if (!found) throw failures.noSuchBucket(bucket)
}

async function editBucket(
  request: OssRequest,
  edit: (bucket: BucketRecord) => BucketRecord,
): Promise<void> {
  await request.store.editBucket(request.bucket, (current) => {
    if (current === undefined) throw failures.noSuchBucket(request.bucket)
    return edit(current)
  })
}
