/** Which function answers which operation; the compiler asks for the missing ones. */

import type { OperationName } from '../protocol/operations.js'
import { appendObject } from './append-handlers.js'
import {
  deleteBucket,
  deleteMultipleObjects,
  getBucketInfo,
  getBucketLocation,
  listBuckets,
  putBucket,
} from './bucket-handlers.js'
import { copyObject, uploadPartCopy } from './copy-handlers.js'

import { listMultipartUploads, listObjects, listObjectsV2, listParts } from './list-handlers.js'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  uploadPart,
} from './multipart-handlers.js'
import { deleteObject, getObject, getObjectMeta, headObject, putObject } from './object-handlers.js'
import type { Handler } from './oss-request.js'
import {
  deleteBucketLifecycle,
  deleteObjectTagging,
  getBucketAcl,
  getBucketLifecycle,
  getObjectAcl,
  getObjectTagging,
  putBucketAcl,
  putBucketLifecycle,
  putObjectAcl,
  putObjectTagging,
} from './settings-handlers.js'

export const HANDLERS: Readonly<Record<OperationName, Handler>> = {
  PutBucket: putBucket,
  DeleteBucket: deleteBucket,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
  DeleteObject: deleteObject,
  InitiateMultipartUpload: initiateMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  UploadPartCopy: uploadPartCopy,
  CopyObject: copyObject,
  AppendObject: appendObject,
  DeleteMultipleObjects: deleteMultipleObjects,
  ListBuckets: listBuckets,
  GetBucketInfo: getBucketInfo,
  GetBucketLocation: getBucketLocation,
  GetBucketAcl: getBucketAcl,
  PutBucketAcl: putBucketAcl,
  GetBucketLifecycle: getBucketLifecycle,
  PutBucketLifecycle: putBucketLifecycle,
  DeleteBucketLifecycle: deleteBucketLifecycle,
  GetObjectAcl: getObjectAcl,
  PutObjectAcl: putObjectAcl,
  GetObjectTagging: getObjectTagging,
  PutObjectTagging: putObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
}
