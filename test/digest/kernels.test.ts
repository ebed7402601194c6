import { describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import {
  instantiateJoint,
  instantiateKernels,
  JOINT_NAMES,
  jointArguments,
  type Kernels,
  kernelBytes,
  kernelModule,
  md5At,
  resetState,
  writeTables,
} from '../../src/digest/kernels.js'
import { CRC64_TABLES, MD5_CONSTANTS, SCRATCH, stateAt } from '../../src/digest/layout.js'
import { md5Constants } from '../../src/digest/md5-kernel.js'
import {
  type Code,
  choose,
  clear,
  emitModule,
  get,
  i32,
  i64,
  move,
  set,
} from '../../src/digest/wasm-emitter.js'
import { wasmEngine as engine, type WasmMemory } from '../../src/digest/wasm-engine.js'

function memory(prepare: (memory: WasmMemory) => void = writeTables): WasmMemory {
  const made = new Arena({ maxBytes: 1024 ** 2, prepare }).memory()
  if (made === undefined) throw new Error('This engine has no WebAssembly')
  return made
}

describe('the kernels', () => {
  it('are the same bytes every time, and not many', () => {
    expect(kernelBytes()).toEqual(kernelBytes())
    expect(kernelBytes().byteLength).toBeLessThan(16_000)
  })

  it('are compiled once a process', () => {
    expect(kernelModule()).toBe(kernelModule())
  })

  it('have the constants that RFC 1321 prints', () => {
    const [first, second] = md5Constants()
    expect([first, second, md5Constants().at(-1)]).toEqual([0xd76aa478, 0xe8c7b756, 0xeb86d391])
  })

  it('are believed on a memory with its tables', () => {
    expect(Object.keys(instantiateKernels(memory()))).toEqual(['md5x4', 'crc64', 'md5crc64x4'])
  })

  it.each(Array.from({ length: 64 }, (_, i) => i))(
    'are not believed with a wrong bit in MD5 constant %d',
    (index) => {
      const broken = memory((fresh) => {
        writeTables(fresh)
        const at = MD5_CONSTANTS + 16 * index + 4 * (index % 4)
        const bytes = new DataView(fresh.buffer)
        bytes.setUint32(at, bytes.getUint32(at, true) ^ (1 << (index % 32)), true)
      })
      expect(() => instantiateKernels(broken)).toThrow('do not compute')
    },
  )

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'are not believed with a wrong bit in CRC table %d',
    (table) => {
      const broken = memory((fresh) => {
        writeTables(fresh)
        const words = new Uint32Array(fresh.buffer, CRC64_TABLES + 2048 * table, 512)
        for (let i = 0; i < words.length; i++) words[i] = (words[i] ?? 0) ^ 1
      })
      expect(() => instantiateKernels(broken)).toThrow('do not compute')
    },
  )
})

describe.each(JOINT_NAMES)('the joint kernel %s', (name) => {
  const states = [stateAt(2), stateAt(3)] as const

  it('is believed where it does as the others do, and not where it does not', () => {
    const on = memory()
    const kernels = instantiateKernels(on)
    expect(instantiateJoint(name, on, kernels, states)).toBeTypeOf('function')
    const lazy = { md5x4: () => {} }
    expect(() => instantiateJoint(name, on, lazy, states)).toThrow('does not compute')
  })

  it.each([0b0000_0001, 0b0001_1111, 0b0111_1111, 0b1111_1111, 0b0110_0101])(
    'does as two times four for any blocks, with lanes %d',
    (mask) => {
      const on = memory()
      const kernels = instantiateKernels(on)
      const joint = instantiateJoint(name, on, kernels, states)
      for (const blocks of [0, 1, 2, 7]) {
        const calls = states.map((state, four) => {
          const from = [0, 1, 2, 3].map((lane) => CRC64_TABLES + 900 * (4 * four + lane))
          // The fifth message is always there.
          const lanes = name === 'md5x5' && four === 1 ? 1 : (mask >> (4 * four)) & 15
          return [state, ...from, blocks, lanes]
        })
        const [first = [], second = []] = calls
        const ways = [() => joint(...jointArguments(name, first, second)), plainly(kernels, calls)]
        const [together, plain] = ways.map((hash) => {
          for (const state of states) resetState(on, state)
          hash()
          return states.map((state) => [0, 1, 2, 3].map((lane) => md5At(on, state, lane)))
        })
        expect(together).toEqual(plain)
      }
    },
  )
})

function plainly({ md5x4 }: Kernels, calls: readonly number[][]): () => void {
  return () => {
    for (const call of calls) md5x4(...call)
  }
}

describe('the assembler', () => {
  it('moves, clears and chooses', () => {
    const fresh = memory(() => {})
    const words = new DataView(fresh.buffer)
    for (let i = 0; i < 4; i++) words.setBigUint64(80_000 + 8 * i, BigInt(i + 1), true)
    const at = (offset: number) => i32.const(80_000 + offset)
    const code = [move(at(8), at(0), i32.const(24)), clear(at(0), i32.const(8)), i64.load(at(8))]
    expect(stored(code, fresh)).toBe(1n)
    const seen = [0, 8, 16, 24].map((offset) => words.getBigUint64(80_000 + offset, true))
    expect(seen).toEqual([0n, 1n, 2n, 3n])
    const greater = (a: number, b: number) =>
      choose(i32.const(7), i32.const(-7), i32.isGreater(i32.const(a), i32.const(b)))
    expect(stored(i64FromI32(greater(2, 1)))).toBe(7n)
    expect(stored(i64FromI32(greater(1, 1)))).toBe(-7n)
  })

  it.each([
    0,
    1,
    63,
    64,
    -1,
    -64,
    -65,
    127,
    128,
    8191,
    8192,
    -8192,
    -8193,
    2 ** 31 - 1,
    -(2 ** 31),
  ])('writes the number %d as the engine reads it', (value) => {
    expect(stored(i64FromI32(i32.const(value)))).toBe(BigInt.asIntN(32, BigInt(value)))
  })

  it('writes addresses of more than one byte', () => {
    const fresh = memory(() => {})
    new DataView(fresh.buffer).setBigUint64(70_000, 42n, true)
    expect(stored(i64.load(i32.const(0), 70_000), fresh)).toBe(42n)
  })
})

/** An i32 as the low half of an i64, by i64.extend_i32_s. */
function i64FromI32(code: Code): Code {
  return [code, 0xac]
}

/** Runs code that leaves an i64. */
function stored(code: Code, on = memory(() => {})): bigint {
  const bytes = emitModule([
    {
      name: 'run',
      params: [],
      body: (_, local) => {
        const result = local('i64')
        return [set(result, code), i64.store(i32.const(0), get(result), 8)]
      },
    },
  ])
  const { Module, Instance } = engine()
  const { exports } = new Instance(new Module(bytes), { env: { memory: on, scratch: SCRATCH } })
  const run: unknown = Reflect.get(exports, 'run')
  if (typeof run !== 'function') throw new Error('Nothing to run')
  run()
  return new DataView(on.buffer).getBigInt64(8, true)
}
