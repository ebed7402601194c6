/** What may not be: refused synchronously, saying what was expected and what came, before any request. */
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { OssClient } from '../src/client/client.js'
import { systemClock } from '../src/client/clock.js'
import { CLIENT_OPTION_NAMES, type OssClientOptions } from '../src/client/options.js'
import { InvalidOptionError } from '../src/errors.js'
import type { OssWriteStreamOptions } from '../src/options.js'
import { OBJECT_HEADER_OPTION_NAMES, type ObjectHeaderOptions } from '../src/protocol/headers.js'
import { MARKER_NAME } from '../src/resolve-headers.js'
import { OPTION_NAMES, resolveOptions } from '../src/resolve-options.js'
import { createOssServer, type OssServer } from '../src/server/server.js'
import { createOssWriteStream } from '../src/write-stream.js'

const TARGET = 'oss://bucket/key'
const KEYS = { accessKeyId: 'id', accessKeySecret: 'secret' }

/** The names of the options of the stream alone; the compiler holds all lists complete. */
const UPLOAD_OPTION_NAMES = [
  'key',
  'client',
  'partSize',
  'concurrency',
  'parallel',
  'maxMemory',
  'expectedSize',
  'exactSize',
  'expectedDigest',
  'sha256',
  'beforeComplete',
  'onMismatch',
  'checkpoint',
  'sourceVersion',
  'leavePartsOnError',
  'signal',
  'onProgress',
  'integrity',
  'hashing',
  'hedge',
  'marker',
  'highWaterMark',
] as const satisfies readonly (keyof OssWriteStreamOptions)[]

let server: OssServer
beforeAll(async () => {
  server = await createOssServer({ buckets: ['bucket'] })
})
afterAll(() => server.close())
afterEach(() => expect(server.requests.all).toEqual([]))

/** Calls it as JavaScript would, where no type forbids anything. */
function create(...args: unknown[]): Writable {
  return Reflect.apply(createOssWriteStream, undefined, args)
}

/** What it is refused with. */
function refusalOf(...args: unknown[]): InvalidOptionError {
  try {
    create(...args)
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
    throw error
  }
  throw new Error('accepted')
}

/** Options with which the rest is in order. */
function whole(options: object = {}): object {
  return { ...server.options(), env: {}, ...options }
}

function resolve(options: OssWriteStreamOptions) {
  return resolveOptions(TARGET, { ...server.options(), env: {}, ...options })
}

describe('a bad value', () => {
  const KIB_100 = 'an integer from 102400 to 5368709120 (bytes)'
  const rows: [
    option: keyof OssWriteStreamOptions,
    value: unknown,
    message: string,
    name?: string,
  ][] = [
    ['partSize', 50, `Expected \`partSize\` to be ${KIB_100}, got \`50\` (number)`],
    ['partSize', 102_399, KIB_100],
    ['partSize', 5 * 1024 ** 3 + 1, KIB_100],
    ['partSize', 102_400.5, KIB_100],
    ['partSize', '8388608', 'got `8388608` (string)'],
    ['partSize', Number.NaN, 'got `NaN` (number)'],
    ['partSize', null, 'got `null`'],
    ['partSize', 10n ** 6n, '(bigint)'],
    [
      'concurrency',
      0,
      "Expected `concurrency` to be an integer from 1 to 1000, or 'auto', got `0` (number)",
    ],
    ['concurrency', 1001, 'from 1 to 1000'],
    ['concurrency', 2.5, 'from 1 to 1000'],
    ['concurrency', 'automatic', 'got `automatic` (string)'],
    ['concurrency', '4', 'got `4` (string)'],
    ['concurrency', Number.POSITIVE_INFINITY, 'got `Infinity`'],
    [
      'parallel',
      -1,
      "Expected `parallel` to be an integer from 1 to 1000, or 'auto', got `-1` (number)",
    ],
    [
      'maxMemory',
      204_799,
      'Expected `maxMemory` to be an integer from 204800 (bytes), got `204799`',
    ],
    ['maxMemory', '1GB', 'got `1GB` (string)'],
    ['expectedSize', -1, 'Expected `expectedSize` to be an integer from 0 (bytes), got `-1`'],
    ['expectedSize', 2 ** 53, 'an integer from 0'],
    ['exactSize', 'yes', 'Expected `exactSize` to be a boolean, got `yes` (string)'],
    ['expectedDigest', 'abc', 'Expected `expectedDigest` to be an object, a plain one'],
    ['expectedDigest', { sha1: 'a' }, 'Unknown option `sha1` of `expectedDigest`', 'sha1'],
    [
      'expectedDigest',
      { md5: 'x'.repeat(32) },
      'to be a string of 32 hexadecimal digits',
      'expectedDigest.md5',
    ],
    [
      'expectedDigest',
      { md5: '1B2M2Y8AsgTpgAmY7PhCfg==' },
      'to be a string of 32 hexadecimal digits',
      'expectedDigest.md5',
    ],
    [
      'expectedDigest',
      { sha256: 'a'.repeat(63) },
      'to be a string of 64 hexadecimal digits',
      'expectedDigest.sha256',
    ],
    ['expectedDigest', { crc64: '0x1' }, 'to be unsigned decimal', 'expectedDigest.crc64'],
    ['expectedDigest', { crc64: -1n }, 'to be unsigned decimal', 'expectedDigest.crc64'],
    ['hashing', 'gpu', "Expected `hashing` to be 'auto', 'inline' or 'worker'"],
    ['sha256', 'yes', 'Expected `sha256` to be a boolean'],
    ['hedge', 'auto', 'Expected `hedge` to be a boolean'],
    ['beforeComplete', true, 'Expected `beforeComplete` to be a function'],
    ['onMismatch', 'remove', "Expected `onMismatch` to be 'delete' or 'keep'"],
    ['checkpoint', './upload.checkpoint', 'a store with the methods load, save and remove'],
    ['checkpoint', { load() {}, save() {} }, 'a store with the methods load, save and remove'],
    ['sourceVersion', '', 'Expected `sourceVersion` to be a string of 1 to 1024 characters'],
    ['sourceVersion', 7, 'Expected `sourceVersion` to be a string of 1 to 1024 characters'],
    ['sourceVersion', 'v1', 'Expected `checkpoint` to be given with `sourceVersion`', 'checkpoint'],
    [
      'exactSize',
      true,
      'Expected `expectedSize` to be given with `exactSize`, got nothing',
      'expectedSize',
    ],
    ['leavePartsOnError', 1, 'Expected `leavePartsOnError` to be a boolean, got `1` (number)'],
    ['marker', 'mine', 'Expected `marker` to be a boolean'],
    ['signal', {}, 'Expected `signal` to be an AbortSignal, got a value of type object'],
    ['signal', new AbortController(), 'to be an AbortSignal'],
    ['onProgress', 'log', 'Expected `onProgress` to be a function, got `log` (string)'],
    ['integrity', 'sha1', "to be 'md5', 'md5+crc64', 'crc64' or false, got `sha1` (string)"],
    ['integrity', true, 'got `true` (boolean)'],
    ['highWaterMark', -1, 'Expected `highWaterMark` to be an integer from 0 (bytes), got `-1`'],
    ['client', {}, 'Expected `client` to be an OssClient, got a value of type object'],
    ['region', 'Hang Zhou', 'Expected `region` to be a region such as `cn-hangzhou`'],
    ['region', 5, 'got `5` (number)'],
    ['endpoint', '', 'Expected `endpoint`'],
    ['endpoint', 'ftp://127.0.0.1', 'Expected `endpoint`'],
    ['endpoint', 'http://127.0.0.1/path', 'Expected `endpoint`'],
    ['credentials', 'id:secret', 'Expected `credentials` to be an object with `accessKeyId`'],
    ['credentials', {}, '`accessKeyId`'],
    ['credentials', { accessKeyId: 'id' }, '`accessKeySecret`'],
    ['credentials', { ...KEYS, securityToken: 'a\nb' }, '`securityToken`'],
    ['credentials', { ...KEYS, expiration: 'soon' }, '`expiration`'],
    ['signatureVersion', 'v2', 'Expected `signatureVersion` to be `v4` or `v1`, got `v2` (string)'],
    ['internal', 'yes', 'Expected `internal` to be `true` or `false`'],
    ['dualStack', 1, 'Expected `dualStack`'],
    ['accelerate', 'yes', 'Expected `accelerate`'],
    ['cname', 'yes', 'Expected `cname`'],
    ['secure', 'yes', 'Expected `secure`'],
    ['pathStyle', 'yes', 'Expected `pathStyle`'],
    [
      'retry',
      { maxAttempts: 0 },
      'Expected `retry.maxAttempts` to be an integer from 1',
      'retry.maxAttempts',
    ],
    [
      'retry',
      { baseDelayMs: -1 },
      'Expected `retry.baseDelayMs` to be a number from 0',
      'retry.baseDelayMs',
    ],
    ['retry', { maxDelayMs: '1' }, 'Expected `retry.maxDelayMs`', 'retry.maxDelayMs'],
    ['retry', { maxElapsedMs: Number.NaN }, 'Expected `retry.maxElapsedMs`', 'retry.maxElapsedMs'],
    ['retry', { attempts: 3 }, 'Unknown option `attempts` of `retry`', 'attempts'],
    [
      'timeouts',
      { stallMs: 0 },
      'Expected `timeouts.stallMs` to be an integer from 1',
      'timeouts.stallMs',
    ],
    ['memoryBudget', 1.5, 'Expected `memoryBudget` to be an integer from 0 (bytes)'],
    ['timeouts', { connectMs: 1.5 }, 'Expected `timeouts.connectMs`', 'timeouts.connectMs'],
    [
      'timeouts',
      { responseMs: Number.POSITIVE_INFINITY },
      'Expected `timeouts.responseMs`',
      'timeouts.responseMs',
    ],
    ['timeouts', { abortMs: -1 }, 'Expected `timeouts.abortMs`', 'timeouts.abortMs'],
    ['timeouts', { abortMS: 1 }, 'did you mean `abortMs`?', 'abortMS'],
    ['dispatcher', {}, 'Expected `dispatcher` to be an undici dispatcher'],
    ['onRetry', 'log', 'Expected `onRetry` to be a function'],
    ['contentType', '', 'Expected `contentType` to be a string that is not empty'],
    [
      'contentType',
      'text/plain\r\nx-oss-object-acl: public-read',
      'free of line breaks and control characters',
    ],
    ['contentType', 7, 'Expected `contentType`'],
    ['cacheControl', 'no-cache\n', 'free of line breaks'],
    ['contentDisposition', 'attachment; filename="中文.txt"', 'Latin-1'],
    ['contentEncoding', 'gzip\0', 'free of line breaks and control characters'],
    ['expires', new Date(Number.NaN), 'Expected `expires` to be a valid date'],
    ['headers', { 'X Y': '1' }, 'named by a header name', 'headers["X Y"]'],
    ['headers', JSON.parse('{"__proto__": "1"}'), 'named by a header name', 'headers["__proto__"]'],
    [
      'headers',
      { 'x-a': 'b\r\nc' },
      'Expected `headers["x-a"]` to be free of line breaks',
      'headers["x-a"]',
    ],
    ['headers', { 'x-a': 'b\nc' }, 'free of line breaks', 'headers["x-a"]'],
    ['headers', { 'x-a': 'b\0c' }, 'free of line breaks', 'headers["x-a"]'],
    ['headers', { 'x-a': '中' }, 'Latin-1', 'headers["x-a"]'],
    ['headers', { 'x-a': ' b' }, 'free of outer blanks', 'headers["x-a"]'],
    ['headers', { 'x-a': 5 }, 'to be a string, got `5` (number)', 'headers["x-a"]'],
    ['headers', { Authorization: 'me' }, 'without `authorization`, which is set by this library'],
    ['headers', { 'content-length': '5' }, 'without `content-length`'],
    ['headers', 'x-a: b', 'Expected `headers` to be an object'],
    ['meta', { 'a b': '1' }, 'named by letters, digits and `-`'],
    ['meta', { 'a\r\nb': '1' }, 'named by letters, digits and `-`'],
    ['meta', { äh: '1' }, 'named by letters, digits and `-`'],
    ['meta', { a: 'b\r\nc' }, 'free of line breaks', 'meta["a"]'],
    ['meta', { a: 'b\0' }, 'free of line breaks', 'meta["a"]'],
    ['meta', { a: '😀' }, 'Latin-1', 'meta["a"]'],
    ['meta', { a: 1 }, 'to be a string', 'meta["a"]'],
    ['meta', { a: '1', A: '2' }, 'once, whatever its case'],
    ['acl', 'public', 'Expected `acl` to be one of `default`, `private`'],
    ['storageClass', 'Glacier', 'Expected `storageClass` to be one of `Standard`'],
    ['serverSideEncryption', 'DES', 'Expected `serverSideEncryption` to be one of `AES256`'],
    ['sseKmsKeyId', 'key-1', '`KMS` if there is a `sseKmsKeyId`', 'serverSideEncryption'],
    [
      'tagging',
      Object.fromEntries([...'abcdefghijk'].map((name) => [name, ''])),
      'at most 10 tags',
    ],
    ['tagging', 'a=b', 'Expected `tagging` to be an object'],
    ['forbidOverwrite', 'true', 'Expected `forbidOverwrite` to be `true` or `false`'],
    ['callback', { url: [], body: 'x' }, '1 to 5 addresses', 'callback.url'],
    ['callback', { url: 'http://a.b' }, 'Expected `callback.body`', 'callback.body'],
    ['trafficLimit', 100, 'an integer from 819200 to 838860800 (bit/s)'],
  ]

  const cases = rows.map(([option, value, message, name = option]) => {
    const shown = inspect(value, { breakLength: Number.POSITIVE_INFINITY }).slice(0, 50)
    return { option, shown, value, message, name }
  })

  it.each(cases)('of `$option`, such as $shown, is refused', ({ option, value, message, name }) => {
    const error = refusalOf(TARGET, whole({ [option]: value }))
    expect(error.message).toContain(message)
    expect(error).toMatchObject({
      name: 'InvalidOptionError',
      code: 'ERR_OSS_INVALID_OPTION',
      option: name,
    })
  })

  it('is tried for every option there is, but two that stand for what tests put in their place', () => {
    const tried = new Set<string>(rows.map(([option]) => option))
    expect(OPTION_NAMES.filter((name) => !tried.has(name)).sort()).toEqual([
      ...['bucket', 'clock', 'env', 'key'],
    ])
  })

  it.each([
    ['bucket', { bucket: 'No', key: 'key' }, 'a bucket name: 3 to 63'],
    ['bucket', { bucket: 'bucket/', key: 'key' }, 'a bucket name'],
    ['bucket', { bucket: 5, key: 'key' }, 'got `5` (number)'],
    ['key', { bucket: 'bucket' }, 'an object key: 1 to 1023 bytes of well-formed Unicode'],
    ['key', { bucket: 'bucket', key: '' }, 'an object key'],
    ['key', { bucket: 'bucket', key: '/a' }, 'not beginning with `/`'],
    ['key', { bucket: 'bucket', key: '\\a' }, 'not beginning with `/`'],
    ['key', { bucket: 'bucket', key: 'é'.repeat(512) }, '1 to 1023 bytes'],
    ['key', { bucket: 'bucket', key: '\uD800' }, 'well-formed Unicode'],
    ['key', { bucket: 'bucket', key: 7 }, 'got `7` (number)'],
  ])('of `%s` among options alone: %j', (option, options, message) => {
    const error = refusalOf(whole(options))
    expect(error.message).toContain(message)
    expect(error.option).toBe(option)
  })

  it.each([
    'http://bucket/key',
    'https://bucket.oss-cn-hangzhou.aliyuncs.com/key',
    'oss://',
    'oss://b',
    'oss://b/',
    'oss://bucket',
    'oss://bucket/',
    'oss:///key',
    'oss://BUCKET/key',
    'oss://bucket//key',
    'bucket/key',
    'OSS://bucket/key',
    '',
    5,
    true,
    () => TARGET,
  ])('of the target: %j', (target) => {
    const error = refusalOf(target, whole())
    expect(error.option).toBe('target')
    expect(error.message).toMatch(/^Expected `target` to be /)
  })

  it.each([null, undefined])('of the target: %s, with no options either', (target) => {
    expect(refusalOf(target, whole())).toMatchObject({ code: 'ERR_OSS_INVALID_OPTION' })
  })

  it.each([null, 5, 'options'])('of the options themselves: %s', (options) => {
    const error = refusalOf(TARGET, options)
    expect(error.message).toContain('Expected `options` to be an object, got')
    expect(error.option).toBe('options')
  })
})

describe('an unknown option', () => {
  it.each([
    ['partsize', 'partSize'],
    ['PartSize', 'partSize'],
    ['concurency', 'concurrency'],
    ['contentype', 'contentType'],
    ['regoin', 'region'],
    ['accessKeyId', undefined],
    ['queueSize', undefined],
    ['mime', undefined],
  ])('%s is refused, naming %s', (name, nearest) => {
    const error = refusalOf(TARGET, whole({ [name]: 1 }))
    const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\`?`
    expect(error.message).toBe(`Unknown option \`${name}\` of createOssWriteStream()${hint}`)
    expect(error.option).toBe(name)
  })

  it('is refused even if it is `undefined`: it is misspelt all the same', () => {
    expect(refusalOf(TARGET, whole({ partsize: undefined })).option).toBe('partsize')
  })

  it('is none if it is known and `undefined`', async () => {
    const nothing = Object.fromEntries(OPTION_NAMES.map((name) => [name, undefined]))
    const out = create(TARGET, { ...nothing, ...whole() })
    out.destroy()
    expect(out).toBeInstanceOf(Writable)
  })
})

describe('two things that say the same', () => {
  it.each(['bucket', 'key'] as const)('target and `%s`', (name) => {
    const error = refusalOf(TARGET, whole({ [name]: 'other' }))
    expect(error.message).toBe(
      `Expected no \`${name}\` beside the target "oss://bucket/key", which names it`,
    )
    expect(error.option).toBe(name)
  })

  it('`concurrency` and `parallel`', () => {
    const error = refusalOf(TARGET, whole({ concurrency: 2, parallel: 2 }))
    expect(error.message).toBe('Expected `concurrency` or `parallel`, not both')
    expect(error.option).toBe('parallel')
  })

  it.each(CLIENT_OPTION_NAMES.filter((name) => name !== 'bucket'))('`client` and `%s`', (name) => {
    const client = new OssClient({ ...server.options(), env: {} })
    const error = refusalOf(TARGET, { client, [name]: name === 'clock' ? systemClock : true })
    expect(error.message).toBe(`Expected no \`${name}\` beside \`client\`, which has its own`)
    expect(error.option).toBe(name)
  })

  it('`client` and `bucket` do not: the bucket says where to', () => {
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'other-bucket' })
    const resolved = resolveOptions(undefined, { client, bucket: 'bucket', key: 'key' })
    expect(resolved).toMatchObject({ client, bucket: 'bucket' })
  })
})

describe('null, and what only looks like an object', () => {
  it.each([
    ...['concurrency', 'parallel', 'highWaterMark', 'partSize', 'maxMemory', 'expectedSize'],
    ...['retry', 'timeouts', 'signatureVersion', 'env', 'clock', 'headers', 'meta', 'tagging'],
  ])('is refused for `%s`', (option) => {
    expect(refusalOf(TARGET, whole({ [option]: null })).option).toBe(option)
  })

  it.each([
    ['retry', 5],
    ['timeouts', 5],
    ['env', 1],
    ['headers', new Map([['a', 'b']])],
    ['meta', new Map([['a', 'b']])],
    ['tagging', new Map([['a', 'b']])],
  ])('is refused for `%s`: %s', (option, value) => {
    expect(refusalOf(TARGET, whole({ [option]: value })).option).toBe(option)
  })

  it.each([
    [
      'a misspelt field',
      { url: 'https://a', body: 'b', bodytype: 'c' },
      'did you mean `bodyType`?',
    ],
    ['another scheme', { url: 'ftp://a', body: 'b' }, 'an HTTP address'],
  ])('`callback` with %s is refused', (_name, callback, message) => {
    expect(refusalOf(TARGET, whole({ callback })).message).toContain(message)
  })
})

describe('what is missing', () => {
  it.each([
    ['bucket', { region: 'cn-hangzhou', credentials: KEYS }, 'as OSS_BUCKET in the environment'],
    ['region', { credentials: KEYS }, 'region'],
    ['credentials', { region: 'cn-hangzhou' }, '`OSS_ACCESS_KEY_ID` and `OSS_ACCESS_KEY_SECRET`'],
  ])('is named: %s', (option, options, message) => {
    const error = refusalOf({ key: 'key', env: {}, ...options })
    expect(error.message).toContain(message)
    expect(error.option).toBe(option)
  })

  it('may be in the environment', () => {
    const env = {
      OSS_BUCKET: 'from-env',
      OSS_REGION: 'cn-beijing',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'secret',
    }
    const resolved = resolveOptions(undefined, { key: 'key', env })
    expect(resolved).toMatchObject({ bucket: 'from-env', key: 'key' })
    expect(resolved.client.urlOf('from-env', 'key')).toBe(
      'https://from-env.oss-cn-beijing.aliyuncs.com/key',
    )
  })

  it('may be half in the environment, which is told by its names there', () => {
    const env = { OSS_ACCESS_KEY_ID: 'id' }
    const error = refusalOf(TARGET, { region: 'cn-hangzhou', env })
    expect(error.message).toContain('`OSS_ACCESS_KEY_SECRET` in the environment')
  })

  it("may be a shared client's", () => {
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'shared' })
    expect(resolveOptions(undefined, { client, key: 'key' }).bucket).toBe('shared')
    const without = new OssClient({ ...server.options(), env: {} })
    expect(refusalOf({ client: without, key: 'key' }).option).toBe('bucket')
  })
})

describe('what is taken', () => {
  it('is the target literally, key and all', () => {
    const { bucket, key } = resolveOptions('oss://bucket/a//b/../%2F?c#d', whole())
    expect([bucket, key]).toEqual(['bucket', 'a//b/../%2F?c#d'])
  })

  it('has defaults', () => {
    const mib = 1024 ** 2
    expect(resolve({})).toMatchObject({
      concurrency: 4,
      exactSize: false,
      expectedSize: undefined,
      leavePartsOnError: false,
      guard: { expectedDigest: {}, sha256: false, beforeComplete: undefined },
      onMismatch: 'keep',
      checkpoint: undefined,
      signal: undefined,
      onProgress: undefined,
      digests: { md5: true, crc64: false },
      highWaterMark: mib,
      plan: { partSize: 8 * mib, maxMemory: 256 * mib },
    })
  })

  it.each([
    ['md5', { md5: true, crc64: false }],
    ['md5+crc64', { md5: true, crc64: true }],
    ['crc64', { md5: false, crc64: true }],
    [false, { md5: false, crc64: false }],
  ] as const)('of `integrity: %s` are the digests %j', (integrity, digests) => {
    expect(resolve({ integrity }).digests).toEqual(digests)
    // Whoever says it gets it.
    expect(resolve({ integrity, onMismatch: 'delete' }).digests).toEqual(digests)
  })

  it("of no `integrity` are an MD5, and with `onMismatch: 'delete'` a CRC-64, too", () => {
    expect(resolve({ onMismatch: 'keep' }).digests).toEqual({ md5: true, crc64: false })
    expect(resolve({ onMismatch: 'delete' }).digests).toEqual({ md5: true, crc64: true })
  })

  it('takes `parallel` for `concurrency`', () => {
    expect(resolve({ parallel: 7 }).concurrency).toBe(7)
    expect(resolve({ parallel: 'auto' }).maxConcurrency).toBe(16)
  })

  it.each([
    ['has 16 requests at most', {}, 4, 16],
    ['fills one part while others are sent', { maxMemory: 1024 ** 2, partSize: 102_400 }, 4, 9],
    ['begins with fewer than 4', { maxMemory: 307_200, partSize: 102_400 }, 2, 2],
    ['sends at least one', { maxMemory: 204_800 }, 1, 1],
    ['counts for 4 in the default of `maxMemory`', { partSize: 100 * 1024 ** 2 }, 4, 4],
  ])('with `concurrency: auto` %s: %j', (_, sizes, concurrency, maxConcurrency) => {
    expect(resolve({ ...sizes, concurrency: 'auto' })).toMatchObject({
      concurrency,
      maxConcurrency,
    })
  })

  it.each([
    ['on', {}, true],
    ['off through an accelerated endpoint', { endpoint: 'oss-accelerate.aliyuncs.com' }, false],
    ['off where the requester pays', { headers: { 'X-OSS-Request-Payer': 'requester' } }, false],
    ['off with a traffic limit', { trafficLimit: 819_200 }, false],
    ['as it is told', { trafficLimit: 819_200, hedge: true }, true],
    ['as it is told', { hedge: false }, false],
  ])('has `hedge` %s: %j', (_, options, hedge) => {
    expect(resolve(options).hedge).toBe(hedge)
  })

  it('grows no number that was asked for', () => {
    expect(resolve({ concurrency: 2 })).toMatchObject({ concurrency: 2, maxConcurrency: undefined })
  })

  it('passes what the object is stored with on, and nothing else', () => {
    const meta = { author: 'a' }
    const { headers } = resolve({ meta, acl: 'private', marker: false, partSize: 102_400 })
    expect(headers).toEqual({ meta, acl: 'private' })
  })
})

describe('the marker', () => {
  it('is on: 24 hexadecimal digits of user metadata, others each time', () => {
    const { marker, headers } = resolve({ meta: { author: 'a' } })
    expect(marker).toMatch(/^[0-9a-f]{24}$/)
    expect(headers.meta).toEqual({ author: 'a', [MARKER_NAME]: marker })
    expect(resolve({}).marker).not.toBe(marker)
    const clock = { ...systemClock, random: () => 0 }
    expect(resolve({ clock }).marker).toBe('0'.repeat(24))
  })

  it('can be turned off', () => {
    const { marker, headers } = resolve({ marker: false, meta: { [MARKER_NAME]: 'mine' } })
    expect(marker).toBeUndefined()
    expect(headers.meta).toEqual({ [MARKER_NAME]: 'mine' })
  })

  it.each([MARKER_NAME, MARKER_NAME.toUpperCase()])('forbids `meta` named %s', (name) => {
    const error = refusalOf(TARGET, whole({ meta: { [name]: 'mine' } }))
    expect(error.message).toContain(`no \`meta\` named ${MARKER_NAME}`)
    expect(error.option).toBe('meta')
  })

  it('forbids a header of that name, too', () => {
    const headers = { [`x-oss-meta-${MARKER_NAME}`]: 'mine' }
    expect(refusalOf(TARGET, whole({ headers })).code).toBe('ERR_OSS_INVALID_OPTION')
  })

  it('counts towards the 8 KiB of user metadata', () => {
    const room = 8 * 1024 - MARKER_NAME.length - 24
    expect(() => resolve({ meta: { a: 'x'.repeat(room - 1) } })).not.toThrow()
    const meta = { a: 'x'.repeat(room) }
    expect(refusalOf(TARGET, whole({ meta })).message).toContain('at most 8192 bytes')
    expect(() => resolve({ meta, marker: false })).not.toThrow()
  })
})

describe('options that contradict each other', () => {
  const checkpoint = { load() {}, save() {}, remove() {} }
  it.each([
    [{ onMismatch: 'delete', marker: false }, 'onMismatch'],
    [{ checkpoint, integrity: false }, 'integrity'],
    [{ sha256: true, meta: { 'Osspipe-SHA256': 'a' } }, 'meta'],
    [{ expectedDigest: { sha256: 'a'.repeat(64) }, meta: { 'osspipe-sha256': 'a' } }, 'meta'],
  ] as const)('%j are refused', (options, option) => {
    expect(refusalOf(TARGET, whole(options)).option).toBe(option)
  })

  it('leave the name of the SHA-256 to the caller where nobody asks for one', () => {
    const { headers } = resolve({ meta: { 'osspipe-sha256': 'mine' } })
    expect(headers.meta).toMatchObject({ 'osspipe-sha256': 'mine' })
  })

  it('leave every other name to the caller, also those that objects inherit', () => {
    const { headers } = resolve({ meta: { Constructor: 'mine' }, sha256: true })
    expect(headers.meta).toMatchObject({ Constructor: 'mine' })
  })

  it('count the SHA-256 towards the 8 KiB of user metadata, though it comes later', () => {
    const meta = { a: 'x'.repeat(8 * 1024 - 1 - 24 - MARKER_NAME.length) }
    expect(() => resolve({ meta })).not.toThrow()
    expect(refusalOf(TARGET, whole({ meta, sha256: true })).option).toBe('meta')
  })
})

describe('a checkpoint', () => {
  const store = { load: () => undefined, save() {}, remove() {} }
  const digestOf = (options: OssWriteStreamOptions) =>
    resolve({ checkpoint: store, ...options }).checkpoint?.headers

  it('keeps the parts of an upload that fails, unless that is refused', () => {
    expect(resolve({ checkpoint: store }).leavePartsOnError).toBe(true)
    expect(resolve({ checkpoint: store, leavePartsOnError: false }).leavePartsOnError).toBe(false)
  })

  it('knows the object headers, in any order, without the marker', () => {
    const meta = { a: '1', b: '2' }
    expect(digestOf({ meta, acl: 'private' })).toMatch(/^[0-9a-f]{64}$/)
    expect(digestOf({ acl: 'private', meta: { b: '2', a: '1' } })).toBe(
      digestOf({ meta, acl: 'private' }),
    )
  })

  it.each([
    { meta: { a: '1' } },
    { contentType: 'text/plain' },
    { expires: new Date(0) },
    { expectedDigest: { sha256: 'a'.repeat(64) } },
    { tagging: { a: 'b' } },
  ])('tells %j from none', (options) => {
    expect(digestOf(options)).not.toBe(digestOf({}))
  })
})

describe('sizes that contradict each other', () => {
  it.each([
    [{ partSize: 8 * 1024 ** 2, maxMemory: 8 * 1024 ** 2 }, 'maxMemory'],
    [{ expectedSize: 100 * 1024 ** 4, partSize: 102_400 }, 'expectedSize'],
    [{ expectedSize: 10_000 * 102_400 + 1, exactSize: true, maxMemory: 204_800 }, 'expectedSize'],
  ])('%j are refused before the first byte', (options, option) => {
    expect(refusalOf(TARGET, whole(options)).option).toBe(option)
  })
})

type Missing<All, Known> = Exclude<All, Known>
type Nothing<T extends never> = T

describe('the lists of names', () => {
  it('are complete, which the compiler checks', () => {
    const missing: {
      client: Nothing<Missing<keyof OssClientOptions, (typeof CLIENT_OPTION_NAMES)[number]>>[]
      header: Nothing<
        Missing<keyof ObjectHeaderOptions, (typeof OBJECT_HEADER_OPTION_NAMES)[number]>
      >[]
      upload: Nothing<
        Missing<
          keyof OssWriteStreamOptions,
          | (typeof CLIENT_OPTION_NAMES)[number]
          | (typeof OBJECT_HEADER_OPTION_NAMES)[number]
          | (typeof UPLOAD_OPTION_NAMES)[number]
        >
      >[]
    } = { client: [], header: [], upload: [] }
    expect(Object.values(missing).flat()).toEqual([])
    const names = [...UPLOAD_OPTION_NAMES, ...CLIENT_OPTION_NAMES, ...OBJECT_HEADER_OPTION_NAMES]
    expect([...OPTION_NAMES].sort()).toEqual([...names].sort())
    expect(new Set(OPTION_NAMES).size).toBe(OPTION_NAMES.length)
  })

  it('are what is accepted: each known name is refused for its value, not as unknown', () => {
    for (const name of UPLOAD_OPTION_NAMES) {
      const text = refusalOf(TARGET, whole({ [name]: Symbol('bad') })).message
      expect(text).not.toContain('Unknown option')
    }
  })
})
