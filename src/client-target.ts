/**
 * The verbs of an upload, spoken by a client: an `UploadTarget` for one bucket, key and set of
 * object headers. Beside the stream it is the only place where `client/` meets `upload/`.
 */
import { hashedBody } from './client/body.js'
import type { RetryNotice } from './client/call-options.js'
import { OssClient } from './client/client.js'
import { partHeaders, uploadPartCall } from './client/multipart.js'
import { type HeadObjectResult, putObjectCall } from './client/objects.js'
import { creationHeaders } from './client/request-headers.js'
import { DEFAULT_RETRY, type RetryPolicy } from './client/retry.js'
import { MalformedResponseError, ServiceError, TransportError } from './errors.js'
import { parseCrc64 } from './protocol/digest.js'
import type { ObjectHeaderOptions } from './protocol/headers.js'
import { MARKER_NAME } from './resolve-headers.js'
import type { FoundObject, ListedPart, StoredObject, UploadTarget } from './upload/upload-target.js'

export interface ClientTargetOptions {
  readonly bucket: string
  readonly key: string
  readonly headers: ObjectHeaderOptions
  readonly onRetry: (notice: RetryNotice) => void
  /** Gives the upload that the requests are made for, to whoever listens. */
  readonly upload?: (() => object) | undefined
}

type RequestOf<Verb extends keyof UploadTarget> = Parameters<UploadTarget[Verb]>[0]

// A class, not an object of closures: a small upload pays for making it.
export class ClientTarget implements UploadTarget {
  readonly #client: OssClient
  readonly #options: ClientTargetOptions
  #partHeaders: ReturnType<typeof partHeaders> | undefined

  constructor(client: OssClient, options: ClientTargetOptions) {
    this.#client = client
    this.#options = options
  }

  async put(request: RequestOf<'put'>): Promise<StoredObject> {
    const { body, size, digests, cancellation, meta, onSend } = request
    const { bucket, key, headers, onRetry, upload } = this.#options
    const object = meta === undefined ? headers : withMeta(headers, meta)
    const client = this.#client
    if (!isOwn(client)) {
      const { signal } = cancellation
      // The spread stands last: properties added behind it cost twenty times as much.
      const sent = { bucket, key, onRetry, upload, body, digests, signal, onSend, ...object }
      return stored(await client.putObject(sent))
    }
    const answer = await client.perform(
      putObjectCall({
        bucket,
        key,
        options: { onRetry, upload, onSend },
        cancellation,
        headers: creationHeaders(object, 'PutObject', key),
        body: hashedBody({ size, source: body }, digests),
        digestIsGiven: false,
      }),
    )
    return stored(answer)
  }

  async initiate({ stop }: RequestOf<'initiate'>): Promise<string> {
    const { headers } = this.#options
    const begun = { ...headers, ...this.#call(), stop }
    return (await this.#client.initiateMultipartUpload(begun)).uploadId
  }

  async uploadPart(request: RequestOf<'uploadPart'>): Promise<StoredObject> {
    const { uploadId, partNumber, body, size, digests, cancellation, onPushBack } = request
    const { bucket, key, upload } = this.#options
    const { trafficLimit, headers } = this.#options.headers
    const { onRetry: tellRetry } = this.#options
    const onRetry = (notice: RetryNotice) => {
      if (isPushBack(notice.error)) onPushBack?.()
      tellRetry(notice)
    }
    const client = this.#client
    if (!isOwn(client)) {
      const { signal } = cancellation
      const call = { bucket, key, onRetry, upload, signal }
      const part = { uploadId, partNumber, body, digests, trafficLimit, headers }
      return stored(await client.uploadPart({ ...call, ...part }))
    }
    this.#partHeaders ??= partHeaders({ trafficLimit, headers })
    const answer = await client.perform(
      uploadPartCall({
        bucket,
        key,
        options: { onRetry, upload },
        cancellation,
        uploadId,
        partNumber,
        headers: this.#partHeaders,
        body: hashedBody({ size, source: body }, digests),
        digestIsGiven: false,
      }),
    )
    return stored(answer)
  }

  async complete({ uploadId, parts, stop }: RequestOf<'complete'>): Promise<StoredObject> {
    const { acl, callback, forbidOverwrite, headers } = this.#options.headers
    const published = { acl, callback, forbidOverwrite, headers, uploadId, parts, stop }
    return stored(await this.#client.completeMultipartUpload({ ...this.#call(), ...published }))
  }

  async abort({ uploadId, signal }: RequestOf<'abort'>): Promise<'aborted' | 'gone'> {
    try {
      const retry = this.#patience()
      await this.#client.abortMultipartUpload({ ...this.#call(), uploadId, signal, retry })
      return 'aborted'
    } catch (error) {
      if (isNoSuch(error, 'NoSuchUpload')) return 'gone'
      throw error
    }
  }

  async listParts(request: RequestOf<'listParts'>): Promise<ListedPart[] | undefined> {
    const { uploadId, signal } = request
    try {
      const parts: ListedPart[] = []
      for await (const part of this.#client.iterateParts({ ...this.#call(), uploadId, signal })) {
        const { partNumber, size, etag, crc64 } = part
        parts.push({ partNumber, size, etag, crc64: parseCrc64(crc64) })
      }
      return parts
    } catch (error) {
      if (isNoSuch(error, 'NoSuchUpload')) return undefined
      throw error
    }
  }

  async remove({ versionId, signal }: RequestOf<'remove'>): Promise<void> {
    const patience = this.#patience()
    // Repeated, it may take what somebody else has written meanwhile, unless it is of one version.
    const isRepeatable = versionId !== undefined && versionId !== 'null'
    const retry = isRepeatable ? patience : { ...patience, maxAttempts: 1 }
    await this.#client.deleteObject({ ...this.#call(), versionId, signal, retry })
  }

  async isAlive({ uploadId, signal }: RequestOf<'isAlive'>): Promise<boolean> {
    try {
      await this.#client.listParts({ ...this.#call(), uploadId, signal, maxParts: 1 })
      return true
    } catch (error) {
      if (isNoSuch(error, 'NoSuchUpload')) return false
      throw error
    }
  }

  async head({ versionId, signal }: RequestOf<'head'>): Promise<FoundObject | undefined> {
    try {
      const found = await this.#client.headObject({ ...this.#call(), versionId, signal })
      const { size, meta, requestId } = found
      // The page of whatever stands between is no object, though it may have an ETag.
      if (requestId === undefined)
        throw new MalformedResponseError('200 without a request id', PAGE)
      return { ...stored(found), size, md5: md5Of(found), marker: meta[MARKER_NAME] }
    } catch (error) {
      if (isNoSuch(error, 'NoSuchKey') || isNoSuch(error, 'NoSuchVersion')) return undefined
      throw error
    }
  }

  /** What every call says. */
  #call(): Omit<ClientTargetOptions, 'headers'> {
    const { bucket, key, onRetry, upload } = this.#options
    return { bucket, key, onRetry, upload }
  }

  /**
   * Cleaning up is tried as often as usual, even where the caller wants no second attempt; but a wait
   * beyond its deadline would end it without a word of what the service had said.
   */
  #patience(): Partial<RetryPolicy> {
    const { retry, timeouts } = this.#client
    return {
      maxAttempts: Math.max(retry.maxAttempts, DEFAULT_RETRY.maxAttempts),
      maxElapsedMs: timeouts.abortMs,
    }
  }
}

/** Ours, whatever somebody puts in its place later, such as a tracer that wraps the methods of the class. */
const { perform, putObject, uploadPart } = OssClient.prototype

/** Another copy of the package, or a caller who puts objects in another way, knows signals alone. */
function isOwn(client: OssClient): boolean {
  if (!(client instanceof OssClient)) return false
  if (client.perform !== perform) return false
  return client.putObject === putObject && client.uploadPart === uploadPart
}

function withMeta(
  headers: ObjectHeaderOptions,
  meta: Readonly<Record<string, string>>,
): ObjectHeaderOptions {
  return { ...headers, meta: { ...headers.meta, ...meta } }
}

const PAGE = { status: 200, snapshot: '' }

/** Whether the service has too much to do, be it that it says so or that it does not answer. */
function isPushBack(error: Error): boolean {
  if (error instanceof TransportError) return error.kind === 'timeout'
  return error instanceof ServiceError && (error.status === 503 || error.status === 429)
}

function isNoSuch(error: unknown, ossCode: string): boolean {
  return error instanceof ServiceError && error.status === 404 && error.ossCode === ossCode
}

/** The ETag of a Normal object is the MD5 of its bytes, but for encryption with KMS. */
function md5Of({ etag, objectType, headers }: HeadObjectResult): string | undefined {
  const isKms = headers['x-oss-server-side-encryption']?.toUpperCase() === 'KMS'
  const isMd5 = objectType === 'Normal' && /^[0-9A-F]{32}$/i.test(etag)
  return isMd5 && !isKms ? etag.toUpperCase() : undefined
}

function stored(answer: {
  readonly etag: string
  readonly crc64?: string | undefined
  readonly versionId?: string | undefined
  readonly requestId: string | undefined
}): StoredObject {
  const { etag, crc64, versionId, requestId } = answer
  return { etag, crc64: parseCrc64(crc64), versionId, requestId }
}
