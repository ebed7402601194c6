import { describe, expect, it } from 'vitest'
import { combineCrc64, crc64 } from '../../src/protocol/digest.js'
import { combinedCrc64, Ledger } from '../../src/upload/ledger.js'

const row = (partNumber: number) => ({ partNumber, size: 10, etag: `E${partNumber}` })

describe('Ledger', () => {
  it('gives the parts in ascending order, however they came', () => {
    const ledger = new Ledger()
    for (const partNumber of [3, 1, 2]) ledger.record(row(partNumber))
    expect(ledger.finish(3)).toEqual([row(1), row(2), row(3)])
    expect(ledger).toMatchObject({ count: 3, bytes: 30 })
  })

  it.each([
    ['a part is missing in the middle', [1, 3], 3],
    ['the last part is missing', [1, 2], 3],
    ['there is a part too many', [1, 2], 1],
  ])('refuses to finish when %s', (_name, parts, count) => {
    const ledger = new Ledger()
    for (const partNumber of parts) ledger.record(row(partNumber))
    expect(() => ledger.finish(count)).toThrow(RangeError)
  })

  it('refuses the same part twice', () => {
    const ledger = new Ledger()
    ledger.record(row(1))
    expect(() => ledger.record(row(1))).toThrow('Part 1 is recorded already')
  })
})

describe('combinedCrc64', () => {
  const parts = ['one', 'two', 'three'].map((text, index) => ({
    ...row(index + 1),
    size: text.length,
    crc64: crc64(Buffer.from(text)),
  }))

  it('is the CRC-64 of all bytes', () => {
    expect(combinedCrc64(parts)).toBe(crc64(Buffer.from('onetwothree')))
    expect(combineCrc64(0n, 5n, 3)).toBe(5n)
  })

  it('is not known when one part has none', () => {
    expect(combinedCrc64([...parts, row(4)])).toBeUndefined()
  })
})
