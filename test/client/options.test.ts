import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import {
  CLIENT_OPTION_NAMES,
  type OssClientOptions,
  resolveClientOptions,
} from '../../src/client/options.js'
import { InvalidOptionError } from '../../src/errors.js'

const credentials = { accessKeyId: 'LTAI5t', accessKeySecret: 'sEcReT', securityToken: 'tOkEn' }
const base = { region: 'cn-hangzhou', credentials, env: {} }

function signing(options: OssClientOptions) {
  const { signing } = resolveClientOptions({ credentials, env: {}, ...options })
  return {
    host: signing.endpoint.host,
    region: signing.version === 'v4' ? signing.region : undefined,
  }
}

describe('options of a client', () => {
  it.each<[string, object, string]>([
    ['no region', { credentials, env: {} }, '`region`'],
    ['no credentials', { region: 'cn-hangzhou', env: {} }, '`credentials`'],
    ['a misspelt name', { ...base, acceesKeyId: 'x' }, 'Unknown option `acceesKeyId` of OssClient'],
    ['a misspelt name', { ...base, endpont: 'x' }, 'did you mean `endpoint`?'],
    [
      'a misspelt retry',
      { ...base, retry: { attempts: 1 } },
      'Unknown option `attempts` of `retry`',
    ],
    ['a wrong retry', { ...base, retry: { maxAttempts: 0 } }, '`retry.maxAttempts`'],
    ['a misspelt timeout', { ...base, timeouts: { stalMs: 1 } }, 'did you mean `stallMs`?'],
    [
      'a wrong timeout',
      { ...base, timeouts: { stallMs: 0 } },
      '`timeouts.stallMs` to be an integer',
    ],
    [
      'a wrong budget',
      { ...base, memoryBudget: '1 GiB' },
      '`memoryBudget` to be an integer from 0',
    ],
    ['a negative budget', { ...base, memoryBudget: -1 }, '`memoryBudget` to be an integer from 0'],
    ['a wrong timeout', { ...base, timeouts: { abortMs: Infinity } }, '`timeouts.abortMs`'],
    ['a wrong bucket', { ...base, bucket: 'No' }, '`bucket` to be a bucket name'],
    ['a wrong bucket there', { ...base, env: { OSS_BUCKET: 'No' } }, 'got `No` (string)'],
    [
      'a wrong version',
      { ...base, signatureVersion: 'v2' },
      '`signatureVersion` to be `v4` or `v1`',
    ],
    ['a wrong dispatcher', { ...base, dispatcher: {} }, '`dispatcher` to be an undici dispatcher'],
    [
      'a wrong hook',
      { ...base, onRetry: true },
      '`onRetry` to be a function, got `true` (boolean)',
    ],
    ['a wrong endpoint', { ...base, endpoint: 'http://a/b?c' }, '`endpoint`'],
  ])('are refused at once with %s', (_, options, message) => {
    expect(() => new OssClient(options)).toThrow(InvalidOptionError)
    expect(() => new OssClient(options)).toThrow(message)
  })

  it('may all be given', () => {
    const known: readonly string[] = CLIENT_OPTION_NAMES
    expect(known).toHaveLength(new Set(known).size)
    const client = new OssClient({
      ...base,
      bucket: 'backups',
      retry: { maxAttempts: 1 },
      timeouts: { stallMs: 1000 },
      onRetry: () => {},
    })
    expect(client.bucket).toBe('backups')
    expect(client.timeouts).toEqual({
      connectMs: 10_000,
      stallMs: 1000,
      responseMs: 60_000,
      abortMs: 30_000,
    })
    expect(client.urlOf('backups', 'a b')).toBe(
      'https://backups.oss-cn-hangzhou.aliyuncs.com/a%20b',
    )
  })

  it('come from the environment where they are not given', () => {
    const env = {
      OSS_REGION: 'cn-beijing',
      OSS_BUCKET: 'from-env',
      OSS_ACCESS_KEY_ID: 'a',
      OSS_ACCESS_KEY_SECRET: 'b',
    }
    expect(new OssClient({ env }).bucket).toBe('from-env')
    expect(new OssClient({ env, bucket: 'given' }).bucket).toBe('given')
  })

  it.each<[string, OssClientOptions, { host: string; region: string | undefined }]>([
    [
      'OSS_REGION',
      { env: { OSS_REGION: 'cn-beijing' } },
      { host: 'oss-cn-beijing.aliyuncs.com', region: 'cn-beijing' },
    ],
    [
      'a region before OSS_REGION',
      { region: 'oss-cn-hangzhou', env: { OSS_REGION: 'cn-beijing' } },
      { host: 'oss-cn-hangzhou.aliyuncs.com', region: 'cn-hangzhou' },
    ],
    [
      'the region of an endpoint before OSS_REGION',
      { endpoint: 'oss-cn-hangzhou.aliyuncs.com', env: { OSS_REGION: 'cn-beijing' } },
      { host: 'oss-cn-hangzhou.aliyuncs.com', region: 'cn-hangzhou' },
    ],
    [
      'OSS_REGION for an endpoint that tells none',
      { endpoint: 'http://127.0.0.1:9000', env: { OSS_REGION: 'cn-beijing' } },
      { host: '127.0.0.1:9000', region: 'cn-beijing' },
    ],
    [
      'OSS_ENDPOINT for a region given',
      { region: 'cn-hangzhou', env: { OSS_ENDPOINT: 'http://127.0.0.1:9000' } },
      { host: '127.0.0.1:9000', region: 'cn-hangzhou' },
    ],
    [
      'OSS_ENDPOINT alone',
      { env: { OSS_ENDPOINT: 'oss-cn-beijing.aliyuncs.com' } },
      { host: 'oss-cn-beijing.aliyuncs.com', region: 'cn-beijing' },
    ],
    [
      'a region before an OSS_ENDPOINT elsewhere',
      { region: 'cn-hangzhou', env: { OSS_ENDPOINT: 'oss-cn-beijing.aliyuncs.com' } },
      { host: 'oss-cn-hangzhou.aliyuncs.com', region: 'cn-hangzhou' },
    ],
    [
      'a network given before OSS_ENDPOINT',
      {
        region: 'cn-hangzhou',
        internal: true,
        env: { OSS_ENDPOINT: 'oss-cn-hangzhou.aliyuncs.com' },
      },
      { host: 'oss-cn-hangzhou-internal.aliyuncs.com', region: 'cn-hangzhou' },
    ],
    [
      'no region for V1',
      { endpoint: 'http://127.0.0.1:9000', signatureVersion: 'v1' },
      { host: '127.0.0.1:9000', region: undefined },
    ],
  ])('choose %s', (_, options, expected) => {
    expect(signing(options)).toEqual(expected)
  })

  it.each<[string, OssClientOptions]>([
    ['an address', { endpoint: 'http://127.0.0.1:9000' }],
    ['acceleration', { accelerate: true }],
  ])('need a region for V4 with %s', (_, options) => {
    const make = () => signing(options)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('Expected `region`, which signature V4 needs')
  })

  it('show no secret when the client is printed', () => {
    const client = new OssClient({ ...base })
    const text = inspect(client, { depth: Infinity, showHidden: true, getters: true })
    expect(text + JSON.stringify(client)).not.toMatch(/LTAI5t|sEcReT|tOkEn/)
  })
})
