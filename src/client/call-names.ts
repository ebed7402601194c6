/** The names of the options of each call: a misspelt `forbidOverwrite` must not overwrite. */

import { OBJECT_HEADER_OPTION_NAMES } from '../protocol/headers.js'
import { plainObject, refuseUnknown } from '../unknown-option.js'

// `requestId` asks for nothing: it lets the answer of one call be spread into the next.
const EVERY_CALL = [
  ...['bucket', 'signal', 'stop', 'retry', 'onSend', 'onRetry', 'upload', 'requestId'],
]
const OBJECT = [...EVERY_CALL, 'key']
const BODY = [...OBJECT, 'body', 'contentMd5', 'digests']
const PARTS = [...OBJECT, 'uploadId', 'maxParts', 'partNumberMarker']
const UPLOADS = [
  ...[...EVERY_CALL, 'prefix', 'delimiter'],
  ...['keyMarker', 'uploadIdMarker', 'maxUploads'],
]

const NAMES = {
  initiateMultipartUpload: [...OBJECT, ...OBJECT_HEADER_OPTION_NAMES],
  uploadPart: [...BODY, 'uploadId', 'partNumber', 'trafficLimit', 'headers'],
  listParts: PARTS,
  iterateParts: PARTS,
  completeMultipartUpload: [
    ...[...OBJECT, 'uploadId', 'parts', 'completeAll'],
    ...['acl', 'callback', 'forbidOverwrite', 'headers'],
  ],
  abortMultipartUpload: [...OBJECT, 'uploadId'],
  listMultipartUploads: UPLOADS,
  listUploads: UPLOADS,
  listObjects: [
    ...[...EVERY_CALL, 'prefix', 'delimiter'],
    ...['startAfter', 'continuationToken', 'maxKeys'],
  ],
  getBucketInfo: EVERY_CALL,
  getBucketLifecycle: EVERY_CALL,
  cleanUploads: [...EVERY_CALL, 'prefix', 'olderThan', 'dryRun'],
  putObject: [...BODY, ...OBJECT_HEADER_OPTION_NAMES],
  headObject: [...OBJECT, 'versionId', 'ifMatch'],
  getObject: [...OBJECT, 'versionId', 'ifMatch', 'range'],
  receiveObject: [...OBJECT, 'versionId', 'ifMatch', 'range', 'onHead', 'onData'],
  deleteObject: [...OBJECT, 'versionId'],
  deleteObjects: [...EVERY_CALL, 'keys'],
} as const satisfies Record<string, readonly string[]>

/** A method of the client that takes options. */
export type CallName = keyof typeof NAMES

/** Throws an InvalidOptionError unless `options` is an object of options that the call has. */
export function checkCallOptions(name: CallName, options: unknown): void {
  refuseUnknown(plainObject(options, 'options'), NAMES[name], `${name}()`)
}
