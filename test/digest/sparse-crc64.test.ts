import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DISTANCES, SPARSE_REACH, SPARSE_STEP } from '../../src/digest/crc64-sparse-kernel.js'
import { SparseCrc64, SparseKernel } from '../../src/digest/sparse-crc64.js'
import { crc64 } from '../../src/protocol/digest.js'
import { bytes } from '../helpers/new-upload.js'

const kernel = new SparseKernel()
const INPUT = bytes(600_000)

/** The CRC-64 of an empty register. */
const NOTHING = 2n ** 64n - 1n

describe('the sparse multiple of the generator', () => {
  it.each([1, 2, 4, 8, 16, 32, 64, 128])(
    'is one: what it takes out leaves nothing (bit %i)',
    (bit) => {
      const terms = Buffer.alloc(1 + Math.max(...DISTANCES))
      for (const distance of [0, ...DISTANCES]) terms[distance] = bit
      expect(crc64(terms, NOTHING)).toBe(NOTHING)
    },
  )

  it('reaches beyond a step, and no further than the kernel sees', () => {
    expect(Math.min(...DISTANCES)).toBeGreaterThanOrEqual(SPARSE_STEP)
    expect(Math.max(...DISTANCES)).toBeLessThanOrEqual(SPARSE_REACH)
    expect(SPARSE_REACH % SPARSE_STEP).toBe(0)
  })
})

/** Of `run`, in pieces that end at `cuts`, after bytes whose CRC-64 is `before`. */
function sparse(run: Buffer, cuts: readonly number[] = [], before = 0n): bigint {
  const digest = new SparseCrc64(kernel, before)
  let at = 0
  for (const cut of [...cuts, run.length]) {
    digest.update(run.subarray(at, cut))
    at = cut
  }
  return digest.digest()
}

describe('the CRC-64 by the sparse kernel', () => {
  it('is that of the check value', () => {
    expect(sparse(Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan)
  })

  it.each([
    ...[0, 1, 7, 8, 1407, 1408, 1409, 1439, 1440, 2816, 2817],
    ...[16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 300_000],
  ])('is that of one run, of %i bytes', (length) => {
    const run = INPUT.subarray(0, length)
    expect(sparse(run)).toBe(crc64(run))
  })

  it('goes on from any that came before, wherever the bytes are cut', () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 60_000, max: 140_000 }),
    )
    const lengths = fc.array(length, { maxLength: 12 })
    fc.assert(
      fc.property(length, lengths, (first, pieces) => {
        const cuts = [first]
        for (const piece of pieces) cuts.push(Math.min((cuts.at(-1) ?? 0) + piece, INPUT.length))
        const end = cuts.at(-1) ?? 0
        const before = crc64(INPUT.subarray(0, first))
        const run = INPUT.subarray(first, end)
        const inside = cuts.map((cut) => cut - first)
        expect(sparse(run, inside, before)).toBe(crc64(INPUT.subarray(0, end)))
      }),
      { numRuns: 100 },
    )
  })

  it('can be asked for at any time, and goes on', () => {
    const digest = new SparseCrc64(kernel, 0n)
    for (let at = 0; at < INPUT.length; at += 9_999) {
      const piece = INPUT.subarray(at, at + 9_999)
      digest.update(piece)
      const expected = crc64(INPUT.subarray(0, at + piece.length))
      expect([digest.digest(), digest.digest()]).toEqual([expected, expected])
    }
  })

  it('of streams whose pieces take turns is that of each', () => {
    const sizes = [100, 3000, 20_000, 65_536]
    const digests = sizes.map(() => new SparseCrc64(kernel, 0n))
    for (let turn = 0; turn < 4; turn++) {
      for (const [i, size] of sizes.entries()) {
        digests[i]?.update(INPUT.subarray(turn * size, (turn + 1) * size))
      }
    }
    expect(digests.map((digest) => digest.digest())).toEqual(
      sizes.map((size) => crc64(INPUT.subarray(0, 4 * size))),
    )
  })
})
