/**
 * Bodies as files with made-up names, written once, shared by reference, removed with the last one.
 * An object or part is a list of segments of such files, so joining or copying moves no byte.
 * Knows no bucket, key or upload; never holds more than a few hundred KiB of a body.
 */

import { createCrc64, createMd5 } from '../protocol/digest.js'
import { randomHex } from './ids.js'
import { namesIn, removeFile, type ServerFs, syncFolder, writeAll } from './store-fs.js'

/** So many bytes of a file of the store. */
export interface Segment {
  readonly blob: string
  readonly offset: number
  readonly size: number
}

/** A body at rest. */
export interface StoredBody {
  readonly segments: readonly Segment[]
  readonly size: number
  /** Of what was received, 16 bytes. */
  readonly md5: Uint8Array
  /** Of what was received. */
  readonly crc64: bigint
}

/**
 * Gives a body in batches; tells of each piece, in order, no later than with its batch. Digesting a
 * piece as it arrives costs less than digesting a batch that has left the processor's cache.
 */
export type Receive = (onPiece: (piece: Uint8Array) => void) => AsyncIterable<readonly Uint8Array[]>

/** A right to read a body. */
export interface Lease {
  /** `size` bytes from `offset` on, in pieces of at most 256 KiB. */
  read(offset: number, size: number): AsyncIterable<Uint8Array>
  release(): Promise<void>
}

const READ_SIZE = 256 * 1024

export class BlobStore {
  readonly #fs: ServerFs
  readonly #folder: string
  readonly #references = new Map<string, number>()

  private constructor(fs: ServerFs, folder: string) {
    this.#fs = fs
    this.#folder = folder
  }

  static async open(fs: ServerFs, folder: string): Promise<BlobStore> {
    await fs.promises.mkdir(folder, { recursive: true })
    return new BlobStore(fs, folder)
  }

  /** Files with at least one reference, a body being written included. */
  get size(): number {
    return this.#references.size
  }

  /**
   * Stores a body and computes its digests on the way; the caller holds the one reference to it.
   * Whatever goes wrong, nothing of it is left. `damage` stores another byte than was received.
   */
  async write(receive: Receive, damage = false): Promise<StoredBody> {
    const blob = randomHex(16)
    const path = this.#path(blob)
    const md5 = createMd5()
    const crc64 = createCrc64()
    let size = 0
    this.#references.set(blob, 1)
    try {
      const handle = await this.#fs.promises.open(path, 'wx')
      try {
        const onPiece = (piece: Uint8Array): void => {
          md5.update(piece)
          crc64.update(piece)
        }
        for await (const batch of receive(onPiece)) {
          await writeAll(handle, damage && size === 0 ? damaged(batch) : batch, size)
          size += batch.reduce((sum, bytes) => sum + bytes.length, 0)
        }
        if (size > 0) await handle.sync?.()
      } finally {
        await handle.close()
      }
      if (size > 0) await syncFolder(this.#fs, this.#folder)
      else await this.release([{ blob, offset: 0, size: 0 }])
    } catch (error) {
      await this.release([{ blob, offset: 0, size }])
      throw error
    }
    const segments = size > 0 ? [{ blob, offset: 0, size }] : []
    return { segments, size, md5: md5.digest(), crc64: crc64.digest() }
  }

  /** Whether all files of a body are still there. */
  holds(segments: readonly Segment[]): boolean {
    return segments.every(({ blob }) => this.#references.has(blob))
  }

  /** Keeps a body readable until the lease is released, whoever deletes the object meanwhile. */
  lease(segments: readonly Segment[]): Lease {
    this.retain(segments)
    return {
      read: (offset, size) => this.#read(sliceSegments(segments, offset, size)),
      release: () => this.release(segments),
    }
  }

  /** Counts one more reference to each file. */
  retain(segments: readonly Segment[]): void {
    for (const { blob } of segments) {
      this.#references.set(blob, (this.#references.get(blob) ?? 0) + 1)
    }
  }

  /** Counts one reference less; a file without any is removed. */
  async release(segments: readonly Segment[]): Promise<void> {
    for (const { blob } of segments) {
      const left = (this.#references.get(blob) ?? 0) - 1
      if (left > 0) this.#references.set(blob, left)
      else {
        this.#references.delete(blob)
        // What cannot be removed now is nobody's failure: the next start sweeps it up.
        await removeFile(this.#fs, this.#path(blob)).catch(() => {})
      }
    }
  }

  /** Removes every file that nobody refers to: bodies a crash cut short. */
  async sweep(): Promise<void> {
    for (const name of await namesIn(this.#fs, this.#folder)) {
      if (!this.#references.has(name)) await removeFile(this.#fs, this.#path(name))
    }
  }

  async *#read(segments: readonly Segment[]): AsyncGenerator<Uint8Array, void, void> {
    for (const segment of segments) yield* this.#readOne(segment)
  }

  async *#readOne(segment: Segment): AsyncGenerator<Uint8Array, void, void> {
    const handle = await this.#fs.promises.open(this.#path(segment.blob), 'r')
    try {
      for (let done = 0; done < segment.size; ) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE, segment.size - done))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, segment.offset + done)
        if (bytesRead === 0)
          throw new Error(`the stored body ${segment.blob} is shorter than recorded`)
        done += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await handle.close()
    }
  }

  #path(blob: string): string {
    return `${this.#folder}/${blob}`
  }
}

/** The segments that hold `size` bytes from `offset` on. */
export function sliceSegments(
  segments: readonly Segment[],
  offset: number,
  size: number,
): Segment[] {
  const slices: Segment[] = []
  let start = 0
  for (const segment of segments) {
    const from = Math.max(offset - start, 0)
    const to = Math.min(offset + size - start, segment.size)
    if (from < to) {
      slices.push({ blob: segment.blob, offset: segment.offset + from, size: to - from })
    }
    start += segment.size
  }
  return slices
}

function damaged(batch: readonly Uint8Array[]): Uint8Array[] {
  const [first, ...rest] = batch
  if (first === undefined) return []
  const copy = Uint8Array.from(first)
  copy[0] = (copy[0] ?? 0) ^ 0x01
  return [copy, ...rest]
}
