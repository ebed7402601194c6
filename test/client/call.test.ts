import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { OssError, ServiceError, TransportError } from '../../src/errors.js'
import type { FaultAction } from '../../src/server/server.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startRawServer, startServer, startTcpServer } from '../helpers/http-server.js'
import { startServer as startOssServer } from '../helpers/start-server.js'
import { KEYS, refusal, testClient } from '../helpers/test-client.js'

const OK = { headers: { etag: '"A"', 'content-length': '0' } }

async function failure(promise: Promise<unknown>): Promise<OssError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof OssError) return error
  throw new Error('Expected an OssError', { cause: error })
}

/** The embedded server, whose fault script says what goes wrong, and a client of it. */
async function realServer() {
  const server = await startOssServer()
  const { credentials } = server.options()
  return { server, ...testClient(server.url, { credentials }) }
}

describe('a call', () => {
  it('is repeated until it is answered', async () => {
    await using server = await startServer((_, count) =>
      count < 4 ? refusal(503, 'ServiceUnavailable') : OK,
    )
    const { client, notices } = testClient(server.origin)
    await client.putObject({ key: 'k', body: 'x' })
    expect(
      notices.map(({ operation, bucket, key, attempt }) => [operation, bucket, key, attempt]),
    ).toEqual([1, 2, 3].map((attempt) => ['PutObject', 'bucket', 'k', attempt]))
    expect(server.requests.map(({ body }) => body.toString())).toEqual(['x', 'x', 'x', 'x'])
  })

  it('fails with the last error, which says what was tried', async () => {
    const { server, client } = await realServer()
    server.faults.add({ operation: 'UploadPart', times: Infinity }, { status: 500 })
    const error = await failure(
      client.uploadPart({ key: 'a/b', uploadId: 'U', partNumber: 7, body: 'x' }),
    )
    expect(error).toBeInstanceOf(ServiceError)
    expect(error).toMatchObject({
      operation: 'UploadPart',
      partNumber: 7,
      attempts: 5,
      status: 500,
      ossCode: 'InternalError',
      requestId: server.requests.all.at(-1)?.requestId,
      uncertain: 'answered',
    })
    expect(error.message).toMatch(
      /^UploadPart 7 of oss:\/\/bucket\/a\/b failed after 5 attempts in \d+\.\d s: 500 InternalError/,
    )
  })

  it('fails with a stack that begins with the message, once', async () => {
    await using server = await startServer(() => refusal(403, 'AccessDenied'))
    const { client } = testClient(server.origin)
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error.stack?.startsWith(`ServiceError: ${error.message}\n`)).toBe(true)
  })

  it('is not repeated after a definite refusal', async () => {
    const { server, client, notices } = await realServer()
    server.faults.add({ operation: 'DeleteObject' }, { status: 403, code: 'AccessDenied' })
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error).toMatchObject({ attempts: 1, ossCode: 'AccessDenied' })
    expect(error.uncertain).toBeUndefined()
    expect([server.requests.all.length, notices.length]).toEqual([1, 0])
  })

  it('stays uncertain when a definite refusal follows a lost answer', async () => {
    let count = 0
    await using server = await startRawServer(async (request, response) => {
      for await (const _ of request);
      count += 1
      if (count === 1) response.destroy()
      else response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>')
    })
    const { client } = testClient(server.origin)
    const parts = [{ partNumber: 1, etag: 'A' }]
    const error = await failure(client.completeMultipartUpload({ key: 'k', uploadId: 'U', parts }))
    expect(error).toMatchObject({ ossCode: 'NoSuchUpload', attempts: 2, uncertain: 'lost' })
  })

  it('is certain when nothing was ever sent', async () => {
    const server = await startServer(() => 200)
    await server[Symbol.asyncDispose]()
    const { client } = testClient(server.origin, { retry: { maxAttempts: 2 } })
    const error = await failure(client.initiateMultipartUpload({ key: 'k' }))
    expect(error).toMatchObject({ code: 'ERR_OSS_TRANSPORT', kind: 'unsent', attempts: 2 })
    expect(error.uncertain).toBeUndefined()
  })

  it('is repeated after a connection was reset in any of its moments', async () => {
    const { server, client, notices } = await realServer()
    const { uploadId } = await client.initiateMultipartUpload({ key: 'k' })
    const cuts: FaultAction[] = [
      { reset: 'before-body' },
      { reset: 'mid-body' },
      { reset: 'after-body' },
      { drop: 'answer' },
    ]
    for (const [skip, cut] of cuts.entries()) {
      server.faults.add({ operation: 'UploadPart', skip }, cut)
    }
    const part = { key: 'k', uploadId, partNumber: 1, body: Buffer.alloc(2_000_000) }
    const { etag } = await client.uploadPart(part)
    expect(server.uploads.get(uploadId)?.parts).toMatchObject([{ etag, size: 2_000_000 }])
    expect(notices.map(({ error }) => error instanceof TransportError && error.kind)).toEqual(
      cuts.map(() => 'interrupted'),
    )
  })

  it('copes with HTML of a proxy', async () => {
    await using server = await startServer((_, count) =>
      count === 1 ? { status: 502, body: '<html>Bad Gateway</html>' } : OK,
    )
    const { client, notices } = testClient(server.origin)
    await client.headObject({ key: 'k' })
    expect(notices[0]?.error).toMatchObject({ status: 502 })
  })

  it('is told of each retry by its own hook as well', async () => {
    await using server = await startServer((_, count) => (count === 1 ? 503 : OK))
    const { client, notices } = testClient(server.origin)
    const own: unknown[] = []
    const uploadId = 'U'
    await client.uploadPart({
      key: 'k',
      uploadId,
      partNumber: 3,
      body: '',
      onRetry: (notice) => own.push(notice),
    })
    expect(own).toEqual(notices)
    expect(notices[0]).toMatchObject({ operation: 'UploadPart', partNumber: 3, delayMs: 0 })
  })
})

describe('the wait before an attempt', () => {
  it('is the backoff, and grows', async () => {
    const clock = new FakeClock()
    await using server = await startServer((_, count) => (count < 3 ? 500 : OK))
    const { client, notices } = testClient(server.origin, {
      clock,
      retry: { baseDelayMs: 1000 },
    })
    const waiting = new Gate()
    const head = client.headObject({ key: 'k', onRetry: () => void waiting.arrive() })
    await waiting.reached(1)
    await clock.advance(499)
    expect(server.requests).toHaveLength(1)
    await clock.advance(1)
    await waiting.reached(2)
    await clock.advance(1000)
    await head
    expect(notices.map(({ delayMs }) => delayMs)).toEqual([500, 1000])
    expect(clock.pending).toBe(0)
  })

  it.each([
    ['seconds', { 'retry-after': '7' }, 7000],
    [
      'a date',
      { 'retry-after': 'Tue, 24 Nov 2026 12:00:07 GMT', date: 'Tue, 24 Nov 2026 12:00:00 GMT' },
      7000,
    ],
    ['a delay of throttling', { 'x-oss-qos-delay-time': '2345' }, 2345],
  ])('is what the service asks for in %s', async (_, headers, expected) => {
    const clock = new FakeClock()
    await using server = await startServer((_, count) =>
      count === 1 ? refusal(503, 'UploadTrafficRateLimitExceeded', headers) : OK,
    )
    const { client, notices } = testClient(server.origin, { clock })
    const waiting = new Gate()
    const head = client.headObject({ key: 'k', onRetry: () => void waiting.arrive() })
    await waiting.reached()
    expect(notices[0]?.delayMs).toBe(expected)
    await clock.advance(expected)
    await head
  })

  it('that would end after all patience is not begun', async () => {
    await using server = await startServer(() => refusal(503, 'X', { 'retry-after': '601' }))
    const { client, notices } = testClient(server.origin)
    expect(await failure(client.headObject({ key: 'k' }))).toMatchObject({
      attempts: 1,
      status: 503,
    })
    expect(notices).toHaveLength(0)
  })

  it('ends with patience, however many attempts are allowed', async () => {
    const clock = new FakeClock()
    await using server = await startServer(async () => {
      await clock.advance(4000)
      return 500
    })
    const { client } = testClient(server.origin, {
      clock,
      retry: { maxAttempts: Infinity, maxElapsedMs: 10_000 },
    })
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error).toMatchObject({ attempts: 3, elapsedMs: 12_000 })
  })
})

describe('a signal', () => {
  it('ends an attempt, with its reason', async () => {
    const received = new Gate()
    await using server = await startRawServer(() => received.arrive())
    const { client } = testClient(server.origin)
    const controller = new AbortController()
    const call = client.headObject({ key: 'k', signal: controller.signal })
    await received.reached()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('ends a wait, with its reason', async () => {
    const clock = new FakeClock()
    await using server = await startServer(() => 500)
    const { client } = testClient(server.origin, { clock, retry: { baseDelayMs: 1000 } })
    const controller = new AbortController()
    const reason = new Error('enough')
    const call = client.headObject({
      key: 'k',
      signal: controller.signal,
      onRetry: () => setImmediate(() => controller.abort(reason)),
    })
    await expect(call).rejects.toBe(reason)
    expect(clock.pending).toBe(0)
  })
})

describe('stop', () => {
  it('lets an attempt under way come to its end', async () => {
    const gate = new Gate()
    await using server = await startServer(async () => {
      await gate.arrive()
      return { body: initiated('U1') }
    })
    const { client } = testClient(server.origin)
    const stop = new AbortController()
    const call = client.initiateMultipartUpload({ key: 'k', stop: stop.signal })
    await gate.reached()
    stop.abort(new Error('stop'))
    gate.open()
    expect((await call).uploadId).toBe('U1')
  })

  it('prevents another attempt, with the last error', async () => {
    const gate = new Gate()
    await using server = await startServer(async () => {
      await gate.arrive()
      return 503
    })
    const { client, notices } = testClient(server.origin)
    const stop = new AbortController()
    const call = failure(client.initiateMultipartUpload({ key: 'k', stop: stop.signal }))
    await gate.reached()
    stop.abort(new Error('stop'))
    gate.open()
    expect(await call).toMatchObject({ status: 503, attempts: 1, uncertain: 'lost' })
    expect(notices).toHaveLength(0)
  })

  it('ends a wait, with the last error', async () => {
    const clock = new FakeClock()
    await using server = await startServer(() => 503)
    const { client } = testClient(server.origin, { clock, retry: { baseDelayMs: 1000 } })
    const stop = new AbortController()
    const call = client.initiateMultipartUpload({
      key: 'k',
      stop: stop.signal,
      onRetry: () => setImmediate(() => stop.abort(new Error('stop'))),
    })
    expect(await failure(call)).toMatchObject({ status: 503, attempts: 1 })
    expect([server.requests.length, clock.pending]).toEqual([1, 0])
  })

  it('before the first attempt lets nothing be sent', async () => {
    await using server = await startServer(() => 200)
    const { client } = testClient(server.origin)
    const reason = new Error('stop')
    const call = client.initiateMultipartUpload({ key: 'k', stop: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
    expect(server.requests).toHaveLength(0)
  })
})

describe('refused credentials', () => {
  it('are renewed once for twenty calls refused together, which are sent again at once', async () => {
    let asked = 0
    const refused = new Gate()
    await using server = await startServer(async ({ headers }) => {
      if (headers['x-oss-security-token'] !== 'token-1') return OK
      void refused.arrive()
      await refused.reached(20)
      return refusal(403, 'SecurityTokenExpired')
    })
    const { client, notices } = testClient(server.origin, {
      credentials: async () => ({ ...KEYS, securityToken: `token-${++asked}` }),
      retry: { maxAttempts: 1 },
    })
    const calls = Array.from({ length: 20 }, (_, i) =>
      client.uploadPart({ key: 'k', uploadId: 'U', partNumber: i + 1, body: 'x' }),
    )
    await Promise.all(calls)
    expect(asked).toBe(2)
    expect([server.requests.length, notices.length]).toEqual([40, 20])
  })

  it('are the end when there are no others', async () => {
    await using server = await startServer(() => refusal(403, 'InvalidAccessKeyId'))
    const { client } = testClient(server.origin)
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error).toMatchObject({ attempts: 1, status: 403 })
  })

  it('are not renewed for ever', async () => {
    let asked = 0
    await using server = await startServer(() => refusal(403, 'SecurityTokenExpired'))
    const { client } = testClient(server.origin, {
      credentials: () => ({ ...KEYS, securityToken: `token-${++asked}` }),
      retry: { maxAttempts: Infinity },
    })
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({ attempts: 4 })
    expect(asked).toBe(4)
  })

  it('of a provider that fails for a moment are asked for again', async () => {
    let asked = 0
    await using server = await startServer(() => 204)
    const { client } = testClient(server.origin, {
      credentials: () => {
        asked += 1
        if (asked < 3) throw new Error('metadata service is down')
        return KEYS
      },
    })
    await client.deleteObject({ key: 'k' })
    expect([asked, server.requests.length]).toEqual([3, 1])
  })
})

describe('a clock that is off', () => {
  const HOUR = 3_600_000
  const skewed = (date: string, details = {}) =>
    refusal(403, 'RequestTimeTooSkewed', { date }, details)

  it('is corrected by the answer, once for all calls of the client', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 24, 12))
    await using server = await startServer((_, count) =>
      count === 1 ? skewed('Tue, 24 Nov 2026 15:00:00 GMT') : 204,
    )
    const { client, notices } = testClient(server.origin, { clock, retry: { maxAttempts: 1 } })
    await client.deleteObject({ key: 'k' })
    await clock.advance(HOUR)
    await client.deleteObject({ key: 'k' })
    expect(server.requests.map(({ headers }) => headers['x-oss-date'])).toEqual([
      '20261124T120000Z',
      '20261124T150000Z',
      '20261124T160000Z',
    ])
    expect(notices).toHaveLength(1)
  })

  it('is corrected by ServerTime when the answer has no Date to believe', async () => {
    const clock = new FakeClock(Date.UTC(2026, 10, 24, 12))
    await using server = await startServer((_, count) =>
      count === 1
        ? skewed('Thu, 01 Jan 1970 00:00:00 GMT', { ServerTime: '2026-11-24T09:00:00.000Z' })
        : 204,
    )
    const { client } = testClient(server.origin, { clock })
    await client.deleteObject({ key: 'k' })
    expect(server.requests[1]?.headers['x-oss-date']).toBe('20261124T090000Z')
  })

  it('is not corrected to 1970', async () => {
    await using server = await startServer(() => skewed('Thu, 01 Jan 1970 00:00:00 GMT'))
    const { client } = testClient(server.origin, { clock: new FakeClock() })
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({ attempts: 1 })
    const year = '2026'
    await failure(client.deleteObject({ key: 'k' }))
    expect(server.requests.map(({ headers }) => String(headers['x-oss-date']).slice(0, 4))).toEqual(
      [year, year],
    )
  })

  it('is corrected no more than once a call', async () => {
    let hour = 0
    await using server = await startServer(() => {
      hour += 1
      return skewed(`Tue, 24 Nov 2026 0${hour}:00:00 GMT`)
    })
    const { client } = testClient(server.origin)
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({ attempts: 2 })
  })
})

describe('secrets', () => {
  it('are nowhere in an error', async () => {
    const securityToken = 'CAIStOkEn'
    await using server = await startServer(({ headers }) => ({
      status: 403,
      body:
        '<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>' +
        `<StringToSign>${headers['x-oss-date']}</StringToSign>` +
        `<SignatureProvided>${String(headers.authorization).slice(-64)}</SignatureProvided></Error>`,
    }))
    const { client } = testClient(server.origin, { credentials: { ...KEYS, securityToken } })
    const error = await failure(client.putObject({ key: 'k', body: 'x' }))
    const { authorization } = server.requests[0]?.headers ?? {}
    const signature = String(authorization).slice(-64)
    expect(signature).toMatch(/^[0-9a-f]{64}$/)
    const shown = [error.message, error.stack, inspect(error, { depth: null, showHidden: true })]
    for (const secret of [KEYS.accessKeySecret, securityToken, signature, 'OSS4-HMAC']) {
      expect(shown.join('\n')).not.toContain(secret)
    }
  })

  it('are nowhere in an error of the network', async () => {
    await using server = await startTcpServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    const error = await failure(client.putObject({ key: 'k', body: 'x' }))
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/sEcReT|OSS4-HMAC/)
  })
})

function initiated(uploadId: string): string {
  return (
    '<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>k</Key>' +
    `<UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>`
  )
}
