/**
 * One part while it fills: bytes are copied in once and hashed as they come, by stride rather than
 * by write, because a hash update costs more than the copy of a small chunk. Knows no server.
 */
import { createCrc64, createMd5, md5Of } from '../protocol/digest.js'
import type { BodyDigests } from './upload-target.js'

/** Which digests of the bytes are computed before they are sent. */
export interface DigestChoice {
  readonly md5: boolean
  readonly crc64: boolean
}

/** Sees the bytes of all parts, in order. */
export interface Witness {
  update(bytes: Uint8Array): void
}

/** Bytes hashed at a time: large enough to amortise the call, small enough to stay in the cache. */
const STRIDE = 64 * 1024

const EMPTY = new Uint8Array(0)

/** The bytes of a part, in order, and their digests. */
export interface SealedPart {
  readonly body: readonly Uint8Array[]
  readonly digests: BodyDigests
}

/** MD5 of all bytes of a message, which must not change until it is there. */
export type MessageHash = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** How a part is hashed. */
export interface PartOptions {
  readonly digests: DigestChoice
  /** Compute them as bytes come; otherwise somebody else does, once the part is full. */
  readonly hashesAsItFills: boolean
  readonly witness?: Witness | undefined
}

export class Part {
  readonly partNumber: number
  /** Bytes it holds when full. */
  readonly capacity: number
  /** Its digests are computed as bytes come. */
  readonly isHashed: boolean
  readonly #buffers: Uint8Array[] = []
  readonly #hashesMd5: boolean
  /** There is none before there is something to hash beside the last bytes of a part. */
  #md5: ReturnType<typeof createMd5> | undefined
  readonly #crc64: ReturnType<typeof createCrc64> | undefined
  readonly #witness: Witness | undefined
  #size = 0
  /** Bytes used of the last buffer, and how many of these are hashed. */
  #used = 0
  #hashed = 0

  constructor(partNumber: number, capacity: number, options: PartOptions) {
    const { digests, hashesAsItFills, witness } = options
    this.isHashed = hashesAsItFills
    this.partNumber = partNumber
    this.capacity = capacity
    this.#hashesMd5 = hashesAsItFills && digests.md5
    this.#witness = witness
    this.#crc64 = hashesAsItFills && digests.crc64 ? createCrc64() : undefined
  }

  /** Bytes in it. */
  get size(): number {
    return this.#size
  }

  /** Whether its bytes are looked at as they come, which takes time. */
  get isWatched(): boolean {
    return this.isHashed || this.#witness !== undefined
  }

  get isFull(): boolean {
    return this.#size === this.capacity
  }

  /** Whether it must be given a buffer before it can take another byte. */
  get needsBuffer(): boolean {
    const last = this.#buffers.at(-1)
    return last === undefined || this.#used === last.byteLength
  }

  /** Its buffers, to be given back to the pool they came from. */
  get buffers(): readonly Uint8Array[] {
    return this.#buffers
  }

  /** Adds an empty buffer; the part borrows it until its owner releases `buffers`. */
  addBuffer(buffer: Uint8Array): void {
    this.#hashUpTo(0)
    this.#buffers.push(buffer)
    this.#used = 0
    this.#hashed = 0
  }

  /** Puts a larger buffer with the same content in the place of its only one. */
  replaceBuffer(exchange: (buffer: Uint8Array) => Uint8Array): void {
    // Until there is another one it keeps what it has.
    const [whole] = this.#buffers.slice(0, 1).map(exchange)
    if (whole !== undefined) this.#buffers.splice(0, 1, whole)
  }

  /** Copies from `chunk[start, end)` what fits into the last buffer; returns how many bytes. */
  append(chunk: Uint8Array, start: number, end: number): number {
    const buffer = this.#buffers.at(-1)
    if (buffer === undefined) return 0
    const room = Math.min(buffer.byteLength - this.#used, this.capacity - this.#size)
    const count = Math.min(room, end - start)
    // Most chunks fit as they are, and a view of each would be garbage.
    const isWhole = count === chunk.byteLength
    buffer.set(isWhole ? chunk : chunk.subarray(start, start + count), this.#used)
    this.#used += count
    this.#size += count
    this.#hashUpTo(STRIDE)
    return count
  }

  /** Counts `count` bytes that stand in the last buffer already. */
  advance(count: number): void {
    this.#used += count
    this.#size += count
    this.#hashUpTo(STRIDE)
  }

  /** No byte comes any more: the witness must have seen all, before it sees one of the next part. */
  close(): void {
    if (this.#witness !== undefined) this.#hashUpTo(0)
  }

  /** Ends the part. Without `isHashed` the digests are yet to be computed. */
  seal(): SealedPart {
    if (this.#isUnhashed) return { body: this.#body, digests: { md5: md5Of(this.#message) } }
    this.#hashUpTo(0)
    const md5 = this.#hashesMd5 ? (this.#md5 ?? createMd5()).digest() : undefined
    return { body: this.#body, digests: { md5, crc64: this.#crc64?.digest() } }
  }

  /** As `seal`; what is small is hashed by `hash`, and the part is to be left alone until then. */
  async sealBy(hash: MessageHash = md5Of): Promise<SealedPart> {
    if (!this.#isUnhashed) return this.seal()
    return { body: this.#body, digests: { md5: await hash(this.#message) } }
  }

  /** So small, or empty, that it is cheaper to hash it in one go. */
  get #isUnhashed(): boolean {
    const isUntouched = this.#md5 === undefined && this.#crc64 === undefined
    return this.#hashesMd5 && isUntouched && this.#witness === undefined
  }

  get #body(): Uint8Array[] {
    const body = this.#buffers.slice()
    const last = body.pop()?.subarray(0, this.#used)
    if (last !== undefined) body.push(last)
    return body
  }

  /** The bytes of the last buffer: all, if none has been hashed. */
  get #message(): Uint8Array {
    return this.#buffers.at(-1)?.subarray(0, this.#used) ?? EMPTY
  }

  /** Hashes what is not yet, if it is at least `atLeast` bytes. */
  #hashUpTo(atLeast: number): void {
    const buffer = this.#buffers.at(-1)
    const count = this.#used - this.#hashed
    if (!this.isWatched || buffer === undefined || count === 0 || count < atLeast) return
    const bytes = buffer.subarray(this.#hashed, this.#used)
    if (this.#hashesMd5) {
      this.#md5 ??= createMd5()
      this.#md5.update(bytes)
    }
    this.#crc64?.update(bytes)
    this.#witness?.update(bytes)
    this.#hashed = this.#used
  }
}
