/**
 * Fills parts from a source that is read by position: straight into the part buffers, nothing is
 * copied, and the next reads are under way while a part is hashed and sent. Buffers are taken and
 * filled in order, so that the parts are those a stream of the same bytes would have.
 */
import { MAX_PARTS, type PartPlan, partSizeAt } from '../protocol/part-plan.js'
import type { BufferPool } from './buffer-pool.js'

/** Bytes that can be read from any position, as those of a file. */
export interface PartSource {
  /** Bytes from its beginning to the end of the upload. */
  readonly size: number
  /** Reads into the beginning of `buffer`; resolves with how many bytes, which is 0 only at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Asked when all is read: in what it is not any more what it was, if in anything. */
  findChange(): Promise<string | undefined>
}

export interface PartReaderSettings {
  readonly plan: PartPlan
  readonly pool: BufferPool
  /** Takes over a buffer with the next `length` bytes of the upload; gives it back in any case. */
  take(buffer: Uint8Array, length: number, isLast: boolean): Promise<void>
  /** All memory is used up, and there is nothing to be read meanwhile. */
  onFullMemory(): void
  onMemory(): void
  /** The source is what everything waits for, or is no more. */
  onSource(isAwaited: boolean): void
  /** The source is not what it was; returns what to throw. */
  onChange(what: string): Error
}

/** Reads under way at once: one in the disk's queue while the other is answered. */
const READS = 2

interface Read {
  readonly buffer: Uint8Array
  readonly length: number
  readonly done: Promise<void>
  readonly isLast: boolean
}

export class PartReader {
  readonly #settings: PartReaderSettings
  /** Reads whose bytes are not taken over yet, the oldest first. */
  readonly #reads: Read[] = []

  constructor(settings: PartReaderSettings) {
    this.#settings = settings
  }

  /**
   * Reads all of `source` behind the first `parts` parts, of `bytes` bytes. Rejects with what a read, the
   * taking over or the memory's end rejects with, once no read is under way any more.
   */
  async readAll(source: PartSource, { parts, bytes }: { parts: number; bytes: number }) {
    const { onChange } = this.#settings
    try {
      for (const { position, length } of this.#pieces(parts, bytes, source.size)) {
        if (this.#reads.length === READS) await this.#takeOldest()
        const buffer = await this.#acquire(source.size)
        const done = this.#fill(source, buffer.subarray(0, length), position)
        // Looked at in its turn; one that fails before must not count as unhandled.
        done.catch(() => undefined)
        this.#reads.push({ buffer, length, done, isLast: position + length === source.size })
      }
      while (this.#reads.length > 0) await this.#takeOldest()
      const change = await source.findChange()
      if (change !== undefined) throw onChange(change)
    } finally {
      await this.#dropReads()
    }
  }

  /** What is to be read into one buffer each. */
  *#pieces(parts: number, bytes: number, size: number) {
    const { plan, pool } = this.#settings
    let position = bytes
    for (let partNumber = parts + 1; position < size; partNumber++) {
      // The plan was made for this size; a part that cannot be is refused by whoever opens it.
      const partSize = partSizeAt(Math.min(partNumber, MAX_PARTS), plan)
      const end = Math.min(position + partSize, size)
      while (position < end) {
        const length = Math.min(pool.bufferSize, end - position)
        yield { position, length }
        position += length
      }
    }
  }

  /** A buffer. What is read is taken over first, if that is what has to make room. */
  async #acquire(size: number): Promise<Uint8Array> {
    const { pool, onFullMemory, onMemory } = this.#settings
    for (;;) {
      const buffer = pool.tryStart(size) ?? pool.tryAcquire()
      if (buffer !== undefined) return buffer
      if (this.#reads.length === 0) break
      await this.#takeOldest()
    }
    onFullMemory()
    const buffer = await pool.acquire()
    onMemory()
    return buffer
  }

  async #fill(source: PartSource, bytes: Uint8Array, position: number): Promise<void> {
    for (let filled = 0; filled < bytes.byteLength; ) {
      const count = await source.read(bytes.subarray(filled), position + filled)
      // It may have ended long before: nobody has read what lies between.
      if (count === 0) throw this.#settings.onChange(`nothing is left at byte ${position + filled}`)
      filled += count
    }
  }

  async #takeOldest(): Promise<void> {
    const [oldest] = this.#reads
    if (oldest === undefined) return
    this.#settings.onSource(true)
    await oldest.done
    this.#settings.onSource(false)
    this.#reads.shift()
    await this.#settings.take(oldest.buffer, oldest.length, oldest.isLast)
  }

  /** Gives back buffers that nobody will take, and none of them while it is being read into. */
  async #dropReads(): Promise<void> {
    for (const { buffer, done } of this.#reads.splice(0)) {
      await done.catch(() => undefined)
      this.#settings.pool.release([buffer])
    }
  }
}
