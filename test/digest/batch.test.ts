import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import { argumentsOf, Batch, BLOCK, type Call } from '../../src/digest/batch.js'
import type { Digests, HashJob } from '../../src/digest/job.js'
import { instantiateKernels, writeTables } from '../../src/digest/kernels.js'
import { stateAt, WINDOW } from '../../src/digest/layout.js'
import { hashPlainly } from '../../src/digest/plain.js'
import { crc64 } from '../../src/protocol/digest.js'
import { noise, slabOf } from '../helpers/new-hasher.js'

const arena = new Arena({ maxBytes: 64 * 1024 ** 2, prepare: writeTables })
const memory = arena.memory()
if (memory === undefined) throw new Error('This engine has no WebAssembly')
const kernels = instantiateKernels(memory)

const both = { md5: true, crc64: true }
/** More than is hashed in one go. */
const STRIDE = 4 * WINDOW
/** Bytes that every test may read and none may write; at an odd address within its slab. */
const pool = slabOf(arena, noise(4 * 1024 ** 2, 7)).subarray(1)

interface Run {
  readonly digests: Digests[]
  readonly calls: readonly Call[]
}

function run(jobs: readonly HashJob[], { wish = both, state = 0 } = {}): Run {
  const holds = (bytes: Uint8Array) => arena.holds(bytes)
  const settings = { ...wish, memory: memory ?? never(), state: stateAt(state), holds }
  const batch = new Batch(jobs, settings)
  const calls: Call[] = []
  for (const call of batch.calls()) {
    calls.push(call)
    if ('kernel' in call) kernels[call.kernel](...argumentsOf(call))
    else batch.stage(call.lane, call.from, call.length)
  }
  return { digests: batch.digests(), calls }
}

function jobOf(...bytes: Uint8Array[]): HashJob {
  return { bytes, ...both }
}

/** What node:crypto and the plain CRC say. */
function oracle({ bytes }: HashJob): Digests {
  const whole = Buffer.concat(bytes)
  return { md5: new Uint8Array(createHash('md5').update(whole).digest()), crc64: crc64(whole) }
}

function never(): never {
  throw new Error('unreachable')
}

describe('a batch', () => {
  it('agrees with the oracles at every length from 0 to 4096, read in place', () => {
    const wrong: number[] = []
    for (let length = 0; length <= 4096; length += 4) {
      const jobs = [0, 1, 2, 3].map((n) => jobOf(pool.subarray(5 * n, 5 * n + length + n)))
      const { digests, calls } = run(jobs)
      if (calls.some((call) => !('kernel' in call))) wrong.push(-length)
      if (!equal(digests, jobs.map(oracle))) wrong.push(length)
    }
    expect(wrong).toEqual([])
  })

  it('agrees at every length from 0 to 4096, copied from elsewhere', () => {
    const elsewhere = Buffer.from(pool.subarray(0, 5000))
    const wrong: number[] = []
    for (let length = 0; length <= 4096; length += 4) {
      const jobs = [0, 1, 2, 3].map((n) => jobOf(elsewhere.subarray(7 * n, 7 * n + length + n)))
      if (!equal(run(jobs).digests, jobs.map(oracle))) wrong.push(length)
    }
    expect(wrong).toEqual([])
  })

  it.each([1, 2, 3, 4])('agrees with %d jobs', (count) => {
    const jobs = Array.from({ length: count }, (_, n) =>
      jobOf(pool.subarray(n, n + 3 * STRIDE + 100 * n)),
    )
    expect(run(jobs).digests).toEqual(jobs.map(oracle))
  })

  it.each([
    [[0, 0, 0, 0]],
    [[1, 64, 55, 56]],
    [[63, 64, 65, 119]],
    [[2 * STRIDE, STRIDE, 1, 0]],
    [[0, 1, STRIDE, 2 * STRIDE]],
    [[STRIDE + 1, STRIDE - 1, STRIDE, STRIDE + 64]],
  ])('agrees with lanes of %j bytes, answers in the order of the jobs', (lengths) => {
    const jobs = lengths.map((length, n) => jobOf(pool.subarray(n, n + length)))
    expect(run(jobs).digests).toEqual(jobs.map(oracle))
  })

  it('agrees whatever the lanes, wherever their bytes lie and are cut', () => {
    const piece = fc.record({
      from: fc.nat(200_000),
      length: fc.oneof(fc.nat(130), fc.nat(2 * STRIDE + 64)),
      inArena: fc.boolean(),
    })
    const lanes = fc.array(fc.array(piece, { maxLength: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(lanes, (lists) => {
        const jobs = lists.map((pieces) =>
          jobOf(
            ...pieces.map(({ from, length, inArena }) => {
              const bytes = pool.subarray(from, from + length)
              return inArena ? bytes : Buffer.from(bytes)
            }),
          ),
        )
        expect(run(jobs).digests).toEqual(jobs.map(oracle))
      }),
      { numRuns: 150 },
    )
  })

  it('goes on in a state where another batch did not touch it', () => {
    const first = jobOf(pool.subarray(0, 3 * STRIDE))
    const second = jobOf(pool.subarray(9, 2 * STRIDE))
    const settings = (state: number) => ({
      ...both,
      memory: memory ?? never(),
      state: stateAt(state),
      holds: (bytes: Uint8Array) => arena.holds(bytes),
    })
    const one = new Batch([first, first], settings(1))
    const two = new Batch([second, second], settings(2))
    const turns = [one.calls(), two.calls()]
    let ended = 0
    while (ended < 2) {
      ended = 0
      for (const turn of turns) {
        const { done, value } = turn.next()
        if (done) ended++
        else if ('kernel' in value) kernels[value.kernel](...argumentsOf(value))
      }
    }
    expect(one.digests()).toEqual([oracle(first), oracle(first)])
    expect(two.digests()).toEqual([oracle(second), oracle(second)])
  })

  it('computes what was asked for, and calls no kernel for the rest', () => {
    const job = jobOf(pool.subarray(0, 1000))
    const md5 = run([job, job], { wish: { md5: true, crc64: false } })
    const crc = run([job, job], { wish: { md5: false, crc64: true } })
    expect(md5.digests[1]).toEqual({ md5: oracle(job).md5, crc64: undefined })
    expect(crc.digests[1]).toEqual({ md5: undefined, crc64: oracle(job).crc64 })
    expect(new Set(md5.calls.map((call) => 'kernel' in call && call.kernel))).toEqual(
      new Set(['md5x4']),
    )
    expect(new Set(crc.calls.map((call) => 'kernel' in call && call.kernel))).toEqual(
      new Set(['crc64']),
    )
  })

  it('never writes to the bytes', () => {
    const before = Buffer.from(pool)
    run([jobOf(pool), jobOf(pool.subarray(0, 100_000)), jobOf(pool.subarray(1, 777))])
    expect(before.equals(pool)).toBe(true)
  })

  it.each([
    ['md5crc64x4', both],
    ['md5x4', { md5: true, crc64: false }],
  ])('is one call of %s as long as the same lanes are busy', (kernel, wish) => {
    const jobs = [jobOf(pool.subarray(0, 2 * STRIDE)), jobOf(pool.subarray(0, STRIDE))]
    const { calls } = run(jobs, { wish })
    const seen = calls.map((call) => 'kernel' in call && [call.kernel, call.blocks, call.lanes])
    expect(seen).toEqual([
      [kernel, STRIDE / BLOCK, 0b11],
      [kernel, STRIDE / BLOCK, 0b01],
      ['md5x4', 1, 0b11],
    ])
  })

  it('may be made in pieces', () => {
    const [call] = run([jobOf(pool.subarray(0, STRIDE))]).calls
    if (call === undefined || !('kernel' in call)) throw new Error('No call')
    const { state: at, addresses, blocks } = call
    const moved = addresses.map((address) => address + 7 * BLOCK)
    expect(argumentsOf(call)).toEqual([at, ...addresses, blocks, 0b01])
    expect(argumentsOf(call, 7, 5)).toEqual([at, ...moved, 5, 0b01])
  })

  it('copies no more than a window of each lane at a time', () => {
    const elsewhere = Buffer.from(pool.subarray(0, STRIDE))
    const { calls } = run([jobOf(elsewhere), jobOf(pool.subarray(0, STRIDE))])
    const copies = calls.flatMap((call) => ('kernel' in call ? [] : [call.length]))
    expect(copies).toEqual(Array(STRIDE / WINDOW).fill(WINDOW))
  })

  it.each([0, 5])('refuses %d jobs', (count) => {
    expect(() => run(Array.from({ length: count }, () => jobOf()))).toThrow(RangeError)
  })
})

interface Vector {
  readonly input: {
    readonly hex?: string
    readonly utf8?: string
    readonly repeat?: { readonly hex: string; readonly count: number }
    readonly lcg?: { readonly seed: number; readonly count: number }
  }
  readonly md5Hex: string
  readonly crc64?: string
}

const vectors: Vector[] = ['md5', 'crc64'].flatMap(
  (name) =>
    JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')).single,
)

describe('the vectors', () => {
  it.each(vectors.map((vector) => [JSON.stringify(vector.input), vector] as const))(
    'come out of the kernels and of the plain way for %s',
    async (_, vector) => {
      const job = jobOf(inputOf(vector))
      const [alone] = run([job]).digests
      const digests = [...run([job, jobOf(pool.subarray(0, 99)), job]).digests]
      for (const found of [alone, digests[0], digests[2], await hashPlainly(job, breathe)]) {
        const hex = Buffer.from(found?.md5 ?? []).toString('hex')
        expect(hex.toUpperCase()).toBe(vector.md5Hex)
        if (vector.crc64 !== undefined) expect(found?.crc64).toBe(BigInt(vector.crc64))
      }
    },
  )
})

async function breathe(): Promise<void> {}

function inputOf({ input }: Vector): Uint8Array {
  if (input.hex !== undefined) return Buffer.from(input.hex, 'hex')
  if (input.utf8 !== undefined) return Buffer.from(input.utf8)
  if (input.repeat) return Buffer.alloc(input.repeat.count, Buffer.from(input.repeat.hex, 'hex'))
  const { seed, count } = input.lcg ?? { seed: 0, count: 0 }
  const bytes = Buffer.alloc(count)
  let state = seed
  for (let i = 0; i < count; i++) {
    state = Number((BigInt(state) * 1103515245n + 12345n) & 0x7fffffffn)
    bytes[i] = state >> 16
  }
  return bytes
}

function equal(found: readonly Digests[], wanted: readonly Digests[]): boolean {
  return wanted.every(
    ({ md5, crc64 }, i) =>
      found[i]?.crc64 === crc64 && Buffer.from(found[i]?.md5 ?? []).equals(md5 ?? never()),
  )
}
