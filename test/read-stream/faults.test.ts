/** What may go wrong on the way, and what becomes of it: the same bytes, or an error in place of `end`. */
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { createOssReadStream } from '../../src/read-stream.js'
import type { FaultAction } from '../../src/server/server.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { bytes } from '../helpers/new-upload.js'
import {
  failing,
  KEY,
  openRead,
  RANGE,
  ranges,
  read,
  readOptions,
  store,
} from '../helpers/open-read.js'
import { startServer } from '../helpers/start-server.js'

const ALWAYS = { times: Number.POSITIVE_INFINITY }
const INPUT = bytes(3 * RANGE)

describe('a connection that breaks in the middle of a body', () => {
  it('is resumed at the byte where it stopped, under If-Match', async () => {
    const { server, source } = await openRead(INPUT, { concurrency: 1 })
    server.faults.add({ skip: 1 }, { breakAfter: 1000 })
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect(ranges(server)).toEqual([
      'bytes=0-65535',
      'bytes=65536-131071',
      'bytes=66536-131071',
      'bytes=131072-196607',
    ])
    const [first, ...others] = server.requests.of('GetObject')
    expect(first?.headers['if-match']).toBeUndefined()
    for (const { headers } of others) expect(headers['if-match']).toBe(`"${source.etag}"`)
    expect(source.retries).toBe(1)
  })

  it('is resumed in the first range, too, and knows by then where the object ends', async () => {
    const { server, source } = await openRead(INPUT.subarray(0, 5000))
    server.faults.add({}, { breakAfter: 999 })
    expect((await read(source)).equals(INPUT.subarray(0, 5000))).toBe(true)
    expect(ranges(server)).toEqual(['bytes=0-65535', 'bytes=999-4999'])
    const [, second] = server.requests.of('GetObject')
    expect(second?.headers['if-match']).toBe(`"${source.etag}"`)
  })

  it('is resumed as often as it takes, as long as bytes come', async () => {
    const { server, source } = await openRead(INPUT.subarray(0, 20_000))
    server.faults.add(ALWAYS, { breakAfter: 1001 })
    expect((await read(source)).equals(INPUT.subarray(0, 20_000))).toBe(true)
    expect(ranges(server)).toHaveLength(20)
    expect(source.retries).toBe(19)
  })

  it('fails after as many attempts as the policy has, when none come', async () => {
    const { server, source } = await openRead(INPUT.subarray(0, RANGE), {
      retry: { baseDelayMs: 0, maxAttempts: 3 },
    })
    server.faults.add({}, { breakAfter: 1001 })
    server.faults.add({ skip: 1, ...ALWAYS }, { breakAfter: 0 })
    expect(await failing(source)).toMatchObject({
      code: 'ERR_OSS_DOWNLOAD',
      bytesRead: 1001,
      attempts: 3,
      cause: { code: 'ERR_OSS_TRANSPORT', kind: 'interrupted' },
    })
    expect(server.requests.of('GetObject')).toHaveLength(3)
  })

  it('tells of each retry', async () => {
    const { server, source } = await openRead(INPUT)
    server.faults.add({}, { breakAfter: 5 })
    const [[notice]] = await Promise.all([once(source, 'retry'), read(source)])
    expect(notice).toMatchObject({
      operation: 'GetObject',
      bucket: 'bucket',
      key: KEY,
      attempt: 1,
      error: { code: 'ERR_OSS_TRANSPORT' },
    })
  })
})

describe('what heals by asking again', () => {
  it.each<[string, FaultAction]>([
    ['503', { status: 503 }],
    ['500', { status: 500 }],
    ['429', { status: 429, code: 'TooManyRequests' }],
    ['a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['a reset', { reset: 'before-body' }],
    ['an answer that is lost', { drop: 'answer' }],
    ['an answer without ETag', { dropHeader: 'etag' }],
    ['an answer without Content-Range', { dropHeader: 'content-range' }],
    ['another range than asked for', { setHeader: { 'content-range': 'bytes 1-65536/196608' } }],
  ])('%s', async (_name, action) => {
    const { server, source } = await openRead(INPUT)
    const first = server.faults.add({}, action)
    const later = server.faults.add({ skip: 2 }, action)
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect([first.hits, later.hits]).toEqual([1, 1])
  })

  it('a token that expires in between: credentials are asked for once more', async () => {
    const server = await startServer()
    await store(server, INPUT)
    let asked = 0
    const credentials = () => {
      asked += 1
      return server.issueToken()
    }
    const source = createOssReadStream(
      `oss://bucket/${KEY}`,
      readOptions(server, { credentials, concurrency: 1 }),
    )
    server.faults.add({ skip: 1 }, { expireToken: true })
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect(asked).toBe(2)
  })
})

describe('a clock that is off', () => {
  it('is corrected by what the service says', async () => {
    const server = await startServer({ now: () => Date.now() + 3_600_000 })
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    await client.putObject({ key: KEY, body: INPUT })
    const source = createOssReadStream(`oss://bucket/${KEY}`, readOptions(server))
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect(source.retries).toBe(1)
  })
})

describe('what does not heal', () => {
  it.each([
    [404, 'NoSuchKey'],
    [403, 'AccessDenied'],
    [403, 'InvalidObjectState'],
    [404, 'NoSuchBucket'],
  ])('%i %s is an error that tells what, where and which request', async (status, code) => {
    const { server, source } = await openRead(INPUT)
    server.faults.add(ALWAYS, { status, code, ec: '0003-1' })
    const error = await failing(source)
    expect(error).toMatchObject({
      name: 'DownloadError',
      code: 'ERR_OSS_DOWNLOAD',
      message: expect.stringContaining(`GetObject of oss://bucket/${KEY} failed`),
      bucket: 'bucket',
      key: KEY,
      operation: 'GetObject',
      status,
      ossCode: code,
      ec: '0003-1',
      requestId: expect.any(String),
      attempts: 1,
      bytesRead: 0,
      cause: { code: 'ERR_OSS_SERVICE' },
    })
    expect(server.requests.all).toHaveLength(1)
  })

  it('a missing object is 404', async () => {
    const server = await startServer()
    const source = createOssReadStream(`oss://bucket/${KEY}`, readOptions(server))
    expect(await failing(source)).toMatchObject({ status: 404, ossCode: 'NoSuchKey' })
  })

  it('503 for ever ends the siblings, too', async () => {
    const { server, source } = await openRead(INPUT, { concurrency: 3 })
    const held = server.faults.add({ skip: 1 }, { hold: 'arrival' })
    server.faults.add({ skip: 2, ...ALWAYS }, { status: 503 })
    expect(await failing(source)).toMatchObject({ status: 503, attempts: 5 })
    expect(held.hits).toBe(1)
    expect(source.progress).toMatchObject({ rangesInFlight: 0, heldBytes: 0 })
  })

  it.each([
    ['start', { start: INPUT.length }],
    ['the last start there is', { start: Number.MAX_SAFE_INTEGER - 1 }],
    ['start and end', { start: INPUT.length + 5, end: INPUT.length + 6 }],
  ])('%s beyond the end is a typed error', async (_name, options) => {
    const { source } = await openRead(INPUT, options)
    expect(await failing(source)).toMatchObject({
      code: 'ERR_OSS_RANGE',
      start: options.start,
      status: 416,
      message: `oss://bucket/${KEY} ends before byte ${options.start}`,
    })
  })

  it('a start beyond the end of an empty object is one, too', async () => {
    const { source } = await openRead('', { start: 1 })
    expect(await failing(source)).toMatchObject({ code: 'ERR_OSS_RANGE', start: 1 })
  })

  it('a service that knows no ranges, for an object that has several', async () => {
    const { server, source } = await openRead(INPUT)
    server.faults.add(ALWAYS, { status: 200, headers: { etag: '"E"' }, body: INPUT })
    expect(await failing(source)).toMatchObject({ cause: { code: 'ERR_OSS_MALFORMED_RESPONSE' } })
    expect(source.progress.bytesReceived).toBe(0)
  })

  it('but one that answers a small object as a whole will do', async () => {
    const { server, source } = await openRead('whole')
    server.faults.add(ALWAYS, { status: 200, headers: { etag: '"E"' }, body: 'whole' })
    expect(String(await read(source))).toBe('whole')
  })

  it('a HEAD of an empty object that fails', async () => {
    const { server, source } = await openRead('')
    server.faults.add({ operation: 'HeadObject' }, { status: 403, code: 'AccessDenied' })
    expect(await failing(source)).toMatchObject({ status: 403, operation: 'HeadObject' })
  })
})

describe('an object that changes while it is read', () => {
  /** Replaces it when the first bytes have come. */
  async function replaced(by: Uint8Array | undefined, breakAfter?: number) {
    const { server, source } = await openRead(INPUT, { concurrency: 1 })
    const held = server.faults.add({ skip: 1 }, { hold: 'arrival' })
    if (breakAfter !== undefined) server.faults.add({}, { breakAfter })
    const error = failing(source)
    await held.reached()
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    if (by === undefined) await client.deleteObject({ key: KEY })
    else await client.putObject({ key: KEY, body: by })
    held.release()
    return { error: await error, server, source }
  }

  it('is a typed error, not a mixture', async () => {
    const { error, source } = await replaced(bytes(3 * RANGE, 2))
    expect(error).toMatchObject({
      code: 'ERR_OSS_OBJECT_CHANGED',
      name: 'ObjectChangedError',
      message: `oss://bucket/${KEY} is no longer the object with the ETag ${source.etag}`,
      etag: source.etag,
      status: 412,
      ossCode: 'PreconditionFailed',
      bytesRead: RANGE,
    })
  })

  it('is one in the middle of a range, too', async () => {
    const { error } = await replaced(bytes(3 * RANGE, 2), 1000)
    expect(error).toMatchObject({ code: 'ERR_OSS_OBJECT_CHANGED', bytesRead: 1000 })
  })

  it('is one when it is deleted', async () => {
    const { error } = await replaced(undefined)
    expect(error).toMatchObject({ code: 'ERR_OSS_OBJECT_CHANGED', status: 404 })
  })

  it('is read on when the same bytes replace it', async () => {
    await expect(replaced(INPUT)).rejects.toThrow('Expected it to fail')
  })

  it('is noticed even if the service ignores If-Match', async () => {
    const { server, source } = await openRead(INPUT, { concurrency: 1 })
    server.faults.add({ skip: 1 }, { setHeader: { etag: '"OTHER"' } })
    expect(await failing(source)).toMatchObject({
      code: 'ERR_OSS_OBJECT_CHANGED',
      bytesRead: RANGE,
    })
  })

  it('is noticed by its length, where the ETag is the same', async () => {
    const { server, source } = await openRead(INPUT, { concurrency: 1 })
    const range = `bytes ${RANGE}-${2 * RANGE - 1}/999999999`
    server.faults.add({ skip: 1 }, { setHeader: { 'content-range': range } })
    expect(await failing(source)).toMatchObject({ code: 'ERR_OSS_OBJECT_CHANGED' })
  })

  it('between 416 and HEAD is noticed', async () => {
    const { server, source } = await openRead(INPUT)
    server.faults.add({ operation: 'GetObject' }, { status: 416, code: 'InvalidRange' })
    expect(await failing(source)).toMatchObject({ code: 'ERR_OSS_OBJECT_CHANGED', status: 416 })
  })
})

describe('a server that stalls', () => {
  it('in the middle of a body is given up and asked again', async () => {
    const { server, source, clock } = await withClock()
    server.faults.add({}, { drip: { bytes: 1, everyMs: 5 } })
    const reading = read(source)
    await once(source, 'data')
    // Five bytes in half a minute are no progress.
    await clock.advance(30_000)
    expect((await reading).equals(INPUT)).toBe(true)
    const [first, second] = server.requests.of('GetObject')
    expect(first?.headers.range).toBe('bytes=0-65535')
    expect(second?.headers.range).toMatch(/^bytes=[1-9]\d*-65535$/)
  })

  it('before its answer is given up and asked again', async () => {
    const { server, source, clock } = await withClock()
    const held = server.faults.add({}, { hold: 'arrival' })
    const reading = read(source)
    await held.reached()
    await clock.advance(60_000)
    expect((await reading).equals(INPUT)).toBe(true)
  })

  it('is not one when the consumer does not read, be it for hours', async () => {
    const { server, source, clock } = await withClock()
    const iterator = source[Symbol.asyncIterator]()
    const first: Buffer = (await iterator.next()).value
    while (source.progress.rangesInFlight > 0) await once(source, 'progress')
    for (let hour = 0; hour < 5; hour++) await clock.advance(3_600_000)
    const rest = await read({ [Symbol.asyncIterator]: () => iterator })
    expect(Buffer.concat([first, rest]).equals(INPUT)).toBe(true)
    expect(server.requests.of('GetObject')).toHaveLength(3)
    expect(source.retries).toBe(0)
  })

  async function withClock() {
    const server = await startServer()
    await store(server, INPUT)
    const clock = new FakeClock(Date.now())
    const options = readOptions(server, { clock, concurrency: 1, maxMemory: RANGE })
    return { server, clock, source: createOssReadStream(`oss://bucket/${KEY}`, options) }
  }
})
