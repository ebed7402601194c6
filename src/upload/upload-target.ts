/**
 * The seam between deciding what to say (this folder) and saying it (`client/`): the few verbs an
 * upload needs, bound to one bucket, key and set of object headers. Tests implement it in memory.
 * Retrying, signing and sockets are below this line; parts, memory and lifecycle above it.
 */

import type { Cancellation } from '../cancellation.js'

/** One part-sized body, in order. Never copied, never changed, valid until the call has settled. */
export type Body = readonly Uint8Array[]

/** An object as the service describes it after publishing it, or on being asked. */
export interface StoredObject {
  /** Without quotes. */
  readonly etag: string
  /** CRC-64/XZ of the whole object; absent if the service sent none. */
  readonly crc64?: bigint | undefined
  readonly versionId?: string | undefined
  readonly requestId?: string | undefined
}

/** What HeadObject tells of the object that stands at the key now. */
export interface FoundObject extends StoredObject {
  /** Bytes. */
  readonly size: number
  /** Upper-case hexadecimal MD5 of its bytes, if its ETag is that. */
  readonly md5?: string | undefined
  /** Value of the upload's marker in the user metadata, if it has one. */
  readonly marker?: string | undefined
}

/** A part as the service acknowledged it; its ETag has been compared with its MD5. */
export interface StoredPart {
  /** Without quotes, as the service spelt it. */
  readonly etag: string
  /** CRC-64/XZ of the part; absent if the service sent none. */
  readonly crc64?: bigint | undefined
}

/** A part as ListParts tells of it. */
export interface ListedPart extends StoredPart {
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
}

/** Digests of a body, computed before it is sent. */
export interface BodyDigests {
  /** 16 bytes: goes out as Content-MD5 and is compared with the ETag. */
  readonly md5?: Uint8Array | undefined
  /** Compared with the CRC-64 of the answer. */
  readonly crc64?: bigint | undefined
}

export interface UploadTarget {
  /** PutObject. `cancellation` cancels; it rejects with `cancellation.reason` then. */
  put(request: {
    readonly body: Body
    readonly size: number
    readonly digests: BodyDigests
    readonly cancellation: Cancellation
    /** User metadata that is known only now, such as a digest of the bytes. */
    readonly meta?: Readonly<Record<string, string>> | undefined
    /** Is told when a request is about to go out. */
    readonly onSend?: () => void
  }): Promise<StoredObject>

  /** InitiateMultipartUpload → upload id. `stop` prevents further attempts, never cuts one short. */
  initiate(request: { readonly stop: AbortSignal }): Promise<string>

  /** UploadPart. `cancellation` cancels; it rejects with `cancellation.reason` then. */
  uploadPart(request: {
    readonly uploadId: string
    readonly partNumber: number
    readonly body: Body
    readonly size: number
    readonly digests: BodyDigests
    readonly cancellation: Cancellation
    /** Is told of an attempt that will be repeated because the service has too much to do. */
    readonly onPushBack?: (() => void) | undefined
  }): Promise<StoredPart>

  /** CompleteMultipartUpload. `stop` prevents further attempts, never cuts one short. */
  complete(request: {
    readonly uploadId: string
    readonly parts: readonly { readonly partNumber: number; readonly etag: string }[]
    readonly stop: AbortSignal
  }): Promise<StoredObject>

  /** AbortMultipartUpload. `gone`: the service knew no such upload (any more). */
  abort(request: {
    readonly uploadId: string
    readonly signal: AbortSignal
  }): Promise<'aborted' | 'gone'>

  /** ListParts, all of them; `undefined` if the service knows no such upload (any more). */
  listParts(request: {
    readonly uploadId: string
    readonly signal: AbortSignal
  }): Promise<readonly ListedPart[] | undefined>

  /** DeleteObject of what stands at the key, or of that version of it for good. */
  remove(request: {
    readonly versionId?: string | undefined
    readonly signal: AbortSignal
  }): Promise<void>

  /** Whether the service still knows the upload (one page of ListParts). */
  isAlive(request: { readonly uploadId: string; readonly signal: AbortSignal }): Promise<boolean>

  /** HeadObject of what stands at the key, or of that version of it; `undefined` if there is none. */
  head(request: {
    readonly versionId?: string | undefined
    readonly signal: AbortSignal
  }): Promise<FoundObject | undefined>
}
