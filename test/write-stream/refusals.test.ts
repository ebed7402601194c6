/** Faults that stay: nothing is published, nothing is left, and the error tells what the service said. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { MalformedResponseError, ServiceError, TransportError } from '../../src/errors.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OperationName } from '../../src/protocol/operations.js'
import type { FaultAction } from '../../src/server/server.js'
import { UploadError } from '../../src/upload-errors.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import {
  ending,
  FAST,
  KEY,
  type Opened,
  openStream,
  stored,
  streamOptions,
} from '../helpers/open-stream.js'

const INPUT = bytes(2.5 * PART)
const SMALL = bytes(10, 2)
const OPERATIONS = [
  'InitiateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'PutObject',
] as const

type Failed = Opened & { readonly error: UploadError; readonly text: string }

/** An upload of which one operation (of part 2, where there are parts) always fails so. */
async function failing(
  operation: OperationName,
  fault: FaultAction,
  options: OssWriteStreamOptions = {},
): Promise<Failed> {
  const opened = await openStream(options)
  const part = operation === 'UploadPart' ? { partNumber: 2 } : {}
  opened.server.faults.add({ operation, ...part, times: Number.POSITIVE_INFINITY }, fault)
  opened.out.end(operation === 'PutObject' ? SMALL : INPUT)
  return failed(opened)
}

async function failed(opened: Opened): Promise<Failed> {
  const error = await ending(opened.out)
  if (!(error instanceof UploadError)) throw new Error('no UploadError', { cause: error })
  return { ...opened, error, text: error.message }
}

function attemptsOf({ server }: Opened, operation: OperationName): number {
  const requests = server.requests.of(operation)
  return operation === 'UploadPart'
    ? requests.filter(({ partNumber }) => partNumber === 2).length
    : requests.length
}

function expectNothing({ server }: Opened): void {
  expect(server.objects.list()).toEqual([])
  expect(server.uploads.list()).toEqual([])
  expect(server.storedBodies).toBe(0)
}

function aborts({ server }: Opened): number {
  return server.requests.of('AbortMultipartUpload').length
}

const hasUpload = (operation: OperationName) =>
  operation === 'UploadPart' || operation === 'CompleteMultipartUpload'
const nameOf = (operation: OperationName) =>
  operation === 'UploadPart' ? 'UploadPart 2' : operation

describe.each(OPERATIONS)('%s', (operation) => {
  it.each([
    [403, 'AccessDenied', '0003-00000001'],
    [404, 'NoSuchBucket', '0015-00000101'],
    [400, 'InvalidArgument', '0017-00000504'],
    [409, 'PositionNotEqualToLength', '0026-00000016'],
    [501, 'NotImplemented', '0041-00000001'],
  ])('that is answered with %i %s is asked once', async (status, code, ec) => {
    const seen = await failing(operation, { status, code, ec, message: `${code}, it says.` })
    expect(attemptsOf(seen, operation)).toBe(1)
    const [request] = seen.server.requests.of(operation).filter((one) => one.status === status)
    expect(seen.error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      bucket: 'bucket',
      key: KEY,
      operation,
      status,
      ossCode: code,
      ec,
      requestId: request?.requestId,
      attempts: 1,
      elapsedMs: expect.any(Number),
      outcome: 'absent',
      ...(operation === 'UploadPart' && { partNumber: 2 }),
    })
    expect(seen.text.replace(/in \d+\.\d s/, 'in TIME')).toBe(
      `${nameOf(operation)} of oss://bucket/${KEY} failed in TIME: ` +
        `${status} ${code}: ${code}, it says. (request id ${request?.requestId}, EC ${ec})`,
    )
    expect(seen.error.cause).toBeInstanceOf(ServiceError)
    expect(seen.error.uploadId).toBe(seen.out.uploadId)
    expect(seen.out.uploadId !== undefined).toBe(hasUpload(operation))
    expect(aborts(seen)).toBe(hasUpload(operation) ? 1 : 0)
    expectNothing(seen)
  })

  it.each([
    ['503', { status: 503 }, /: 503 ServiceUnavailable: .+ \(request id [0-9A-F]{24}\)$/],
    ['a reset', { reset: 'after-body' }, /: connection lost: .+$/],
    [
      'HTML of a proxy',
      { status: 502, body: '<html>bad' },
      /: 502: "<html>bad" \(request id [0-9A-F]{24}\)$/,
    ],
  ] as const)('that always meets %s fails after five attempts', async (_name, fault, tail) => {
    const seen = await failing(operation, fault)
    expect(attemptsOf(seen, operation)).toBe(5)
    // A small Put was handed over as a whole, and the service itself has not answered: it may be
    // under way still.
    const isAnswered = 'status' in fault && fault.status === 503
    const outcome = operation === 'PutObject' && !isAnswered ? 'unknown' : 'absent'
    expect(seen.error).toMatchObject({ operation, attempts: 5, outcome })
    expect(seen.text).toMatch(
      new RegExp(
        `^${nameOf(operation)} of oss://bucket/${KEY} failed after 5 attempts in \\d+\\.\\d s: `,
      ),
    )
    const after = '; whether the object is published could not be found out'
    expect(seen.text.endsWith(after)).toBe(outcome === 'unknown')
    expect(seen.text.replace(after, '')).toMatch(tail)
    expect(seen.out.outcome).toBe(outcome)
    expect(aborts(seen)).toBe(hasUpload(operation) ? 1 : 0)
    expectNothing(seen)
  })

  it('is not repeated with `retry: { maxAttempts: 1 }`', async () => {
    const seen = await failing(operation, { status: 503 }, { retry: { ...FAST, maxAttempts: 1 } })
    expect(attemptsOf(seen, operation)).toBe(1)
    expect(seen.error.attempts).toBe(1)
    expectNothing(seen)
  })

  it('is not drowned by a giant error body', async () => {
    const body = `<html>${'x'.repeat(1024 * 1024)}`
    const seen = await failing(operation, { status: 400, body })
    expect(seen.error).toMatchObject({ status: 400, attempts: 1 })
    expect(seen.text.length).toBeLessThan(400)
    expect(inspect(seen.error, { depth: 10 }).length).toBeLessThan(10_000)
    const { cause } = seen.error
    expect(cause instanceof ServiceError && cause.snapshot?.length).toBe(1024)
    expectNothing(seen)
  })
})

describe('an answer of 200', () => {
  it('to Initiate that always is cut off fails, and says so', async () => {
    const body = '<?xml version="1.0"?><InitiateMultipartUploadResult><Bucket>bu'
    const seen = await failing('InitiateMultipartUpload', { status: 200, body })
    expect(seen.error).toMatchObject({ operation: 'InitiateMultipartUpload', attempts: 5 })
    expect(seen.error.cause).toBeInstanceOf(MalformedResponseError)
    expect(seen.error.cause).toMatchObject({ status: 200, snapshot: body })
    expectNothing(seen)
  })

  it('to Complete that always holds an <Error> fails, is aborted once, and nothing is published', async () => {
    const body = '<Error><Code>InternalError</Code><Message>Sorry.</Message></Error>'
    const seen = await failing('CompleteMultipartUpload', { status: 200, body })
    expect(seen.error).toMatchObject({
      operation: 'CompleteMultipartUpload',
      status: 200,
      ossCode: 'InternalError',
      attempts: 5,
      outcome: 'absent',
    })
    expect(aborts(seen)).toBe(1)
    expectNothing(seen)
  })

  it('to Complete with an <Error> that waiting cannot mend is not asked for again', async () => {
    const body = '<Error><Code>InvalidPart</Code><Message>No such part.</Message></Error>'
    const seen = await failing('CompleteMultipartUpload', { status: 200, body })
    expect(seen.error).toMatchObject({ ossCode: 'InvalidPart', attempts: 1, outcome: 'absent' })
    expectNothing(seen)
  })
})

describe('a connection', () => {
  it('that nobody accepts is told as unsent, after five attempts', async () => {
    const opened = await openStream()
    await opened.server.close()
    opened.out.end(SMALL)
    const { error } = await failed(opened)
    expect(error.cause).toBeInstanceOf(TransportError)
    expect(error.cause).toMatchObject({ kind: 'unsent', cause: { code: 'ECONNREFUSED' } })
    expect(error).toMatchObject({ operation: 'PutObject', attempts: 5, outcome: 'absent' })
  })
})

describe('a bucket that does not exist', () => {
  it.each([
    ['Initiate', INPUT, 'InitiateMultipartUpload'],
    ['Put', SMALL, 'PutObject'],
  ])('is found out by %s', async (_name, input, operation) => {
    const opened = await openStream({}, { buckets: [] })
    opened.out.end(input)
    const { error } = await failed(opened)
    expect(error).toMatchObject({
      operation,
      status: 404,
      ossCode: 'NoSuchBucket',
      attempts: 1,
      outcome: 'absent',
    })
    expect(opened.server.requests.operations()).toEqual([operation])
  })
})

describe('an upload that somebody else aborts', () => {
  async function aborted(): Promise<Opened> {
    const opened = await openStream()
    const { server, out } = opened
    const uploaded = once(out, 'part')
    out.write(bytes(1.5 * PART))
    await uploaded
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'bucket' })
    await client.abortMultipartUpload({ key: KEY, uploadId: out.uploadId ?? '' })
    return opened
  }

  it('fails with its next part, once', async () => {
    const opened = await aborted()
    opened.out.write(bytes(PART))
    const { error } = await failed(opened)
    expect(error).toMatchObject({
      operation: 'UploadPart',
      partNumber: 2,
      ossCode: 'NoSuchUpload',
      attempts: 1,
      outcome: 'absent',
      uploadId: opened.out.uploadId,
    })
    expect(opened.out.abortError).toBeUndefined()
    expectNothing(opened)
  })

  it('fails at the latest with Complete, after a look whether it had landed', async () => {
    const opened = await openStream()
    const { server, out } = opened
    const held = server.faults.add({ operation: 'CompleteMultipartUpload' }, { hold: 'arrival' })
    out.end(INPUT)
    await held.reached()
    const client = new OssClient({ ...server.options(), env: {}, bucket: 'bucket' })
    await client.abortMultipartUpload({ key: KEY, uploadId: out.uploadId ?? '' })
    held.release()
    const { error } = await failed(opened)
    expect(error).toMatchObject({
      operation: 'CompleteMultipartUpload',
      ossCode: 'NoSuchUpload',
      attempts: 1,
      outcome: 'absent',
    })
    expect(server.requests.of('HeadObject')).not.toEqual([])
    expectNothing(opened)
  })
})

describe('an object that stands at the key', () => {
  async function withOld(input: Buffer, options: OssWriteStreamOptions = {}): Promise<Opened> {
    const opened = await openStream(options)
    const old = createOssWriteStream(
      `oss://bucket/${KEY}`,
      streamOptions(opened.server, { meta: { generation: 'old' } }),
    )
    await finished(old.end(input))
    opened.server.requests.clear()
    return opened
  }

  async function expectOld({ server }: Opened, input: Buffer): Promise<void> {
    expect(server.objects.list()).toHaveLength(1)
    expect(server.objects.get('bucket', KEY)?.meta).toMatchObject({ generation: 'old' })
    expect((await stored(server))?.equals(input)).toBe(true)
    expect(server.uploads.list()).toEqual([])
  }

  it.each([
    ['Initiate', INPUT, 'InitiateMultipartUpload', []],
    // A gateway may have asked twice: HEAD tells that what stands there is not ours.
    ['Put', SMALL, 'PutObject', ['HeadObject']],
  ])('is kept by `forbidOverwrite`: %s fails at once', async (_name, input, operation, asked) => {
    const opened = await withOld(bytes(7), { forbidOverwrite: true })
    opened.out.end(input)
    const { error } = await failed(opened)
    expect(error).toMatchObject({ operation, status: 409, ossCode: 'FileAlreadyExists' })
    expect(error).toMatchObject({ attempts: 1, outcome: 'absent' })
    expect(opened.server.requests.operations()).toEqual([operation, ...asked])
    await expectOld(opened, bytes(7))
  })

  it('is kept by `forbidOverwrite` if it came while the parts were on their way', async () => {
    const opened = await openStream({ forbidOverwrite: true })
    const held = opened.server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'arrival' },
    )
    opened.out.end(INPUT)
    await held.reached()
    const other = createOssWriteStream(
      `oss://bucket/${KEY}`,
      streamOptions(opened.server, { meta: { generation: 'old' } }),
    )
    await finished(other.end('theirs'))
    held.release()
    const { error } = await failed(opened)
    expect(error).toMatchObject({ status: 409, attempts: 1, outcome: 'absent' })
    expect(aborts(opened)).toBe(1)
    await expectOld(opened, Buffer.from('theirs'))
  })

  it('with the same bytes is not taken for ours when Complete never took effect', async () => {
    const opened = await withOld(INPUT)
    opened.server.faults.add(
      { operation: 'CompleteMultipartUpload', times: 99 },
      { reset: 'after-body' },
    )
    opened.out.end(INPUT)
    const { error } = await failed(opened)
    expect(error).toMatchObject({ operation: 'CompleteMultipartUpload', outcome: 'absent' })
    expect(aborts(opened)).toBe(1)
    await expectOld(opened, INPUT)
  })

  it('with the same bytes is not taken for ours without a marker either', async () => {
    const opened = await withOld(INPUT, { marker: false })
    opened.server.faults.add(
      { operation: 'CompleteMultipartUpload', times: 99 },
      { reset: 'after-body' },
    )
    opened.out.end(INPUT)
    const { error } = await failed(opened)
    expect(error).toMatchObject({ operation: 'CompleteMultipartUpload', outcome: 'absent' })
    await expectOld(opened, INPUT)
  })

  it('with the same bytes is not taken for ours when a Put never took effect', async () => {
    const opened = await withOld(SMALL)
    opened.server.faults.add({ operation: 'PutObject', times: 99 }, { reset: 'after-body' })
    opened.out.end(SMALL)
    const { error } = await failed(opened)
    expect(error).toMatchObject({ operation: 'PutObject', outcome: 'unknown' })
    await expectOld(opened, SMALL)
  })
})

describe('a callback that fails', () => {
  it.each([
    ['Complete', INPUT, 'CompleteMultipartUpload'],
    ['a Put', SMALL, 'PutObject'],
  ] as const)(
    'after %s fails the stream, but the object is published',
    async (_name, input, operation) => {
      // Port 9 (discard) is never listened on here, and the server calls loopback addresses only.
      const callback = { url: 'http://127.0.0.1:9/', body: 'done' }
      const opened = await openStream({ callback })
      opened.out.end(input)
      const { error } = await failed(opened)
      expect(error).toMatchObject({
        operation,
        status: 203,
        ossCode: 'CallbackFailed',
        attempts: 1,
        outcome: 'published',
      })
      expect(opened.out.outcome).toBe('published')
      expect(opened.server.requests.of(operation)).toHaveLength(1)
      expect(aborts(opened)).toBe(0)
      expect(opened.server.uploads.list()).toEqual([])
      expect((await stored(opened.server))?.equals(input)).toBe(true)
    },
  )
})
