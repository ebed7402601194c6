/**
 * Buckets, objects, uploads and parts: an index in memory over record files and blobs.
 * Every change is on disk before the promise of it resolves, and visible only then.
 * Serial per upload and per key; readers never wait. Speaks no HTTP and knows no error codes.
 */

import { BlobStore, type Segment } from './blob-store.js'
import { KeyedLock } from './keyed-lock.js'
import { type LoadedBucket, RecordFiles } from './record-files.js'
import type { BucketRecord, ObjectRecord, PartRecord, UploadRecord } from './records.js'
import type { ServerFs } from './store-fs.js'

/** An upload with the parts stored so far. */
export interface Upload {
  readonly record: UploadRecord
  readonly parts: ReadonlyMap<number, PartRecord>
}

/** A bucket as it is now; changes only through the store. */
export interface Bucket {
  readonly record: BucketRecord
  readonly objects: ReadonlyMap<string, ObjectRecord>
  readonly uploads: ReadonlyMap<string, Upload>
}

interface MutableBucket {
  record: BucketRecord
  readonly objects: Map<string, ObjectRecord>
  readonly uploads: Map<string, { record: UploadRecord; parts: Map<number, PartRecord> }>
  /** Changes on their way to disk: such a bucket must not be deleted. */
  changing: number
}

export class Store {
  readonly blobs: BlobStore
  readonly #files: RecordFiles
  readonly #buckets = new Map<string, MutableBucket>()
  readonly #lock = new KeyedLock()

  private constructor(blobs: BlobStore, files: RecordFiles) {
    this.blobs = blobs
    this.#files = files
  }

  /** Opens what is in the folder, which exists; `root` without a slash at the end. */
  static async open(fs: ServerFs, root: string): Promise<Store> {
    const blobs = await BlobStore.open(fs, `${root}/blobs`)
    const store = new Store(blobs, await RecordFiles.open(fs, root))
    for (const bucket of await store.#files.load()) await store.#adopt(bucket)
    await blobs.sweep()
    return store
  }

  /** By name, in byte order. */
  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
  }

  bucket(name: string): Bucket | undefined {
    return this.#buckets.get(name)
  }

  /** Creates a bucket or changes its settings; if `edit` throws, nothing has changed. */
  async editBucket(
    name: string,
    edit: (current: BucketRecord | undefined) => BucketRecord,
  ): Promise<void> {
    await this.#lock.run(`bucket:${name}`, async () => {
      const bucket = this.#buckets.get(name)
      const record = edit(bucket?.record)
      await this.#files.saveBucket(record, bucket?.record)
      if (bucket !== undefined) bucket.record = record
      else this.#buckets.set(name, newBucket(record))
    })
  }

  /** `missing` and `not-empty` change nothing; an unfinished upload makes a bucket not empty. */
  async deleteBucket(name: string): Promise<'deleted' | 'missing' | 'not-empty'> {
    return this.#lock.run(`bucket:${name}`, async () => {
      const bucket = this.#buckets.get(name)
      if (bucket === undefined) return 'missing'
      if (bucket.objects.size + bucket.uploads.size + bucket.changing > 0) return 'not-empty'
      this.#buckets.delete(name)
      await this.#files.removeBucket(name)
      return 'deleted'
    })
  }

  /**
   * Replaces an object by what `edit` makes of it, `undefined` leaving no object. The new record owns
   * a reference to each of its segments, which the caller has counted, unless it keeps the very list
   * of the old one. If `edit` throws, nothing has changed. Returns `false` if the bucket is gone.
   */
  async editObject(
    bucketName: string,
    key: string,
    edit: (current: ObjectRecord | undefined) => ObjectRecord | undefined,
  ): Promise<boolean> {
    return this.#editObject(bucketName, key, edit, async () => {})
  }

  /** Returns `false` if the bucket is gone. */
  async createUpload(bucketName: string, record: UploadRecord): Promise<boolean> {
    return this.#change(bucketName, async (bucket) => {
      await this.#files.saveUpload(bucketName, record)
      bucket.uploads.set(record.uploadId, { record, parts: new Map() })
    })
  }

  /** Adds or replaces a part, taking over its segments; `false` if the upload is over by now. */
  async savePart(bucketName: string, uploadId: string, part: PartRecord): Promise<boolean> {
    return this.#lock.run(`upload:${uploadId}`, async () => {
      const upload = this.#buckets.get(bucketName)?.uploads.get(uploadId)
      if (upload === undefined) return false
      const replaced = upload.parts.get(part.partNumber)
      await this.#files.savePart(bucketName, uploadId, part, replaced)
      upload.parts.set(part.partNumber, part)
      if (replaced !== undefined) await this.blobs.release(replaced.segments)
      return true
    })
  }

  /**
   * Publishes what `plan` makes of an upload's parts (segments are shared, not copied), and ends the upload. If `plan` or `check` throws,
   * nothing has changed. Returns `undefined` if the upload is over by now.
   */
  async completeUpload(
    bucketName: string,
    uploadId: string,
    plan: (upload: Upload) => ObjectRecord,
    check: (current: ObjectRecord | undefined) => void,
  ): Promise<ObjectRecord | undefined> {
    return this.#lock.run(`upload:${uploadId}`, async () => {
      const bucket = this.#buckets.get(bucketName)
      const upload = bucket?.uploads.get(uploadId)
      if (bucket === undefined || upload === undefined) return undefined
      const object = plan(upload)
      const publish = (current: ObjectRecord | undefined): ObjectRecord => {
        check(current)
        return object
      }
      this.blobs.retain(object.segments)
      try {
        // The upload ends before anybody else may touch the key: a restart that finds both the upload
        // and an object made of it knows that the upload is over.
        await this.#editObject(bucketName, object.key, publish, () =>
          this.#endUpload(bucket, uploadId),
        )
      } catch (error) {
        // A disk may fail behind the point of no return: what is published keeps its bytes.
        if (bucket.objects.get(object.key) !== object) await this.blobs.release(object.segments)
        throw error
      }
      return object
    })
  }

  /** Discards an upload and its parts; `false` if it is over already. */
  async abortUpload(bucketName: string, uploadId: string): Promise<boolean> {
    return this.#lock.run(`upload:${uploadId}`, async () => {
      const bucket = this.#buckets.get(bucketName)
      if (bucket === undefined || !bucket.uploads.has(uploadId)) return false
      await this.#endUpload(bucket, uploadId)
      return true
    })
  }

  async #endUpload(bucket: MutableBucket, uploadId: string): Promise<void> {
    const parts = bucket.uploads.get(uploadId)?.parts.values() ?? []
    await this.#files.removeUpload(bucket.record.name, uploadId)
    bucket.uploads.delete(uploadId)
    for (const part of parts) await this.blobs.release(part.segments)
  }

  async #editObject(
    bucketName: string,
    key: string,
    edit: (current: ObjectRecord | undefined) => ObjectRecord | undefined,
    meanwhile: () => Promise<void>,
  ): Promise<boolean> {
    return this.#change(bucketName, (bucket) =>
      this.#lock.run(`object:${bucketName}/${key}`, async () => {
        const current = bucket.objects.get(key)
        const next = edit(current)
        if (next !== undefined) {
          await this.#files.saveObject(bucketName, next, current)
          bucket.objects.set(key, next)
        } else if (current !== undefined) {
          await this.#files.removeObject(bucketName, key)
          bucket.objects.delete(key)
        }
        await meanwhile()
        if (current !== undefined && current.segments !== next?.segments) {
          await this.blobs.release(current.segments)
        }
      }),
    )
  }

  async #change(name: string, work: (bucket: MutableBucket) => Promise<void>): Promise<boolean> {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return false
    bucket.changing += 1
    try {
      await work(bucket)
      return true
    } finally {
      bucket.changing -= 1
    }
  }

  async #adopt(loaded: LoadedBucket): Promise<void> {
    const { name } = loaded.record
    const bucket = newBucket(loaded.record)
    const completed = new Set<string>()
    for (const object of loaded.objects) {
      bucket.objects.set(object.key, object)
      this.blobs.retain(object.segments)
      if (object.uploadId !== undefined) completed.add(object.uploadId)
    }
    for (const { record, parts } of loaded.uploads) {
      if (completed.has(record.uploadId)) {
        await this.#files.removeUpload(name, record.uploadId)
        continue
      }
      const byNumber = new Map(parts.map((part) => [part.partNumber, part]))
      for (const part of parts) this.blobs.retain(part.segments)
      bucket.uploads.set(record.uploadId, { record, parts: byNumber })
    }
    this.#buckets.set(name, bucket)
  }
}

function newBucket(record: BucketRecord): MutableBucket {
  return { record, objects: new Map(), uploads: new Map(), changing: 0 }
}

/** Segments of several parts, one after the other. */
export function joinSegments(
  parts: readonly { readonly segments: readonly Segment[] }[],
): Segment[] {
  return parts.flatMap((part) => part.segments)
}
