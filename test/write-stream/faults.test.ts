/** Faults that pass: whatever goes wrong once on the way, the object is whole and the retry is told. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import { OssClient } from '../../src/client/client.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OperationName } from '../../src/protocol/operations.js'
import type { FaultAction } from '../../src/server/server.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { FAST, KEY, type Opened, openStream, stored } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(2.5 * PART)
const SMALL = bytes(PART, 2)
const HTML = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'
const ERROR = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`

const PASSING: readonly (readonly [string, FaultAction])[] = [
  ['500', { status: 500 }],
  ['500 before the body is read', { status: 500, when: 'before-body' }],
  ['502', { status: 502 }],
  ['502 with the HTML of a proxy', { status: 502, body: HTML }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ['504 without a body', { status: 504, body: '' }],
  ['429', { status: 429, code: 'TooManyRequests' }],
  ['408', { status: 408, code: 'RequestTimeout' }],
  ['a reset before the body', { reset: 'before-body' }],
  ['a reset in the middle of the body', { reset: 'mid-body' }],
  ['a reset after the body', { reset: 'after-body' }],
  ['a lost answer', { drop: 'answer' }],
]

/** What an upload whose retries are watched told of them. */
async function upload(
  operation: OperationName,
  fault: FaultAction,
  { times = 1, ...options }: OssWriteStreamOptions & { times?: number } = {},
): Promise<Opened & { notices: RetryNotice[]; input: Buffer }> {
  const opened = await openStream(options)
  const notices: RetryNotice[] = []
  opened.out.on('retry', (notice) => notices.push(notice))
  const partNumber = operation === 'UploadPart' ? 2 : undefined
  opened.server.faults.add(
    { operation, times, ...(partNumber !== undefined && { partNumber }) },
    fault,
  )
  const input = operation === 'PutObject' ? SMALL : INPUT
  opened.out.end(input)
  await finished(opened.out)
  return { ...opened, notices, input }
}

function expectWhole({ server, input }: Awaited<ReturnType<typeof upload>>) {
  expect(server.objects.list()).toHaveLength(1)
  expect(server.requests.of('AbortMultipartUpload')).toEqual([])
  return stored(server)?.then((content) => expect(content.equals(input)).toBe(true))
}

describe.each([
  'InitiateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'PutObject',
] as const)('%s', (operation) => {
  it.each(PASSING)('is repeated after %s, and the object is whole', async (name, fault) => {
    const seen = await upload(operation, fault)
    await expectWhole(seen)
    const { server, out, notices } = seen
    const part = operation === 'UploadPart' ? { partNumber: 2 } : {}
    expect(notices).toHaveLength(1)
    expect(notices[0]).toMatchObject({
      operation,
      bucket: 'bucket',
      key: KEY,
      ...part,
      attempt: 1,
      delayMs: 0,
    })
    expect(notices[0]?.error).toBeInstanceOf(Error)
    expect(out.result?.retries).toBe(1)
    const requests = server.requests.of(operation)
    expect(requests).toHaveLength(operation === 'UploadPart' ? 4 : 2)
    // Initiate's answer is all that tells the upload's id: without it there is nothing to abort.
    const lost = operation === 'InitiateMultipartUpload' && name === 'a lost answer'
    expect(server.uploads.list()).toHaveLength(lost ? 1 : 0)
    for (const { parts } of server.uploads.list()) expect(parts).toEqual([])
    // What became of the first Complete or Put is looked up only where the second cannot tell.
    const asked = operation === 'CompleteMultipartUpload' && name === 'a lost answer'
    expect(server.requests.of('HeadObject')).toHaveLength(asked ? 1 : 0)
  })

  it('is repeated as often as five attempts allow', async () => {
    const seen = await upload(operation, { status: 503 }, { times: 4 })
    await expectWhole(seen)
    expect(seen.notices.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4])
    expect(seen.out.result?.retries).toBe(4)
  })
})

describe('an answer of 200', () => {
  it.each([
    [
      'InitiateMultipartUpload',
      'is cut off',
      '<?xml version="1.0"?><InitiateMultipartUploadResult><Buc',
    ],
    ['InitiateMultipartUpload', 'is empty', ''],
    [
      'CompleteMultipartUpload',
      'is cut off',
      '<?xml version="1.0"?><CompleteMultipartUploadResult>',
    ],
    ['CompleteMultipartUpload', 'is HTML', HTML],
  ] as const)('to %s that %s is asked for again', async (operation, _what, body) => {
    const seen = await upload(operation, { status: 200, body })
    await expectWhole(seen)
    expect(seen.notices).toMatchObject([
      { operation, error: { code: 'ERR_OSS_MALFORMED_RESPONSE', status: 200 } },
    ])
    expect(seen.server.uploads.list()).toEqual([])
  })

  it('to Complete that is cut off although Complete took effect is looked up', async () => {
    const body = '<?xml version="1.0"?><CompleteMultipartUploadResult>'
    const seen = await upload('CompleteMultipartUpload', { status: 200, body, process: true })
    await expectWhole(seen)
    const object = seen.server.objects.get('bucket', KEY)
    expect(seen.out.result).toMatchObject({ etag: object?.etag, crc64: object?.crc64, retries: 1 })
    expect(seen.server.requests.of('HeadObject')).toHaveLength(1)
  })

  it('with an <Error> inside is a failure of Complete, which is repeated', async () => {
    const seen = await upload('CompleteMultipartUpload', { status: 200, body: ERROR })
    await expectWhole(seen)
    expect(seen.notices).toMatchObject([
      { error: { code: 'ERR_OSS_SERVICE', status: 200, ossCode: 'InternalError' } },
    ])
    expect(seen.server.uploads.list()).toEqual([])
  })
})

describe('a lost answer', () => {
  it('to every attempt of Complete is no failure: the object is there', async () => {
    const seen = await upload('CompleteMultipartUpload', { drop: 'answer' }, { times: 99 })
    await expectWhole(seen)
    const object = seen.server.objects.get('bucket', KEY)
    expect(seen.out.result).toMatchObject({
      size: INPUT.length,
      etag: object?.etag,
      crc64: object?.crc64,
      uploadId: object?.uploadId,
      parts: 3,
      retries: 4,
    })
    expect(seen.out.outcome).toBe('published')
    expect(seen.server.requests.of('CompleteMultipartUpload')).toHaveLength(5)
  })

  it('to every attempt of a Put is no failure: the object is there', async () => {
    const seen = await upload('PutObject', { drop: 'answer' }, { times: 99 })
    await expectWhole(seen)
    const object = seen.server.objects.get('bucket', KEY)
    expect(seen.out.result).toMatchObject({ etag: object?.etag, crc64: object?.crc64, retries: 4 })
  })

  it.each(['CompleteMultipartUpload', 'PutObject'] as const)(
    'to %s with `forbidOverwrite` is no failure: what stands there is ours',
    async (operation) => {
      const seen = await upload(operation, { drop: 'answer' }, { forbidOverwrite: true })
      await expectWhole(seen)
      expect(seen.server.requests.of(operation).at(-1)?.ossCode).toBe(
        operation === 'PutObject' ? 'FileAlreadyExists' : 'NoSuchUpload',
      )
    },
  )

  it('that was garbled is no failure, with `forbidOverwrite` and without a marker', async () => {
    const fault = { status: 200, body: HTML, process: true }
    const seen = await upload('PutObject', fault, { forbidOverwrite: true, marker: false })
    await expectWhole(seen)
    expect(seen.server.requests.of('PutObject').at(-1)?.ossCode).toBe('FileAlreadyExists')
  })

  it('to Complete is told by size and CRC-64 where there is no marker', async () => {
    const seen = await upload('CompleteMultipartUpload', { drop: 'answer' }, { marker: false })
    await expectWhole(seen)
    expect(seen.server.objects.get('bucket', KEY)?.meta).toEqual({})
  })
})

describe('retries', () => {
  it('of parts, Initiate and Complete add up', async () => {
    const opened = await openStream()
    const { faults } = opened.server
    faults.add({ operation: 'InitiateMultipartUpload' }, { status: 500 })
    faults.add({ operation: 'UploadPart', times: 3 }, { reset: 'mid-body' })
    faults.add({ operation: 'CompleteMultipartUpload', times: 2 }, { status: 503 })
    opened.out.end(INPUT)
    await finished(opened.out)
    expect(opened.out.result?.retries).toBe(6)
    expect((await stored(opened.server))?.equals(INPUT)).toBe(true)
  })

  it('send the very same bytes, while other parts go on', async () => {
    const opened = await openStream()
    const { faults, requests } = opened.server
    const held = faults.add({ operation: 'UploadPart', partNumber: 1 }, { hold: 'before-answer' })
    faults.add({ operation: 'UploadPart', partNumber: 1 }, { drop: 'answer' })
    const other = once(opened.out, 'part')
    opened.out.write(bytes(3.5 * PART))
    await Promise.all([held.reached(), other])
    held.release()
    opened.out.end()
    await finished(opened.out)
    const [first, second, ...more] = requests.of('UploadPart').filter((one) => one.partNumber === 1)
    expect(more).toEqual([])
    expect(first?.headers['content-md5']).toBe(second?.headers['content-md5'])
    expect((await stored(opened.server))?.equals(bytes(3.5 * PART))).toBe(true)
  })

  it('of several streams on one client are told to each its own', async () => {
    const server = await startServer()
    const client = new OssClient({ ...server.options(), env: {}, retry: FAST })
    const streams = ['one', 'two'].map((key) =>
      createOssWriteStream(`oss://bucket/${key}`, { client }),
    )
    server.faults.add({ operation: 'PutObject', key: 'two' }, { status: 500 })
    await Promise.all(streams.map((out) => finished(out.end('small'))))
    expect(streams.map((out) => out.result?.retries)).toEqual([0, 1])
  })
})
