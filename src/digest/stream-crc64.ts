/**
 * CRC-64 of one long stream, in the order of its bytes. Begins in TypeScript; once it has seen enough
 * to be worth it, by a kernel, which takes a quarter of the time.
 */
import { type Crc64, createCrc64 } from '../protocol/digest.js'
import type { Crc64Blocks } from './crc64-blocks.js'

/** Bytes after which the kernel is loaded: it takes as long to get ready as to hash about these. */
const WORTH_BYTES = 4 * 1024 * 1024
/** Shorter chunks stay with TypeScript, which has less to do before the first byte. */
const SHORT_BYTES = 8 * 1024

let blocks: Crc64Blocks | undefined
let loading: Promise<boolean> | undefined

/** Loads the kernel, once a process; resolves with whether there is one. Never rejects. */
export function loadCrc64Blocks(): Promise<boolean> {
  loading ??= import('./crc64-blocks.js').then(
    (module) => {
      try {
        blocks = new module.Crc64Blocks()
      } catch {
        // There is no WebAssembly, or one without SIMD: TypeScript goes on, and nothing is lost.
      }
      return blocks !== undefined
    },
    // The same, for a bundler that left the file out.
    () => false,
  )
  return loading
}

export class StreamCrc64 implements Crc64 {
  #plain = createCrc64()
  #seen = 0

  update(bytes: Uint8Array): void {
    this.#seen += bytes.byteLength
    if (blocks !== undefined && this.#seen > WORTH_BYTES && bytes.byteLength >= SHORT_BYTES) {
      this.#plain = createCrc64(blocks.extend(this.#plain.digest(), bytes))
      return
    }
    this.#plain.update(bytes)
    // Nobody waits for it: one of the next chunks will find it.
    if (blocks === undefined && this.#seen > WORTH_BYTES) void loadCrc64Blocks()
  }

  digest(): bigint {
    return this.#plain.digest()
  }
}
