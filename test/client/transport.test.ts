/**
 * One request and its answer on the wire. All servers are bare: nothing here is signed, and answers
 * are cut off and garbled where no service would do it.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { getEventListeners, once } from 'node:events'
import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, MockAgent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/client/clock.js'
import { type Answer, Transport, type TransportRequest } from '../../src/client/transport.js'
import { InvalidOptionError, MalformedResponseError, TransportError } from '../../src/errors.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startRawServer, startServer, startTcpServer } from '../helpers/http-server.js'

const TIMEOUTS = { connectMs: 10_000, stallMs: 30_000, responseMs: 60_000 }
const MIB = 1024 * 1024

type Given = Partial<TransportRequest> & { origin: string; clock?: Clock; agent?: Agent }

/** Sends over an agent of the test's own, so that its connections are its own, too. */
function send({ clock = systemClock, agent, ...request }: Given): Promise<Answer> {
  const dispatcher = agent ?? new Agent()
  if (agent === undefined) onTestFinished(() => dispatcher.destroy())
  return new Transport({ clock, timeouts: TIMEOUTS, dispatcher }).send({
    path: '/',
    method: 'PUT',
    headers: {},
    size: (Array.isArray(request.body) ? request.body : []).reduce((n, b) => n + b.byteLength, 0),
    expect: 'buffer',
    maxBodyBytes: 8 * MIB,
    ...request,
  })
}

function opened(stream: Readable | undefined): Readable {
  if (stream === undefined) throw new Error('Expected a stream')
  return stream
}

async function failure(promise: Promise<unknown>): Promise<TransportError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof TransportError) return error
  throw new Error('Expected a TransportError', { cause: error })
}

describe('what is sent', () => {
  it('is the body, whole and with its length', async () => {
    await using server = await startServer(() => 200)
    const body = [Buffer.alloc(3 * MIB, 'a'), Buffer.from(''), Buffer.from('tail')]
    await send({ origin: server.origin, body })
    const [request] = server.requests
    expect(request?.headers['content-length']).toBe(String(3 * MIB + 4))
    expect(request?.headers['transfer-encoding']).toBeUndefined()
    expect(request?.body.equals(Buffer.concat(body))).toBe(true)
  })

  it('is a body that is opened anew for each attempt', async () => {
    await using server = await startServer(() => 200)
    async function* body() {
      yield Buffer.from('ab')
      yield Buffer.from('cd')
    }
    await send({ origin: server.origin, body, size: 4 })
    await send({ origin: server.origin, body, size: 4 })
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['abcd', 'abcd'])
  })

  it.each([
    ['PUT', '0'],
    ['POST', '0'],
    ['DELETE', undefined],
    ['GET', undefined],
  ])('is no body with %s and the length %s', async (method, length) => {
    await using server = await startServer(() => 200)
    await send({ origin: server.origin, method })
    expect(server.requests[0]?.headers['content-length']).toBe(length)
  })

  it.each([
    '/bucket/a//b',
    '/bucket/a/../b',
    '/bucket/./x',
    '/bucket/%2E%2E/x?uploads',
    '/bucket/%E4%B8%AD%20%2B%25?partNumber=1&uploadId=A%2FB',
  ])('is the path %s, byte for byte', async (path) => {
    await using server = await startServer(() => 200)
    await send({ origin: server.origin, path })
    expect(server.requests[0]?.path).toBe(path)
  })

  it('goes over one connection as long as it is idle', async () => {
    await using server = await startServer(() => 200)
    const agent = new Agent()
    for (let i = 0; i < 3; i++) {
      await send({ origin: server.origin, agent, body: [Buffer.from('x')] })
    }
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1, 1])
    await agent.destroy()
  })
})

describe('an answer', () => {
  it('has its headers in lower case, of a repeated one the first', async () => {
    await using server = await startServer(() => ({
      status: 404,
      headers: { 'X-Oss-Ec': ['1', '2'], ETag: '"A"' },
      body: 'gone',
    }))
    const answer = await send({ origin: server.origin })
    expect(answer.status).toBe(404)
    expect(answer.headers).toMatchObject({ 'x-oss-ec': '1', etag: '"A"' })
    expect(answer.body.toString()).toBe('gone')
  })

  it('is not followed when it is a redirect', async () => {
    await using server = await startServer(() => ({ status: 307, headers: { location: '/else' } }))
    const answer = await send({ origin: server.origin })
    expect([answer.status, answer.headers.location]).toEqual([307, '/else'])
    expect(server.requests).toHaveLength(1)
  })

  it('of an error is read no further than 64 KiB, and its connection given up', async () => {
    const closed = new Gate()
    await using server = await startRawServer((request, response) => {
      request.resume()
      response.on('close', () => closed.arrive())
      response.writeHead(502, { 'content-length': String(2 ** 40) })
      response.write(Buffer.alloc(MIB, 'e'))
    })
    const answer = await send({ origin: server.origin })
    expect(answer.status).toBe(502)
    expect(answer.body.byteLength).toBe(64 * 1024)
    await closed.reached()
  })

  it('longer than the cap is malformed, and its connection given up', async () => {
    const closed = new Gate()
    await using server = await startRawServer((request, response) => {
      request.resume()
      response.on('close', () => closed.arrive())
      response.writeHead(200, { 'x-oss-request-id': '5F' }).write(Buffer.alloc(2000, '<'))
    })
    const error = await send({ origin: server.origin, maxBodyBytes: 1000 }).catch((e) => e)
    expect(error).toBeInstanceOf(MalformedResponseError)
    expect(error).toMatchObject({ status: 200, requestId: '5F' })
    expect(error.snapshot).toHaveLength(1024)
    await closed.reached()
  })

  it('that comes before the body is sent is still the answer', async () => {
    await using server = await startRawServer((_, response) => {
      response.writeHead(403, { connection: 'close' }).end('no')
    })
    const answer = await send({ origin: server.origin, body: [Buffer.alloc(64 * 1024)] })
    expect([answer.status, answer.body.toString()]).toEqual([403, 'no'])
  })

  it('passes over informational ones', async () => {
    await using server = await startRawServer((request, response) => {
      request.resume()
      response.writeEarlyHints({ link: '</x>; rel=preload' })
      response.writeHead(204).end()
    })
    expect((await send({ origin: server.origin })).status).toBe(204)
  })
})

describe('a stream', () => {
  const get = { method: 'GET', expect: 'stream' } as const

  it('is handed over as it arrives, and slowed down by its reader', async () => {
    const body = Buffer.alloc(20 * MIB, 'abcdefg')
    await using server = await startServer(() => ({ body }))
    const { stream, body: whole } = await send({ origin: server.origin, ...get })
    const hash = createHash('md5')
    for await (const chunk of opened(stream)) hash.update(chunk)
    expect(whole.byteLength).toBe(0)
    expect(hash.digest('hex')).toBe(createHash('md5').update(body).digest('hex'))
  })

  it('stays in the network while nobody reads it', async () => {
    await using server = await startServer(() => ({ body: Buffer.alloc(64 * MIB) }))
    const stream = opened((await send({ origin: server.origin, ...get })).stream)
    for (let turn = 0; turn < 300; turn++) await systemClock.breathe()
    expect(stream.readableLength).toBeGreaterThan(0)
    expect(stream.readableLength).toBeLessThan(MIB)
    stream.destroy()
  })

  it('is no stream when the answer is an error', async () => {
    await using server = await startServer(() => ({ status: 404, body: '<Error/>' }))
    const answer = await send({ origin: server.origin, ...get })
    expect(answer.stream).toBeUndefined()
    expect(answer.body.toString()).toBe('<Error/>')
  })

  it('fails as interrupted when it is cut', async () => {
    await using server = await startRawServer((_, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('12345', () => response.destroy())
    })
    const { stream } = await send({ origin: server.origin, ...get })
    const [error] = await once(opened(stream).resume(), 'error')
    expect(error).toBeInstanceOf(TransportError)
    expect(error.kind).toBe('interrupted')
  })

  it('fails with the reason of its signal', async () => {
    await using server = await startRawServer((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('1')
    })
    const controller = new AbortController()
    const { signal } = controller
    const { stream } = await send({ origin: server.origin, ...get, signal })
    const failed = once(opened(stream), 'error')
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await failed).toEqual([reason])
  })

  it('closes its connection when the reader loses interest', async () => {
    const closed = new Gate()
    await using server = await startRawServer((_, response) => {
      response.on('close', () => closed.arrive())
      response.writeHead(200).write('beginning')
    })
    const { stream } = await send({ origin: server.origin, ...get })
    opened(stream).destroy()
    await closed.reached()
  })
})

describe('a failure', () => {
  it('to connect means that nothing was sent', async () => {
    const server = await startServer(() => 200)
    await server[Symbol.asyncDispose]()
    const error = await failure(send({ origin: server.origin }))
    expect(error.kind).toBe('unsent')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('of the TLS handshake means that nothing was sent', async () => {
    await using server = await startTcpServer((socket) => socket.end('no TLS here\r\n'))
    const error = await failure(send({ origin: server.origin.replace('http:', 'https:') }))
    expect(error.kind).toBe('unsent')
  })

  it('before the answer means that the request may have arrived', async () => {
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const error = await failure(send({ origin: server.origin, body: [Buffer.alloc(100)] }))
    expect(error).toMatchObject({ kind: 'interrupted', sent: true })
  })

  it('in the middle of sending means that it had no effect', async () => {
    await using server = await startTcpServer((socket) => {
      let bytes = 0
      socket.on('data', (chunk) => {
        bytes += chunk.byteLength
        if (bytes > MIB) socket.resetAndDestroy()
      })
    })
    const error = await failure(send({ origin: server.origin, body: [Buffer.alloc(32 * MIB)] }))
    expect(error).toMatchObject({ kind: 'interrupted', sent: false })
  })

  it.each([
    ['in its head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['in its body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12'],
    ['in its error body', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\n12345'],
    ['and garbled', 'HTP/9.9 ??\r\n\r\n'],
  ])('of an answer cut off %s is an interruption', async (_, answer) => {
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => socket.end(answer))
    })
    const error = await failure(send({ origin: server.origin }))
    expect(error.kind).toBe('interrupted')
  })

  it('to read the body is reported as it is, and closes the connection', async () => {
    const closed = new Gate()
    await using server = await startTcpServer((socket) => {
      socket.on('close', () => closed.arrive()).resume()
    })
    const reason = new Error('disk on fire')
    async function* body() {
      yield Buffer.from('beginning')
      throw reason
    }
    await expect(send({ origin: server.origin, body, size: 100 })).rejects.toBe(reason)
    await closed.reached()
  })

  it.each([
    ['shorter', 5, 'ended after 4'],
    ['longer', 3, 'is longer'],
  ])('is a body that turns out %s than announced', async (_, size, message) => {
    await using server = await startTcpServer((socket) => socket.resume())
    const sending = send({ origin: server.origin, body: [Buffer.from('abcd')], size })
    await expect(sending).rejects.toThrow(message)
    await expect(sending).rejects.toThrow(InvalidOptionError)
  })

  it('of a closed dispatcher is a wrong option, not a network', async () => {
    const agent = new Agent()
    await agent.close()
    const sending = send({ origin: 'http://127.0.0.1:1', agent })
    await expect(sending).rejects.toThrow(InvalidOptionError)
    await expect(sending).rejects.toMatchObject({ option: 'dispatcher' })
  })
})

describe('time', () => {
  it('runs out while no byte can be sent', async () => {
    const connected = new Gate()
    await using server = await startTcpServer((socket) => {
      socket.pause()
      connected.arrive()
    })
    const clock = new FakeClock()
    const sending = failure(send({ origin: server.origin, clock, body: [Buffer.alloc(64 * MIB)] }))
    await connected.reached()
    await clock.breathe()
    await clock.advance(29_999)
    expect(clock.pending).toBe(1)
    await clock.advance(2 * 30_000)
    const error = await sending
    expect([error.kind, error.message]).toEqual(['timeout', 'no byte could be sent for 30 s'])
    expect(clock.pending).toBe(0)
  })

  it('runs out when no answer comes after the last byte', async () => {
    const received = new Gate()
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => received.arrive())
    })
    const clock = new FakeClock()
    const sending = failure(send({ origin: server.origin, clock, body: [Buffer.from('all')] }))
    await received.reached()
    await clock.breathe()
    await clock.advance(59_999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    const error = await sending
    expect(error.kind).toBe('timeout')
    expect(error.message).toBe('no answer within 60 s after the last byte was sent')
    expect(clock.pending).toBe(0)
  })

  it('does not run out while slices are taken, however long it all takes', async () => {
    const clock = new FakeClock()
    async function* body() {
      for (let i = 0; i < 5; i++) {
        await clock.advance(20_000)
        yield Buffer.from('x')
      }
    }
    await using server = await startServer(() => 200)
    const answer = await send({ origin: server.origin, clock, body, size: 5 })
    expect(answer.status).toBe(200)
    expect(clock.pending).toBe(0)
  })

  it('runs out over an answer that drips', async () => {
    const clock = new FakeClock()
    await using server = await startRawServer(async (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-length': '100' })
      while (!response.destroyed) {
        response.write('.')
        await clock.breathe()
        await clock.advance(9000)
      }
    })
    const error = await failure(send({ origin: server.origin, clock }))
    expect([error.kind, error.message]).toEqual(['timeout', 'the answer stalled for 30 s'])
  })

  it('does not run out for sockets that had no turn yet', async () => {
    // The process was suspended for an hour while the answer lay in the socket.
    const clock = new FakeClock()
    await using server = await startServer(async () => {
      await clock.advance(3_600_000 - 1)
      return 200
    })
    const pausing: Clock = {
      now: () => clock.now(),
      ticks: () => clock.ticks(),
      random: () => 0,
      sleep: (ms, signal) => clock.sleep(ms * 60, signal),
      breathe: async () => {
        for (let i = 0; i < 50; i++) await clock.breathe()
      },
    }
    expect((await send({ origin: server.origin, clock: pausing })).status).toBe(200)
  })
})

describe('a signal', () => {
  it('rejects with its reason, unwrapped, and closes the connection', async () => {
    const received = new Gate()
    const closed = new Gate()
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => received.arrive()).on('close', () => closed.arrive())
    })
    const controller = new AbortController()
    const sending = send({ origin: server.origin, signal: controller.signal })
    await received.reached()
    controller.abort('a reason that is no error')
    await expect(sending).rejects.toBe('a reason that is no error')
    await closed.reached()
  })

  it('that is aborted already lets nothing be sent', async () => {
    await using server = await startServer(() => 200)
    const reason = new Error('no')
    const signal = AbortSignal.abort(reason)
    await expect(send({ origin: server.origin, signal })).rejects.toBe(reason)
    expect(server.requests).toHaveLength(0)
  })

  it('rejects at once while the request waits for a connection, and lets it never be sent', async () => {
    const gate = new Gate()
    await using server = await startServer(async () => {
      await gate.arrive()
      return 200
    })
    const { origin } = server
    const agent = new Agent({ connections: 1 })
    const first = send({ origin, agent, path: '/first' })
    await gate.reached()
    const controller = new AbortController()
    const second = send({ origin, agent, path: '/second', signal: controller.signal })
    controller.abort(new Error('no patience'))
    await expect(second).rejects.toThrow('no patience')
    gate.open()
    await first
    await send({ origin, agent, path: '/third' })
    expect(server.requests.map(({ path }) => path)).toEqual(['/first', '/third'])
    await agent.destroy()
  })

  it('serves a thousand requests without a warning', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    onTestFinished(() => {
      process.off('warning', warn)
    })
    await using server = await startServer(() => 200)
    const { signal } = new AbortController()
    const agent = new Agent({ connections: 20 })
    const origin = server.origin
    const sending = Array.from({ length: 1000 }, () =>
      send({ origin, agent, signal, body: [Buffer.from('x')] }),
    )
    await Promise.all(sending)
    await agent.destroy()
    expect(server.requests).toHaveLength(1000)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
  })
})

describe('a dispatcher', () => {
  it('of the caller is used as it is', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent.get('http://oss.test').intercept({ path: '/k?uploads', method: 'POST' }).reply(200, 'ok')
    const request = { origin: 'http://oss.test', path: '/k?uploads', method: 'POST' }
    const transport = new Transport({ clock: systemClock, timeouts: TIMEOUTS, dispatcher: agent })
    const answer = await transport.send({
      ...request,
      headers: {},
      size: 0,
      expect: 'buffer',
      maxBodyBytes: 100,
    })
    expect(answer.body.toString()).toBe('ok')
    await agent.close()
  })

  it('is told to leave the time to the answer to us', async () => {
    const given: Dispatcher.DispatchOptions[] = []
    const agent = new Agent().compose((dispatch) => (options, handler) => {
      given.push(options)
      return dispatch(options, handler)
    })
    await using server = await startServer(() => 200)
    const transport = new Transport({ clock: systemClock, timeouts: TIMEOUTS, dispatcher: agent })
    const request = { origin: server.origin, path: '/', method: 'GET', headers: {}, size: 0 }
    await transport.send({ ...request, expect: 'buffer', maxBodyBytes: 100 })
    await agent.destroy()
    expect(given[0]).toMatchObject({ headersTimeout: 0, bodyTimeout: 30_000 })
  })

  it('of ours lets the process end when nothing is under way', async () => {
    await using server = await startServer(() => 200)
    const program = `
      import { systemClock } from './src/client/clock.ts'
      import { Transport } from './src/client/transport.ts'
      const timeouts = ${JSON.stringify(TIMEOUTS)}
      const request = { origin: '${server.origin}', path: '/', method: 'PUT', headers: {},
        body: [Buffer.from('x')], size: 1, expect: 'buffer', maxBodyBytes: 100 }
      for (let i = 0; i < 2; i++) {
        const answer = await new Transport({ clock: systemClock, timeouts }).send(request)
        console.log(answer.status)
      }
      const began = performance.now()
      process.on('exit', () => console.log(performance.now() - began < 2000 ? 'prompt' : 'late'))`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program])
    let output = ''
    for await (const chunk of child.stdout) output += chunk
    expect(output.trim().split('\n')).toEqual(['200', '200', 'prompt'])
    expect(server.requests.map(({ connection }) => connection)).toEqual([1, 1])
  }, 20_000)
})
