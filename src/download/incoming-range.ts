/** One range on its way: bytes go in as they come and out in the same order, without being copied. */
import type { Span } from './ranges.js'

/** Shorter chunks are gathered: a thousand buffers of ten bytes occupy far more than their bytes. */
const SHORT_BYTES = 2048
const GATHER_BYTES = 16 * 1024

export class IncomingRange implements Span {
  readonly start: number
  /** Exclusive. */
  end: number
  /** Whether the call that brings the bytes is over. */
  isOver = false
  readonly #chunks: Uint8Array[] = []
  #next = 0
  #received = 0
  #gathered: Buffer | undefined
  #gatheredBytes = 0

  constructor({ start, end }: Span) {
    this.start = start
    this.end = end
  }

  /** Bytes from `start` to `end`. */
  get length(): number {
    return this.end - this.start
  }

  /** Bytes received so far. */
  get received(): number {
    return this.#received
  }

  /** Whether everything has come and has been taken. */
  get isFinished(): boolean {
    return this.isOver && this.#chunks.length === 0 && this.#gatheredBytes === 0
  }

  append(bytes: Uint8Array): void {
    this.#received += bytes.byteLength
    if (bytes.byteLength >= SHORT_BYTES) {
      this.#flush()
      this.#chunks.push(bytes)
      return
    }
    if (this.#gatheredBytes + bytes.byteLength > GATHER_BYTES) this.#flush()
    this.#gathered ??= Buffer.allocUnsafeSlow(GATHER_BYTES)
    this.#gathered.set(bytes, this.#gatheredBytes)
    this.#gatheredBytes += bytes.byteLength
  }

  /** The next bytes in order, if there are any. */
  take(): Uint8Array | undefined {
    if (this.#next === this.#chunks.length) this.#flush()
    const bytes = this.#chunks[this.#next]
    if (bytes === undefined) return undefined
    this.#chunks[this.#next] = NONE
    this.#next += 1
    if (this.#next === this.#chunks.length) {
      this.#chunks.length = 0
      this.#next = 0
    }
    return bytes
  }

  #flush(): void {
    if (this.#gathered === undefined || this.#gatheredBytes === 0) return
    const exact = Buffer.allocUnsafeSlow(this.#gatheredBytes)
    this.#gathered.copy(exact, 0, 0, this.#gatheredBytes)
    this.#chunks.push(exact)
    this.#gatheredBytes = 0
  }
}

/** Stands where a chunk was, so that it is not held. */
const NONE = new Uint8Array(0)
