import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { FaultAction, OssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'
import { call, type Reply } from './caller.js'

const AT = { bucket: 'bucket', key: 'key' }
const BIG = Buffer.alloc(4 * 1024 * 1024, 7)

function put(server: OssServer, body: string | Buffer = 'content', key = 'key'): Promise<Reply> {
  return call(server, { method: 'PUT', bucket: 'bucket', key, body })
}

function get(server: OssServer): Promise<Reply> {
  return call(server, { method: 'GET', ...AT })
}

describe('an error fault', () => {
  it('answers as often as it is told, then lets requests pass', async () => {
    const server = await startServer()
    const fault = server.faults.add(
      { operation: 'PutObject', skip: 1, times: 2 },
      { status: 503, headers: { 'retry-after': '1' } },
    )
    const statuses = []
    for (let i = 0; i < 4; i += 1) statuses.push((await put(server)).status)
    expect(statuses).toEqual([200, 503, 503, 200])
    expect(fault.hits).toBe(2)
  })

  it('is an error document with a request id, and changes nothing', async () => {
    const server = await startServer()
    server.faults.add({}, { status: 500, code: 'InternalError', ec: '0001-00000001' })
    const reply = await put(server)
    expect(reply).toMatchObject({ status: 500, code: 'InternalError', ec: '0001-00000001' })
    expect(reply.headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/)
    expect(server.objects.list()).toEqual([])
  })

  it('before the body still reaches a client that sends a large body', async () => {
    const server = await startServer()
    server.faults.add({}, { status: 503, code: 'ServiceUnavailable', when: 'before-body' })
    const reply = await put(server, BIG)
    expect(reply).toMatchObject({ status: 503, code: 'ServiceUnavailable' })
    expect(reply.headers.connection).toBe('close')
    expect(server.storedBodies).toBe(0)
  })

  it.each([
    [{ key: 'other' }, 200],
    [{ bucket: 'bucket', key: 'key' }, 503],
    [{ operation: ['GetObject', 'PutObject'] as const }, 503],
    [{ operation: 'GetObject' as const }, 200],
    [{ partNumber: 1 }, 200],
    [{ uploadId: 'X' }, 200],
  ])('applies to %o: %i', async (match, status) => {
    const server = await startServer()
    server.faults.add(match, { status: 503 })
    expect((await put(server)).status).toBe(status)
  })

  it('ends when the script is cleared', async () => {
    const server = await startServer()
    server.faults.add({ times: Infinity }, { status: 503 })
    server.faults.clear()
    expect((await put(server)).status).toBe(200)
  })
})

describe('a raw answer', () => {
  it('is given as it is', async () => {
    const server = await startServer()
    server.faults.add({}, { status: 200, body: '<Error><Code>X</Code></Error>' })
    const reply = await put(server)
    expect(reply).toMatchObject({ status: 200, code: 'X' })
    expect(server.objects.list()).toEqual([])
  })

  it('may follow upon processing', async () => {
    const server = await startServer()
    const headers = { 'content-type': 'text/html' }
    server.faults.add({}, { status: 502, body: '<html>', headers, process: true })
    const reply = await put(server)
    expect([reply.status, reply.body.toString()]).toEqual([502, '<html>'])
    expect(reply.headers['content-type']).toBe('text/html')
    expect(server.objects.list()).toHaveLength(1)
  })
})

describe('a reset', () => {
  it.each(['before-body', 'mid-body', 'after-body'] as const)(
    '%s stores nothing',
    async (reset) => {
      const server = await startServer()
      server.faults.add({}, { reset })
      await expect(put(server, BIG)).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/)
      expect(server.objects.list()).toEqual([])
      expect(server.storedBodies).toBe(0)
      expect(server.requests.all.map((request) => request.at)).toEqual(['dropped'])
    },
  )
})

it('a dropped answer leaves the request done', async () => {
  const server = await startServer()
  server.faults.add({ operation: 'PutObject' }, { drop: 'answer' })
  await expect(put(server)).rejects.toThrow(/ECONNRESET|socket hang up/)
  expect(String(await server.objects.get('bucket', 'key')?.content())).toBe('content')
})

describe('a hold', () => {
  it('on arrival keeps the request from being processed until it is released', async () => {
    const server = await startServer()
    const hold = server.faults.add({ times: 2 }, { hold: 'arrival' })
    const both = Promise.all([put(server, 'a', 'a'), put(server, 'b', 'b')])
    await hold.reached(2)
    expect(server.objects.list()).toEqual([])
    expect(server.requests.inFlight('PutObject')).toBe(2)
    hold.release()
    expect((await both).map((reply) => reply.status)).toEqual([200, 200])
    expect(server.requests.inFlight()).toBe(0)
    expect(server.requests.maxInFlight('PutObject')).toBe(2)
  })

  it('before the answer holds a request that is done', async () => {
    const server = await startServer()
    const hold = server.faults.add({ key: 'key' }, { hold: 'before-answer' })
    const held = put(server)
    await hold.reached()
    expect(String(await server.objects.get('bucket', 'key')?.content())).toBe('content')
    hold.release()
    expect((await held).status).toBe(200)
  })

  it('does not keep the server from closing', async () => {
    const server = await startServer()
    const hold = server.faults.add({}, { hold: 'arrival' })
    const held = put(server)
    const failed = expect(held).rejects.toThrow()
    await hold.reached()
    await server.close()
    await failed
  })

  it.each<[string, FaultAction, number]>([
    ['held on arrival, with nothing done', { hold: 'arrival' }, 0],
    ['delayed, with nothing done', { delayMs: 600_000 }, 0],
    ['held before its answer, with all done', { hold: 'before-answer' }, 1],
  ])('drops at closing a request that is %s', async (_name, action, objects) => {
    const server = await startServer()
    const waiting = server.faults.add({ key: 'key' }, action)
    const failed = expect(put(server)).rejects.toThrow()
    await waiting.reached()
    // By the second answer to one that came later, the waiting one is where it waits.
    for (let i = 0; i < 2; i += 1) await call(server, { method: 'GET', bucket: 'bucket' })
    await server.close()
    await failed
    expect(server.requests.of('PutObject').map(({ at }) => at)).toEqual(['dropped'])
    expect(server.objects.list()).toHaveLength(objects)
  })
})

describe('corruption', () => {
  it('of what is received is answered InvalidDigest, as of a network that damages', async () => {
    const server = await startServer()
    server.faults.add({}, { corrupt: 'received' })
    const headers = { 'content-md5': createHash('md5').update(BIG).digest('base64') }
    const request = { method: 'PUT', ...AT, body: BIG, headers }
    expect(await call(server, request)).toMatchObject({ status: 400, code: 'InvalidDigest' })
    expect([server.objects.list(), server.storedBodies]).toEqual([[], 0])
    expect(await call(server, request)).toMatchObject({ status: 200 })
  })

  it('of what is received goes unnoticed by a server that is not told the MD5', async () => {
    const server = await startServer()
    server.faults.add({}, { corrupt: 'received' })
    const { headers } = await put(server, 'Abc')
    expect(String(await server.objects.get('bucket', 'key')?.content())).toBe('@bc')
    expect(headers.etag).toBe(`"${createHash('md5').update('@bc').digest('hex').toUpperCase()}"`)
  })

  it('of what is stored shows only on reading', async () => {
    const server = await startServer()
    const before = await put(server)
    server.faults.add({}, { corrupt: 'stored' })
    const after = await put(server)
    expect(after.headers.etag).toBe(before.headers.etag)
    const got = await get(server)
    expect(got.body).toHaveLength(7)
    expect(got.body.toString()).not.toBe('content')
    expect(got.headers['x-oss-hash-crc64ecma']).toBe(before.headers['x-oss-hash-crc64ecma'])
  })

  it.each([
    ['etag', 'etag'],
    ['crc64', 'x-oss-hash-crc64ecma'],
  ] as const)('of the %s shows in the answer alone', async (corrupt, header) => {
    const server = await startServer()
    const right = await put(server)
    server.faults.add({}, { corrupt })
    const forged = await put(server)
    expect(forged.status).toBe(200)
    expect(forged.headers[header]).not.toBe(right.headers[header])
    expect(String(forged.headers[header])).toHaveLength(String(right.headers[header]).length)
    expect((await get(server)).body.toString()).toBe('content')
  })
})

it('leaves headers out and forges them', async () => {
  const server = await startServer()
  server.faults.add({}, { dropHeader: 'x-oss-hash-crc64ecma' })
  server.faults.add({}, { setHeader: { etag: '"0"', 'x-oss-qos-delay-time': '5' } })
  const { headers } = await put(server)
  expect(headers).toMatchObject({ etag: '"0"', 'x-oss-qos-delay-time': '5' })
  expect(headers).not.toHaveProperty('x-oss-hash-crc64ecma')
})

it('leaves out what every answer has, and takes names in any case', async () => {
  const server = await startServer()
  for (const dropHeader of ['X-Oss-Request-Id', 'Date', 'content-length']) {
    server.faults.add({}, { dropHeader })
  }
  server.faults.add({}, { setHeader: { ETag: '"0"' } })
  const { status, headers } = await put(server)
  expect([status, headers.etag]).toEqual([200, '"0"'])
  for (const name of ['x-oss-request-id', 'date', 'content-length']) {
    expect(headers).not.toHaveProperty(name)
  }
})

it('drips an answer in pieces, whole in the end', async () => {
  const server = await startServer()
  await put(server, 'content')
  server.faults.add({}, { drip: { bytes: 2, everyMs: 0 } })
  expect((await get(server)).body.toString()).toBe('content')
})

it.each([0, 3])('breaks an answer off after %i bytes', async (breakAfter) => {
  const server = await startServer()
  await put(server, 'content')
  const fault = server.faults.add({}, { breakAfter })
  await expect(get(server)).rejects.toThrow(/aborted|hang up/)
  expect(fault.hits).toBe(1)
  expect((await get(server)).body.toString()).toBe('content')
})

it('delays a request, and goes on', async () => {
  const server = await startServer()
  const fault = server.faults.add({}, { delayMs: 1 })
  expect((await put(server)).status).toBe(200)
  expect(fault.hits).toBe(1)
})

it('delays many requests at once without a warning', async () => {
  const server = await startServer()
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  server.faults.add({ times: 20 }, { delayMs: 50 })
  await Promise.all(Array.from({ length: 20 }, () => put(server)))
  // Warnings are told in the next turn.
  await nextTurn()
  expect(warnings).toEqual([])
})

it('expires a token for good, and only that', async () => {
  const server = await startServer()
  const [old, fresh] = [server.issueToken(), server.issueToken()]
  server.faults.add({}, { expireToken: true })
  const codes = []
  for (const credentials of [old, old, fresh]) {
    codes.push((await call(server, { method: 'PUT', ...AT, body: '', credentials })).code)
  }
  expect(codes).toEqual(['SecurityTokenExpired', 'SecurityTokenExpired', undefined])
})

it('skews the clock of one request, its Date included', async () => {
  const server = await startServer()
  server.faults.add({}, { skewMs: 20 * 60 * 1000 })
  const skewed = await put(server)
  expect(skewed).toMatchObject({ status: 403, code: 'RequestTimeTooSkewed', ec: '0002-00000504' })
  expect(Date.parse(String(skewed.headers.date)) - Date.now()).toBeGreaterThan(19 * 60 * 1000)
  expect((await put(server)).status).toBe(200)
})

it('keeps no secret in the trace', async () => {
  const server = await startServer()
  const credentials = server.issueToken()
  await call(server, { method: 'PUT', ...AT, body: '', credentials })
  const [entry] = server.requests.of('PutObject')
  expect(entry).toMatchObject({ status: 200, at: 'answered', contentLength: 0, connection: 1 })
  const text = JSON.stringify(server.requests.all)
  expect(text).toContain('[redacted]')
  expect(text).not.toContain(credentials.securityToken)
  expect(text).not.toContain('Signature=')
})
