import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import {
  checkHeader,
  checkObjectHeaders,
  contentTypeOf,
  type ObjectHeaderOptions,
  type ObjectRequest,
  objectHeaders,
  userMetadata,
} from '../../src/protocol/headers.js'

const P = 'PutObject'
const I = 'InitiateMultipartUpload'
const U = 'UploadPart'
const C = 'CompleteMultipartUpload'
const REQUESTS: ObjectRequest[] = [P, I, U, C]

const messageOf = (options: object): string => {
  try {
    checkObjectHeaders(options)
  } catch (error) {
    if (error instanceof InvalidOptionError) return `${error.option}: ${error.message}`
    throw error
  }
  return 'accepted'
}

const fromBase64 = (text: string | undefined): unknown =>
  JSON.parse(Buffer.from(text ?? '', 'base64').toString())

describe('objectHeaders', () => {
  const rows: [ObjectHeaderOptions, string, string, ObjectRequest[]][] = [
    [{ contentType: 'text/plain' }, 'content-type', 'text/plain', [P, I]],
    [{ cacheControl: 'no-cache' }, 'cache-control', 'no-cache', [P, I]],
    [{ contentDisposition: 'attachment' }, 'content-disposition', 'attachment', [P, I]],
    [{ contentEncoding: 'gzip' }, 'content-encoding', 'gzip', [P, I]],
    [
      { expires: 'Thu, 01 Jan 2032 00:00:00 GMT' },
      'expires',
      'Thu, 01 Jan 2032 00:00:00 GMT',
      [P, I],
    ],
    [{ expires: new Date('2032-01-01') }, 'expires', 'Thu, 01 Jan 2032 00:00:00 GMT', [P, I]],
    [{ acl: 'public-read' }, 'x-oss-object-acl', 'public-read', [P, C]],
    [{ storageClass: 'DeepColdArchive' }, 'x-oss-storage-class', 'DeepColdArchive', [P, I]],
    [{ serverSideEncryption: 'SM4' }, 'x-oss-server-side-encryption', 'SM4', [P, I]],
    [
      { serverSideEncryption: 'KMS', sseKmsKeyId: 'key-1' },
      'x-oss-server-side-encryption-key-id',
      'key-1',
      [P, I],
    ],
    [
      { tagging: { a: '1', 'b c': 'x&y=中' } },
      'x-oss-tagging',
      'a=1&b%20c=x%26y%3D%E4%B8%AD',
      [P, I],
    ],
    [{ tagging: { a: '' } }, 'x-oss-tagging', 'a=', [P, I]],
    [{ forbidOverwrite: true }, 'x-oss-forbid-overwrite', 'true', [P, I, C]],
    [{ trafficLimit: 819_200 }, 'x-oss-traffic-limit', '819200', [P, U]],
    [{ trafficLimit: 838_860_800 }, 'x-oss-traffic-limit', '838860800', [P, U]],
    [{ meta: { Author: 'Alice' } }, 'x-oss-meta-author', 'Alice', [P, I]],
    [{ headers: { 'Content-Language': 'de' } }, 'content-language', 'de', [P, I]],
    [{ headers: { 'Cache-Control': 'no-store' } }, 'cache-control', 'no-store', [P, I]],
    [{ headers: { 'X-Oss-Object-Acl': 'private' } }, 'x-oss-object-acl', 'private', [P, C]],
    [{ headers: { 'x-oss-traffic-limit': '819200' } }, 'x-oss-traffic-limit', '819200', [P, U]],
    [
      { headers: { 'x-oss-request-payer': 'requester' } },
      'x-oss-request-payer',
      'requester',
      [P, I, U, C],
    ],
    [{ headers: { 'x-oss-meta-a': 'b' } }, 'x-oss-meta-a', 'b', [P, I]],
  ]
  it.each(rows)('sends %j as %s: %s with the right requests', (options, header, value, on) => {
    for (const request of REQUESTS) {
      expect(objectHeaders(options, request)[header]).toBe(on.includes(request) ? value : undefined)
    }
  })

  it('sends the callback with the request that publishes', () => {
    const callback = {
      url: ['https://a.example.com/x?y=1', 'https://b.example.com'],
      host: 'c.example.com',
      body: 'v=1&中',
      bodyType: 'application/json',
      vars: { 'x:v': '中' },
    }
    for (const request of [P, C] as const) {
      const headers = objectHeaders({ callback }, request)
      expect(fromBase64(headers['x-oss-callback'])).toEqual({
        callbackUrl: 'https://a.example.com/x?y=1;https://b.example.com',
        callbackHost: 'c.example.com',
        callbackBody: 'v=1&中',
        callbackBodyType: 'application/json',
      })
      expect(fromBase64(headers['x-oss-callback-var'])).toEqual({ 'x:v': '中' })
    }
    expect(objectHeaders({ callback }, I)).toEqual({})
    expect(objectHeaders({ callback }, U)).toEqual({})
  })

  it('sends nothing for options that are absent, undefined or false', () => {
    const options = { contentType: undefined, meta: undefined, headers: {}, forbidOverwrite: false }
    for (const request of REQUESTS) {
      expect(objectHeaders({}, request)).toEqual({})
      expect(objectHeaders(options, request)).toEqual({})
    }
  })

  it('refuses bad values whatever the request', () => {
    for (const request of REQUESTS) {
      expect(() => objectHeaders({ trafficLimit: 1 }, request)).toThrow(InvalidOptionError)
    }
  })
})

describe('checkObjectHeaders', () => {
  const rows: [object, RegExp][] = [
    [{ contentType: '' }, /^contentType: Expected `contentType` to be a string that is not empty/],
    [{ contentType: 7 }, /^contentType: .*got `7` \(number\)/],
    [{ contentType: 'a\r\nx-oss-object-acl: public-read' }, /^contentType: .*line breaks/],
    [
      { contentDisposition: 'attachment; filename="中"' },
      /^contentDisposition: .*encodeURIComponent/,
    ],
    [{ cacheControl: ' no-cache' }, /^cacheControl: .*outer blanks/],
    [{ cacheControl: 'a\0' }, /^cacheControl: .*line breaks/],
    [{ expires: new Date(Number.NaN) }, /^expires: .*valid date/],
    [{ expires: 5 }, /^expires: /],
    [{ acl: 'public' }, /^acl: Expected `acl` to be one of `default`, `private`.*got `public`/],
    [{ storageClass: 'standard' }, /^storageClass: .*`Standard`, `IA`/],
    [{ serverSideEncryption: 'aes256' }, /^serverSideEncryption: .*`AES256`, `KMS`, `SM4`/],
    [{ sseKmsKeyId: 'k' }, /^serverSideEncryption: .*`KMS`.*got nothing/],
    [{ serverSideEncryption: 'AES256', sseKmsKeyId: 'k' }, /^serverSideEncryption: .*got `AES256`/],
    [{ forbidOverwrite: 'true' }, /^forbidOverwrite: /],
    [{ trafficLimit: 819_199 }, /^trafficLimit: .*819200 to 838860800.*got `819199` \(number\)/],
    [{ trafficLimit: 838_860_801 }, /^trafficLimit: /],
    [{ trafficLimit: 819_200.5 }, /^trafficLimit: /],
    [{ trafficLimit: '819200' }, /^trafficLimit: .*\(string\)/],
    [{ tagging: 'a=b' }, /^tagging: .*an object/],
    [{ tagging: { '': 'x' } }, /^tagging: .*1 to 128 bytes/],
    [{ tagging: { ['中'.repeat(43)]: 'x' } }, /^tagging: .*1 to 128 bytes/],
    [{ tagging: { a: '中'.repeat(86) } }, /^tagging\["a"\]: .*256 bytes/],
    [{ tagging: { a: 1 } }, /^tagging\["a"\]: /],
    [{ tagging: { a: '\ud800' } }, /^tagging\["a"\]: .*well-formed/],
    [
      { tagging: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, ''])) },
      /^tagging: .*10 tags.*`11`/,
    ],
    [{ meta: ['a'] }, /^meta: .*an object/],
    [{ meta: { a_b: 'x' } }, /^meta: .*letters, digits and `-`.*`a_b`/],
    [{ meta: { '': 'x' } }, /^meta: .*letters, digits/],
    [{ meta: { 'a b': 'x' } }, /^meta: /],
    [{ meta: { A: '1', a: '2' } }, /^meta: .*`a` once/],
    [{ meta: { a: '中' } }, /^meta\["a"\]: .*Latin-1.*encodeURIComponent.*`中`/],
    [{ meta: { a: 'x\ny' } }, /^meta\["a"\]: .*line breaks/],
    [{ meta: { a: ' x' } }, /^meta\["a"\]: .*outer blanks/],
    [{ meta: { a: 1 } }, /^meta\["a"\]: .*a string/],
    [{ meta: { a: 'x'.repeat(8192) } }, /^meta: .*8192 bytes.*`8193`/],
    [{ meta: { a: 'x'.repeat(8188) }, headers: { 'x-oss-meta-b': 'yyy' } }, /^meta: .*`8193`/],
    [{ meta: { a: '1' }, headers: { 'X-Oss-Meta-A': '2' } }, /^meta: .*`a` once/],
    [{ headers: { 'x-oss-meta-a_b': '1' } }, /^headers: .*letters, digits/],
    [{ headers: 'a: b' }, /^headers: .*an object/],
    [{ headers: { 'a b': 'c' } }, /^headers/],
    [{ headers: { '': 'c' } }, /^headers/],
    [{ headers: { 'a:': 'c' } }, /^headers/],
    [{ headers: { a: 'b\r\nc' } }, /^headers\["a"\]: .*line breaks/],
    [{ headers: { a: undefined } }, /^headers\["a"\]: .*a string, got nothing/],
    [{ headers: { 'X-A': '1', 'x-a': '2' } }, /^headers: .*`x-a` once/],
    [
      { contentType: 'a/b', headers: { 'Content-Type': 'c/d' } },
      /^headers: .*`content-type`, which `contentType` gives/,
    ],
    [
      { acl: 'private', headers: { 'x-oss-object-acl': 'private' } },
      /^headers: .*which `acl` gives/,
    ],
    [{ headers: { 'x-oss-object-acl': 'public' } }, /^headers\["x-oss-object-acl"\]: .*one of/],
    [{ headers: { 'x-oss-storage-class': 'Glacier' } }, /^headers\["x-oss-storage-class"\]: /],
    [{ headers: { 'x-oss-traffic-limit': '1' } }, /^headers\["x-oss-traffic-limit"\]: /],
    [{ headers: { 'x-oss-traffic-limit': '8.192e5' } }, /^headers\["x-oss-traffic-limit"\]: /],
    [{ headers: { 'x-oss-server-side-encryption-key-id': 'k' } }, /^serverSideEncryption: /],
    [{ callback: 'https://example.com' }, /^callback: .*an object/],
    [{ callback: { body: 'x' } }, /^callback\.url: /],
    [{ callback: { url: '', body: 'x' } }, /^callback\.url: /],
    [{ callback: { url: [], body: 'x' } }, /^callback\.url: .*1 to 5/],
    [{ callback: { url: ['a', 'b', 'c', 'd', 'e', 'f'], body: 'x' } }, /^callback\.url: .*1 to 5/],
    [{ callback: { url: 'a;b', body: 'x' } }, /^callback\.url: .*`;`/],
    [{ callback: { url: 'a' } }, /^callback\.body: /],
    [{ callback: { url: 'a', body: '' } }, /^callback\.body: /],
    [{ callback: { url: 'a', body: 'b', host: 7 } }, /^callback\.host: /],
    [{ callback: { url: 'a', body: 'b', bodyType: '' } }, /^callback\.bodyType: /],
    [{ callback: { url: 'a', body: 'b', vars: { v: '1' } } }, /^callback\.vars: .*`x:`.*`v`/],
    [{ callback: { url: 'a', body: 'b', vars: { 'x:': '1' } } }, /^callback\.vars: /],
    [{ callback: { url: 'a', body: 'b', vars: { 'x:v': 1 } } }, /^callback\.vars\["x:v"\]: /],
    [{ callback: { url: 'a', body: 'x'.repeat(5000) } }, /^callback: .*5120 bytes/],
    [
      { callback: { url: 'a', body: 'b', vars: { 'x:v': 'x'.repeat(5000) } } },
      /^callback\.vars: .*5120/,
    ],
  ]
  it.each(rows)('refuses %j', (options, message) => {
    expect(messageOf(options)).toMatch(message)
  })

  it.each([
    ...['authorization', 'Authorization', 'connection', 'content-length', 'Content-MD5', 'date'],
    ...['expect', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
    ...['x-oss-date', 'X-OSS-Security-Token', 'x-oss-content-sha256', 'x-oss-copy-source'],
    ...['x-oss-copy-source-range', 'x-oss-complete-all'],
  ])('refuses %s among the free headers, without its value', (name) => {
    const message = messageOf({ headers: { [name]: 'hunter2' } })
    expect(message).toMatch(/^headers: .*set by this library/)
    expect(message).not.toMatch(/hunter2/)
  })

  it.each([
    [{ meta: { a: 'x'.repeat(8191) } }],
    [{ meta: { a: 'é\tÿ', b: '' } }],
    [{ tagging: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, ''])) }],
    [{ tagging: { ['a'.repeat(128)]: 'b'.repeat(256) } }],
    [{ callback: { url: ['a', 'b', 'c', 'd', 'e'], body: 'x' } }],
  ])('takes what just fits: %j', (options) => {
    expect(messageOf(options)).toBe('accepted')
  })
})

describe('checkHeader', () => {
  it.each(['\n', '\r', '\0', '\x7f', '\x1b'])('refuses %j inside a value', (character) => {
    expect(() => checkHeader('x-a', `a${character}b`, 'headers')).toThrow(InvalidOptionError)
  })

  it('takes tabs and Latin-1 inside a value', () => {
    expect(() => checkHeader('x-a', 'a\tb\u00ff', 'headers')).not.toThrow()
    expect(() => checkHeader('x-a', 'a\u0100', 'headers')).toThrow(/encodeURIComponent/)
  })
})

describe('contentTypeOf', () => {
  it.each([
    ['a/b.sql.gz', 'application/gzip'],
    ['a.TXT', 'text/plain'],
    ['photo.jpeg', 'image/jpeg'],
    ['a.tar', 'application/x-tar'],
    ['a', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
    ['gz', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
    ['a.json/b', 'application/octet-stream'],
  ])('takes %s for %s', (key, type) => {
    expect(contentTypeOf(key)).toBe(type)
  })
})

describe('userMetadata', () => {
  it('takes what has the prefix, under lower-case names', () => {
    expect(
      userMetadata({
        'x-oss-meta-a': '1',
        'X-Oss-Meta-B-C': '2',
        'x-oss-meta-d': ['3', '4'],
        'x-oss-meta-e': undefined,
        'x-oss-metadata': 'no',
        etag: 'no',
      }),
    ).toEqual({ a: '1', 'b-c': '2', d: '3, 4' })
  })

  it('gives back what objectHeaders sent', () => {
    const meta = { a: '1', 'b-c': 'é' }
    expect(userMetadata(objectHeaders({ meta }, 'PutObject'))).toEqual(meta)
  })
})
