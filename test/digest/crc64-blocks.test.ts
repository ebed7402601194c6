import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Crc64Blocks } from '../../src/digest/crc64-blocks.js'
import { crc64 } from '../../src/protocol/digest.js'
import { bytes } from '../helpers/new-upload.js'

const blocks = new Crc64Blocks()
const INPUT = bytes(300_000)

describe('the CRC-64 of four neighbours side by side', () => {
  it('is that of the check value', () => {
    expect(blocks.extend(0n, Buffer.from('123456789'))).toBe(0x995dc9bbdf1939fan)
  })

  it.each([0, 1, 4095, 4096, 4097, 16_383, 65_535, 65_536, 65_537, 300_000])(
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
