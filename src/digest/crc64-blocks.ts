/**
 * CRC-64 of runs of bytes by the sparse kernel, a block at a time: the block is copied into the
 * kernel's memory, all but its end is taken out of it, and what that leaves is divided by TypeScript.
 * Keeps nothing between two calls, so that one serves all streams of a process.
 *
 *     memory:  zeros | block ............ | its end
 */
import { crc64 } from '../protocol/digest.js'
import { crc64Sparse, SPARSE_REACH, SPARSE_STEP } from './crc64-sparse-kernel.js'
import { emitModule } from './wasm-emitter.js'
import { wasmEngine } from './wasm-engine.js'

const PAGE = 64 * 1024

/** What one chunk of the network brings; it stays in the cache. A multiple of a step. */
const LONGEST = 64 * 1024
/** Of less most is end. */
const SHORTEST = 4 * SPARSE_REACH

const BLOCK = 2 * SPARSE_REACH
const END = BLOCK + LONGEST

/** The CRC-64 after which the next one begins with nothing in its register. */
const EMPTY_REGISTER = 2n ** 64n - 1n

type Sparse = (taken: number, from: number, to: number, steps: number) => void

export class Crc64Blocks {
  readonly #sparse: Sparse
  readonly #block: Buffer
  /** A Buffer as all chunks are: code that meets another kind of array, too, becomes half as fast. */
  readonly #end: Buffer
  /** The first eight bytes of a block. */
  readonly #first: DataView

  /** @throws what the engine throws where there is no WebAssembly, or no SIMD */
  constructor() {
    const pages = Math.ceil((END + SPARSE_REACH) / PAGE)
    const { Memory, Module, Instance } = wasmEngine()
    const memory = new Memory({ initial: pages, maximum: pages, shared: true })
    const { exports } = new Instance(new Module(emitModule([crc64Sparse])), {
      env: { memory, scratch: 0 },
    })
    if (!isSparse(exports)) throw new Error('The module does not export the kernel')
    this.#sparse = exports.crc64sparse
    this.#block = Buffer.from(memory.buffer, BLOCK, LONGEST)
    this.#end = Buffer.from(memory.buffer, END, SPARSE_REACH)
    this.#first = new DataView(memory.buffer, BLOCK, 8)
    // A wrong digest would fail every download, however often it was begun again.
    const known = Buffer.from(crc64Sparse.name.repeat(600))
    if (this.extend(1n, known) !== crc64(known, 1n)) throw new Error('The kernel is wrong')
  }

  /** Returns the CRC-64 of the bytes whose CRC-64 is `previous`, followed by `bytes`. */
  extend(previous: bigint, bytes: Uint8Array): bigint {
    let crc = previous
    let at = 0
    for (let left = bytes.byteLength; left >= SHORTEST; left = bytes.byteLength - at) {
      const size = Math.min(left - (left % SPARSE_STEP), LONGEST)
      crc = this.#extendBy(crc, bytes.subarray(at, at + size))
      at += size
    }
    return crc64(bytes.subarray(at), crc)
  }

  /** By one block: whole steps, from `SHORTEST` to `LONGEST` bytes. */
  #extendBy(previous: bigint, bytes: Uint8Array): bigint {
    const block = this.#block
    const main = bytes.byteLength - SPARSE_REACH
    block.set(bytes)
    // To begin with a register is to add it to the first bytes. The complement is CRC-64/XZ's own.
    const register = BigInt.asUintN(64, ~previous)
    this.#first.setBigUint64(0, this.#first.getBigUint64(0, true) ^ register, true)
    this.#sparse(BLOCK, BLOCK, BLOCK, main / SPARSE_STEP)
    // Of the end nothing is taken out: it only gets what is still to be added.
    this.#end.set(bytes.subarray(main))
    block.fill(0, main, bytes.byteLength)
    this.#sparse(BLOCK + main, END, END, SPARSE_REACH / SPARSE_STEP)
    return crc64(this.#end, EMPTY_REGISTER)
  }
}

function isSparse(exports: object): exports is { crc64sparse: Sparse } {
  return crc64Sparse.name in exports
}
