/**
 * CRC-64 of one long stream, in the order of its bytes. Begins in TypeScript; once it has seen enough
 * to be worth it, by the kernels, which take half the time.
 */
import { type Crc64, createCrc64 } from '../protocol/digest.js'
import type { Crc64Blocks } from './crc64-blocks.js'

/** Bytes after which the kernels are loaded: they take as long to get ready as to hash about these. */
const WORTH_BYTES = 8 * 1024 * 1024

let blocks: Crc64Blocks | undefined
let loading: Promise<boolean> | undefined

/** Loads the kernels, once a process; resolves with whether there are any. Never rejects. */
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
    if (this.#seen <= WORTH_BYTES) {
      this.#plain.update(bytes)
      return
    }
    if (blocks === undefined) {
      this.#plain.update(bytes)
      // Nobody waits for it: one of the next chunks will find them.
      void loadCrc64Blocks()
      return
    }
    this.#plain = createCrc64(blocks.extend(this.#plain.digest(), bytes))
  }

  digest(): bigint {
    return this.#plain.digest()
  }
}
