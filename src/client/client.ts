/**
 * OssClient: the vendor's operations as methods, on one endpoint with one set of credentials.
 * Signs, retries and decodes; decides nothing about uploads as a whole.
 */

import { checkBucketName, checkObjectKey, type Endpoint, urlOf } from '../protocol/endpoint.js'
import { prepareBody } from './body.js'
import {
  type BucketInfoResult,
  type BucketLifecycleResult,
  bucketInfoCall,
  bucketLifecycleCall,
  type ListObjectsOptions,
  type ListObjectsResult,
  listObjectsCall,
} from './buckets.js'
import { type Call, type Connection, performCall } from './call.js'
import { type CallName, checkCallOptions } from './call-names.js'
import type { CallOptions, ObjectAddress, ObjectCallOptions } from './call-options.js'
import { type CleanUploadsOptions, type CleanUploadsResult, cleanUploads } from './clean-uploads.js'
import type { Clock } from './clock.js'
import {
  type DeleteObjectsOptions,
  type DeleteObjectsResult,
  deleteObjects,
} from './delete-objects.js'
import {
  type ListedPart,
  type ListedUpload,
  type ListMultipartUploadsOptions,
  type ListMultipartUploadsResult,
  type ListPartsOptions,
  type ListPartsResult,
  listPartsCall,
  listUploadsCall,
} from './listings.js'
import {
  type AbortMultipartUploadOptions,
  type AbortMultipartUploadResult,
  abortCall,
  type CompleteMultipartUploadOptions,
  type CompleteMultipartUploadResult,
  checkPart,
  completeCall,
  type InitiateMultipartUploadOptions,
  type InitiateMultipartUploadResult,
  initiateCall,
  partHeaders,
  type UploadPartOptions,
  type UploadPartResult,
  uploadPartCall,
} from './multipart.js'
import {
  type DeleteObjectOptions,
  type DeleteObjectResult,
  deleteObjectCall,
  type GetObjectOptions,
  type GetObjectResult,
  getObjectCall,
  type HeadObjectOptions,
  type HeadObjectResult,
  headObjectCall,
  type PutObjectOptions,
  type PutObjectResult,
  putObjectCall,
} from './objects.js'
import { type OssClientOptions, resolveClientOptions, type Timeouts } from './options.js'
import { type ReceiveObjectOptions, receiveObjectCall } from './receive-object.js'
import { creationHeaders } from './request-headers.js'
import type { RetryPolicy } from './retry.js'
import { ServerClock } from './server-clock.js'
import { Transport } from './transport.js'

/**
 * A client of Alibaba Cloud OSS. Safe to share: by any number of calls, streams and buckets.
 *
 * Every method rejects with an OssError (match on `code`), completed by operation, attempts and
 * time, or with `signal.reason` once its signal is aborted. A wrong option of a call rejects with an
 * InvalidOptionError before anything is sent.
 */
export class OssClient implements AsyncDisposable {
  /** Bucket of calls that name none, if there is one. */
  readonly bucket: string | undefined
  /** Of each attempt, in milliseconds, with the defaults filled in. */
  readonly timeouts: Timeouts
  /** Most bytes that the part buffers of its streams hold beside one part each, if it has a limit of its own. */
  readonly memoryBudget: number | undefined
  /** Of each call that says nothing else, with the defaults filled in. */
  readonly retry: RetryPolicy
  /** The one of the options, or the process's own. */
  readonly clock: Clock
  readonly #connection: Connection
  readonly #endpoint: Endpoint

  /** @throws {InvalidOptionError} for a wrong, missing or unknown option */
  constructor(options: OssClientOptions = {}) {
    const resolved = resolveClientOptions(options)
    this.bucket = resolved.bucket
    this.timeouts = resolved.timeouts
    this.memoryBudget = resolved.memoryBudget
    this.retry = resolved.policy
    this.clock = resolved.clock
    this.#endpoint = resolved.signing.endpoint
    this.#connection = {
      ...resolved,
      transport: new Transport(resolved),
      serverClock: new ServerClock(resolved.clock),
    }
  }

  /** Address of an object as a person would open it, without a signature. */
  urlOf(bucket: string, key: string): string {
    return urlOf(this.#endpoint, bucket, key)
  }

  /** Begins a multipart upload; what the object is stored with is fixed here. */
  async initiateMultipartUpload(
    options: InitiateMultipartUploadOptions,
  ): Promise<InitiateMultipartUploadResult> {
    return this.#perform(initiateCall(this.#addressOf('initiateMultipartUpload', options), options))
  }

  /**
   * Uploads a part, replacing one of the same number. Unless the caller gives digests the MD5 is
   * computed, sent, and compared with the ETag; a part that was damaged on the way is sent again.
   */
  async uploadPart(options: UploadPartOptions): Promise<UploadPartResult> {
    const address = this.#addressOf('uploadPart', options)
    checkPart(options)
    const headers = partHeaders(options)
    const prepared = prepareBody(options.body, options, this.#connection.clock)
    const body = prepared instanceof Promise ? await prepared : prepared
    const { uploadId, partNumber, contentMd5 } = options
    const part = { ...address, options, uploadId, partNumber, headers, body }
    return await this.#perform(uploadPartCall({ ...part, digestIsGiven: contentMd5 !== undefined }))
  }

  /** Lists one page of an upload's parts, in ascending order. */
  async listParts(options: ListPartsOptions): Promise<ListPartsResult> {
    return this.#perform(listPartsCall(this.#addressOf('listParts', options), options))
  }

  /** Lists all parts of an upload, page by page as they are asked for. */
  async *iterateParts(options: ListPartsOptions): AsyncGenerator<ListedPart, void, undefined> {
    checkCallOptions('iterateParts', options)
    let { partNumberMarker } = options
    for (;;) {
      const page = await this.listParts({ ...options, partNumberMarker })
      yield* page.parts
      if (!page.isTruncated) return
      partNumberMarker = page.nextPartNumberMarker
    }
  }

  /**
   * Publishes the object. An error with `uncertain` says that it may be published all the
   * same: NoSuchUpload, for one, after an attempt whose answer was lost.
   */
  async completeMultipartUpload(
    options: CompleteMultipartUploadOptions,
  ): Promise<CompleteMultipartUploadResult> {
    return this.#perform(completeCall(this.#addressOf('completeMultipartUpload', options), options))
  }

  /** Drops an upload and its parts; rejects with a ServiceError (404) if there is no such upload. */
  async abortMultipartUpload(
    options: AbortMultipartUploadOptions,
  ): Promise<AbortMultipartUploadResult> {
    return this.#perform(abortCall(this.#addressOf('abortMultipartUpload', options), options))
  }

  /** Lists one page of a bucket's unfinished uploads, by key and upload id. */
  async listMultipartUploads(
    options: ListMultipartUploadsOptions = {},
  ): Promise<ListMultipartUploadsResult> {
    return this.#perform(listUploadsCall(this.#bucketOf('listMultipartUploads', options), options))
  }

  /** Lists all unfinished uploads of a bucket, page by page as they are asked for. */
  async *listUploads(
    options: ListMultipartUploadsOptions = {},
  ): AsyncGenerator<ListedUpload, void, undefined> {
    checkCallOptions('listUploads', options)
    let { keyMarker, uploadIdMarker } = options
    for (;;) {
      const page = await this.listMultipartUploads({ ...options, keyMarker, uploadIdMarker })
      yield* page.uploads
      if (!page.isTruncated) return
      keyMarker = page.nextKeyMarker
      uploadIdMarker = page.nextUploadIdMarker
    }
  }

  /**
   * Ends unfinished uploads that are older than `olderThan`, with their parts. An upload that cannot
   * be ended is told in `failed`, and does not stop the others.
   */
  async cleanUploads(options: CleanUploadsOptions): Promise<CleanUploadsResult> {
    checkCallOptions('cleanUploads', options)
    const { serverClock } = this.#connection
    return cleanUploads(this, options, () => serverClock.now().getTime())
  }

  /** Lists one page of a bucket's objects, in UTF-8 order of their keys (ListObjectsV2). */
  async listObjects(options: ListObjectsOptions = {}): Promise<ListObjectsResult> {
    return this.#perform(listObjectsCall(this.#bucketOf('listObjects', options), options))
  }

  /** Tells where a bucket is, and who may do what with it. */
  async getBucketInfo(options: CallOptions = {}): Promise<BucketInfoResult> {
    return this.#perform(bucketInfoCall(this.#bucketOf('getBucketInfo', options), options))
  }

  /** Reads a bucket's lifecycle rules; rejects with a ServiceError (404) if it has none. */
  async getBucketLifecycle(options: CallOptions = {}): Promise<BucketLifecycleResult> {
    return this.#perform(
      bucketLifecycleCall(this.#bucketOf('getBucketLifecycle', options), options),
    )
  }

  /** Stores an object in one request, replacing one of the same key. Digests as with `uploadPart`. */
  async putObject(options: PutObjectOptions): Promise<PutObjectResult> {
    const { bucket, key } = this.#addressOf('putObject', options)
    // Checked before the body is read, which may be a large file.
    const headers = creationHeaders(options, 'PutObject', key)
    const prepared = prepareBody(options.body, options, this.#connection.clock)
    const body = prepared instanceof Promise ? await prepared : prepared
    const digestIsGiven = options.contentMd5 !== undefined
    const put = { bucket, key, options, headers, body, digestIsGiven }
    return await this.#perform(putObjectCall(put))
  }

  /** Asks what stands at the key; rejects with a ServiceError (404, `NoSuchKey`) if nothing does. */
  async headObject(options: HeadObjectOptions): Promise<HeadObjectResult> {
    return this.#perform(headObjectCall(this.#addressOf('headObject', options), options))
  }

  /** Opens an object for reading; repeated until its headers are in, not beyond. Read or destroy `body`. */
  async getObject(options: GetObjectOptions): Promise<GetObjectResult> {
    return this.#perform(getObjectCall(this.#addressOf('getObject', options), options))
  }

  /**
   * Reads an object, or a range of it, to its end: bytes are handed over as they come, and what
   * breaks off is resumed at the byte where it stopped, as long as it is still the same object.
   */
  async receiveObject(options: ReceiveObjectOptions): Promise<HeadObjectResult> {
    return this.#perform(receiveObjectCall(this.#addressOf('receiveObject', options), options))
  }

  /** Deletes an object; succeeds also if there is none. */
  async deleteObject(options: DeleteObjectOptions): Promise<DeleteObjectResult> {
    return this.#perform(deleteObjectCall(this.#addressOf('deleteObject', options), options))
  }

  /**
   * Deletes up to 1000 objects in one request (DeleteMultipleObjects), as far as that can be: a key with control
   * characters or blanks at its ends, and one that the answer does not name, has a request of its own. An object that
   * cannot be deleted is told in `failed`, and does not stop the others.
   */
  async deleteObjects(options: DeleteObjectsOptions): Promise<DeleteObjectsResult> {
    return deleteObjects(this.#bucketOf('deleteObjects', options), options, {
      many: (call) => this.#perform(call),
      one: (each) => this.deleteObject(each),
    })
  }

  /**
   * Releases what the client owns, which is nothing: its connections are shared by the process, or
   * the caller's dispatcher's. Idle ones keep no process alive.
   */
  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Makes a call of a stream, which has checked what it gives. @internal */
  perform<Result>(call: Call<Result>): Promise<Result> {
    return this.#perform(call)
  }

  // Not by way of `perform`: a class that extends this one may call something else so.
  #perform<Result>(call: Call<Result>): Promise<Result> {
    return performCall(this.#connection, call)
  }

  #addressOf(name: CallName, options: ObjectCallOptions): ObjectAddress {
    return { bucket: this.#bucketOf(name, options), key: checkObjectKey(options.key) }
  }

  #bucketOf(name: CallName, options: CallOptions): string {
    checkCallOptions(name, options)
    return checkBucketName(options.bucket ?? this.bucket)
  }
}
