/** Which function answers which operation; the compiler asks for the missing ones. */

import type { OperationName } from '../protocol/operations.js'
import { deleteBucket, putBucket } from './bucket-handlers.js'
import { listMultipartUploads, listObjects, listObjectsV2, listParts } from './list-handlers.js'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  uploadPart,
} from './multipart-handlers.js'
import { deleteObject, getObject, getObjectMeta, headObject, putObject } from './object-handlers.js'
import type { Handler } from './oss-request.js'

export const HANDLERS: Partial<Record<OperationName, Handler>> = {
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
}
