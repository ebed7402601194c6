/**
 * CRC-64 of one long stream, in the order of its bytes. Begins in TypeScript; once it has seen enough
 * to be worth it, by a kernel, which takes a quarter of the time.
 */
import { type Crc64, createCrc64 } from '../protocol/digest.js'

/** Bytes after which the kernel is loaded: it takes as long to get ready as to hash about these. */
const WORTH_BYTES = 4 * 1024 * 1024
/** Bytes after which it is asked once it is there: what it keeps of a stream has to be made room for. */
const WORTH_ASKING_BYTES = 128 * 1024

/** Goes on by the kernel after the bytes whose CRC-64 is `before`. */
type Resume = (before: bigint) => Crc64

let resume: Resume | undefined
let loading: Promise<boolean> | undefined

/** Loads the kernel, once a process; resolves with whether there is one. Never rejects. */
export function loadSparseCrc64(): Promise<boolean> {
  loading ??= import('./sparse-crc64.js').then(
    ({ SparseKernel, SparseCrc64 }) => {
      try {
        const kernel = new SparseKernel()
        resume = (before) => new SparseCrc64(kernel, before)
      } catch {
        // There is no WebAssembly, or one without SIMD: TypeScript goes on, and nothing is lost.
      }
      return resume !== undefined
    },
    // The same, for a bundler that left the file out.
    () => false,
  )
  return loading
}

export class StreamCrc64 implements Crc64 {
  #running = createCrc64()
  #seen = 0
  #isPlain = true

  update(bytes: Uint8Array): void {
    if (this.#isPlain) this.#resume(bytes)
    this.#running.update(bytes)
  }

  digest(): bigint {
    return this.#running.digest()
  }

  /** Leaves the rest to the kernel if that is worth it. */
  #resume({ byteLength }: Uint8Array): void {
    this.#seen += byteLength
    if (resume === undefined) {
      // Nobody waits for it: one of the next chunks will find it.
      if (this.#seen > WORTH_BYTES) void loadSparseCrc64()
    } else if (this.#seen > WORTH_ASKING_BYTES) {
      this.#running = resume(this.#running.digest())
      this.#isPlain = false
    }
  }
}
