/**
 * The records of the store as files: one JSON file each, replaced as a whole, named by hash or id.
 *
 *   buckets/<bucket>/bucket.json                 there is a bucket if this is there
 *   buckets/<bucket>/objects/<sha256 of key>.json
 *   buckets/<bucket>/uploads/<id>/upload.json    there is an upload if this is there
 *   buckets/<bucket>/uploads/<id>/<part>.json
 *   trash/                                       folders on their way out
 */

import { createHash } from 'node:crypto'
import type { BucketRecord, ObjectRecord, PartRecord, UploadRecord } from './records.js'
import {
  namesIn,
  readText,
  removeFile,
  replaceFile,
  type ServerFs,
  syncFolder,
} from './store-fs.js'

/** Everything that a bucket's folder says. */
export interface LoadedBucket {
  readonly record: BucketRecord
  readonly objects: readonly ObjectRecord[]
  readonly uploads: readonly { readonly record: UploadRecord; readonly parts: PartRecord[] }[]
}

export class RecordFiles {
  readonly #fs: ServerFs
  readonly #buckets: string
  readonly #trash: string

  private constructor(fs: ServerFs, root: string) {
    this.#fs = fs
    this.#buckets = `${root}/buckets`
    this.#trash = `${root}/trash`
  }

  static async open(fs: ServerFs, root: string): Promise<RecordFiles> {
    const files = new RecordFiles(fs, root)
    await fs.promises.mkdir(files.#buckets, { recursive: true })
    await fs.promises.mkdir(files.#trash, { recursive: true })
    await syncFolder(fs, root)
    return files
  }

  /** Like all that save: replaces `before`, and leaves it in place if it throws. */
  async saveBucket(record: BucketRecord, before: BucketRecord | undefined): Promise<void> {
    const folder = this.#bucket(record.name)
    await this.#fs.promises.mkdir(`${folder}/objects`, { recursive: true })
    await this.#fs.promises.mkdir(`${folder}/uploads`, { recursive: true })
    await this.#replace(folder, 'bucket.json', record, before)
    await syncFolder(this.#fs, this.#buckets)
  }

  async removeBucket(name: string): Promise<void> {
    await removeFile(this.#fs, `${this.#bucket(name)}/bucket.json`)
    await syncFolder(this.#fs, this.#bucket(name))
    await this.#remove(this.#bucket(name))
  }

  async saveObject(
    bucket: string,
    record: ObjectRecord,
    before: ObjectRecord | undefined,
  ): Promise<void> {
    await this.#replace(`${this.#bucket(bucket)}/objects`, objectFile(record.key), record, before)
  }

  async removeObject(bucket: string, key: string): Promise<void> {
    const folder = `${this.#bucket(bucket)}/objects`
    await removeFile(this.#fs, `${folder}/${objectFile(key)}`)
    await syncFolder(this.#fs, folder)
  }

  async saveUpload(bucket: string, record: UploadRecord): Promise<void> {
    const folder = this.#upload(bucket, record.uploadId)
    await this.#fs.promises.mkdir(folder, { recursive: true })
    await this.#replace(folder, 'upload.json', record, undefined)
    await syncFolder(this.#fs, `${this.#bucket(bucket)}/uploads`)
  }

  async savePart(
    bucket: string,
    uploadId: string,
    record: PartRecord,
    before: PartRecord | undefined,
  ): Promise<void> {
    const folder = this.#upload(bucket, uploadId)
    await this.#replace(folder, `${record.partNumber}.json`, record, before)
  }

  /** Removes an upload with all its parts in one step: a rename, then the rest at leisure. */
  async removeUpload(bucket: string, uploadId: string): Promise<void> {
    await this.#fs.promises.rename(this.#upload(bucket, uploadId), `${this.#trash}/${uploadId}`)
    await syncFolder(this.#fs, `${this.#bucket(bucket)}/uploads`)
    await this.#remove(`${this.#trash}/${uploadId}`)
  }

  /** Reads everything, and clears away what a crash left half done. */
  async load(): Promise<LoadedBucket[]> {
    for (const name of await namesIn(this.#fs, this.#trash)) {
      await this.#remove(`${this.#trash}/${name}`)
    }
    const buckets: LoadedBucket[] = []
    for (const name of await namesIn(this.#fs, this.#buckets)) {
      const bucket = await this.#loadBucket(name)
      if (bucket !== undefined) buckets.push(bucket)
      else await this.#remove(this.#bucket(name))
    }
    return buckets
  }

  async #loadBucket(name: string): Promise<LoadedBucket | undefined> {
    const folder = this.#bucket(name)
    const record = await this.#read<BucketRecord>(`${folder}/bucket.json`)
    if (record === undefined) return undefined
    await this.#dropAsides(folder)
    const objects = await this.#readAll<ObjectRecord>(`${folder}/objects`)
    const uploads: { record: UploadRecord; parts: PartRecord[] }[] = []
    for (const id of await namesIn(this.#fs, `${folder}/uploads`)) {
      const upload = await this.#read<UploadRecord>(`${this.#upload(name, id)}/upload.json`)
      if (upload === undefined) await this.#remove(this.#upload(name, id))
      else {
        const parts = await this.#readAll<PartRecord>(this.#upload(name, id), 'upload.json')
        uploads.push({ record: upload, parts })
      }
    }
    return { record, objects, uploads }
  }

  async #readAll<T>(folder: string, except?: string): Promise<T[]> {
    await this.#dropAsides(folder)
    const records: T[] = []
    for (const name of await namesIn(this.#fs, folder)) {
      const record = name === except ? undefined : await this.#read<T>(`${folder}/${name}`)
      if (record !== undefined) records.push(record)
    }
    return records
  }

  /** Removes files that were being written aside when the process died. */
  async #dropAsides(folder: string): Promise<void> {
    for (const name of await namesIn(this.#fs, folder)) {
      if (name.endsWith('.tmp')) await removeFile(this.#fs, `${folder}/${name}`)
    }
  }

  async #read<T>(path: string): Promise<T | undefined> {
    const text = await readText(this.#fs, path)
    // Only this class writes these files, each as a whole: what is there has the shape it was given.
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  #replace<T>(folder: string, name: string, record: T, before: T | undefined): Promise<void> {
    const was = before === undefined ? undefined : JSON.stringify(before)
    return replaceFile(this.#fs, folder, name, JSON.stringify(record), was)
  }

  async #remove(folder: string): Promise<void> {
    await this.#fs.promises.rm(folder, { recursive: true, force: true })
  }

  #bucket(name: string): string {
    return `${this.#buckets}/${name}`
  }

  #upload(bucket: string, uploadId: string): string {
    return `${this.#bucket(bucket)}/uploads/${uploadId}`
  }
}

function objectFile(key: string): string {
  return `${createHash('sha256').update(key).digest('hex')}.json`
}
