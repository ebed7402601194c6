import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/usage-error.js'
import {
  choiceOf,
  integerFrom,
  integerOrAuto,
  pairsAsObject,
  parseDuration,
  parseFlag,
  parsePair,
  parseSize,
} from '../../src/cli/value-parsers.js'

describe('a size', () => {
  it.each([
    ['0', 0],
    ['1048576', 1024 ** 2],
    ['12B', 12],
    ['16MiB', 16 * 1024 ** 2],
    ['16 MiB', 16 * 1024 ** 2],
    ['8m', 8 * 1024 ** 2],
    ['300G', 300 * 1024 ** 3],
    ['300GB', 300e9],
    ['1.5KiB', 1536],
    ['2t', 2 * 1024 ** 4],
    ['1p', 1024 ** 5],
  ])('of %j is %d bytes', (text, bytes) => {
    expect(parseSize(text, '--part-size')).toBe(bytes)
  })

  it.each(['', 'x', '-1', '1.5', '1XiB', 'MiB', '1 2', '1e3', '0x10', '9P9', '9000000T', ' 1'])(
    'is not %j',
    (text) => {
      expect(() => parseSize(text, '--part-size')).toThrow(
        new UsageError(
          `Expected --part-size to be a size such as 16MiB, 300G or 1048576, got ${JSON.stringify(text)}`,
        ),
      )
    },
  )
})

describe('a duration', () => {
  it.each([
    ['1d', 86_400_000],
    ['12h', 43_200_000],
    ['1h30m', 5_400_000],
    ['30s', 30_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['2w', 1_209_600_000],
  ])('of %j is %d ms', (text, ms) => {
    expect(parseDuration(text, '--older-than')).toBe(ms)
  })

  it.each(['', '1', 'd', '1 d', '-1d', '1y', '1d2', '0.1ms'])('is not %j', (text) => {
    expect(() => parseDuration(text, 'OSS_OLDER_THAN')).toThrow(
      `Expected OSS_OLDER_THAN to be a duration such as 1d, 12h, 90m or 30s, got ${JSON.stringify(text)}`,
    )
  })
})

describe('an integer', () => {
  it('keeps its bounds', () => {
    const parse = integerFrom(1, 10)
    expect(['1', '10'].map((text) => parse(text, '--n'))).toEqual([1, 10])
    for (const text of ['0', '11', '1.5', '-1', '', '1e1', ' 1']) {
      expect(() => parse(text, '--n')).toThrow(
        `Expected --n to be an integer from 1 to 10, got ${JSON.stringify(text)}`,
      )
    }
    expect(() => integerFrom(1)('x', '--n')).toThrow('an integer from 1, got "x"')
  })
})

it('may be found out', () => {
  const parse = integerOrAuto(1, 4)
  expect(['auto', '4'].map((text) => parse(text, '-c'))).toEqual(['auto', 4])
  expect(() => parse('5', '-c')).toThrow('an integer from 1 to 4')
})

describe('a pair', () => {
  it.each([
    ['a=b', 'a', 'b'],
    ['a=', 'a', ''],
    ['a=b=c', 'a', 'b=c'],
  ])('of %j has a name and a value', (text, name, value) => {
    expect(parsePair(text, '--meta')).toEqual([name, value])
  })

  it.each(['', 'a', '=b'])('is not %j', (text) => {
    expect(() => parsePair(text, '--meta')).toThrow(
      `Expected --meta to be NAME=VALUE, got ${JSON.stringify(text)}`,
    )
  })

  it('names each thing once', () => {
    const pairs = [parsePair('a=1', '--meta'), parsePair('b=2', '--meta')]
    expect(pairsAsObject(pairs, '--meta')).toEqual({ a: '1', b: '2' })
    expect(pairsAsObject([], '--meta')).toBeUndefined()
    expect(() => pairsAsObject([...pairs, ['a', '3']], '--meta')).toThrow(
      'Expected --meta to name "a" once',
    )
  })
})

describe('a choice', () => {
  it('is one of a few', () => {
    const { parse, choices } = choiceOf('X', ['a', 'b'])
    expect(choices).toEqual(['a', 'b'])
    expect(parse('b', '-x')).toBe('b')
    expect(() => parse('c', '-x')).toThrow('Expected -x to be one of a, b, got "c"')
  })
})

describe('a variable of a flag', () => {
  it.each([
    ['1', true],
    ['TRUE', true],
    ['on', true],
    ['0', false],
    ['no', false],
  ])('may be %j', (text, flag) => {
    expect(parseFlag(text, 'OSS_JSON')).toBe(flag)
  })

  it('is nothing else', () => {
    expect(() => parseFlag('maybe', 'OSS_JSON')).toThrow('Expected OSS_JSON to be 1 or 0')
  })
})
