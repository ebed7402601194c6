/** How expected digests are given: every spelling that is one is taken, and nothing else. */
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../src/errors.js'
import { expectedDigests } from '../src/expected-digest.js'

const MD5 = '0123456789abcdef0123456789abcdef'
const SHA256 = MD5 + MD5

describe('expectedDigest', () => {
  it.each([
    ['nothing', undefined, {}],
    ['an empty object', {}, {}],
    ['names without a value', { md5: undefined, sha256: undefined, crc64: undefined }, {}],
    ['lower case', { md5: MD5, sha256: SHA256 }, { md5: MD5, sha256: SHA256 }],
    ['upper case, as ETags are', { md5: MD5.toUpperCase() }, { md5: MD5 }],
    ['decimal text', { crc64: '11051210869376104954' }, { crc64: '11051210869376104954' }],
    ['a bigint', { crc64: 2n ** 64n - 1n }, { crc64: '18446744073709551615' }],
    ['zero', { crc64: 0n }, { crc64: '0' }],
    ['leading zeros', { crc64: '007' }, { crc64: '7' }],
  ])('takes %s', (_name, given, expected) => {
    expect(expectedDigests(given)).toEqual(expected)
  })

  it.each([
    ['md5', 'too short', { md5: MD5.slice(1) }],
    ['md5', 'too long', { md5: `${MD5}0` }],
    ['md5', 'no hexadecimal digits', { md5: `${MD5.slice(1)}g` }],
    ['md5', 'a line of its own', { md5: `${MD5.slice(1)}\n` }],
    ['md5', 'base64, as Content-MD5 is', { md5: 'XrY7u+Ae7tCTyyK7j1rNww==' }],
    ['md5', 'bytes', { md5: Buffer.from(MD5, 'hex') }],
    ['md5', 'null', { md5: null }],
    ['sha256', 'an MD5', { sha256: MD5 }],
    ['crc64', 'hexadecimal', { crc64: '995dc9bbdf1939fa' }],
    ['crc64', 'more than 64 bits', { crc64: 2n ** 64n }],
    ['crc64', 'negative', { crc64: -1n }],
    ['crc64', 'empty', { crc64: '' }],
    ['crc64', 'null', { crc64: null }],
    // A number has 53 bits: it would be another digest than the one that was meant.
    ['crc64', 'a number', { crc64: Number('11051210869376104954') }],
    ['crc64', 'a small number', { crc64: 5 }],
  ])('refuses as %s what is %s', (name, _what, given) => {
    const refusal = refusalOf(given)
    expect(refusal.option).toBe(`expectedDigest.${name}`)
    expect(refusal.message).toContain(`Expected \`expectedDigest.${name}\` to be `)
  })

  it.each([
    ['text', MD5],
    ['null', null],
    ['a list', [MD5]],
    ['a function', () => MD5],
  ])('refuses %s', (_name, given) => {
    expect(refusalOf(given).option).toBe('expectedDigest')
  })

  it('refuses other digests, and tells the nearest name', () => {
    expect(refusalOf({ sha526: SHA256 }).message).toContain('did you mean `sha256`?')
  })
})

function refusalOf(given: unknown): InvalidOptionError {
  try {
    // As a caller without types would.
    Reflect.apply(expectedDigests, undefined, [given])
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
  }
  throw new Error('It was taken')
}
