/**
 * What the store remembers of buckets, objects, uploads and parts: plain JSON, one file each.
 * Nothing here depends on how a key is spelt; keys are values, never paths.
 */

import type { LifecycleRule } from '../protocol/xml-lifecycle.js'
import type { Segment } from './blob-store.js'

export type Acl = 'private' | 'public-read' | 'public-read-write'

export interface BucketRecord {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly acl: Acl
  readonly storageClass: string
  /** Rules as put, in order; absent if there never were any. */
  readonly lifecycle?: readonly LifecycleRule[]
}

/** Headers by lower-case name, as they are given back on GetObject. */
export type StoredHeaders = Readonly<Record<string, string>>

export interface ObjectRecord {
  readonly key: string
  readonly type: 'Normal' | 'Multipart' | 'Appendable'
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal. */
  readonly crc64: string
  /** Base64 of the MD5; only objects of type Normal have one. */
  readonly contentMd5?: string
  readonly segments: readonly Segment[]
  /** Milliseconds since the epoch. */
  readonly lastModified: number
  /** Content-Type, Cache-Control …, `x-oss-meta-*`, storage class, encryption. */
  readonly headers: StoredHeaders
  /** Of the object itself; absent means the bucket's. */
  readonly acl?: Acl
  readonly tagging?: Readonly<Record<string, string>>
  /** The upload it was completed from: tells a restart that the upload is over. */
  readonly uploadId?: string
}

export interface UploadRecord {
  readonly uploadId: string
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly initiated: number
  readonly headers: StoredHeaders
  readonly tagging?: Readonly<Record<string, string>>
}

export interface PartRecord {
  readonly partNumber: number
  readonly size: number
  /** Without quotes, upper-case hexadecimal. */
  readonly etag: string
  /** Unsigned decimal. */
  readonly crc64: string
  /** Milliseconds since the epoch. */
  readonly lastModified: number
  readonly segments: readonly Segment[]
}
