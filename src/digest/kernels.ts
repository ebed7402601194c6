/**
 * The kernels made ready: assembled and compiled once a process, on first use; a memory given its
 * tables; an instance on a memory, believed only after it has agreed with node:crypto.
 */
import { createHash } from 'node:crypto'
import { crc64 } from '../protocol/digest.js'
import { crc64Kernel, crc64Tables } from './crc64-kernel.js'
import { CRC64_STATE, CRC64_TABLES, LANES, MD5_STATE, SCRATCH, stateAt } from './layout.js'
import { md5Crc64Kernel } from './md5-crc64-kernel.js'
import { md5x5 } from './md5-five-kernel.js'
import { MD5_START, md5x4, writeMd5Tables } from './md5-kernel.js'
import { md5x8 } from './md5-wide-kernel.js'
import { emitModule, type FunctionSource } from './wasm-emitter.js'
import { type WasmMemory, type WasmModule, wasmEngine } from './wasm-engine.js'

/** The exported functions, in the order in which calls name them. All arguments are i32. */
export const KERNELS = ['md5x4', 'crc64', 'md5crc64x4'] as const
export type KernelName = (typeof KERNELS)[number]
export type Kernel = (...args: readonly number[]) => void
export type Kernels = Readonly<Record<KernelName, Kernel>>

/** Kernels of more than four parts at once, which few processes need. */
export const JOINT_NAMES = ['md5x5', 'md5x8'] as const
export type JointName = (typeof JOINT_NAMES)[number]
const JOINT: Readonly<Record<JointName, FunctionSource>> = { md5x5, md5x8 }

/** The module's bytes: the same every time. */
export function kernelBytes(): Uint8Array {
  return emitModule([md5x4, crc64Kernel, md5Crc64Kernel(0)])
}

let compiled: WasmModule | undefined

/**
 * Returns the module, compiled on the first call: a few milliseconds, once a process.
 * @throws whatever the engine throws where there is no WebAssembly or no SIMD
 */
export function kernelModule(): WasmModule {
  compiled ??= new (wasmEngine().Module)(kernelBytes())
  return compiled
}

const compiledJoint = new Map<JointName, WasmModule>()

/** The same for a joint kernel, each a module of its own: to assemble one takes as long as all others. */
export function jointModule(name: JointName): WasmModule {
  const module = compiledJoint.get(name) ?? new (wasmEngine().Module)(emitModule([JOINT[name]]))
  compiledJoint.set(name, module)
  return module
}

/** What a joint kernel is called with for two calls of `md5x4`; for five the second has one lane only. */
export function jointArguments(
  name: JointName,
  first: readonly number[],
  second: readonly number[],
): number[] {
  return [...first, ...(name === 'md5x5' ? second.slice(0, 2) : second)]
}

/** Writes the tables that the kernels read into a fresh memory. */
export function writeTables(memory: WasmMemory): void {
  const { buffer } = memory
  writeMd5Tables(buffer)
  const tables = crc64Tables()
  new Int32Array(buffer, CRC64_TABLES, tables.length).set(tables)
}

/**
 * Returns the kernels on a memory that has its tables, after a look whether they compute what
 * node:crypto does: a wrong digest would fail every part, however often it was sent again.
 * @throws {Error} if they do not, or whatever the engine throws
 */
export function instantiateKernels(memory: WasmMemory): Kernels {
  const { exports } = new (wasmEngine().Instance)(kernelModule(), {
    env: { memory, scratch: SCRATCH },
  })
  if (!areKernels(exports)) throw new Error('The module does not export the kernels')
  if (!agrees(exports, memory)) throw new Error('The kernels do not compute the digests')
  return exports
}

/**
 * Returns a joint kernel, after a look whether it does as `md5x4`, in two states that are free.
 * @throws as {@link instantiateKernels}
 */
export function instantiateJoint(
  name: JointName,
  memory: WasmMemory,
  { md5x4 }: Pick<Kernels, 'md5x4'>,
  states: readonly [number, number],
): Kernel {
  const env = { memory, scratch: SCRATCH }
  const { exports } = new (wasmEngine().Instance)(jointModule(name), { env })
  const kernel: unknown = Reflect.get(exports, name)
  if (!isKernel(kernel)) throw new Error('The module does not export the kernel')
  const [first, second] = states.map((state, four) => {
    const from = Array.from({ length: LANES }, (_, lane) => CRC64_TABLES + 64 * (9 * four + lane))
    return [state, ...from, 3, four === 1 && name === 'md5x5' ? 1 : 15]
  })
  if (first === undefined || second === undefined) throw new RangeError('No two states')
  const ways = [
    () => kernel(...jointArguments(name, first, second)),
    () => [first, second].map((call) => md5x4(...call)),
  ]
  const [joint, plain] = ways.map((hash) => {
    for (const state of states) resetState(memory, state)
    hash()
    return states.map((state) => [0, 1, 2, 3].map((lane) => md5At(memory, state, lane))).join()
  })
  if (joint !== plain) throw new Error('The kernel does not compute the digests')
  return kernel
}

/** Puts the state at `state` to what both digests start from. */
export function resetState(memory: WasmMemory, state: number): void {
  const start = MD5_START.flatMap((word) => Array<number>(LANES).fill(word))
  new Uint32Array(memory.buffer, state + MD5_STATE, start.length).set(start)
  new Uint32Array(memory.buffer, state + CRC64_STATE, 2 * LANES).fill(0xffffffff)
}

/** MD5 of a lane, once its padding has been absorbed. */
export function md5At(memory: WasmMemory, state: number, lane: number): Uint8Array {
  const words = new Uint32Array(memory.buffer, state + MD5_STATE, 4 * LANES)
  const digest = new DataView(new ArrayBuffer(16))
  for (let i = 0; i < 4; i++) digest.setUint32(4 * i, words[LANES * i + lane] ?? 0, true)
  return new Uint8Array(digest.buffer)
}

/** CRC-64 of what a lane has absorbed. */
export function crc64At(memory: WasmMemory, state: number, lane: number): bigint {
  const word = new DataView(memory.buffer).getBigUint64(state + CRC64_STATE + 8 * lane, true)
  return BigInt.asUintN(64, ~word)
}

function areKernels(exports: object): exports is Kernels {
  return KERNELS.every((name) => name in exports)
}

function isKernel(value: unknown): value is Kernel {
  return typeof value === 'function'
}

/** Hashes some of the tables themselves; their MD5 is that of the padding, too, by hashing that. */
function agrees(kernels: Kernels, memory: WasmMemory): boolean {
  const state = stateAt(0)
  const crcs = state + CRC64_STATE
  const from = Array.from({ length: LANES }, (_, lane) => CRC64_TABLES + 2048 * lane + 192)
  // A few more than are looked up at the end.
  const blocks = 28
  const padding = Buffer.alloc(64)
  padding[0] = 0x80
  padding.writeUInt32LE(512 * blocks, 56)
  const padAt = state + 512
  new Uint8Array(memory.buffer, padAt, 64).set(padding)
  const expected = from.map((address) => {
    const bytes = new Uint8Array(memory.buffer, address, 64 * blocks)
    return { md5: createHash('md5').update(bytes).digest(), crc64: crc64(bytes) }
  })
  const ways = [
    () => {
      kernels.md5x4(state, ...from, blocks, 15)
      for (const [lane, address] of from.entries()) kernels.crc64(crcs + 8 * lane, address, blocks)
    },
    () => kernels.md5crc64x4(state, ...from, blocks, 15),
  ]
  return ways.every((hash) => {
    resetState(memory, state)
    hash()
    kernels.md5x4(state, padAt, padAt, padAt, padAt, 1, 15)
    return expected.every(
      ({ md5, crc64 }, lane) =>
        md5.equals(md5At(memory, state, lane)) && crc64 === crc64At(memory, state, lane),
    )
  })
}
