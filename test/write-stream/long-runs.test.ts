/** Uploads of hours, whose clock a test moves: slow sources, networks that go away, clocks that leap. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import { DEFAULT_TIMEOUTS } from '../../src/client/options.js'
import { DEFAULT_RETRY } from '../../src/client/retry.js'
import type { Credentials } from '../../src/credentials.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OssServer } from '../../src/server/server.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { startTcpServer } from '../helpers/http-server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const INPUT = bytes(6.5 * PART)

/** One request at a time, and no memory for full parts that wait to be hashed together. */
const SINGLE = { concurrency: 1, maxMemory: 3 * PART }
/** So long a part may wait for others, to be hashed with them. */
const SILENCE_MS = 100

interface LongRun {
  readonly clock: FakeClock
  readonly server: OssServer
  readonly out: OssWriteStream
  readonly notices: RetryNotice[]
}

/** A stream and a server that share one clock, which stands still until it is moved. */
async function open(
  options: OssWriteStreamOptions | ((server: OssServer) => OssWriteStreamOptions) = {},
  clock = new FakeClock(),
  running?: OssServer,
): Promise<LongRun> {
  const server = running ?? (await startServer({ now: () => clock.ticks() }))
  const given = typeof options === 'function' ? options(server) : options
  const dispatcher = new Agent()
  onTestFinished(() => dispatcher.destroy())
  const out = createOssWriteStream(
    `oss://bucket/${KEY}`,
    streamOptions(server, { clock, dispatcher, ...SINGLE, retry: {}, ...given }),
  )
  const notices: RetryNotice[] = []
  out.on('retry', (notice) => notices.push(notice))
  // Some fail while a test still lets time pass; `ending` tells the error all the same.
  out.on('error', () => {})
  return { clock, server, out, notices }
}

/** Lets time pass whenever the stream waits for its next attempt, and only then. */
function passWaits({ clock, out }: LongRun, onWait: () => void = () => {}): void {
  out.on('retry', ({ delayMs }) => {
    onWait()
    // The wait begins in this turn, after this event.
    queueMicrotask(() => clock.advance(delayMs))
  })
}

async function expectWhole({ server, out }: LongRun, input: Buffer): Promise<void> {
  await finished(out)
  expect((await stored(server))?.equals(input)).toBe(true)
  expect(server.uploads.list()).toEqual([])
}

/** Most time that the waits between the attempts of one call take. */
function mostWaiting({ maxAttempts, baseDelayMs, maxDelayMs } = DEFAULT_RETRY): number {
  let sum = 0
  for (let retry = 0; retry < maxAttempts - 1; retry++) {
    sum += Math.min(maxDelayMs, baseDelayMs * 2 ** retry)
  }
  return sum
}

describe('a source that trickles for twelve hours', () => {
  it('holds no request while it is silent, and sends parts only when they are full', async () => {
    const run = await open()
    const { clock, server, out, notices } = run
    // Four chunks an hour, 48 in all; three make a part, and the byte after it sends it.
    const chunks = Array.from({ length: 48 }, (_, index) => bytes(PART / 3 + 1, index + 1))
    const input = Buffer.concat(chunks)
    let written = 0
    for (const chunk of chunks) {
      const full = Math.ceil((written + chunk.length) / PART) - 1
      written += chunk.length
      out.write(chunk)
      while (out.partsUploaded < full) await once(out, 'part')
      expect(server.requests.inFlight()).toBe(0)
      expect(server.requests.of('UploadPart')).toHaveLength(full)
      // Not even a timer waits for anything.
      expect(clock.pending).toBe(0)
      await clock.advance(15 * MINUTE)
    }
    out.end()
    await expectWhole(run, input)
    expect(notices).toEqual([])
    expect(out.result).toMatchObject({ retries: 0, durationMs: 12 * HOUR })
    const sizes = server.requests.of('UploadPart').map(({ contentLength }) => contentLength)
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([PART]))
    expect(server.requests.maxInFlight()).toBe(1)
  })

  it('is asked for credentials once for each of their lifetimes, and refused never', async () => {
    let asked = 0
    const run = await open((server) => ({
      // As much as anybody has by default: a part must not wait for others that come much later.
      maxMemory: undefined,
      credentials: () => {
        asked += 1
        return server.issueToken(HOUR)
      },
    }))
    const { clock, server, out } = run
    for (let quarter = 0; quarter < 48; quarter++) {
      out.write(bytes(PART, quarter + 1))
      if (quarter > 0) await Promise.all([once(out, 'part'), clock.advance(SILENCE_MS)])
      await clock.advance(15 * MINUTE)
    }
    out.end()
    await finished(out)
    expect(server.requests.all.filter(({ status }) => status !== 200)).toEqual([])
    expect(asked).toBeGreaterThanOrEqual(11)
    expect(asked).toBeLessThanOrEqual(14)
  })
})

/** A wire to the server that can be taken away: what is open breaks, what is opened breaks at once. */
async function wireTo(server: OssServer) {
  const sockets = new Set<Socket>()
  let isAway = false
  const proxy = await startTcpServer((socket) => {
    if (isAway) {
      socket.destroy()
      return
    }
    const upstream = connect(server.port, '127.0.0.1')
    for (const end of [socket, upstream]) {
      sockets.add(end)
      end.on('error', () => {})
      end.on('close', () => {
        sockets.delete(end)
        for (const other of [socket, upstream]) other.destroy()
      })
    }
    socket.pipe(upstream).pipe(socket)
  })
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return {
    endpoint: proxy.origin,
    leave() {
      isAway = true
      for (const socket of sockets) socket.destroy()
    },
    comeBack() {
      isAway = false
    },
  }
}

describe('a network that goes away for ten minutes', () => {
  const PATIENT = { maxAttempts: Number.POSITIVE_INFINITY, maxElapsedMs: 15 * MINUTE }

  async function openOnWire(options: OssWriteStreamOptions = {}) {
    const clock = new FakeClock()
    const server = await startServer({ now: () => clock.ticks() })
    const wire = await wireTo(server)
    const run = await open({ ...options, endpoint: wire.endpoint }, clock, server)
    return { run, wire }
  }

  it.each(['between two parts', 'with a part under way', 'before Complete'])(
    'is sat out with enough patience: %s',
    async (when) => {
      const { run, wire } = await openOnWire({ retry: PATIENT })
      const { clock, server, out, notices } = run
      const began = clock.ticks()
      passWaits(run, () => {
        if (clock.ticks() - began >= 10 * MINUTE) wire.comeBack()
      })
      if (when === 'with a part under way') {
        const held = server.faults.add(
          { operation: 'UploadPart', partNumber: 3 },
          { hold: 'arrival' },
        )
        out.end(INPUT)
        await held.reached(1)
        wire.leave()
        held.release()
      } else if (when === 'between two parts') {
        out.write(INPUT.subarray(0, 2 * PART + 1))
        await once(out, 'part')
        await once(out, 'part')
        wire.leave()
        out.end(INPUT.subarray(2 * PART + 1))
      } else {
        out.on('part', ({ partNumber }) => {
          if (partNumber === 7) wire.leave()
        })
        out.end(INPUT)
      }
      await expectWhole(run, INPUT)
      const elapsed = clock.ticks() - began
      expect(elapsed).toBeGreaterThanOrEqual(10 * MINUTE)
      expect(elapsed).toBeLessThan(10 * MINUTE + 2 * DEFAULT_RETRY.maxDelayMs)
      expect(out.result).toMatchObject({ retries: notices.length })
      expect(notices.length).toBeGreaterThan(10 * (MINUTE / DEFAULT_RETRY.maxDelayMs))
      for (const { error } of notices) expect(error).toMatchObject({ code: 'ERR_OSS_TRANSPORT' })
    },
  )

  it('for longer than there is patience fails when that ends, and says what is left', async () => {
    const { run, wire } = await openOnWire({ retry: { ...PATIENT, maxElapsedMs: 5 * MINUTE } })
    const { clock, server, out } = run
    const began = clock.ticks()
    passWaits(run)
    out.write(INPUT)
    await once(out, 'part')
    wire.leave()
    const error = await ending(out)
    expect(error).toMatchObject({
      operation: 'UploadPart',
      outcome: 'absent',
      uploadId: out.uploadId,
      cause: { code: 'ERR_OSS_TRANSPORT' },
      abortError: { code: 'ERR_OSS_TRANSPORT', operation: 'AbortMultipartUpload' },
    })
    // The patience of the part, and then the deadline of cleaning up.
    const most = 5 * MINUTE + DEFAULT_TIMEOUTS.abortMs + DEFAULT_RETRY.maxDelayMs
    expect(clock.ticks() - began).toBeLessThanOrEqual(most)
    expect(server.uploads.list()).toHaveLength(1)
  })

  it('fails a stream without a policy of its own within seconds', async () => {
    const { run, wire } = await openOnWire()
    const { clock, server, out, notices } = run
    clock.chance = 0.999999
    passWaits(run)
    out.write(INPUT)
    await once(out, 'part')
    wire.leave()
    const began = clock.ticks()
    const error = await ending(out)
    expect(error).toMatchObject({ attempts: DEFAULT_RETRY.maxAttempts, outcome: 'absent' })
    // The part, and then Abort.
    expect(clock.ticks() - began).toBeLessThanOrEqual(2 * mostWaiting())
    expect(mostWaiting()).toBe(3000)
    expect(notices.filter(({ operation }) => operation === 'UploadPart')).toHaveLength(4)
    expect(server.objects.list()).toEqual([])
  })
})

describe('a network that swallows everything', () => {
  it('fails a stream in the time that the README tells', async () => {
    const run = await open()
    const { clock, server, out, notices } = run
    clock.chance = 0.999999
    const operation = ['UploadPart', 'AbortMultipartUpload'] as const
    const held = server.faults.add(
      { operation, times: Number.POSITIVE_INFINITY },
      { hold: 'arrival' },
    )
    const began = clock.ticks()
    out.write(INPUT)
    for (let attempt = 1; attempt <= DEFAULT_RETRY.maxAttempts; attempt++) {
      await held.reached(attempt)
      await clock.advance(DEFAULT_TIMEOUTS.responseMs)
      if (attempt < DEFAULT_RETRY.maxAttempts) {
        while (notices.length < attempt) await once(out, 'retry')
        await clock.advance(notices.at(-1)?.delayMs ?? 0)
      }
    }
    await held.reached(DEFAULT_RETRY.maxAttempts + 1)
    await clock.advance(DEFAULT_TIMEOUTS.abortMs)
    const error = await ending(out)
    expect(error).toMatchObject({
      operation: 'UploadPart',
      attempts: DEFAULT_RETRY.maxAttempts,
      outcome: 'absent',
      cause: { code: 'ERR_OSS_TRANSPORT', kind: 'timeout' },
      abortError: { kind: 'timeout', message: 'AbortMultipartUpload took more than 30000 ms' },
    })
    const { responseMs, abortMs } = DEFAULT_TIMEOUTS
    const most = DEFAULT_RETRY.maxAttempts * responseMs + mostWaiting() + abortMs
    expect(clock.ticks() - began).toBeLessThanOrEqual(most)
    expect(out.abortError).toBeDefined()
    held.release()
  })
})

describe('a local clock that is off', () => {
  const parts = 6
  const refused = ({ server }: LongRun) =>
    server.requests.all.filter(({ ossCode }) => ossCode === 'RequestTimeTooSkewed')

  it.each([
    [-HOUR, 1],
    [HOUR, 1],
    [-16 * MINUTE, 1],
    [16 * MINUTE, 1],
    [-14 * MINUTE, 0],
    [14 * MINUTE, 0],
  ])('by %i ms is corrected once, for all requests: %i refusals', async (offset, refusals) => {
    const run = await open()
    run.clock.setTimeOfDay(offset)
    run.out.end(INPUT)
    await expectWhole(run, INPUT)
    expect(refused(run)).toHaveLength(refusals)
    expect(run.out.result?.retries).toBe(refusals)
  })

  it.each([-HOUR, HOUR])('from the middle on, by %i ms, is corrected, too', async (offset) => {
    const run = await open({ concurrency: 2 })
    const { clock, server, out } = run
    out.write(INPUT.subarray(0, parts * PART))
    while (out.partsUploaded < parts - 1) await once(out, 'part')
    clock.setTimeOfDay(offset)
    out.end(INPUT.subarray(parts * PART))
    await expectWhole(run, INPUT)
    // The two last parts are under way at once; each may be refused, nothing after them.
    expect(refused(run).length).toBeGreaterThanOrEqual(1)
    expect(refused(run).length).toBeLessThanOrEqual(2)
    expect(server.requests.of('CompleteMultipartUpload')).toHaveLength(1)
  })

  it.each(['Thu, 01 Jan 1970 00:00:00 GMT', 'garbage', ''])(
    'is corrected although the refusals are dated "%s", which is not believed',
    async (date) => {
      const run = await open()
      run.server.faults.add({ times: Number.POSITIVE_INFINITY }, { setHeader: { date } })
      run.clock.setTimeOfDay(-HOUR)
      run.out.end(INPUT)
      await expectWhole(run, INPUT)
      expect(refused(run)).toHaveLength(1)
    },
  )

  it.each(['Thu, 01 Jan 1970 00:00:00 GMT', 'Tue, 24 Nov 2099 12:00:00 GMT'])(
    'is none because answers are dated %s',
    async (date) => {
      const run = await open()
      run.server.faults.add({ times: Number.POSITIVE_INFINITY }, { setHeader: { date } })
      run.out.end(INPUT)
      await expectWhole(run, INPUT)
      expect(refused(run)).toEqual([])
      expect(run.notices).toEqual([])
    },
  )
})

describe('a token that expires with twenty parts in flight', () => {
  it('is renewed once, and the same parts are sent again', async () => {
    const clock = new FakeClock()
    let ahead = 0
    let asked = 0
    const server = await startServer({ now: () => clock.ticks() + ahead })
    const credentials = () => {
      asked += 1
      // Without its expiration: nobody can see it coming.
      const { accessKeyId, accessKeySecret, securityToken } = server.issueToken(5 * MINUTE)
      return { accessKeyId, accessKeySecret, securityToken }
    }
    const options = { credentials, concurrency: 20, maxMemory: 22 * PART }
    const run = await open(options, clock, server)
    const input = bytes(20.5 * PART)
    const held = server.faults.add({ operation: 'UploadPart', times: 20 }, { hold: 'arrival' })
    run.out.end(input)
    await held.reached(20)
    expect(asked).toBe(1)
    ahead = 10 * MINUTE
    held.release()
    await expectWhole(run, input)
    expect(asked).toBe(2)
    const sent = server.requests.of('UploadPart')
    const refused = sent.filter(({ ossCode }) => ossCode === 'SecurityTokenExpired')
    expect(refused.map(({ partNumber }) => partNumber).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    for (const { partNumber, headers } of refused) {
      const again = sent.filter((one) => one.partNumber === partNumber && one.status === 200)
      expect(again.map((one) => one.headers['content-md5'])).toEqual([headers['content-md5']])
    }
    expect(run.notices).toHaveLength(20)
    expect(run.notices.every(({ delayMs }) => delayMs === 0)).toBe(true)
  })
})

describe('a provider of credentials', () => {
  const { responseMs } = DEFAULT_TIMEOUTS

  it('that hangs fails the stream in bounded time', async () => {
    const gate = new Gate()
    const run = await open({
      credentials: async (): Promise<Credentials> => {
        await gate.arrive()
        throw new Error('never')
      },
    })
    const { clock, server, out } = run
    const began = clock.ticks()
    passWaits(run)
    out.end(INPUT)
    for (let attempt = 1; attempt <= DEFAULT_RETRY.maxAttempts; attempt++) {
      await gate.reached(attempt)
      await clock.advance(responseMs)
    }
    expect(await ending(out)).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation: 'InitiateMultipartUpload',
      attempts: DEFAULT_RETRY.maxAttempts,
      outcome: 'absent',
      cause: { code: 'ERR_OSS_CREDENTIALS' },
    })
    const most = DEFAULT_RETRY.maxAttempts * responseMs + mostWaiting()
    expect(clock.ticks() - began).toBeLessThanOrEqual(most)
    expect(server.requests.all).toEqual([])
  })

  it('that hangs once, and then recovers, only delays', async () => {
    const gate = new Gate()
    let asked = 0
    const run = await open((server) => ({
      credentials: async () => {
        asked += 1
        if (asked === 1) await gate.arrive()
        return server.issueToken(HOUR)
      },
    }))
    passWaits(run)
    run.out.end(INPUT)
    await gate.reached(1)
    await run.clock.advance(responseMs)
    await expectWhole(run, INPUT)
    expect(asked).toBe(2)
    expect(run.notices).toMatchObject([{ error: { code: 'ERR_OSS_CREDENTIALS' } }])
  })

  it('that gives what has expired already is asked again, and recovers', async () => {
    let asked = 0
    const run = await open((server) => {
      const old = server.issueToken(1)
      return {
        credentials: () => {
          asked += 1
          return asked === 1 ? old : server.issueToken(HOUR)
        },
      }
    })
    passWaits(run)
    await run.clock.advance(HOUR)
    run.out.end(INPUT)
    await expectWhole(run, INPUT)
    expect(asked).toBe(2)
  })

  it('that gives nothing but what has expired fails the stream, and is not asked for ever', async () => {
    let asked = 0
    const run = await open((server) => {
      const old = server.issueToken(1)
      return {
        credentials: () => {
          asked += 1
          return old
        },
      }
    })
    passWaits(run)
    await run.clock.advance(HOUR)
    run.out.end(INPUT)
    expect(await ending(run.out)).toMatchObject({
      operation: 'InitiateMultipartUpload',
      ossCode: 'SecurityTokenExpired',
      outcome: 'absent',
    })
    expect(asked).toBeLessThanOrEqual(3)
    expect(run.server.requests.all.length).toBeLessThanOrEqual(4)
  })
})

describe('Abort', () => {
  it('does not wait for longer than it may, and tells what the service had said', async () => {
    const { clock, out, server } = await open()
    server.faults.add(
      { operation: 'AbortMultipartUpload', times: Number.POSITIVE_INFINITY },
      { status: 503, headers: { 'retry-after': '31' }, body: '' },
    )
    out.write(INPUT.subarray(0, 2.5 * PART))
    await once(out, 'part')
    const began = clock.ticks()
    out.destroy(new Error('enough'))
    await out.settled
    expect(out.abortError).toMatchObject({
      code: 'ERR_OSS_SERVICE',
      operation: 'AbortMultipartUpload',
      status: 503,
      retryAfterMs: 31_000,
      attempts: 1,
    })
    expect(clock.ticks()).toBe(began)
  })

  it('is not kept waiting by parts that are stuck on all connections that there are', async () => {
    const dispatcher = new Agent({ connections: 2 })
    onTestFinished(() => dispatcher.destroy())
    const { server, out } = await open({ dispatcher, concurrency: 2 })
    const held = server.faults.add({ operation: 'UploadPart', times: 9 }, { hold: 'arrival' })
    out.write(INPUT)
    await held.reached(2)
    out.destroy(new Error('enough'))
    await out.settled
    expect(out.abortError).toBeUndefined()
    expect(server.requests.of('AbortMultipartUpload')).toHaveLength(1)
    held.release()
    expect(server.uploads.list()).toEqual([])
  })

  it('of one stream is not kept waiting by another that is stuck', async () => {
    const { clock, server, out } = await open({ concurrency: 2 })
    const held = server.faults.add({ operation: 'UploadPart', times: 9 }, { hold: 'arrival' })
    const other = createOssWriteStream('oss://bucket/other', streamOptions(server, { clock }))
    other.write(INPUT)
    await held.reached(2)
    out.write(INPUT)
    await held.reached(4)
    out.destroy(new Error('enough'))
    await out.settled
    expect(out.abortError).toBeUndefined()
    other.destroy()
    await other.settled
    held.release()
    expect(server.uploads.list()).toEqual([])
  })

  it('waits for a connection no longer than `abortMs`, where others hold all that may be', async () => {
    const dispatcher = new Agent({ connections: 2 })
    onTestFinished(() => dispatcher.destroy())
    const { clock, server, out } = await open({ dispatcher, concurrency: 1 })
    const held = server.faults.add({ operation: 'UploadPart', times: 9 }, { hold: 'arrival' })
    out.write(INPUT)
    await held.reached(1)
    const other = createOssWriteStream(
      'oss://bucket/other',
      streamOptions(server, { clock, dispatcher, concurrency: 4, maxMemory: 6 * PART }),
    )
    other.write(INPUT)
    await held.reached(2)
    // So that its next parts stand in line before Abort does.
    while (other.progress.partsInFlight < 4) await nextTurn()
    const closed = ending(out)
    out.destroy(new Error('enough'))
    // The connection that its own part gives back is taken by the next part of the other.
    await held.reached(3)
    await clock.advance(DEFAULT_TIMEOUTS.abortMs)
    expect(await closed).toMatchObject({ message: 'enough' })
    expect(out.abortError).toMatchObject({ kind: 'timeout' })
    other.destroy()
    await other.settled
    held.release()
  })
})
