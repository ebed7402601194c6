/** The public face of osspipe; nothing else is. `osspipe/server` is the embedded OSS server. */
export { abortOnSignals, type SignalAbort, type SignalSource } from './abort-on-signals.js'
export {
  ChildProcessError,
  fromChildProcess,
  type SpawnSourceOptions,
  spawnSource,
} from './child-process-source.js'
export type { BodyDigests, FileRange, UploadBody } from './client/body.js'
export type {
  BucketInfoResult,
  BucketLifecycleResult,
  ListObjectsOptions,
  ListObjectsResult,
} from './client/buckets.js'
export type { CallOptions, RetryNotice } from './client/call-options.js'
export type { CleanUploadsOptions, CleanUploadsResult } from './client/clean-uploads.js'
export { OssClient } from './client/client.js'
export type { Clock } from './client/clock.js'
export type {
  DeletedObject,
  DeleteObjectsOptions,
  DeleteObjectsResult,
} from './client/delete-objects.js'
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
export type { ReceiveObjectOptions } from './client/receive-object.js'
export type { RetryPolicy } from './client/retry.js'
export type {
  CredentialClient,
  Credentials,
  CredentialsProvider,
  CredentialsSource,
} from './credentials.js'
export type {
  AbortTrace,
  OssDiagnostics,
  PartTrace,
  RequestTrace,
  RetryTrace,
  UploadTrace,
} from './diagnostics.js'
export { createDigestTap, DigestTap, type DigestTapOptions } from './digest-tap.js'
export type { OpenedObject } from './download/download-source.js'
export {
  CorruptDownloadError,
  DownloadError,
  ObjectChangedError,
  ObjectRangeError,
} from './download-errors.js'
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
export type { DigestAlgorithm, ExpectedDigest } from './expected-digest.js'
export { type CheckpointFile, type CheckpointFs, fileCheckpoint } from './file-checkpoint.js'
export { createFileSource } from './file-source.js'
export type { Integrity, OssWriteStreamOptions, UploadProgress } from './options.js'
export { createParallelGzip, type ParallelGzipOptions } from './parallel-gzip.js'
export type { CallbackOptions, ObjectHeaderOptions } from './protocol/headers.js'
export type { BucketInfo, Owner } from './protocol/xml-bucket.js'
export type { LifecycleRule, LifecycleTime } from './protocol/xml-lifecycle.js'
export type { ListedObject } from './protocol/xml-objects.js'
export type { BeforeComplete, UploadSummary } from './publish-guard.js'
export { createRateLimit, RateLimit, type RateLimitOptions } from './rate-limit.js'
export type { ReadStreamEvents } from './read-events.js'
export type { DownloadProgress, OssReadStreamOptions } from './read-options.js'
export { createOssReadStream, OssReadStream } from './read-stream.js'
export {
  createOssRotatingWriteStream,
  OssRotatingWriteStream,
  type RotationEvents,
  type RotationResult,
} from './rotating-write-stream.js'
export type { OssRotatingWriteStreamOptions } from './rotation-options.js'
export type { RotationSplit } from './rotation-plan.js'
export {
  createTee,
  OssTee,
  type TeeEvents,
  type TeeOptions,
  type TeeSink,
  type TogetherOptions,
} from './tee.js'
export type { FailedSink, FinishedSink, TeeResult } from './tee-branch.js'
export type { CheckpointStore, FreshReason } from './upload/checkpoint.js'
export type { HedgeNotice } from './upload/part-flights.js'
export type { OnMismatch } from './upload/publisher.js'
export type { ResumeNotice } from './upload/resumption.js'
export type { StallCause, Stalls } from './upload/stall-meter.js'
export {
  CheckpointError,
  DestroyedError,
  PartLimitError,
  SizeMismatchError,
  SourceChangedError,
  UnexpectedDigestError,
  UploadError,
} from './upload-errors.js'
export { type OpenFile, uploadFile } from './upload-file.js'
export type { CapacityWarning, UploadedPart, UploadResult } from './upload-result.js'
export {
  type OpenSource,
  type SourceChunk,
  type UploadSource,
  uploadToOss,
  type WebReadable,
} from './upload-to-oss.js'
export type { UploadStats } from './upload-watch.js'
export {
  createOssWritableStream,
  OssWritableStream,
  type WebChunk,
} from './web-writable-stream.js'
export type { WriteStreamEvents } from './write-events.js'
export {
  createOssWriteStream,
  OssWriteStream,
} from './write-stream.js'
