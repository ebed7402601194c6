import { describe, expect, it } from 'vitest'
import { count, formatDuration, formatRate, formatSize } from '../../src/cli/format.js'
import { parseSize } from '../../src/cli/value-parsers.js'
import { twoColumns, wrap } from '../../src/cli/wrap.js'

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10_235, '10.0 KiB'],
    [102_400, '100 KiB'],
    [1023 * 1024, '1.00 MiB'],
    [999 * 1024, '999 KiB'],
    [1024 ** 2, '1.00 MiB'],
    [12.34 * 1024 ** 3, '12.3 GiB'],
    [1024 ** 5 * 5000, '5000 PiB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })

  it('can be read back by the options', () => {
    for (const bytes of [0, 1536, 16 * 1024 ** 2]) {
      expect(parseSize(formatSize(bytes), '--part-size')).toBe(bytes)
    }
  })
})

describe('a duration', () => {
  it.each([
    [0, '0.0 s'],
    [449, '0.4 s'],
    [59_949, '59.9 s'],
    [59_950, '1:00'],
    [104_000, '1:44'],
    [3_599_499, '59:59'],
    [3_599_500, '1:00:00'],
    [100 * 3_600_000 + 1000, '100:00:01'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

it('tells a rate, but not of no time', () => {
  expect(formatRate(1024 ** 2, 500)).toBe('2.00 MiB/s')
  expect(formatRate(1, 0)).toBe('-')
})

it('counts', () => {
  expect([0, 1, 2].map((number) => count(number, 'part'))).toEqual(['0 parts', '1 part', '2 parts'])
})

describe('wrapped text', () => {
  it('breaks at blanks, and nowhere else', () => {
    expect(wrap('a bb ccc dddd', 5)).toEqual(['a bb', 'ccc', 'dddd'])
    expect(wrap('a longerthanthat b', 5)).toEqual(['a', 'longerthanthat', 'b'])
    expect(wrap('', 5)).toEqual([''])
  })

  it('stands in two columns, a long term above its text', () => {
    expect(
      twoColumns(
        [
          ['-a', 'short'],
          ['--a-term-that-is-far-too-long-for-it', 'some words that have to be wrapped'],
        ],
        60,
      ),
    ).toEqual([
      '  -a                            short',
      '  --a-term-that-is-far-too-long-for-it',
      '                                some words that have to be',
      '                                wrapped',
    ])
  })
})
