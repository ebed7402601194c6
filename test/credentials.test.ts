import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Credentials, type CredentialsSource, credentialsFrom } from '../src/credentials.js'
import { CredentialsError, InvalidOptionError } from '../src/errors.js'
import { FakeClock } from './helpers/fake-clock.js'
import { Gate } from './helpers/gate.js'

// A CommonJS module, whose default export Node and bundlers find in different places.
const { default: Credential, Config }: typeof import('@alicloud/credentials') = createRequire(
  import.meta.url,
)('@alicloud/credentials')

const MINUTE = 60_000
const KEYS = { accessKeyId: 'LTAI5t', accessKeySecret: 'sEcReT' }

function cache(
  source: CredentialsSource | undefined,
  { clock = new FakeClock(), env = {} }: { clock?: FakeClock; env?: Record<string, string> } = {},
) {
  return credentialsFrom(source, { clock, env })
}

/** A provider that gives numbered credentials, each valid for `lifetimeMs`. */
function numbered(clock: FakeClock, lifetimeMs?: number) {
  const provider = Object.assign(
    async (): Promise<Credentials> => {
      provider.asked += 1
      const expiration = lifetimeMs === undefined ? undefined : new Date(clock.now() + lifetimeMs)
      return { ...KEYS, securityToken: `token-${provider.asked}`, expiration }
    },
    { asked: 0 },
  )
  return provider
}

describe('credentials as an object', () => {
  it.each([
    ['securityToken', { ...KEYS, securityToken: 'T' }, { ...KEYS, securityToken: 'T' }],
    ['ali-oss stsToken', { ...KEYS, stsToken: 'T' }, { ...KEYS, securityToken: 'T' }],
    ['an empty token', { ...KEYS, securityToken: '' }, KEYS],
    ['no token', KEYS, KEYS],
  ])('are taken with %s', async (_, source, expected) => {
    const credentials = cache(source)
    expect(await credentials.get()).toEqual(expected)
    expect(credentials.reject(await credentials.get())).toBe(false)
  })

  it.each([
    [{ accessKeyId: 'a' }, 'accessKeySecret'],
    [{ accessKeyId: '', accessKeySecret: 'HIDDEN' }, 'accessKeyId'],
    [{ accessKeyId: 'a', accessKeySecret: 'HIDDEN\n' }, 'accessKeySecret'],
    [{ accessKeyId: 'a\r\nb: HIDDEN', accessKeySecret: 'x' }, 'accessKeyId'],
    [{ ...KEYS, securityToken: 'HIDDEN\0' }, 'securityToken'],
    [{ ...KEYS, stsToken: 'HIDDEN é' }, 'securityToken'],
    [{ ...KEYS, expiration: 'HIDDEN' }, 'expiration'],
    ['HIDDEN:HIDDEN', 'accessKeyId'],
    [null, 'accessKeyId'],
  ])('%# are refused when they cannot be, and not repeated', (source, field) => {
    const make = () => cache(source as CredentialsSource)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(`\`${field}\``)
    expect(make).not.toThrow('HIDDEN')
  })
})

describe('credentials of the environment', () => {
  it.each([
    [
      'OSS_*',
      { OSS_ACCESS_KEY_ID: 'a', OSS_ACCESS_KEY_SECRET: 'b', OSS_SESSION_TOKEN: 'c' },
      { accessKeyId: 'a', accessKeySecret: 'b', securityToken: 'c' },
    ],
    [
      'ALIBABA_CLOUD_*',
      {
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'a',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'b',
        ALIBABA_CLOUD_SECURITY_TOKEN: 'c',
      },
      { accessKeyId: 'a', accessKeySecret: 'b', securityToken: 'c' },
    ],
    [
      'OSS_* before ALIBABA_CLOUD_*, never mixed',
      {
        OSS_ACCESS_KEY_ID: 'a',
        OSS_ACCESS_KEY_SECRET: 'b',
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'x',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'y',
        ALIBABA_CLOUD_SECURITY_TOKEN: 'z',
      },
      { accessKeyId: 'a', accessKeySecret: 'b' },
    ],
  ])('are found in %s', async (_, env, expected) => {
    expect(await cache(undefined, { env }).get()).toEqual(expected)
  })

  it.each([
    [{}, 'Expected `credentials`, or `OSS_ACCESS_KEY_ID`'],
    [{ OSS_ACCESS_KEY_ID: 'a' }, '`OSS_ACCESS_KEY_ID` and `OSS_ACCESS_KEY_SECRET`'],
    [{ OSS_ACCESS_KEY_ID: 'a', OSS_ACCESS_KEY_SECRET: 'HIDDEN\n' }, 'line breaks'],
  ])('%o are refused at once', (env, message) => {
    expect(() => cache(undefined, { env })).toThrow(InvalidOptionError)
    expect(() => cache(undefined, { env })).toThrow(message)
    expect(() => cache(undefined, { env })).not.toThrow('HIDDEN')
  })
})

describe('a provider', () => {
  it('is asked once by many callers, and not again while what it gave is valid', async () => {
    const clock = new FakeClock()
    const provider = numbered(clock, 60 * MINUTE)
    const credentials = cache(provider, { clock })
    await Promise.all(Array.from({ length: 20 }, () => credentials.get()))
    await clock.advance(54 * MINUTE)
    expect((await credentials.get()).securityToken).toBe('token-1')
    expect(provider.asked).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['an hour', 60, 55],
    ['six minutes', 6, 4],
  ])('that gives credentials for %s is asked again in time', async (_, lifetime, renewedAt) => {
    const clock = new FakeClock()
    const provider = numbered(clock, lifetime * MINUTE)
    const credentials = cache(provider, { clock })
    await credentials.get()
    await clock.advance(renewedAt * MINUTE - 1)
    await credentials.get()
    expect(provider.asked).toBe(1)
    await clock.advance(1)
    expect((await credentials.get()).securityToken).toBe('token-2')
  })

  it.each([
    ['a date', (ms: number) => new Date(ms)],
    ['a text', (ms: number) => new Date(ms).toISOString()],
    ['milliseconds', (ms: number) => ms],
  ])('may give the expiration as %s', async (_, format) => {
    const clock = new FakeClock()
    let asked = 0
    const credentials = cache(
      () => {
        asked += 1
        return { ...KEYS, expiration: format(clock.now() + 60 * MINUTE) }
      },
      { clock },
    )
    await credentials.get()
    await clock.advance(55 * MINUTE)
    await credentials.get()
    expect(asked).toBe(2)
  })

  it('that fails ahead of the expiration is forgiven until then', async () => {
    const clock = new FakeClock()
    let asked = 0
    const credentials = cache(
      () => {
        asked += 1
        if (asked > 1) throw new Error('metadata service is down')
        return { ...KEYS, expiration: clock.now() + 60 * MINUTE }
      },
      { clock },
    )
    const first = await credentials.get()
    await clock.advance(56 * MINUTE)
    expect(await credentials.get()).toBe(first)
    expect(await credentials.get()).toBe(first)
    expect(asked).toBe(2)
    await clock.advance(10_000)
    expect(await credentials.get()).toBe(first)
    expect(asked).toBe(3)
    await clock.advance(4 * MINUTE)
    await expect(credentials.get()).rejects.toThrow(CredentialsError)
  })

  it('is asked once, however many calls were refused with the same credentials', async () => {
    const clock = new FakeClock()
    const provider = numbered(clock)
    const credentials = cache(provider, { clock })
    const used = await credentials.get()
    const others = Array.from({ length: 20 }, async () => {
      expect(credentials.reject(used)).toBe(true)
      return (await credentials.get()).securityToken
    })
    expect(new Set(await Promise.all(others))).toEqual(new Set(['token-2']))
    // A late report of the old ones is no reason to ask again.
    expect(credentials.reject(used)).toBe(true)
    await credentials.get()
    expect(provider.asked).toBe(2)
  })

  it('that gives the refused ones again has nothing new to give, for this call', async () => {
    let current = KEYS
    const credentials = cache(() => ({ ...current }))
    expect(credentials.reject(await credentials.get())).toBe(true)
    expect(credentials.reject(await credentials.get())).toBe(false)
    current = { ...KEYS, accessKeyId: 'rotated' }
    expect((await credentials.get()).accessKeyId).toBe('rotated')
  })

  it('is not trusted with an answer that it began before the refusal', async () => {
    const gate = new Gate()
    let asked = 0
    const credentials = cache({
      async getCredential() {
        asked += 1
        const securityToken = `token-${Math.max(asked - 1, 1)}`
        if (asked === 2) await gate.arrive()
        return { ...KEYS, securityToken }
      },
    })
    const used = await credentials.get()
    const slow = credentials.get()
    await gate.reached()
    expect(credentials.reject(used)).toBe(true)
    const fresh = credentials.get()
    gate.open()
    expect((await slow).securityToken).toBe('token-1')
    expect((await fresh).securityToken).toBe('token-2')
    expect(credentials.reject(used)).toBe(true)
  })

  it('that hangs is given up, and told so', async () => {
    const clock = new FakeClock()
    let given: AbortSignal | undefined
    const credentials = cache(
      ({ signal }) => {
        given = signal
        return new Promise(() => {})
      },
      { clock },
    )
    const failing = expect(credentials.get()).rejects.toMatchObject({
      code: 'ERR_OSS_CREDENTIALS',
      cause: { message: 'timed out after 60 s' },
    })
    await clock.advance(60_000)
    await failing
    expect(given?.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('that hangs is left by a caller whose signal is aborted, alone', async () => {
    const gate = new Gate()
    const credentials = cache(async () => {
      await gate.arrive()
      return KEYS
    })
    const controller = new AbortController()
    const impatient = credentials.get(controller.signal)
    const patient = credentials.get()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    gate.open()
    expect(await patient).toEqual(KEYS)
  })

  it('that throws is the cause of an error of each caller', async () => {
    const reason = new Error('no role')
    const credentials = cache(() => {
      throw reason
    })
    const errors = await Promise.all([1, 2].map(() => credentials.get().catch((error) => error)))
    for (const error of errors) {
      expect(error).toBeInstanceOf(CredentialsError)
      expect(error.cause).toBe(reason)
    }
    expect(errors[0]).not.toBe(errors[1])
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'HIDDEN'],
    ['half of it', { accessKeyId: 'HIDDEN' }],
    ['a line break', { accessKeyId: 'HIDDEN', accessKeySecret: 'HIDDEN\n' }],
  ])('that gives %s is an error that does not repeat it', async (_, value) => {
    const error = await cache(() => value as Credentials)
      .get()
      .catch((reason) => reason)
    expect(error).toBeInstanceOf(CredentialsError)
    expect(error.cause).toBeUndefined()
    expect(inspect(error)).not.toContain('HIDDEN')
  })
})

describe('a client of @alicloud/credentials', () => {
  it('gives its access key', async () => {
    const client = new Credential(new Config({ type: 'access_key', ...KEYS }))
    expect(await cache(client).get()).toEqual(KEYS)
  })

  it('gives its STS token', async () => {
    const sts = { ...KEYS, securityToken: 'CAIS' }
    const client = new Credential(new Config({ type: 'sts', ...sts }))
    const credentials = cache(client)
    expect(await credentials.get()).toEqual(sts)
    expect(credentials.reject(await credentials.get())).toBe(true)
    expect(credentials.reject(await credentials.get())).toBe(false)
  })

  it('is asked each time, since it keeps and renews by itself', async () => {
    let asked = 0
    const credentials = cache({
      getCredential: async () => ({ ...KEYS, securityToken: `token-${++asked}` }),
    })
    await credentials.get()
    expect((await credentials.get()).securityToken).toBe('token-2')
    await Promise.all([credentials.get(), credentials.get()])
    expect(asked).toBe(3)
  })
})

describe('a field that nobody would read', () => {
  it.each([
    ['sessionToken', 'securityToken'],
    ['securitytoken', 'securityToken'],
    ['SecurityToken', 'securityToken'],
    ['Expiration', 'expiration'],
  ])('%s is refused, naming %s, never its value', (name, meant) => {
    const source = { accessKeyId: 'id', accessKeySecret: 'secret', [name]: '2026-11-24T00:00:00Z' }
    const options = { clock: new FakeClock(), env: {} }
    expect(() => credentialsFrom(source, options)).toThrow(
      `Expected \`credentials\` to have \`${meant}\` instead of \`${name}\``,
    )
  })
})
