import { describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import { foldScratchSize } from '../../src/digest/crc64-fold.js'
import { crc64At, instantiateKernels, resetState, writeTables } from '../../src/digest/kernels.js'
import { CRC64_STATE, FIRST_SLAB, SCRATCH, SCRATCH_SIZE, stateAt } from '../../src/digest/layout.js'
import { crc64 } from '../../src/protocol/digest.js'
import { noise, slabOf } from '../helpers/new-hasher.js'

const arena = new Arena({ maxBytes: 16 * 1024 ** 2, prepare: writeTables })
const memory = arena.memory()
if (memory === undefined) throw new Error('This engine has no WebAssembly')
const kernels = instantiateKernels(memory)
const state = stateAt(0)
const crcs = state + CRC64_STATE
const lanes = [0, 1, 2, 3].map((n) => slabOf(arena, noise(64 * 300 + 64, 11 + n)).subarray(n))
const addresses = lanes.map(({ byteOffset }) => byteOffset)
/** Beside all small counts some around those where the history is moved, and where that is all. */
const counts = [...Array(100).keys(), 127, 128, 129, 149, 150, 151, 213, 214, 215, 299]

function expected(blocks: number): bigint[] {
  return lanes.map((bytes) => crc64(bytes.subarray(0, 64 * blocks)))
}

function found(): bigint[] {
  return lanes.map((_, lane) => crc64At(memory ?? never(), state, lane))
}

function crc64OneByOne(blocks: number, from = 0): void {
  for (const [lane, address] of addresses.entries()) {
    kernels.crc64(crcs + 8 * lane, address + 64 * from, blocks)
  }
}

function never(): never {
  throw new Error('unreachable')
}

describe('folding', () => {
  it('finds room in the scratch of each thread', () => {
    expect(foldScratchSize(4)).toBeLessThanOrEqual(SCRATCH_SIZE)
    expect(SCRATCH + 2 * SCRATCH_SIZE).toBeLessThanOrEqual(FIRST_SLAB)
  })

  it.each([
    ['one run at a time', crc64OneByOne],
    ['next to MD5', (blocks: number) => kernels.md5crc64x4(state, ...addresses, blocks, 15)],
  ])('comes to the CRC-64 of every number of blocks, %s', (_, hash) => {
    for (const blocks of counts) {
      resetState(memory, state)
      hash(blocks)
      expect(found()).toEqual(expected(blocks))
    }
  })

  it.each([
    [1, 200],
    [200, 1],
    [22, 23],
    [86, 88],
  ])('goes on after %d blocks by %d, whatever was left in the scratch', (first, second) => {
    resetState(memory, state)
    crc64OneByOne(first)
    crc64OneByOne(second, first)
    expect(found()).toEqual(expected(first + second))
  })

  it.each(Array.from({ length: 16 }, (_, mask) => mask))(
    'keeps the registers of the lanes that are not in mask %d',
    (mask) => {
      resetState(memory, state)
      kernels.md5crc64x4(state, ...addresses, 30, 15)
      const [before, after] = [found(), expected(130)]
      const next = addresses.map((address) => address + 64 * 30)
      kernels.md5crc64x4(state, ...next, 100, mask)
      expect(found()).toEqual(before.map((crc, lane) => (mask & (1 << lane) ? after[lane] : crc)))
    },
  )
})
