import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Crc64Blocks } from '../../src/digest/crc64-blocks.js'
import { DISTANCES, SPARSE_REACH, SPARSE_STEP } from '../../src/digest/crc64-sparse-kernel.js'
import { crc64 } from '../../src/protocol/digest.js'
import { bytes } from '../helpers/new-upload.js'

const blocks = new Crc64Blocks()
const INPUT = bytes(300_000)

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

describe('the CRC-64 of blocks', () => {
  it('is that of the check value', () => {
    expect(blocks.extend(0n, Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan)
  })

  it.each([0, 1, 5631, 5632, 5633, 16_383, 65_535, 65_536, 65_537, 71_167, 71_168, 300_000])(
    'is that of one run, of %i bytes',
    (length) => {
      const run = INPUT.subarray(0, length)
      expect(blocks.extend(0n, run)).toBe(crc64(run))
    },
  )

  it('goes on from any that came before, wherever the bytes are cut', () => {
    const length = fc.integer({ min: 0, max: INPUT.length })
    fc.assert(
      fc.property(length, length, (a, b) => {
        const [first, end] = [Math.min(a, b), Math.max(a, b)]
        const before = crc64(INPUT.subarray(0, first))
        const run = INPUT.subarray(first, end)
        expect(blocks.extend(before, run)).toBe(crc64(INPUT.subarray(0, end)))
      }),
      { numRuns: 50 },
    )
  })
})
