/**
 * OssClient: the vendor's operations as methods, on one endpoint with one set of credentials.
 * Signs, retries and decodes; decides nothing about uploads as a whole.
 */

import type {
  ListedPart,
  ListedUpload,
  ListMultipartUploadsOptions,
  ListMultipartUploadsResult,
  ListPartsOptions,
  ListPartsResult,
} from './listings.js'
import type {
  AbortMultipartUploadOptions,
  AbortMultipartUploadResult,
  CompleteMultipartUploadOptions,
  CompleteMultipartUploadResult,
  InitiateMultipartUploadOptions,
  InitiateMultipartUploadResult,
  UploadPartOptions,
  UploadPartResult,
} from './multipart.js'
import type {
  DeleteObjectOptions,
  DeleteObjectResult,
  GetObjectOptions,
  GetObjectResult,
  HeadObjectOptions,
  HeadObjectResult,
  PutObjectOptions,
  PutObjectResult,
} from './objects.js'
import type { OssClientOptions, Timeouts } from './options.js'

export declare class OssClient implements AsyncDisposable {
  constructor(options?: OssClientOptions)
  /** Default bucket, if there is one. */
  readonly bucket: string | undefined
  readonly timeouts: Timeouts
  /** Address of an object as a person would open it, without a signature. */
  urlOf(bucket: string, key: string): string
  initiateMultipartUpload(
    options: InitiateMultipartUploadOptions,
  ): Promise<InitiateMultipartUploadResult>
  uploadPart(options: UploadPartOptions): Promise<UploadPartResult>
  listParts(options: ListPartsOptions): Promise<ListPartsResult>
  iterateParts(options: ListPartsOptions): AsyncGenerator<ListedPart, void, undefined>
  completeMultipartUpload(
    options: CompleteMultipartUploadOptions,
  ): Promise<CompleteMultipartUploadResult>
  abortMultipartUpload(options: AbortMultipartUploadOptions): Promise<AbortMultipartUploadResult>
  listMultipartUploads(options?: ListMultipartUploadsOptions): Promise<ListMultipartUploadsResult>
  iterateMultipartUploads(
    options?: ListMultipartUploadsOptions,
  ): AsyncGenerator<ListedUpload, void, undefined>
  putObject(options: PutObjectOptions): Promise<PutObjectResult>
  headObject(options: HeadObjectOptions): Promise<HeadObjectResult>
  getObject(options: GetObjectOptions): Promise<GetObjectResult>
  deleteObject(options: DeleteObjectOptions): Promise<DeleteObjectResult>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
