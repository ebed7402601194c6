/** Most answers of success have no body, and each would make its own empty one. */
export const NO_BYTES = Buffer.alloc(0)

/**
 * The bytes of an answer in one buffer that grows with them. A list of the pieces as they come would
 * let a server that sends every byte in a chunk of its own fill a hundred times their memory.
 */
export class GatheredBytes {
  #buffer: Buffer = NO_BYTES
  #length = 0

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array): void {
    const length = this.#length + bytes.byteLength
    if (length > this.#buffer.byteLength) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#buffer.byteLength))
      grown.set(this.bytes())
      this.#buffer = grown
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = length
  }

  /** A view of the first `limit` bytes. */
  bytes(limit: number = this.#length): Buffer {
    return this.#buffer.subarray(0, Math.min(limit, this.#length))
  }
}
