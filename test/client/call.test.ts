/**
 * What the attempts of one call make of it. One test has a server of its own, as it repeats the
 * signature that it was sent, which the embedded one tells nobody.
 */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { OssClientOptions } from '../../src/client/options.js'
import { OssError, ServiceError, TransportError } from '../../src/errors.js'
import type { FaultAction, OssServer } from '../../src/server/server.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startServer } from '../helpers/http-server.js'
import { begin, openClient } from '../helpers/open-client.js'
import { KEYS, testClient } from '../helpers/test-client.js'

const ALWAYS = { times: Infinity }

async function failure(promise: Promise<unknown>): Promise<OssError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof OssError) return error
  throw new Error('Expected an OssError', { cause: error })
}

/** A client on a clock that stands still until the test moves it, as the server's does. */
async function openOnClock(options: OssClientOptions = {}) {
  const clock = new FakeClock()
  const opened = await openClient({ clock, ...options }, { now: () => clock.now() })
  return { clock, ...opened }
}

describe('a call', () => {
  it('is repeated until it is answered', async () => {
    const { server, client, notices } = await openClient()
    server.faults.add({ times: 3 }, { status: 503 })
    await client.putObject({ key: 'k', body: 'x' })
    expect(
      notices.map(({ operation, bucket, key, attempt }) => [operation, bucket, key, attempt]),
    ).toEqual([1, 2, 3].map((attempt) => ['PutObject', 'bucket', 'k', attempt]))
    expect(server.requests.all.map(({ contentLength }) => contentLength)).toEqual([1, 1, 1, 1])
    expect(String(await server.objects.get('bucket', 'k')?.content())).toBe('x')
  })

  it('fails with the last error, which says what was tried', async () => {
    const { server, client } = await openClient()
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
    const { server, client } = await openClient()
    server.faults.add({}, { status: 403, code: 'AccessDenied' })
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error.stack?.startsWith(`ServiceError: ${error.message}\n`)).toBe(true)
  })

  it('is not repeated after a definite refusal', async () => {
    const { server, client, notices } = await openClient()
    server.faults.add({ operation: 'DeleteObject' }, { status: 403, code: 'AccessDenied' })
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error).toMatchObject({ attempts: 1, ossCode: 'AccessDenied' })
    expect(error.uncertain).toBeUndefined()
    expect([server.requests.all.length, notices.length]).toEqual([1, 0])
  })

  it('stays uncertain when a definite refusal follows a lost answer', async () => {
    const { server, client } = await openClient()
    const upload = await begin(client, 'x')
    server.faults.add({ operation: 'CompleteMultipartUpload' }, { drop: 'answer' })
    const error = await failure(client.completeMultipartUpload(upload))
    expect(error).toMatchObject({ ossCode: 'NoSuchUpload', attempts: 2, uncertain: 'lost' })
  })

  it('is certain when nothing was ever sent', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    await server.close()
    const error = await failure(client.initiateMultipartUpload({ key: 'k' }))
    expect(error).toMatchObject({ code: 'ERR_OSS_TRANSPORT', kind: 'unsent', attempts: 2 })
    expect(error.uncertain).toBeUndefined()
  })

  it('is repeated after a connection was reset in any of its moments', async () => {
    const { server, client, notices } = await openClient()
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
    const { server, client, notices } = await openClient()
    server.faults.add({}, { status: 502, body: '<html>Bad Gateway</html>' })
    await client.putObject({ key: 'k', body: 'x' })
    expect(notices[0]?.error).toMatchObject({ status: 502 })
  })

  it('is told of each retry by its own hook as well', async () => {
    const { server, client, notices } = await openClient()
    const { key, uploadId } = await begin(client)
    server.faults.add({ operation: 'UploadPart' }, { status: 503 })
    const own: unknown[] = []
    await client.uploadPart({
      key,
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
    const opened = await openOnClock({ retry: { baseDelayMs: 1000 } })
    const { server, client, notices, clock } = opened
    server.faults.add({ times: 2 }, { status: 500 })
    const waiting = new Gate()
    const call = client.deleteObject({ key: 'k', onRetry: () => void waiting.arrive() })
    await waiting.reached(1)
    await clock.advance(499)
    expect(server.requests.all).toHaveLength(1)
    await clock.advance(1)
    await waiting.reached(2)
    await clock.advance(1000)
    await call
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
    const { server, client, notices, clock } = await openOnClock()
    const code = 'UploadTrafficRateLimitExceeded'
    server.faults.add({}, { status: 503, code, headers: { ...headers } })
    const waiting = new Gate()
    const call = client.deleteObject({ key: 'k', onRetry: () => void waiting.arrive() })
    await waiting.reached()
    expect(notices[0]?.delayMs).toBe(expected)
    await clock.advance(expected)
    await call
  })

  it('that would end after all patience is not begun', async () => {
    const { server, client, notices } = await openClient()
    server.faults.add(ALWAYS, { status: 503, code: 'X', headers: { 'retry-after': '601' } })
    expect(await failure(client.headObject({ key: 'k' }))).toMatchObject({
      attempts: 1,
      status: 503,
    })
    expect(notices).toHaveLength(0)
  })

  it('ends with patience, however many attempts are allowed', async () => {
    const retry = { maxAttempts: Infinity, maxElapsedMs: 10_000 }
    const { server, client, clock } = await openOnClock({ retry })
    const slow = [0, 1, 2].map((skip) => server.faults.add({ skip }, { hold: 'arrival' }))
    server.faults.add(ALWAYS, { status: 500 })
    const error = failure(client.deleteObject({ key: 'k' }))
    for (const held of slow) {
      await held.reached()
      await clock.advance(4000)
      held.release()
    }
    expect(await error).toMatchObject({ attempts: 3, elapsedMs: 12_000 })
  })
})

describe('a signal', () => {
  it('ends an attempt, with its reason', async () => {
    const { server, client } = await openClient()
    const held = server.faults.add({}, { hold: 'arrival' })
    const controller = new AbortController()
    const call = client.headObject({ key: 'k', signal: controller.signal })
    await held.reached()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('ends a wait, with its reason', async () => {
    const { server, client, clock } = await openOnClock({ retry: { baseDelayMs: 1000 } })
    server.faults.add(ALWAYS, { status: 500 })
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
    const { server, client } = await openClient()
    const held = server.faults.add({}, { hold: 'arrival' })
    const stop = new AbortController()
    const call = client.initiateMultipartUpload({ key: 'k', stop: stop.signal })
    await held.reached()
    stop.abort(new Error('stop'))
    held.release()
    const { uploadId } = await call
    expect(server.uploads.list()).toMatchObject([{ uploadId }])
  })

  it('prevents another attempt, with the last error', async () => {
    const { server, client, notices } = await openClient()
    const held = server.faults.add({}, { hold: 'arrival' })
    // A page of a gateway: whether the service has begun an upload, nobody knows.
    server.faults.add(ALWAYS, { status: 503, body: '' })
    const stop = new AbortController()
    const call = failure(client.initiateMultipartUpload({ key: 'k', stop: stop.signal }))
    await held.reached()
    stop.abort(new Error('stop'))
    held.release()
    expect(await call).toMatchObject({ status: 503, attempts: 1, uncertain: 'lost' })
    expect(notices).toHaveLength(0)
  })

  it('ends a wait, with the last error', async () => {
    const { server, client, clock } = await openOnClock({ retry: { baseDelayMs: 1000 } })
    server.faults.add(ALWAYS, { status: 503 })
    const stop = new AbortController()
    const call = client.initiateMultipartUpload({
      key: 'k',
      stop: stop.signal,
      onRetry: () => setImmediate(() => stop.abort(new Error('stop'))),
    })
    expect(await failure(call)).toMatchObject({ status: 503, attempts: 1 })
    expect([server.requests.all.length, clock.pending]).toEqual([1, 0])
  })

  it('before the first attempt lets nothing be sent', async () => {
    const { server, client } = await openClient()
    const reason = new Error('stop')
    const call = client.initiateMultipartUpload({ key: 'k', stop: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
    expect(server.requests.all).toHaveLength(0)
  })
})

describe('refused credentials', () => {
  /** A client whose provider has a new token each time. */
  async function openRenewed(options: OssClientOptions = {}) {
    const issued: string[] = []
    const opened = await openClient({
      credentials: () => {
        const { accessKeyId, accessKeySecret, securityToken } = opened.server.issueToken()
        issued.push(securityToken)
        return { accessKeyId, accessKeySecret, securityToken }
      },
      ...options,
    })
    return { issued, ...opened }
  }

  it('are renewed once for twenty calls refused together, which are sent again at once', async () => {
    const opened = await openRenewed({ retry: { maxAttempts: 1 } })
    const { server, client, notices, issued } = opened
    const { key, uploadId } = await begin(client)
    const match = { operation: 'UploadPart', times: 20 } as const
    const held = server.faults.add(match, { hold: 'arrival' })
    server.faults.add(match, { expireToken: true })
    const calls = Array.from({ length: 20 }, (_, i) =>
      client.uploadPart({ key, uploadId, partNumber: i + 1, body: 'x' }),
    )
    await held.reached(20)
    held.release()
    await Promise.all(calls)
    expect(issued).toHaveLength(2)
    const codes = server.requests.of('UploadPart').map(({ ossCode }) => ossCode)
    expect(codes).toEqual([...Array(20).fill('SecurityTokenExpired'), ...Array(20)])
    expect(notices).toHaveLength(20)
  })

  it('are the end when there are no others', async () => {
    const { client } = await openClient({ credentials: KEYS })
    const error = await failure(client.deleteObject({ key: 'k' }))
    expect(error).toMatchObject({ attempts: 1, status: 403, ossCode: 'InvalidAccessKeyId' })
  })

  it('are not renewed for ever', async () => {
    const { server, client, issued } = await openRenewed({ retry: { maxAttempts: Infinity } })
    server.faults.add(ALWAYS, { expireToken: true })
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({
      attempts: 4,
      ossCode: 'SecurityTokenExpired',
    })
    expect(new Set(issued).size).toBe(4)
  })

  it('of a provider that fails for a moment are asked for again', async () => {
    let asked = 0
    const { server, client } = await openClient({
      credentials: () => {
        asked += 1
        if (asked < 3) throw new Error('metadata service is down')
        return server.options().credentials
      },
    })
    await client.deleteObject({ key: 'k' })
    expect([asked, server.requests.all.length]).toEqual([3, 1])
  })
})

describe('a clock that is off', () => {
  const HOUR = 3_600_000
  const EPOCH = 'Thu, 01 Jan 1970 00:00:00 GMT'

  /** A client at noon, of a server whose clock is ahead by so much. */
  async function openAhead(ms: number, options: OssClientOptions = {}) {
    const clock = new FakeClock(Date.UTC(2026, 10, 24, 12))
    const opened = await openClient({ clock, ...options }, { now: () => clock.now() + ms })
    return { clock, ...opened }
  }

  const datesOf = (server: OssServer) =>
    server.requests.all.map(({ headers }) => headers['x-oss-date'])

  it('is corrected by the answer, once for all calls of the client', async () => {
    const opened = await openAhead(3 * HOUR, { retry: { maxAttempts: 1 } })
    const { server, client, notices, clock } = opened
    await client.deleteObject({ key: 'k' })
    await clock.advance(HOUR)
    await client.deleteObject({ key: 'k' })
    expect(datesOf(server)).toEqual(['20261124T120000Z', '20261124T150000Z', '20261124T160000Z'])
    expect(notices).toHaveLength(1)
  })

  it('is corrected by ServerTime when the answer has no Date to believe', async () => {
    const { server, client } = await openAhead(-3 * HOUR)
    server.faults.add({}, { setHeader: { date: EPOCH } })
    await client.deleteObject({ key: 'k' })
    expect(datesOf(server)).toEqual(['20261124T120000Z', '20261124T090000Z'])
  })

  it('is not corrected to 1970', async () => {
    const { server, client } = await openAhead(0)
    const headers = { date: EPOCH }
    server.faults.add(ALWAYS, { status: 403, code: 'RequestTimeTooSkewed', headers })
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({ attempts: 1 })
    await failure(client.deleteObject({ key: 'k' }))
    expect(datesOf(server)).toEqual(['20261124T120000Z', '20261124T120000Z'])
  })

  it('is corrected no more than once a call', async () => {
    const { server, client } = await openAhead(0)
    for (const skip of [0, 1, 2]) server.faults.add({ skip }, { skewMs: (skip + 1) * HOUR })
    expect(await failure(client.deleteObject({ key: 'k' }))).toMatchObject({
      attempts: 2,
      ossCode: 'RequestTimeTooSkewed',
    })
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
    const { server, client } = await openClient({ retry: { maxAttempts: 1 } })
    server.faults.add({}, { reset: 'before-body' })
    const error = await failure(client.putObject({ key: 'k', body: 'x' }))
    expect(error).toMatchObject({ code: 'ERR_OSS_TRANSPORT' })
    const shown = inspect(error, { depth: null, showHidden: true })
    expect(shown).not.toContain(server.options().credentials.accessKeySecret)
    expect(shown).not.toContain('OSS4-HMAC')
  })
})
