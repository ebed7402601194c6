import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import {
  formatQuery,
  percentDecode,
  percentEncode,
  percentEncodePath,
} from '../../src/protocol/percent-encoding.js'

describe('percentEncode', () => {
  it.each([
    ['AZaz09-._~', 'AZaz09-._~'],
    ['a b+c', 'a%20b%2Bc'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a/b%2F', 'a%2Fb%252F'],
    ['中', '%E4%B8%AD'],
    ['🚀', '%F0%9F%9A%80'],
    ['\n\0', '%0A%00'],
  ])('encodes %j as %s', (text, encoded) => {
    expect(percentEncode(text)).toBe(encoded)
  })

  it('leaves nothing but the unreserved characters bare', () => {
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code)
      expect(percentEncode(character) === character).toBe(/[A-Za-z0-9\-._~]/.test(character))
    }
  })

  it('refuses a lone surrogate without showing the text', () => {
    expect(() => percentEncode('secret\ud800')).toThrow(InvalidOptionError)
    expect(() => percentEncode('secret\ud800')).not.toThrow(/secret/)
  })
})

describe('percentEncodePath', () => {
  it.each([
    ['a//b', 'a//b'],
    ['a/../b', 'a/../b'],
    ['./x', './x'],
    ['%2F', '%252F'],
    ['a/b c', 'a/b%20c'],
  ])('keeps the slashes and dots of %j', (key, encoded) => {
    expect(percentEncodePath(key)).toBe(encoded)
  })
})

describe('percentDecode', () => {
  it('undoes both encodings for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(percentDecode(percentEncode(text))).toBe(text)
        expect(percentDecode(percentEncodePath(text))).toBe(text)
      }),
    )
  })

  it('leaves a plus sign alone', () => {
    expect(percentDecode('a+b%2B')).toBe('a+b+')
  })

  it.each(['%', '%2', '%zz', 'a%4', '%ff', '%C0%AF', '%ED%A0%80', '%F4%90%80%80'])(
    'refuses %s',
    (text) => {
      expect(() => percentDecode(text)).toThrow(TypeError)
    },
  )
})

describe('formatQuery', () => {
  it('writes names without a value bare, and keeps the order', () => {
    expect(formatQuery({ uploads: '', 'a b': '1+/', z: '' })).toBe('uploads&a%20b=1%2B%2F&z')
  })
})
