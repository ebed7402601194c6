/** Connections that never come up, are not whom they should be, or break in the worst moment. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startTcpServer } from '../helpers/http-server.js'
import { testClient } from '../helpers/test-client.js'
import { CERTIFICATE, KEY } from './certificate.js'
import { startEvilServer } from './evil-server.js'
import { headOf, written } from './good-answers.js'

const ONCE = { maxAttempts: 1 }

function agent(options: Agent.Options): Agent {
  const dispatcher = new Agent(options)
  onTestFinished(() => dispatcher.destroy())
  return dispatcher
}

describe('a connection that never comes up', () => {
  it('is given up after `connectMs`, its TLS handshake included', async () => {
    await using server = await startTcpServer((socket) => socket.resume())
    const { client } = testClient(server.origin.replace('http:', 'https:'), {
      dispatcher: undefined,
      timeouts: { connectMs: 50 },
      retry: ONCE,
    })
    await expect(client.headObject({ key: 'k' })).rejects.toMatchObject({
      code: 'ERR_OSS_TRANSPORT',
      kind: 'unsent',
      sent: false,
      cause: { code: 'UND_ERR_CONNECT_TIMEOUT' },
    })
  })

  it("of a caller's dispatcher is given up, too", async () => {
    const clock = new FakeClock()
    const asked = new Gate()
    const dispatcher = agent({ connect: () => void asked.arrive() })
    const { client } = testClient('http://127.0.0.1:1', { clock, dispatcher, retry: ONCE })
    const failed = expect(client.headObject({ key: 'k' })).rejects.toMatchObject({
      code: 'ERR_OSS_TRANSPORT',
      kind: 'unsent',
      message: expect.stringContaining('no connection was to be had for 70 s'),
    })
    await asked.reached()
    await clock.advance(69_999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    await failed
    expect(clock.pending).toBe(0)
  })

  it('is waited for while others of the dispatcher get on with theirs', async () => {
    const clock = new FakeClock()
    const asked = new Gate()
    const received = new Gate()
    const server = await startEvilServer(async function* () {
      asked.arrive()
      yield headOf({
        status: 200,
        headers: [
          ['ETag', '"A"'],
          ['Content-Length', '204800'],
        ],
      })
      for (let i = 0; i < 100; i++) {
        yield Buffer.alloc(2048)
        await received.reached(received.arrivals + 1)
        await clock.advance(20_000)
      }
    })
    const dispatcher = agent({ connections: 1 })
    const { client } = testClient(server.origin, { clock, dispatcher, retry: ONCE })
    const options = { key: 'k', onData: () => void received.arrive() }
    const first = client.receiveObject(options)
    await asked.reached()
    const [one, two] = await Promise.all([first, client.receiveObject(options)])
    expect([one.size, two.size, server.connections]).toEqual([204_800, 204_800, 1])
  })
})

describe('a certificate', () => {
  const tls = { cert: CERTIFICATE, key: KEY }

  it.each([
    ['that nobody vouches for', undefined, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another host', { ca: CERTIFICATE }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s is refused before anything is sent', async (_, connect, code) => {
    const server = await startEvilServer(() => [], { tls })
    const { client } = testClient(server.origin, {
      dispatcher: connect === undefined ? undefined : agent({ connect }),
      retry: ONCE,
    })
    await expect(client.putObject({ key: 'k', body: 'secret' })).rejects.toMatchObject({
      code: 'ERR_OSS_TRANSPORT',
      kind: 'unsent',
      cause: { code },
    })
    expect(server.requests).toEqual([])
  })

  it('of this host that somebody vouches for is none to refuse', async () => {
    const server = await startEvilServer(() => [written({ status: 204, headers: [], body: '' })], {
      tls,
    })
    const dispatcher = agent({ connect: { ca: CERTIFICATE, servername: 'elsewhere.test' } })
    const { client } = testClient(server.origin, { dispatcher, retry: ONCE })
    await client.deleteObject({ key: 'k' })
    expect(server.requests).toHaveLength(1)
  })
})

describe('a body that is read as a stream', () => {
  const OPENED = headOf({ status: 200, headers: [['Transfer-Encoding', 'chunked']] })

  /** What becomes of a body whose listener comes when it can. */
  async function ending(body: Readable): Promise<unknown> {
    try {
      for await (const _ of body);
      return undefined
    } catch (error) {
      return error
    }
  }

  it.each([
    ['a malformed chunk', `${OPENED}x`, false],
    ['a chunk and a malformed one', `${OPENED}1\r\nx\r\nnonsense\r\n`, false],
    ['an end', `${OPENED}5\r\nhe`, true],
  ])('fails for those who listen, in one packet with %s', async (_, bytes, hangUp) => {
    const server = await startEvilServer(function* (_request, socket) {
      yield bytes
      if (hangUp) socket.end()
    })
    const { client } = testClient(server.origin, { retry: ONCE })
    const result = await client.getObject({ key: 'k' }).then(
      ({ body }) => ending(body),
      (error: unknown) => error,
    )
    expect(result).toMatchObject({ code: 'ERR_OSS_TRANSPORT', kind: 'interrupted' })
  })

  it('fails when its signal is aborted in the very turn in which it came', async () => {
    const server = await startEvilServer(() => [`${OPENED}5\r\nhe`])
    const controller = new AbortController()
    const dispatcher = agent({}).compose(
      (dispatch) => (options, handler) =>
        dispatch(options, {
          onRequestStart: (...given) => handler.onRequestStart?.(...given),
          onResponseStart: (...given) => {
            handler.onResponseStart?.(...given)
            controller.abort(new Error('enough'))
          },
          onResponseData: (...given) => handler.onResponseData?.(...given),
          onResponseError: (...given) => handler.onResponseError?.(...given),
        }),
    )
    const { client } = testClient(server.origin, { dispatcher, retry: ONCE })
    const { signal } = controller
    const result = await client.getObject({ key: 'k', signal }).then(
      ({ body }) => once(body, 'error').then(([error]) => error),
      (error: unknown) => error,
    )
    expect(result).toMatchObject({ message: 'enough' })
  })

  it('is given as it is stored, and never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2))
    const headers = [
      ['ETag', '"A"'],
      ['Content-Encoding', 'gzip'],
    ] as const
    const server = await startEvilServer(() => [
      headOf({ status: 200, headers: [...headers, ['Content-Length', `${bomb.byteLength}`]] }),
      bomb,
    ])
    const { client } = testClient(server.origin, { retry: ONCE })
    const { body } = await client.getObject({ key: 'k' })
    const received: Uint8Array[] = []
    for await (const bytes of body) received.push(bytes)
    const onData = (bytes: Uint8Array) => received.push(bytes)
    await client.receiveObject({ key: 'k', onData })
    expect(Buffer.concat(received).equals(Buffer.concat([bomb, bomb]))).toBe(true)
  })
})

describe('a connection that is used again', () => {
  it.each([
    [
      'HEAD',
      {
        status: 200,
        headers: [
          ['ETag', '"A"'],
          ['Content-Length', '5'],
        ],
        body: '',
      },
    ],
    ['DELETE', { status: 204, headers: [], body: '' }],
  ] as const)(
    'gives no bytes that came late after an answer to %s to anybody',
    async (method, answer) => {
      const stale = written({
        status: 200,
        headers: [
          ['ETag', '"STALE"'],
          ['Content-Length', '5'],
        ],
        body: '',
      })
      const said = new Gate()
      const server = await startEvilServer(async function* ({ connection }) {
        if (connection > 1)
          return yield written({
            status: 200,
            headers: [
              ['ETag', '"B"'],
              ['Content-Length', '5'],
            ],
            body: '',
          })
        yield written(answer)
        for (let turn = 0; turn < 20; turn++) await nextTurn()
        said.arrive()
        yield stale
      })
      const { client } = testClient(server.origin, { retry: ONCE })
      if (method === 'HEAD') await client.headObject({ key: 'k' })
      else await client.deleteObject({ key: 'k' })
      await said.reached()
      // The client lets go of a connection where somebody speaks out of turn.
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      expect((await client.headObject({ key: 'after' })).etag).toBe('B')
      expect(server.connections).toBe(2)
    },
  )
})
