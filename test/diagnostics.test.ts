/** What whoever listens on the diagnostics channels is told: real uploads to a real server. */
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OssClient } from '../src/client/client.js'
import type {
  AbortTrace,
  PartTrace,
  RequestTrace,
  RetryTrace,
  UploadTrace,
} from '../src/diagnostics.js'
import type { OssWriteStreamOptions } from '../src/options.js'
import { bytes, PART } from './helpers/new-upload.js'
import { openStream } from './helpers/open-stream.js'

type Phase = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error'

/** Notes what a tracing channel tells until the test is over. */
function listen<Trace>(name: string): { phases: Phase[]; traces: Set<Trace> } {
  const phases: Phase[] = []
  const traces = new Set<Trace>()
  const note = (phase: Phase) => (message: unknown) => {
    phases.push(phase)
    traces.add(message as Trace)
  }
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: note('asyncEnd'),
    error: note('error'),
  }
  const channel = tracingChannel(name)
  channel.subscribe(subscribers)
  onTestFinished(() => void channel.unsubscribe(subscribers))
  return { phases, traces }
}

async function upload(options: OssWriteStreamOptions = {}, input = bytes(3 * PART)) {
  const opened = await openStream(options)
  const ended = opened.out.settled.then(() => opened)
  opened.out.on('error', () => {})
  const end = () => {
    opened.out.end(input)
    return ended
  }
  return { ...opened, end }
}

describe('the channel osspipe:upload', () => {
  it('tells of an upload from the creation of its stream to its result', async () => {
    const { phases, traces } = listen<UploadTrace>('osspipe:upload')
    const { out, end } = await upload()
    expect(phases).toEqual(['start', 'end'])
    await end()
    expect(phases).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    const { bucket, key, result, uploadId } = out
    expect([...traces]).toEqual([{ bucket, key, uploadId, outcome: 'published', result }])
  })

  it('can be asked for everything from the beginning on', async () => {
    const seen: object[] = []
    const look = (trace: unknown) => void seen.push({ ...(trace as UploadTrace) })
    const start = tracingChannel('osspipe:upload').start
    start.subscribe(look)
    onTestFinished(() => void start.unsubscribe(look))
    const { out } = await upload()
    const { bucket, key } = out
    expect(seen).toEqual([
      { bucket, key, uploadId: undefined, outcome: undefined, result: undefined },
    ])
    out.destroy()
    await out.settled
  })

  it('tells of a failure, and of what became of the object', async () => {
    const { phases, traces } = listen<UploadTrace>('osspipe:upload')
    const { out } = await upload()
    const reason = new Error('enough')
    out.destroy(reason)
    await out.settled
    expect(phases).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect([...traces]).toMatchObject([{ error: reason, outcome: 'absent', result: undefined }])
  })
})

describe('the channel osspipe:part', () => {
  it('tells of each part with its size and ETag', async () => {
    const { traces } = listen<PartTrace>('osspipe:part')
    const uploads = listen<UploadTrace>('osspipe:upload')
    const { out, end } = await upload({}, bytes(2 * PART + 5))
    await end()
    const { uploadId } = out
    const [owner] = uploads.traces
    const sizes = [PART, PART, 5]
    expect([...traces].toSorted((a, b) => a.partNumber - b.partNumber)).toEqual(
      sizes.map((size, index) => ({
        ...{ bucket: 'bucket', key: out.key, uploadId, partNumber: index + 1, size },
        upload: owner,
        etag: expect.stringMatching(/^[0-9A-F]{32}$/),
      })),
    )
  })

  it('tells of one that could not be stored', async () => {
    const { phases, traces } = listen<PartTrace>('osspipe:part')
    const { server, end } = await upload({ concurrency: 1 }, bytes(PART + 1))
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    await end()
    expect(phases).toContain('error')
    expect([...traces][0]).toMatchObject({ partNumber: 1, error: { ossCode: 'AccessDenied' } })
  })
})

describe('the channels osspipe:request and osspipe:retry', () => {
  it('tell of each attempt with its answer, and of each that is repeated', async () => {
    const { traces } = listen<RequestTrace>('osspipe:request')
    const retries: RetryTrace[] = []
    const uploads = listen<UploadTrace>('osspipe:upload')
    const note = (message: unknown) => void retries.push(message as RetryTrace)
    subscribe('osspipe:retry', note)
    onTestFinished(() => void unsubscribe('osspipe:retry', note))
    const { server, out, end } = await upload({}, bytes(10))
    server.faults.add({ operation: 'PutObject' }, { status: 503 })
    await end()
    const [owner] = uploads.traces
    const put = { operation: 'PutObject', bucket: 'bucket', key: out.key, size: 10, upload: owner }
    const requestId = expect.stringMatching(/^[0-9A-F]{24}$/)
    expect([...traces]).toMatchObject([
      { ...put, attempt: 1, status: 503, requestId, error: { status: 503 } },
      { ...put, attempt: 2, status: 200, requestId: out.result?.requestId },
    ])
    expect(retries).toMatchObject([
      { operation: 'PutObject', attempt: 1, delayMs: 0, error: { status: 503 } },
    ])
  })

  it.each([
    ['is ours', () => {}],
    [
      'has a method that somebody has wrapped',
      () => {
        const send = vi.spyOn(OssClient.prototype, 'uploadPart')
        onTestFinished(() => send.mockRestore())
      },
    ],
  ])('tell whose upload each request is for, if the client %s', async (_, wrap) => {
    wrap()
    const { traces } = listen<RequestTrace>('osspipe:request')
    const uploads = listen<UploadTrace>('osspipe:upload')
    const { end } = await upload({ concurrency: 1 }, bytes(2 * PART))
    await end()
    const [owner] = uploads.traces
    expect([...traces].map((trace) => [trace.operation, trace.upload === owner])).toEqual([
      ['InitiateMultipartUpload', true],
      ['UploadPart', true],
      ['UploadPart', true],
      ['CompleteMultipartUpload', true],
    ])
  })

  it('tell of an attempt without an answer', async () => {
    const { traces } = listen<RequestTrace>('osspipe:request')
    const { server, end } = await upload({ retry: { maxAttempts: 1 } }, bytes(10))
    server.faults.add({ operation: 'PutObject' }, { reset: 'after-body' })
    await end()
    const [put] = traces
    expect(put).toMatchObject({ status: undefined, error: { code: 'ERR_OSS_TRANSPORT' } })
  })
})

describe('the channel osspipe:abort', () => {
  it('tells of an upload that is given up', async () => {
    const { phases, traces } = listen<AbortTrace>('osspipe:abort')
    const { out } = await upload()
    const stored = new Promise((resolve) => out.once('part', resolve))
    out.write(bytes(2 * PART))
    await stored
    out.destroy()
    await out.settled
    expect(phases).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    const { uploadId, key } = out
    expect([...traces]).toMatchObject([{ bucket: 'bucket', key, uploadId, ended: 'aborted' }])
  })

  it('tells of parts that stay', async () => {
    const { traces } = listen<AbortTrace>('osspipe:abort')
    const { server, out } = await upload()
    server.faults.add(
      { operation: 'AbortMultipartUpload', times: Number.POSITIVE_INFINITY },
      { status: 403, code: 'AccessDenied' },
    )
    const stored = new Promise((resolve) => out.once('part', resolve))
    out.write(bytes(2 * PART))
    await stored
    out.destroy()
    await out.settled
    expect([...traces]).toMatchObject([{ error: out.abortError }])
    expect(out.abortError).toBeInstanceOf(Error)
  })
})

describe('no channel', () => {
  it('tells a secret', async () => {
    const heard = ['upload', 'part', 'request', 'abort'].map((name) =>
      listen<object>(`osspipe:${name}`),
    )
    const { server, out, end } = await upload()
    server.faults.add({ operation: 'UploadPart', partNumber: 2, times: 9 }, { status: 500 })
    await end()
    const told = heard.flatMap(({ traces }) => [...traces])
    expect(told.length).toBeGreaterThan(5)
    const text = inspect(told, { depth: 20, getters: true, showHidden: true })
    expect(text).toContain(out.uploadId)
    const { accessKeySecret } = server.options().credentials
    expect(accessKeySecret).not.toBe('')
    expect(text).not.toContain(accessKeySecret)
    expect(text).not.toContain('Signature=')
  })
})
