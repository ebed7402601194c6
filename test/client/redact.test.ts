import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redacted, redactedCause } from '../../src/client/redact.js'

const SECRET = 'kE3y+/sEcReT=='
const AUTHORIZATION = 'OSS4-HMAC-SHA256 Credential=LTAI/20261124,Signature=0a1b2c'
const SECRETS = [AUTHORIZATION, SECRET]

const bytes = Buffer.from(`before ${SECRET} after`)
const entity = (format: (code: number) => string) =>
  [...SECRET].map((character) => format(character.charCodeAt(0))).join('')
const wrapped = bytes.toString('base64').replace(/.{8}/g, '$&\r\n')

describe('redacted', () => {
  it('leaves what says no secret as it is', () => {
    const text = 'a 100% <b>&amp;</b> \\n \\u0041 &#65; %41 %zz &nosuch; %E4%B8%AD &#99999999; text'
    expect(redacted(text, SECRETS)).toBe(text)
    expect(redacted(text)).toBe(text)
  })

  it('replaces a secret where it stands, as often as it does', () => {
    expect(redacted(`a ${SECRET} b ${SECRET}, ${AUTHORIZATION}`, SECRETS)).toBe(
      'a [redacted] b [redacted], [redacted]',
    )
  })

  it('replaces all of one that has another in it, in whatever order they are given', () => {
    const signature = AUTHORIZATION.slice(-6)
    for (const secrets of [
      [signature, AUTHORIZATION],
      [AUTHORIZATION, signature],
    ]) {
      expect(redacted(`a ${AUTHORIZATION} b`, secrets)).toBe('a [redacted] b')
    }
  })

  it.each([
    ['percent-encoded', encodeURIComponent(SECRET)],
    [
      'percent-encoded in lower case',
      encodeURIComponent(SECRET)
        .toLowerCase()
        .replace(/ke3y(.*)secret/, 'kE3y$1sEcReT'),
    ],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(SECRET))],
    ['percent-encoded whole', entity((code) => `%${code.toString(16)}`)],
    ['in a form', new URLSearchParams({ a: AUTHORIZATION }).toString()],
    ['in HTML', SECRET.replaceAll('=', '&equals;').replace('+', '&plus;').replace('/', '&sol;')],
    ['in HTML, as decimal numbers', entity((code) => `&#${code};`)],
    ['in HTML, as hexadecimal numbers', entity((code) => `&#x${code.toString(16)};`)],
    ['in HTML, as numbers with zeros', entity((code) => `&#0${code};`)],
    ['in JSON', JSON.stringify({ a: SECRET }).replaceAll('/', '\\/')],
    ['in JSON, as numbers', entity((code) => `\\u00${code.toString(16)}`)],
    ['in JavaScript', entity((code) => `\\x${code.toString(16)}`)],
    [
      'in a URL in JSON in HTML',
      encodeURIComponent(SECRET).replaceAll('%', '\\u0025').replaceAll('\\', '&#92;'),
    ],
    ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['in upper-case hexadecimal', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in base64, after one byte', Buffer.from(`x${SECRET}x`).toString('base64')],
    ['in base64, after two bytes', Buffer.from(`xx${SECRET}xx`).toString('base64')],
    ['in base64 in lines', wrapped],
    ['in lines', AUTHORIZATION.replace(' ', '\r\n  ')],
    [
      'of another form in base64',
      Buffer.from(`Authorization: ${AUTHORIZATION}`).toString('base64'),
    ],
  ])('withholds a text that shows one %s', (_, shown) => {
    expect(redacted(`<p>before ${shown} after</p>`, SECRETS)).toBe(
      '[redacted: it repeats what the request was signed with]',
    )
  })

  it('finds what is left of one at the end of a text that was cut', () => {
    expect(redacted(`Authorization: ${AUTHORIZATION.slice(0, 40)}`, SECRETS)).toBe(
      'Authorization: [redacted]',
    )
  })

  it.each([
    ['percent signs', '%'.repeat(64 * 1024)],
    ['ampersands', '&#'.repeat(32 * 1024)],
    ['layers', `%${'25'.repeat(32 * 1024)}`],
    ['backslashes', '\\'.repeat(64 * 1024)],
    ['blanks', ' '.repeat(64 * 1024)],
  ])('reads 64 KiB of %s as text', (_, text) => {
    expect(redacted(text, SECRETS)).toBe(text)
  })
})

describe('a secret', () => {
  /** What is left of a text: pieces between the places where something was taken out. */
  const left = (text: string, secret: string) =>
    redacted(text, [AUTHORIZATION, secret]).split(/\[redacted[^\]]*\]/)
  const word = fc.stringMatching(/^\w{1,3}$/)
  const longer = fc.string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 40 })
  const around = fc.array(fc.oneof(fc.string(), fc.constantFrom(' ', '=', '"', '/', 'k')))

  it('of one to three characters is no word of what is left', () => {
    const property = fc.property(word, around, around, (secret, before, after) => {
      const text = [...before, secret, ...after].join('')
      for (const piece of left(text, secret)) expect(piece.split(/\W/)).not.toContain(secret)
    })
    fc.assert(property)
  })

  it('of more is no part of what is left', () => {
    const property = fc.property(longer, around, around, (secret, before, after) => {
      const text = [...before, secret, ...after].join('')
      for (const piece of left(text, secret)) expect(piece).not.toContain(secret)
    })
    fc.assert(property)
  })

  it.each([
    ['k', 'key=k, NoSuchKey', 'key=[redacted], NoSuchKey'],
    ['so', '"so" or not so soon, 736f is c28', '"[redacted]" or not [redacted] soon, 736f is c28'],
    ['key', '<title>a key, keys</title>', '<title>a [redacted], keys</title>'],
    ['+/=', 'id:+/=, a+/=', 'id:[redacted], a+/='],
    ['$&.', 'it is $&. $&x', 'it is [redacted] $&x'],
  ])('that is as short as %s leaves the words that it is a part of', (secret, text, expected) => {
    expect(redacted(text, [AUTHORIZATION, secret])).toBe(expected)
  })
})

describe('redactedCause', () => {
  it('is the cause itself if it shows no secret', () => {
    const cause = new Error('no route')
    expect(redactedCause(cause, SECRETS)).toBe(cause)
  })

  it('is another error if a property shows one, escaped or not', () => {
    for (const shown of [SECRET, encodeURIComponent(SECRET)]) {
      const cause = Object.assign(new Error('no mock'), { deep: { data: shown } })
      expect(redactedCause(cause, SECRETS)).toEqual(new Error('no mock'))
    }
  })

  it('is the cause itself if a short one is only in its words', () => {
    const cause = Object.assign(new Error('no route'), { code: 'ECONNRESET' })
    expect(redactedCause(cause, ['q', 'rou'])).toBe(cause)
    expect(redactedCause(new Error('no route for q'), ['q'])).toEqual(
      new Error('no route for [redacted]'),
    )
  })
})
