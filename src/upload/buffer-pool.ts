/**
 * The memory of an upload: equal buffers under one budget, lent out and taken back. It is the only
 * source of back-pressure: whoever needs a buffer waits here until a part is done with one.
 *
 *   held = filling + sealed + in flight ≤ maxMemory      (asserted by a test)
 */
import { MAX_PART_SIZE } from '../protocol/part-plan.js'
import type { Slabs } from './slabs.js'

/** A part larger than this is kept in several buffers. */
const MAX_BUFFER_SIZE = 16 * 1024 ** 2

/** The first buffer of an upload: most objects are small, and there may be hundreds at a time. */
const STARTER_SIZE = 64 * 1024

interface Waiter {
  readonly resolve: (buffer: Uint8Array) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Size of the buffers for parts of `partSize` bytes: equal shares of it, so that little is wasted,
 * and none larger than 16 MiB, so that a small object in a stream with huge parts costs little.
 */
export function bufferSizeFor(partSize: number): number {
  if (partSize > MAX_PART_SIZE) throw new RangeError(`No part has ${partSize} bytes`)
  return Math.ceil(partSize / Math.ceil(partSize / MAX_BUFFER_SIZE))
}

export class BufferPool {
  readonly bufferSize: number
  /** Buffers that may ever be lent out at once, and those that may be now. */
  readonly #capacity: number
  #limit: number
  readonly #slabs: Slabs
  readonly #free: Uint8Array[] = []
  readonly #waiting: Waiter[] = []
  #lent = 0
  #hasAllocated = false
  #closed: { readonly reason: unknown } | undefined

  /** @param maxMemory most bytes lent out at once; at least one buffer's worth. */
  constructor(bufferSize: number, maxMemory: number, slabs: Slabs) {
    this.#slabs = slabs
    this.bufferSize = bufferSize
    this.#capacity = Math.floor(maxMemory / bufferSize)
    this.#limit = this.#capacity
    if (this.#capacity < 1) throw new RangeError('The budget holds not even one buffer')
  }

  /** Bytes lent out now. */
  get heldBytes(): number {
    return this.#lent * this.bufferSize
  }

  /** Lends from now on no more than `bytes` at once, in whole buffers; never more than the budget. */
  limitTo(bytes: number): void {
    const buffers = Math.max(1, Math.ceil(bytes / this.bufferSize))
    this.#limit = Math.min(this.#capacity, buffers)
  }

  /**
   * Instead of a first buffer a small one, for an object that may turn out small; `undefined` if
   * `bytes` find no room in it. It counts as a whole one, and may be changed for one at any time.
   */
  tryStart(bytes: number): Uint8Array | undefined {
    if (this.#closed !== undefined || this.#lent > 0) return undefined
    if (bytes > STARTER_SIZE || this.bufferSize <= STARTER_SIZE) return undefined
    this.#lent++
    return this.#slabs.allocate(STARTER_SIZE, true)
  }

  /** A buffer of full size in exchange for what `tryStart` gave, with the same content. */
  exchangeStarter(starter: Uint8Array): Uint8Array {
    const buffer = this.#take()
    buffer.set(starter)
    this.#slabs.free(starter)
    return buffer
  }

  /** A buffer if one can be had at once; its content is arbitrary. */
  tryAcquire(): Uint8Array | undefined {
    if (this.#closed !== undefined || this.#waiting.length > 0) return undefined
    if (this.#lent >= this.#limit) return undefined
    this.#lent++
    return this.#take()
  }

  #take(): Uint8Array {
    const isFirst = !this.#hasAllocated
    this.#hasAllocated = true
    return this.#free.pop() ?? this.#slabs.allocate(this.bufferSize, isFirst)
  }

  /** Waits for a buffer. Rejects with the reason given to `close`. */
  acquire(): Promise<Uint8Array> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed.reason)
    const buffer = this.tryAcquire()
    if (buffer !== undefined) return Promise.resolve(buffer)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Takes buffers back; nobody may touch them afterwards. */
  release(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      if (buffer.byteLength < this.bufferSize) {
        // A starter is alone: nobody has got another buffer since, let alone waits for one.
        this.#lent--
        this.#slabs.free(buffer)
        continue
      }
      const waiter = this.#waiting.shift()
      if (waiter !== undefined) {
        waiter.resolve(buffer)
        continue
      }
      this.#lent--
      if (this.#closed === undefined && this.#slabs.isCurrent(buffer)) this.#free.push(buffer)
      else this.#slabs.free(buffer)
    }
  }

  /** Rejects whoever waits, and keeps no free buffer. Buffers lent out may still be released. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const buffer of this.#free.splice(0)) this.#slabs.free(buffer)
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason)
  }
}
