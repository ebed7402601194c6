/**
 * Turns a stream of chunks into parts: copies bytes into pooled buffers, opens the parts of the
 * plan one after the other and hands each over when it is full and another byte comes (a full part
 * may be the last). It is where a writer waits, for memory or for the event loop.
 */
import { MAX_PARTS, type PartPlan, partSizeAt } from '../protocol/part-plan.js'
import type { BufferPool } from './buffer-pool.js'
import { Part, type PartOptions } from './part.js'

/** Who is asked and told by a filler; an object of methods, not of functions made for each upload. */
export interface PartFillerOwner {
  /** Told when a part of so many bytes begins; returns how it is to be hashed. */
  onOpen(partSize: number): PartOptions
  /** The writer has to wait until a part is done with its memory; `onMemory` when it need not any more. */
  onFullMemory(): void
  onMemory(): void
  /** Lets the event loop take one turn. */
  breathe(): Promise<void>
  /** Takes a full part over, with its buffers. */
  onFull(part: Part): void
  /** A byte has come that needs part 10,001; returns what to throw. */
  onPartLimit(): Error
}

/** Gives way to the event loop after so many bytes: hashing them takes about 2 ms. */
const BREATH = 1024 * 1024

export class PartFiller {
  readonly #plan: PartPlan
  readonly #pool: BufferPool
  readonly #owner: PartFillerOwner
  #filling: Part | undefined
  /** Part number of the part that was handed over last. */
  #handedOver = 0
  #sinceBreath = 0
  #bytes = 0
  /** The part being filled has a small buffer for now: it is the first, and may stay small. */
  #hasStarter = false
  #closed: { readonly reason: unknown } | undefined

  constructor(plan: PartPlan, pool: BufferPool, owner: PartFillerOwner) {
    this.#plan = plan
    this.#pool = pool
    this.#owner = owner
  }

  /** Bytes taken in so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Parts handed over so far, and those that were skipped. */
  get parts(): number {
    return this.#handedOver
  }

  /**
   * Takes all of `chunk`. Returns a promise only if it has to wait; until that settles it must not
   * be called again. The chunk may be overwritten afterwards: nothing of it is kept.
   */
  append(chunk: Uint8Array): Promise<void> | undefined {
    const taken = this.#take(chunk, 0)
    if (taken === chunk.byteLength && this.#sinceBreath < BREATH) return undefined
    return this.#appendRest(chunk, taken)
  }

  /**
   * Takes over a buffer of the pool that holds the next `length` bytes, all of one part. It gives the
   * buffer back in any case, and hands the part over if it is full and is not the last.
   */
  async take(buffer: Uint8Array, length: number, isLast: boolean): Promise<void> {
    if (this.#closed !== undefined) this.#pool.release([buffer])
    this.#assertOpen()
    const part = this.#openPart()
    part.addBuffer(buffer)
    for (let left = length; left > 0; ) {
      const count = part.isWatched ? Math.min(left, BREATH - this.#sinceBreath) : left
      part.advance(count)
      left -= count
      this.#sinceBreath += count
      this.#bytes += count
      if (this.#sinceBreath < BREATH) continue
      await this.#owner.breathe()
      this.#sinceBreath = 0
      this.#assertOpen()
    }
    if (part.isFull && !isLast) this.#handOver()
  }

  /** Begins behind the first `parts` parts, of `bytes` bytes, which an earlier run has stored. */
  skip(parts: number, bytes: number): void {
    this.#handedOver = parts
    this.#bytes = bytes
  }

  /** Hands the last part over, full or not; `undefined` if there never was a byte for it. */
  takeLast(): Part | undefined {
    const last = this.#filling
    this.#filling = undefined
    if (last !== undefined) {
      last.close()
      this.#handedOver = last.partNumber
    }
    return last
  }

  /** Gives the buffers of the part being filled back; an append that waits rejects with `reason`. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    const last = this.takeLast()
    if (last !== undefined) this.#pool.release(last.buffers)
  }

  /** Copies from `chunk` what fits without waiting; returns the offset it came to. */
  #take(chunk: Uint8Array, from: number): number {
    let offset = from
    while (offset < chunk.byteLength && this.#sinceBreath < BREATH) {
      const part = this.#openPart()
      if (part.needsBuffer && !this.#provide(part, chunk.byteLength - offset)) break
      const end = Math.min(chunk.byteLength, offset + BREATH - this.#sinceBreath)
      const count = part.append(chunk, offset, end)
      offset += count
      this.#sinceBreath += count
      this.#bytes += count
    }
    return offset
  }

  /** Gives the part room for more bytes, if that can be had without waiting. */
  #provide(part: Part, bytes: number): boolean {
    const pool = this.#pool
    if (this.#hasStarter) {
      this.#hasStarter = false
      part.replaceBuffer((starter) => pool.exchangeStarter(starter))
      return true
    }
    const starter = this.#bytes === 0 ? pool.tryStart(bytes) : undefined
    this.#hasStarter = starter !== undefined
    const buffer = starter ?? pool.tryAcquire()
    if (buffer !== undefined) part.addBuffer(buffer)
    return buffer !== undefined
  }

  async #appendRest(chunk: Uint8Array, from: number): Promise<void> {
    let offset = from
    for (;;) {
      if (this.#sinceBreath >= BREATH) {
        await this.#owner.breathe()
        this.#sinceBreath = 0
      } else {
        this.#owner.onFullMemory()
        const buffer = await this.#pool.acquire()
        this.#owner.onMemory()
        // The upload may have ended in the meantime; then this buffer has no part to go to.
        if (this.#closed !== undefined) this.#pool.release([buffer])
        else this.#openPart().addBuffer(buffer)
      }
      this.#assertOpen()
      offset = this.#take(chunk, offset)
      if (offset === chunk.byteLength && this.#sinceBreath < BREATH) return
    }
  }

  #openPart(): Part {
    if (this.#filling?.isFull) this.#handOver()
    if (this.#filling !== undefined) return this.#filling
    const partNumber = this.#handedOver + 1
    if (partNumber > MAX_PARTS) throw this.#owner.onPartLimit()
    const size = partSizeAt(partNumber, this.#plan)
    this.#filling = new Part(partNumber, size, this.#owner.onOpen(size))
    return this.#filling
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw this.#closed.reason
  }

  #handOver(): void {
    const full = this.takeLast()
    if (full !== undefined) this.#owner.onFull(full)
  }
}
