/**
 * The truth about Complete and Put, case by case: the same answer, or none, once with the object
 * published and once without. Damaged objects are in guards.test.ts, gateways in gateways.test.ts,
 * the pure decisions in test/upload/verdict.test.ts.
 */
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { DEFAULT_TIMEOUTS } from '../../src/client/options.js'
import type { FaultAction } from '../../src/server/server.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, openStream, stored } from '../helpers/open-stream.js'

const COMPLETE = { operation: 'CompleteMultipartUpload', input: bytes(2.5 * PART) } as const
const PUT = { operation: 'PutObject', input: bytes(PART, 2) } as const
const THEIRS = Buffer.from('theirs')
const HIDDEN = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>?</Message></Error>'
const ALWAYS = Number.POSITIVE_INFINITY

type What = typeof COMPLETE | typeof PUT
type Truth = 'published' | 'absent' | 'unknown'

async function expectTruth(opened: Awaited<ReturnType<typeof openStream>>, expected: Truth) {
  const { server, out } = opened
  const error = await ending(out)
  expect(out.outcome).toBe(expected)
  if (expected === 'published') expect(error).toBeUndefined()
  else expect(error).toMatchObject({ code: 'ERR_OSS_UPLOAD', outcome: expected })
  expect(out.abortError).toBeUndefined()
  expect(server.uploads.list()).toEqual([])
}

/** Somebody else's object comes to stand there. */
async function putTheirs(client: OssClient): Promise<void> {
  await client.putObject({ key: KEY, body: THEIRS })
}

describe.each<[string, FaultAction, FaultAction]>([
  ['a lost answer', { drop: 'answer' }, { reset: 'after-body' }],
  ['500', { status: 500, body: HIDDEN, process: true }, { status: 500 }],
  ['502 of a gateway', { status: 502, body: '', process: true }, { status: 502, body: '' }],
  ['504', { status: 504, body: HIDDEN, process: true }, { status: 504 }],
])('%s, every time', (name, landing, failing) => {
  it.each<[What, Truth]>([
    [COMPLETE, 'published'],
    [PUT, 'published'],
  ])('is no failure if it took effect: %#', async ({ operation, input }, expected) => {
    const opened = await openStream()
    opened.server.faults.add({ operation, times: ALWAYS }, landing)
    opened.out.end(input)
    await expectTruth(opened, expected)
    expect((await stored(opened.server))?.equals(input)).toBe(true)
  })

  it.each<[What, Truth]>([
    [COMPLETE, 'absent'],
    // Only what the service itself has answered is over: anything else may come to pass yet.
    [PUT, name === '500' ? 'absent' : 'unknown'],
  ])('is told if it took none: %#', async ({ operation, input }, expected) => {
    const opened = await openStream()
    opened.server.faults.add({ operation, times: ALWAYS }, failing)
    opened.out.end(input)
    await expectTruth(opened, expected)
    expect(opened.server.objects.list()).toEqual([])
  })
})

describe('200 with an <Error>, every time, to Complete', () => {
  it.each<[boolean, Truth]>([
    [true, 'published'],
    [false, 'absent'],
  ])('that took effect (%s) is %s', async (process, expected) => {
    const opened = await openStream()
    const { operation, input } = COMPLETE
    opened.server.faults.add({ operation, times: ALWAYS }, { status: 200, body: HIDDEN, process })
    opened.out.end(input)
    await expectTruth(opened, expected)
    expect(opened.server.objects.list()).toHaveLength(process ? 1 : 0)
  })
})

describe('404 NoSuchUpload to the second Complete', () => {
  it('is no failure if the first has taken effect', async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: COMPLETE.operation }, { drop: 'answer' })
    opened.out.end(COMPLETE.input)
    await expectTruth(opened, 'published')
  })

  it.each<[string, boolean, Truth]>([
    ['nothing', false, 'absent'],
    // Ours may have stood there for a moment.
    ['what somebody else has written', true, 'unknown'],
  ])('is told if somebody else has ended it, and %s stands there', async (_, writes, expected) => {
    const opened = await openStream()
    const { server, out } = opened
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'bucket' })
    const { operation } = COMPLETE
    server.faults.add({ operation }, { reset: 'after-body' })
    const held = server.faults.add({ operation, skip: 1 }, { hold: 'arrival' })
    out.end(COMPLETE.input)
    await held.reached()
    await client.abortMultipartUpload({ key: KEY, uploadId: out.uploadId ?? '' })
    if (writes) await putTheirs(client)
    held.release()
    await expectTruth(opened, expected)
    expect(await stored(server)).toEqual(writes ? THEIRS : undefined)
  })
})

describe('409 FileAlreadyExists to the second attempt, with `forbidOverwrite`,', () => {
  it('is no failure if the first has taken effect', async () => {
    const opened = await openStream({ forbidOverwrite: true })
    opened.server.faults.add({ operation: PUT.operation }, { drop: 'answer' })
    opened.out.end(PUT.input)
    await expectTruth(opened, 'published')
    expect(opened.server.requests.of('PutObject').at(-1)?.ossCode).toBe('FileAlreadyExists')
  })

  it.each<[What, Truth]>([
    // The upload is still there: it cannot have been completed.
    [COMPLETE, 'absent'],
    [PUT, 'unknown'],
  ])("is told if it is somebody else's: %#", async ({ operation, input }, expected) => {
    const opened = await openStream({ forbidOverwrite: true })
    const { server, out } = opened
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'bucket' })
    server.faults.add({ operation }, { reset: 'after-body' })
    const held = server.faults.add({ operation, skip: 1 }, { hold: 'arrival' })
    out.end(input)
    await held.reached()
    await putTheirs(client)
    held.release()
    await expectTruth(opened, expected)
    expect(server.requests.all.map(({ ossCode }) => ossCode)).toContain('FileAlreadyExists')
    expect(await stored(server)).toEqual(THEIRS)
  })
})

describe('no answer in time', () => {
  it.each<[What, boolean, Truth]>([
    [COMPLETE, true, 'published'],
    [COMPLETE, false, 'absent'],
    [PUT, true, 'published'],
    [PUT, false, 'unknown'],
  ])('to what took effect, or not: %#', async ({ operation, input }, lands, expected) => {
    const clock = new FakeClock()
    const opened = await openStream(
      { clock, retry: { maxAttempts: 1 } },
      { now: () => clock.now() },
    )
    const { server, out } = opened
    const silence = server.faults.add({ operation }, { hold: 'before-answer' })
    if (!lands) server.faults.add({ operation }, { status: 503 })
    out.end(input)
    await silence.reached()
    await clock.advance(DEFAULT_TIMEOUTS.responseMs)
    await expectTruth(opened, expected)
    expect(server.objects.list()).toHaveLength(lands ? 1 : 0)
  })
})
