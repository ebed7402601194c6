/**
 * Part buffers in memory that the kernels can read: slabs of any size in one shared
 * WebAssembly.Memory, so that no byte is copied to be hashed, here or in the worker. Lends slabs
 * and takes them back; how many a stream may hold is its pool's business, not this one's.
 *
 * The memory is shared because growing then leaves the views of slabs lent out alone. It never
 * shrinks: `trim()` lets go of it as a whole once no slab is lent, and the next slab starts anew.
 */
import { FIRST_SLAB } from './layout.js'
import { type WasmMemory, wasmEngine } from './wasm-engine.js'

const PAGE = 65_536
/** Slabs begin at, and are rounded up to, pages of the operating system. */
const GRAIN = 4096

/** A run of bytes that is free. */
interface Span {
  offset: number
  length: number
}

export interface ArenaSettings {
  /** Most bytes of the memory, tables included: up to 4 GiB. Reserved as addresses, not as memory. */
  readonly maxBytes: number
  /** Called with each new memory, before it is used. */
  prepare(memory: WasmMemory): void
}

export class Arena {
  readonly #settings: ArenaSettings
  #memory: WasmMemory | undefined
  /** Every buffer the memory has had: each growth makes another, over the same bytes. */
  #buffers = new WeakSet<ArrayBufferLike>()
  /** Ascending, with something lent between any two. */
  #free: Span[] = []
  /** Slabs lent out: offset → length. */
  readonly #lent = new Map<number, number>()
  #unavailable = false

  constructor(settings: ArenaSettings) {
    this.#settings = settings
  }

  /** Bytes of the slabs lent out now. */
  get lentBytes(): number {
    return [...this.#lent.values()].reduce((sum, length) => sum + length, 0)
  }

  /** Bytes of the memory now; of these only what was written to takes real memory. */
  get size(): number {
    return this.#memory?.buffer.byteLength ?? 0
  }

  /** The memory, created on first use; `undefined` if the engine refuses one. */
  memory(): WasmMemory | undefined {
    if (this.#memory !== undefined || this.#unavailable) return this.#memory
    try {
      const initial = Math.ceil(FIRST_SLAB / PAGE)
      const maximum = Math.max(initial, Math.floor(this.#settings.maxBytes / PAGE))
      const memory = new (wasmEngine().Memory)({ initial, maximum, shared: true })
      this.#settings.prepare(memory)
      this.#buffers.add(memory.buffer)
      this.#memory = memory
    } catch {
      // No WebAssembly, or no addresses to reserve (`ulimit -v`): asking again would not help.
      this.#unavailable = true
    }
    return this.#memory
  }

  /**
   * Lends a slab of exactly `size` bytes, its content arbitrary, or `undefined` if there is no room
   * or no memory: then an ordinary buffer does as well, at the cost of a copy when it is hashed.
   */
  tryAllocate(size: number): Buffer | undefined {
    const memory = this.memory()
    if (memory === undefined || size <= 0) return undefined
    const length = Math.ceil(size / GRAIN) * GRAIN
    const offset = this.#take(length) ?? this.#grow(memory, length)
    if (offset === undefined) return undefined
    this.#lent.set(offset, length)
    return Buffer.from(memory.buffer, offset, size)
  }

  /** Takes a slab back. Nobody may touch it afterwards. @throws {RangeError} if it was not lent */
  free(slab: Uint8Array): void {
    const offset = slab.byteOffset
    const length = this.#buffers.has(slab.buffer) ? this.#lent.get(offset) : undefined
    if (length === undefined) throw new RangeError('The slab is not lent from this arena')
    this.#lent.delete(offset)
    this.#give({ offset, length })
  }

  /** Whether `bytes` lie in the memory as it is now, so that `byteOffset` is their address. */
  holds(bytes: Uint8Array): boolean {
    return this.#buffers.has(bytes.buffer)
  }

  /**
   * Lets go of the memory if no slab is lent; returns whether it did. The system has it back when
   * the garbage collector has seen that nobody, the worker included, still refers to it.
   */
  trim(): boolean {
    if (this.#memory === undefined || this.#lent.size > 0) return false
    this.#memory = undefined
    this.#buffers = new WeakSet()
    this.#free = []
    return true
  }

  /** Takes `length` bytes from the first free run that has them. */
  #take(length: number): number | undefined {
    const index = this.#free.findIndex((span) => span.length >= length)
    const span = this.#free[index]
    if (span === undefined) return undefined
    const { offset } = span
    span.offset += length
    span.length -= length
    if (span.length === 0) this.#free.splice(index, 1)
    return offset
  }

  #grow(memory: WasmMemory, length: number): number | undefined {
    const end = memory.buffer.byteLength
    const last = this.#free.at(-1)
    const atEnd = last !== undefined && last.offset + last.length === end ? last.length : 0
    const pages = Math.ceil((length - atEnd) / PAGE)
    if (end + pages * PAGE > this.#settings.maxBytes) return undefined
    try {
      memory.grow(pages)
    } catch {
      return undefined
    }
    this.#buffers.add(memory.buffer)
    this.#give({ offset: end, length: pages * PAGE })
    return this.#take(length)
  }

  /** Puts a run among the free ones and joins it with its neighbours. */
  #give(span: Span): void {
    const at = this.#free.findIndex(({ offset }) => offset > span.offset)
    const index = at === -1 ? this.#free.length : at
    const before = this.#free[index - 1]
    const after = this.#free[index]
    const joinsAfter = after !== undefined && span.offset + span.length === after.offset
    if (joinsAfter) {
      after.offset = span.offset
      after.length += span.length
    } else {
      this.#free.splice(index, 0, span)
    }
    const joined = joinsAfter ? after : span
    if (before !== undefined && before.offset + before.length === joined.offset) {
      before.length += joined.length
      this.#free.splice(index, 1)
    }
  }
}
