/**
 * The verbs of an upload, spoken by a client: an `UploadTarget` for one bucket, key and set of
 * object headers. Beside the stream it is the only place where `client/` meets `upload/`.
 */
import type { RetryNotice } from './client/call-options.js'
import type { OssClient } from './client/client.js'
import type { HeadObjectResult } from './client/objects.js'
import { DEFAULT_RETRY } from './client/retry.js'
import { ServiceError, TransportError } from './errors.js'
import { parseCrc64 } from './protocol/digest.js'
import type { ObjectHeaderOptions } from './protocol/headers.js'
import { MARKER_NAME } from './resolve-headers.js'
import type { FoundObject, ListedPart, StoredObject, UploadTarget } from './upload/upload-target.js'

export interface ClientTargetOptions {
  readonly bucket: string
  readonly key: string
  readonly headers: ObjectHeaderOptions
  readonly onRetry: (notice: RetryNotice) => void
  /** The upload that the requests are made for. */
  readonly upload?: object | undefined
}

export function clientTarget(client: OssClient, options: ClientTargetOptions): UploadTarget {
  const { bucket, key, headers, onRetry, upload } = options
  const call = { bucket, key, onRetry, upload }
  // Cleaning up is tried as often as usual, even where the caller wants no second attempt; but a wait
  // beyond its deadline would end it without a word of what the service had said.
  const retry = {
    maxAttempts: Math.max(client.retry.maxAttempts, DEFAULT_RETRY.maxAttempts),
    maxElapsedMs: client.timeouts.abortMs,
  }
  const { acl, callback, forbidOverwrite, trafficLimit, headers: free } = headers
  return {
    async put({ body, digests, signal, meta, onSend }) {
      const object = meta === undefined ? headers : withMeta(headers, meta)
      // The spread stands last: properties added behind it cost twenty times as much.
      const sent = { bucket, key, onRetry, upload, body, digests, signal, onSend, ...object }
      return stored(await client.putObject(sent))
    },
    async initiate({ stop }) {
      return (await client.initiateMultipartUpload({ ...headers, ...call, stop })).uploadId
    },
    async uploadPart({ uploadId, partNumber, body, digests, signal, onPushBack }) {
      const part = { uploadId, partNumber, body, digests, signal, trafficLimit, headers: free }
      const onPartRetry = (notice: RetryNotice) => {
        if (isPushBack(notice.error)) onPushBack?.()
        onRetry(notice)
      }
      return stored(await client.uploadPart({ ...call, ...part, onRetry: onPartRetry }))
    },
    async complete({ uploadId, parts, stop }) {
      const published = { acl, callback, forbidOverwrite, headers: free }
      return stored(
        await client.completeMultipartUpload({ ...call, ...published, uploadId, parts, stop }),
      )
    },
    async abort({ uploadId, signal }) {
      try {
        await client.abortMultipartUpload({ ...call, uploadId, signal, retry })
        return 'aborted'
      } catch (error) {
        if (isNoSuch(error, 'NoSuchUpload')) return 'gone'
        throw error
      }
    },
    async listParts({ uploadId, signal }) {
      try {
        const parts: ListedPart[] = []
        for await (const part of client.iterateParts({ ...call, uploadId, signal })) {
          const { partNumber, size, etag, crc64 } = part
          parts.push({ partNumber, size, etag, crc64: parseCrc64(crc64) })
        }
        return parts
      } catch (error) {
        if (isNoSuch(error, 'NoSuchUpload')) return undefined
        throw error
      }
    },
    async remove({ versionId, signal }) {
      await client.deleteObject({ ...call, versionId, signal, retry })
    },
    async isAlive({ uploadId, signal }) {
      try {
        await client.listParts({ ...call, uploadId, signal, maxParts: 1 })
        return true
      } catch (error) {
        if (isNoSuch(error, 'NoSuchUpload')) return false
        throw error
      }
    },
    async head({ versionId, signal }): Promise<FoundObject | undefined> {
      try {
        const found = await client.headObject({ ...call, versionId, signal })
        const { size, meta } = found
        return { ...stored(found), size, md5: md5Of(found), marker: meta[MARKER_NAME] }
      } catch (error) {
        if (isNoSuch(error, 'NoSuchKey') || isNoSuch(error, 'NoSuchVersion')) return undefined
        throw error
      }
    },
  }
}

function withMeta(
  headers: ObjectHeaderOptions,
  meta: Readonly<Record<string, string>>,
): ObjectHeaderOptions {
  return { ...headers, meta: { ...headers.meta, ...meta } }
}

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
