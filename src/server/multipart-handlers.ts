/** InitiateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload. */

import { md5Base64, md5Hex, quoteEtag } from '../protocol/digest.js'
import { percentEncodePath } from '../protocol/percent-encoding.js'
import {
  decodeCompleteRequest,
  encodeCompleteResult,
  encodeInitiateResult,
} from '../protocol/xml.js'
import { type Answer, xmlAnswer } from './answers.js'
import { assembleParts } from './assemble.js'
import { callbackOf, runCallback } from './callback.js'
import { decodeDocument, readDocument } from './document.js'
import { failures } from './failures.js'
import { newUploadId } from './ids.js'
import { bucketOf, encodingTypeOf, type OssRequest } from './oss-request.js'
import { receiveBody } from './receive.js'
import type { ObjectRecord, PartRecord } from './records.js'
import type { Upload } from './store.js'
import {
  aclOf,
  encryptionHeaders,
  forbidsOverwrite,
  storedHeaders,
  taggingOf,
} from './stored-headers.js'

const EXISTS_EC = '0042-00000214'

/** ECs of NoSuchUpload by operation ("EC" pages; Complete's is not documented). */
const UPLOAD_EC = {
  UploadPart: '0042-00000104',
  UploadPartCopy: '0042-00000311',
  ListParts: '0042-00000002',
  CompleteMultipartUpload: '0042-00000002',
  AbortMultipartUpload: '0042-00000002',
} as const

export async function initiateMultipartUpload(request: OssRequest): Promise<Answer> {
  const { bucket, key, headers, store } = request
  const { record, objects } = bucketOf(request)
  const encoding = encodingTypeOf(request)
  const kept = storedHeaders(headers, record)
  const tagging = taggingOf(headers)
  if (request.query.has('sequential')) throw failures.notImplemented('sequential')
  if (forbidsOverwrite(headers) && objects.has(key)) throw failures.fileAlreadyExists(EXISTS_EC)
  await request.body.discard()
  const uploadId = newUploadId()
  const stored = await store.createUpload(bucket, {
    uploadId,
    key,
    initiated: request.now(),
    headers: kept,
    ...(tagging === undefined ? {} : { tagging }),
  })
  if (!stored) throw failures.noSuchBucket(bucket)
  const xml = encodeInitiateResult({ bucket, key, uploadId, ...encoding })
  return xmlAnswer(xml, encryptionHeaders(kept))
}

export async function uploadPart(request: OssRequest): Promise<Answer> {
  const { record } = uploadOf(request)
  const partNumber = partNumberOf(request)
  for (const name of Object.keys(request.headers)) {
    if (!name.startsWith('x-oss-server-side-encryption')) continue
    throw failures.invalidArgument(
      'The encryption of an upload is fixed when it is initiated.',
      name,
      request.headers[name],
    )
  }
  const body = await receiveBody(request)
  const part: PartRecord = {
    partNumber,
    size: body.size,
    etag: md5Hex(body.md5),
    crc64: String(body.crc64),
    lastModified: request.now(),
    segments: body.segments,
  }
  await savePart(request, part)
  return {
    status: 200,
    headers: {
      etag: quoteEtag(part.etag),
      'x-oss-hash-crc64ecma': part.crc64,
      'content-md5': md5Base64(body.md5),
      ...encryptionHeaders(record.headers),
    },
  }
}

/** Adds a part whose segments the caller holds; lets go of them if the upload is over by now. */
export async function savePart(request: OssRequest, part: PartRecord): Promise<void> {
  const { store, bucket } = request
  const uploadId = uploadIdOf(request)
  let saved = false
  try {
    saved = await store.savePart(bucket, uploadId, part)
  } finally {
    if (!saved) await store.blobs.release(part.segments)
  }
  if (!saved) throw noSuchUpload(request)
}

export async function completeMultipartUpload(request: OssRequest): Promise<Answer> {
  const { bucket, key, headers, store } = request
  uploadOf(request)
  const encoding = encodingTypeOf(request)
  const acl = aclOf(headers)
  const callback = callbackOf(request)
  const forbidden = forbidsOverwrite(headers)
  const all = headers['x-oss-complete-all']
  if (all !== undefined && all.toLowerCase() !== 'yes') {
    throw failures.invalidArgument(
      'The value of x-oss-complete-all must be yes.',
      'x-oss-complete-all',
      all,
    )
  }
  const bytes = await readDocument(request)
  if (all !== undefined && bytes.length > 0) throw completeAllWithBody()
  const listed = all === undefined ? decodeDocument(decodeCompleteRequest, bytes) : undefined
  const plan = (upload: Upload): ObjectRecord => ({
    ...assembleParts(upload.parts, listed),
    key,
    type: 'Multipart',
    lastModified: request.now(),
    headers: upload.record.headers,
    uploadId: upload.record.uploadId,
    ...(acl === undefined ? {} : { acl }),
    ...(upload.record.tagging === undefined ? {} : { tagging: upload.record.tagging }),
  })
  const object = await store.completeUpload(bucket, uploadIdOf(request), plan, (current) => {
    if (forbidden && current !== undefined) throw failures.fileAlreadyExists(EXISTS_EC)
  })
  if (object === undefined) throw noSuchUpload(request)
  const answerHeaders = {
    etag: quoteEtag(object.etag),
    'x-oss-hash-crc64ecma': object.crc64,
    ...encryptionHeaders(object.headers),
  }
  if (callback !== undefined) return runCallback(callback, request, object, answerHeaders)
  const location = locationOf(request)
  const xml = encodeCompleteResult({ location, bucket, key, etag: object.etag, ...encoding })
  return xmlAnswer(xml, answerHeaders)
}

export async function abortMultipartUpload(request: OssRequest): Promise<Answer> {
  uploadOf(request)
  const aborted = await request.store.abortUpload(request.bucket, uploadIdOf(request))
  if (!aborted) throw noSuchUpload(request)
  return { status: 204 }
}

/** The upload addressed; its key must be the one it was initiated with. @throws {Failure} 404 NoSuchUpload */
export function uploadOf(request: OssRequest): Upload {
  const upload = bucketOf(request).uploads.get(uploadIdOf(request))
  if (upload === undefined || upload.record.key !== request.key) throw noSuchUpload(request)
  return upload
}

/** @throws {Failure} 400 InvalidArgument */
export function partNumberOf(request: OssRequest): number {
  const text = request.query.get('partNumber') ?? ''
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > 10_000) throw failures.invalidPartNumber(text)
  return value
}

function uploadIdOf(request: OssRequest): string {
  return request.query.get('uploadId') ?? ''
}

function noSuchUpload(request: OssRequest): Error {
  const { operation } = request
  const ec =
    operation in UPLOAD_EC ? UPLOAD_EC[operation as keyof typeof UPLOAD_EC] : '0042-00000002'
  return failures.noSuchUpload(uploadIdOf(request), ec)
}

function completeAllWithBody(): Error {
  // The spelling is the service's.
  return failures.invalidArgument(
    'Should not speficy both complete all header and http body.',
    'x-oss-complete-all',
    'yes',
    '0042-00000216',
  )
}

function locationOf(request: OssRequest): string {
  const path = `${percentEncodePath(request.key)}`
  return request.pathStyle
    ? `http://${request.host}/${request.bucket}/${path}`
    : `http://${request.host}/${path}`
}
