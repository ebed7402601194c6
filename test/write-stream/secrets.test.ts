/**
 * No secret leaves: not in errors of any kind, not in events, not in what a stream or client shows of
 * itself. A service that repeats what it was sent has a server of its own: no fault script can know it.
 */
import { inspect } from 'node:util'
import { Agent, type Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssClientOptions } from '../../src/client/options.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OssServer, TemporaryCredentials } from '../../src/server/server.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { startServer as startAnyServer } from '../helpers/http-server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, FAST, KEY } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(2.5 * PART)
const SHOW = { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null } as const

/** What a scene is played with, and how it goes wrong. */
interface Scene {
  readonly server: OssServer
  readonly keys: TemporaryCredentials
}
interface Script {
  readonly options?: OssWriteStreamOptions
  readonly connection?: OssClientOptions
  readonly act?: (out: OssWriteStream) => unknown
}
type Play = (scene: Scene) => Script | Promise<Script>

const always = { times: Number.POSITIVE_INFINITY }
const SMALL: Script = { act: (out) => out.end('small') }

const SCENES: [string, Play][] = [
  ['a refusal', ({ server }) => fault(server, { status: 403, code: 'AccessDenied' })],
  ['an overloaded service', ({ server }) => fault(server, { status: 503 })],
  ['a reset', ({ server }) => fault(server, { reset: 'mid-body' })],
  ['a lost answer', ({ server }) => fault(server, { drop: 'answer' })],
  ['a proxy', ({ server }) => fault(server, { status: 502, body: '<html>Bad Gateway</html>' })],
  ['an answer cut off', ({ server }) => fault(server, { status: 200, body: '<Initiate' })],
  [
    'a service that repeats what it was sent',
    async () => {
      const echo = await startAnyServer(({ method, path, headers }) => ({
        status: 400,
        headers: { 'content-type': 'text/plain' },
        body: `Bad request: ${method} ${path} ${JSON.stringify(headers)}`,
      }))
      onTestFinished(() => echo[Symbol.asyncDispose]())
      return { ...SMALL, connection: { endpoint: echo.origin } }
    },
  ],
  [
    'a service that repeats it in escapes and in ids',
    async () => {
      const echo = await startAnyServer(({ headers }) => {
        const { authorization = '', 'x-oss-security-token': token } = headers
        const code = encodeURIComponent(authorization)
        const message = escaped(JSON.stringify(headers))
        return {
          status: 400,
          headers: { 'x-oss-request-id': `${token}`, 'x-oss-ec': code },
          body: `<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
        }
      })
      onTestFinished(() => echo[Symbol.asyncDispose]())
      return { ...SMALL, connection: { endpoint: echo.origin } }
    },
  ],
  ['a wrong ETag', ({ server }) => fault(server, { corrupt: 'etag' })],
  ['a wrong CRC-64', ({ server }) => fault(server, { corrupt: 'crc64' })],
  ['an expired token', ({ server }) => fault(server, { expireToken: true })],
  ['a skewed clock', ({ server }) => fault(server, { skewMs: 3_600_000 })],
  [
    'an answer that never comes',
    ({ server }) => {
      server.faults.add({ operation: 'PutObject', ...always }, { hold: 'arrival' })
      return { ...SMALL, connection: { timeouts: { stallMs: 20, responseMs: 20 } } }
    },
  ],
  [
    'a server that is gone',
    async ({ server }) => {
      await server.close()
      return {}
    },
  ],
  [
    'a wrong secret',
    ({ keys }) => ({
      connection: { credentials: { ...keys, accessKeySecret: `${keys.accessKeySecret}X` } },
    }),
  ],
  [
    'a wrong token',
    ({ keys }) => ({
      connection: { credentials: { ...keys, securityToken: `${keys.securityToken}X` } },
    }),
  ],
  [
    'a provider that fails',
    () => ({ connection: { credentials: () => Promise.reject(new Error('metadata: 500')) } }),
  ],
  [
    'a provider of nonsense',
    ({ keys }) => ({
      connection: {
        credentials: () => ({ ...keys, accessKeySecret: `${keys.accessKeySecret}\n` }),
      },
    }),
  ],
  [
    'a callback that fails',
    () => ({ ...SMALL, options: { callback: { url: 'http://127.0.0.1:9', body: 'done' } } }),
  ],
  ['an exact size that was missed', () => ({ options: { expectedSize: 7, exactSize: true } })],
  ['a stream that is destroyed', () => ({ act: (out) => out.destroy(new Error('mine')) })],
  [
    'an upload that cannot be cleaned up',
    ({ server }) => {
      server.faults.add({ operation: 'AbortMultipartUpload', ...always }, { status: 503 })
      return fault(server, { status: 400, code: 'InvalidArgument' })
    },
  ],
  ['no fault at all', () => ({})],
]

function fault(server: OssServer, action: Parameters<OssServer['faults']['add']>[1]): Script {
  server.faults.add({ operation: 'UploadPart', partNumber: 2, ...always }, action)
  if ('body' in action)
    server.faults.add({ operation: 'InitiateMultipartUpload', ...always }, action)
  return {}
}

/** A dispatcher that keeps the Authorization of all requests. */
function listening(): { dispatcher: Dispatcher; authorizations: Set<string> } {
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  const authorizations = new Set<string>()
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    authorizations.add(String(Reflect.get(options.headers ?? {}, 'authorization')))
    return dispatch(options, handler)
  })
  return { dispatcher, authorizations }
}

/** Everything that a stream tells while it lives. */
function listenTo(out: OssWriteStream): string[] {
  const told: string[] = []
  const emit = out.emit.bind(out)
  out.emit = (name: string | symbol, ...values: unknown[]) => {
    told.push(inspect([name, ...values], SHOW))
    return emit(name, ...values)
  }
  return told
}

/** A text as a page of HTML may have it. */
function escaped(text: string): string {
  return text.replace(/[^a-z]/gi, (character) => `&#${character.charCodeAt(0)};`)
}

function linesOf(error: unknown): string[] {
  const { message, stack } = error instanceof Error ? error : new Error('none')
  return [message, stack ?? '', inspect(error, SHOW), JSON.stringify(error) ?? '']
}

describe.each(['v4', 'v1'] as const)('signed with %s', (signatureVersion) => {
  it.each(SCENES)('%s tells no secret', async (name, play) => {
    const server = await startServer()
    const keys = server.issueToken()
    const { dispatcher, authorizations } = listening()
    const { options = {}, connection = {}, act } = await play({ server, keys })
    const { endpoint, region } = server.options()
    const client = new OssClient({
      endpoint,
      region,
      env: {},
      credentials: keys,
      signatureVersion,
      dispatcher,
      ...connection,
      retry: { ...FAST, ...connection.retry },
    })
    const out = createOssWriteStream(`oss://bucket/${KEY}`, { client, partSize: PART, ...options })
    const told = listenTo(out)
    if (act === undefined) out.end(INPUT)
    else act(out)
    const error = await ending(out)
    await out.settled
    expect(error === undefined).toBe(name === 'no fault at all')
    const text = [
      ...linesOf(error),
      ...linesOf(await out.completed.catch((reason: unknown) => reason)),
      inspect(out, SHOW),
      JSON.stringify(out.result) ?? '',
      inspect(client, SHOW),
      ...told,
    ].join('\n')
    const signatures = [...authorizations].flatMap((one) => [
      one,
      one.split(signatureVersion === 'v4' ? 'Signature=' : ':')[1] ?? one,
    ])
    const plain = [keys.accessKeySecret, keys.securityToken, ...signatures]
    const secrets = plain.flatMap((one) => [one, encodeURIComponent(one), escaped(one)])
    expect(authorizations.size > 0).toBe(!/provider|destroyed|size/.test(name))
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
    expect(text).not.toMatch(/authorization: *'?OSS|OSS4-HMAC-SHA256 Credential|[?&]Signature=/i)
  })
})

describe('a bad option', () => {
  it.each([
    ['credentials', { credentials: { accessKeyId: 'id', accessKeySecret: 'tell-nobody \n' } }],
    ['credentials', { credentials: { accessKeyId: 'tell-nobody ', accessKeySecret: 'x' } }],
    ['endpoint', { endpoint: 'http://user:tell-nobody@127.0.0.1:1/x?y' }],
    ['env', { env: { OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'tell-nobody\n' } }],
  ])('%s is refused without being repeated', (_name, options) => {
    const given: object = { region: 'cn-hangzhou', env: {}, ...options }
    let error: unknown
    try {
      createOssWriteStream('oss://bucket/key', given)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'ERR_OSS_INVALID_OPTION' })
    expect(linesOf(error).join('\n')).not.toContain('tell-nobody')
  })
})
