/** The public face of osspipe; nothing else is. `osspipe/server` is the embedded OSS server. */
export {
  ChildProcessError,
  fromChildProcess,
  type SpawnSourceOptions,
  spawnSource,
} from './child-process-source.js'
export type { BodyDigests, FileRange, UploadBody } from './client/body.js'
export type { CallOptions, RetryNotice } from './client/call-options.js'
export type { CleanUploadsOptions, CleanUploadsResult } from './client/clean-uploads.js'
export { OssClient } from './client/client.js'
export type { Clock } from './client/clock.js'
export type {
  ListedPart,
  ListedUpload,
  ListMultipartUploadsOptions,
  ListMultipartUploadsResult,
  ListPartsOptions,
  ListPartsResult,
} from './client/listings.js'
export type {
  AbortMultipartUploadOptions,
  AbortMultipartUploadResult,
  CompleteMultipartUploadOptions,
  CompleteMultipartUploadResult,
  InitiateMultipartUploadOptions,
  InitiateMultipartUploadResult,
  UploadPartOptions,
  UploadPartResult,
} from './client/multipart.js'
export type {
  DeleteObjectOptions,
  DeleteObjectResult,
  GetObjectOptions,
  GetObjectResult,
  HeadObjectOptions,
  HeadObjectResult,
  PutObjectOptions,
  PutObjectResult,
} from './client/objects.js'
export type { OssClientOptions, Timeouts } from './client/options.js'
export type { RetryPolicy } from './client/retry.js'
export type { Credentials, CredentialsProvider, CredentialsSource } from './credentials.js'
export {
  CredentialsError,
  DigestMismatchError,
  type Doubt,
  InvalidOptionError,
  MalformedResponseError,
  OssError,
  type OssErrorCode,
  type Outcome,
  ServiceError,
  TransportError,
  type TransportErrorKind,
} from './errors.js'
export type { Integrity, OssWriteStreamOptions, UploadProgress } from './options.js'
export type { ObjectHeaderOptions } from './protocol/headers.js'
export { DestroyedError, PartLimitError, SizeMismatchError, UploadError } from './upload-errors.js'
export type { CapacityWarning, UploadedPart, UploadResult } from './upload-result.js'
export {
  createOssWriteStream,
  OssWriteStream,
} from './write-stream.js'
