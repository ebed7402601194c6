/**
 * The memory of an upload: equal buffers under one budget, lent out and taken back. It is the only
 * source of back-pressure: whoever needs a buffer waits here until a part is done with one.
 *
 *   held = filling + sealed + in flight ≤ maxMemory      (asserted by a test)
 *
 * Beyond the buffers of one part it shares a budget with the other uploads of the process.
 */
import { MAX_PART_SIZE } from '../protocol/part-plan.js'
import type { MemoryBudget } from './memory-budget.js'
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

export interface BufferPoolSettings {
  readonly bufferSize: number
  /** Most bytes lent out at once; at least one buffer's worth. */
  readonly maxMemory: number
  /** Buffers of one part, which are lent whatever others hold. */
  readonly ownBuffers: number
  /** What all other buffers are taken from. */
  readonly budget: MemoryBudget
  readonly slabs: Slabs
}

export class BufferPool {
  readonly bufferSize: number
  readonly #slabs: Slabs
  readonly #budget: MemoryBudget
  /** Buffers that may ever be lent out at once, and those that may be now. */
  readonly #capacity: number
  #limit: number
  /** Buffers lent whatever others hold. */
  #own: number
  readonly #waiting: Waiter[] = []
  #lent = 0
  /** Buffers that are taken from the budget: at least those beyond the own ones. */
  #taken = 0
  /** Leaves the budget's line. */
  #leaveLine: (() => void) | undefined
  #hasAllocated = false
  /** Ordinary memory, as a small upload takes: it goes when it comes back, kernels would have to copy from it. */
  #first: Uint8Array | undefined
  #closed: { readonly reason: unknown } | undefined

  constructor({ bufferSize, maxMemory, ownBuffers, budget, slabs }: BufferPoolSettings) {
    this.#slabs = slabs
    this.#budget = budget
    this.bufferSize = bufferSize
    this.#capacity = Math.floor(maxMemory / bufferSize)
    this.#limit = this.#capacity
    this.#own = ownBuffers
    if (this.#capacity < 1) throw new RangeError('The budget holds not even one buffer')
  }

  /** Bytes lent out now. */
  get heldBytes(): number {
    return this.#lent * this.bufferSize
  }

  /** Somebody waits for a buffer; nobody does from the moment it is lent, though told only later. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /**
   * Lends from now on no more than `bytes` at once, in whole buffers; never more than the budget.
   * @param partSize bytes of the part that begins, whose buffers are lent whatever others hold
   */
  limitTo(bytes: number, partSize: number): void {
    this.#limit = Math.min(this.#capacity, this.#buffersFor(bytes))
    this.#own = this.#buffersFor(partSize)
    this.#giveUp()
    this.#serve()
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
    const buffer = this.#allocate()
    buffer.set(starter)
    this.#slabs.free(starter)
    return buffer
  }

  /** A buffer if one can be had at once; its content is arbitrary. */
  tryAcquire(): Uint8Array | undefined {
    if (this.#closed !== undefined || this.#waiting.length > 0) return undefined
    return this.#tryLend()
  }

  /** Waits for a buffer. Rejects with the reason given to `close`. */
  async acquire(): Promise<Uint8Array> {
    if (this.#closed !== undefined) throw this.#closed.reason
    const buffer = this.tryAcquire()
    if (buffer !== undefined) return buffer
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#standInLine()
    })
  }

  /** Takes buffers back; nobody may touch them afterwards. */
  release(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      // What others wait for goes to them first; whoever waits here stands in line behind them. Nor is
      // anything lent again that is beyond a limit which has been lowered.
      const isFree = this.#lent <= this.#limit && (this.#taken === 0 || !this.#budget.isContended)
      const isGood = buffer.byteLength === this.bufferSize && buffer !== this.#first
      const waiter = isFree && isGood && this.#waiting.shift()
      if (waiter) {
        waiter.resolve(buffer)
        continue
      }
      this.#lent--
      if (buffer === this.#first) this.#first = undefined
      this.#slabs.free(buffer)
      this.#giveUp()
    }
    this.#serve()
  }

  /** Rejects whoever waits. Buffers lent out may still be released. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason)
    this.#serve()
  }

  #buffersFor(bytes: number): number {
    return Math.max(1, Math.ceil(bytes / this.bufferSize))
  }

  #tryLend(): Uint8Array | undefined {
    if (this.#lent >= this.#limit) return undefined
    const isOwn = this.#lent - this.#taken < this.#own
    if (!isOwn && !this.#budget.tryTake(this.bufferSize)) return undefined
    return this.#lend(isOwn)
  }

  /** @param isOwn its bytes have not been taken from the budget */
  #lend(isOwn: boolean): Uint8Array {
    let buffer: Uint8Array
    try {
      buffer = this.#allocate()
    } catch (error) {
      // The machine has no memory left: that must not cost the others theirs for good.
      if (!isOwn) this.#budget.give(this.bufferSize)
      throw error
    }
    this.#lent++
    if (!isOwn) this.#taken++
    return buffer
  }

  /** Gives whoever has waited longest a buffer, if there is one: `false` if not. */
  #serveNext(lend: () => Uint8Array | undefined): boolean {
    const [waiter] = this.#waiting
    if (waiter === undefined) return false
    try {
      const buffer = lend()
      if (buffer === undefined) return false
      waiter.resolve(buffer)
    } catch (error) {
      // Theirs to be told, and nobody else's: it may be another upload that has given memory back.
      waiter.reject(error)
    }
    this.#waiting.shift()
    return true
  }

  #allocate(): Uint8Array {
    const isFirst = !this.#hasAllocated
    this.#hasAllocated = true
    const buffer = this.#slabs.allocate(this.bufferSize, isFirst)
    if (isFirst) this.#first = buffer
    return buffer
  }

  /** Gives the budget back what is not needed any more beside the own buffers. */
  #giveUp(): void {
    const needed = Math.max(0, this.#lent - this.#own)
    const surplus = this.#taken - needed
    if (surplus <= 0) return
    this.#taken = needed
    this.#budget.give(surplus * this.bufferSize)
  }

  /** Serves those who wait, as far as can be; for the others it stands in line. */
  #serve(): void {
    let isServed = true
    while (isServed) isServed = this.#serveNext(() => this.#tryLend())
    this.#standInLine()
  }

  #standInLine(): void {
    if (this.#waiting.length === 0 || this.#lent >= this.#limit) {
      this.#leaveLine?.()
      this.#leaveLine = undefined
      return
    }
    this.#leaveLine ??= this.#budget.wait(this.bufferSize, () => {
      this.#leaveLine = undefined
      this.#serveNext(() => this.#lend(false))
      this.#standInLine()
    })
  }
}
