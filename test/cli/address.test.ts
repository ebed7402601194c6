/** What the operands of commands name. */
import { describe, expect, it } from 'vitest'
import { inLine, objectName, prefixName } from '../../src/cli/address.js'
import { UsageError } from '../../src/cli/usage-error.js'

describe('an object', () => {
  it.each([
    ['oss://b/k', 'b', 'k'],
    ['oss://b/a//b/../c', 'b', 'a//b/../c'],
    ['oss://b/a%2Fb?c#d', 'b', 'a%2Fb?c#d'],
    ['oss://b/line\nbreak', 'b', 'line\nbreak'],
  ])('%j is named literally', (text, bucket, key) => {
    expect(objectName(text)).toEqual({ bucket, key })
  })

  it.each(['', 'b/k', 'oss://b', 'oss://b/', 'oss:///k', 'http://b/k'])('%j is none', (text) => {
    expect(() => objectName(text)).toThrow(UsageError)
    expect(() => objectName(text)).toThrow(`Expected oss://BUCKET/KEY, got ${JSON.stringify(text)}`)
  })
})

describe('a prefix', () => {
  it.each([
    ['oss://b', 'b', ''],
    ['oss://b/', 'b', ''],
    ['oss://b/a/', 'b', 'a/'],
    ['oss://b/a', 'b', 'a'],
  ])('%j may be all of a bucket or a part of it', (text, bucket, prefix) => {
    expect(prefixName(text)).toEqual({ bucket, prefix })
  })

  it.each(['', 'b', 'oss://', 'oss:///a'])('%j is none', (text) => {
    expect(() => prefixName(text)).toThrow('Expected oss://BUCKET/PREFIX')
  })
})

describe('a key in a line', () => {
  it.each([
    ['dir/数据 1', 'dir/数据 1'],
    ['a\nb', '"a\\nb"'],
    ['\x1b[2J', '"\\u001b[2J"'],
    ['\u2028', JSON.stringify('\u2028')],
  ])('%j neither breaks it nor speaks to the terminal', (key, text) => {
    expect(inLine(key)).toBe(text)
  })
})
