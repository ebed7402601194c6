/**
 * CRC-64 of one long stream by the sparse kernel. What the kernel has to look back at is kept with
 * the stream, so that its memory, which all streams of a process share, holds nothing between two
 * calls. The last bytes, of which nothing is taken out yet, are divided by TypeScript in the end.
 *
 *     kernel's memory:  taken out | still to come ................ | end
 *     a stream's own:   taken out | still to come
 */
import { type Crc64, crc64 } from '../protocol/digest.js'
import { crc64Sparse, SPARSE_REACH, SPARSE_STEP } from './crc64-sparse-kernel.js'
import { emitModule } from './wasm-emitter.js'
import { wasmEngine } from './wasm-engine.js'

const PAGE = 64 * 1024

/** Most bytes of one call of the kernel: what a chunk of the network brings. They stay in the cache. */
const LONGEST = 64 * 1024
/** Shorter chunks wait until there is so much to do. */
const GATHERED = 16 * 1024

/** Addresses in the kernel's memory. The kernel looks back from the first byte that is to come. */
const TAKEN = SPARSE_REACH
const COMING = TAKEN + SPARSE_REACH
const END = COMING + GATHERED + LONGEST
const MEMORY_SIZE = END + SPARSE_REACH + SPARSE_STEP

/** Shorter than a register. */
const REGISTER_SIZE = 8
/** The CRC-64 after which the next one begins with nothing in its register. */
const NOTHING = 2n ** 64n - 1n

type Sparse = (taken: number, from: number, to: number, steps: number) => void

/** The kernel and its memory: one for all streams of a process. */
export class SparseKernel {
  readonly run: Sparse
  /** A Buffer as all chunks are: code that meets another kind of array, too, becomes half as fast. */
  readonly bytes: Buffer

  /** @throws what the engine throws where there is no WebAssembly, or no SIMD */
  constructor() {
    const pages = Math.ceil(MEMORY_SIZE / PAGE)
    const { Memory, Module, Instance } = wasmEngine()
    const memory = new Memory({ initial: pages, maximum: pages })
    const { exports } = new Instance(new Module(emitModule([crc64Sparse], 'own')), {
      env: { memory, scratch: 0 },
    })
    if (!isSparse(exports)) throw new Error('The module does not export the kernel')
    this.run = exports.crc64sparse
    this.bytes = Buffer.from(memory.buffer)
    // A wrong digest would fail every download, however often it was begun again.
    const known = Buffer.from(crc64Sparse.name.repeat(2000))
    const own = new SparseCrc64(this, 1n)
    own.update(known)
    if (own.digest() !== crc64(known, 1n)) throw new Error('The kernel is wrong')
  }
}

export class SparseCrc64 implements Crc64 {
  readonly #kernel: SparseKernel
  readonly #kept = Buffer.alloc(SPARSE_REACH + GATHERED)
  /** Bytes kept of which nothing is taken out yet. */
  #coming = 0
  /** What the register holds before the first byte; `undefined` once it has been added to the first. */
  #before: bigint | undefined

  /** Goes on after the bytes whose CRC-64 is `before`. */
  constructor(kernel: SparseKernel, before: bigint) {
    this.#kernel = kernel
    this.#before = before
  }

  update(bytes: Uint8Array): void {
    if (this.#before !== undefined && bytes.byteLength < REGISTER_SIZE) {
      this.#before = crc64(bytes, this.#before)
      return
    }
    for (let at = 0; at < bytes.byteLength; at += LONGEST) {
      const piece = bytes.byteLength > LONGEST ? bytes.subarray(at, at + LONGEST) : bytes
      if (this.#coming + piece.byteLength <= GATHERED) this.#keep(piece)
      else this.#takeOut(piece)
    }
  }

  digest(): bigint {
    const kept = this.#kept
    if (this.#before !== undefined) return this.#before
    this.#takeOut(kept.subarray(0, 0))
    const { bytes, run } = this.#kernel
    const coming = this.#coming
    const steps = Math.ceil(coming / SPARSE_STEP)
    // Of the end nothing is taken out: it only gets what is still to be added.
    bytes.set(kept.subarray(0, SPARSE_REACH), TAKEN)
    bytes.fill(0, COMING, COMING + steps * SPARSE_STEP)
    bytes.set(kept.subarray(SPARSE_REACH, SPARSE_REACH + coming), END)
    run(COMING, END, END, steps)
    return crc64(bytes.subarray(END, END + coming), NOTHING)
  }

  #keep(bytes: Uint8Array): void {
    const at = SPARSE_REACH + this.#coming
    this.#kept.set(bytes, at)
    this.#addRegister(this.#kept, at)
    this.#coming += bytes.byteLength
  }

  /** Takes out all but the end of what is to come: of what is kept, and of `more` behind it. */
  #takeOut(more: Uint8Array): void {
    const { bytes, run } = this.#kernel
    const kept = SPARSE_REACH + this.#coming
    bytes.set(kept === this.#kept.byteLength ? this.#kept : this.#kept.subarray(0, kept), TAKEN)
    bytes.set(more, TAKEN + kept)
    this.#addRegister(bytes, COMING)
    const coming = this.#coming + more.byteLength
    const steps = Math.max(0, Math.floor((coming - SPARSE_REACH) / SPARSE_STEP))
    run(COMING, COMING, COMING, steps)
    const taken = steps * SPARSE_STEP
    this.#kept.set(bytes.subarray(TAKEN + taken, COMING + coming))
    this.#coming = coming - taken
  }

  /** To begin with a register is to add it to the first bytes. Its complement is CRC-64/XZ's own. */
  #addRegister(bytes: Buffer, at: number): void {
    if (this.#before === undefined) return
    const register = BigInt.asUintN(64, ~this.#before)
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) ^ register, at)
    this.#before = undefined
  }
}

function isSparse(exports: object): exports is { crc64sparse: Sparse } {
  return crc64Sparse.name in exports
}
