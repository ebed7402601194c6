/** A look inside for tests: what is stored and what is unfinished, past HTTP and signatures. */

import { userMetadata } from '../protocol/headers.js'
import type { ObjectRecord, PartRecord } from './records.js'
import type { Store } from './store.js'

/** An object at rest. */
export interface InspectedObject {
  readonly bucket: string
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  /** Unsigned decimal. */
  readonly crc64: string
  readonly type: 'Normal' | 'Multipart' | 'Appendable'
  /** Without the prefix `x-oss-meta-`. */
  readonly meta: Readonly<Record<string, string>>
  /** As GetObject gives them back; lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly tagging: Readonly<Record<string, string>>
  readonly acl: string
  /** Upload it was completed from, if it was. */
  readonly uploadId?: string
  /** Milliseconds since the epoch. */
  readonly lastModified: number
  /** The content, piece by piece; rejects if the object was replaced or deleted meanwhile. */
  stream(): AsyncIterable<Uint8Array>
  /** The whole content. */
  content(): Promise<Buffer>
}

/** An unfinished upload. */
export interface InspectedUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** Milliseconds since the epoch. */
  readonly initiated: number
  readonly headers: Readonly<Record<string, string>>
  /** In order of their numbers. */
  readonly parts: readonly {
    readonly partNumber: number
    readonly size: number
    readonly etag: string
    readonly crc64: string
  }[]
}

/** What is stored. */
export class InspectedObjects {
  readonly #store: Store

  /** For the server. @internal */
  constructor(store: Store) {
    this.#store = store
  }

  get(bucket: string, key: string): InspectedObject | undefined {
    const record = this.#store.bucket(bucket)?.objects.get(key)
    return record === undefined ? undefined : inspect(this.#store, bucket, record)
  }

  /** All objects, of one bucket or of all. */
  list(bucket?: string): InspectedObject[] {
    return this.#store
      .buckets()
      .filter(({ record }) => bucket === undefined || record.name === bucket)
      .flatMap(({ record, objects }) =>
        [...objects.values()].map((object) => inspect(this.#store, record.name, object)),
      )
  }
}

/** What is unfinished. */
export class InspectedUploads {
  readonly #store: Store

  /** For the server. @internal */
  constructor(store: Store) {
    this.#store = store
  }

  get(uploadId: string): InspectedUpload | undefined {
    return this.list().find((upload) => upload.uploadId === uploadId)
  }

  /** All unfinished uploads, of one bucket or of all. */
  list(bucket?: string): InspectedUpload[] {
    return this.#store
      .buckets()
      .filter(({ record }) => bucket === undefined || record.name === bucket)
      .flatMap(({ record: { name }, uploads }) =>
        [...uploads.values()].map(({ record, parts }) => ({
          bucket: name,
          key: record.key,
          uploadId: record.uploadId,
          initiated: record.initiated,
          headers: record.headers,
          parts: [...parts.values()]
            .sort((a: PartRecord, b: PartRecord) => a.partNumber - b.partNumber)
            .map(({ partNumber, size, etag, crc64 }) => ({ partNumber, size, etag, crc64 })),
        })),
      )
  }
}

function inspect(store: Store, bucket: string, record: ObjectRecord): InspectedObject {
  const stream = async function* (): AsyncGenerator<Uint8Array, void, void> {
    if (!store.blobs.holds(record.segments)) {
      throw new Error(
        `Expected oss://${bucket}/${record.key} to be as it was when it was looked up; it was replaced or deleted`,
      )
    }
    const lease = store.blobs.lease(record.segments)
    try {
      yield* lease.read(0, record.size)
    } finally {
      await lease.release()
    }
  }
  return {
    bucket,
    key: record.key,
    size: record.size,
    etag: record.etag,
    crc64: record.crc64,
    type: record.type,
    meta: userMetadata(record.headers),
    headers: record.headers,
    tagging: record.tagging ?? {},
    acl: record.acl ?? 'default',
    ...(record.uploadId === undefined ? {} : { uploadId: record.uploadId }),
    lastModified: record.lastModified,
    stream,
    content: async () => {
      const pieces: Uint8Array[] = []
      for await (const piece of stream()) pieces.push(piece)
      return Buffer.concat(pieces)
    },
  }
}
