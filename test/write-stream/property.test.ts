/**
 * Whatever is written, however it is cut, whatever goes wrong and whenever it is given up: the object
 * is the input; or there is an error, the outcome is true, and nothing is left on either side.
 */
import { finished } from 'node:stream/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OperationName } from '../../src/protocol/operations.js'
import { createOssServer, type FaultAction, type OssServer } from '../../src/server/server.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, streamOptions } from '../helpers/open-stream.js'

const REASON = new Error('given up')
const HTML = '<html>502 Bad Gateway</html>'

/** What any request may meet. */
const FAULTS: readonly FaultAction[] = [
  { status: 500 },
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 500, when: 'before-body' },
  { status: 429, code: 'TooManyRequests' },
  { status: 403, code: 'AccessDenied' },
  { status: 400, code: 'InvalidArgument' },
  { status: 502, body: HTML },
  { reset: 'before-body' },
  { reset: 'mid-body' },
  { reset: 'after-body' },
  { drop: 'answer' },
  { skewMs: 3_600_000 },
  { dropHeader: 'x-oss-hash-crc64ecma' },
]

/** What would make HeadObject lie about what stands at the key. */
const LIES: readonly FaultAction[] = [
  { status: 200, body: HTML, process: true },
  { status: 200, body: '<Error><Code>InternalError</Code></Error>' },
  { corrupt: 'etag' },
  { corrupt: 'crc64' },
  { dropHeader: 'etag' },
]

const WRITING: readonly OperationName[] = [
  'InitiateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'PutObject',
]
const ASKING: readonly OperationName[] = ['HeadObject', 'ListParts', 'AbortMultipartUpload']

const often = fc.record({
  skip: fc.integer({ min: 0, max: 6 }),
  // Five attempts are made: up to four are mended, more are not.
  times: fc.constantFrom(1, 1, 1, 2, 4, 5, 9),
})
/** What leaves it open whether the object is published. */
const DOUBTS: readonly FaultAction[] = [
  { drop: 'answer' },
  { reset: 'after-body' },
  { status: 500 },
  { status: 200, body: HTML, process: true },
  { corrupt: 'etag' },
]
const doubt = fc.tuple(
  fc.constantFrom<OperationName>('CompleteMultipartUpload', 'PutObject'),
  fc.constantFrom(...DOUBTS),
  fc.record({ skip: fc.constant(0), times: fc.constantFrom(1, 2, 5, 9) }),
)
const fault = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...WRITING), fc.constantFrom(...FAULTS, ...LIES), often),
  },
  { weight: 3, arbitrary: doubt },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...ASKING), fc.constantFrom(...FAULTS), often),
  },
)

/** When the stream is destroyed: before a write, at an event, or while a request is held. */
const moment = fc.oneof(
  fc.record({ write: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ event: fc.constantFrom('uploadId', 'part', 'retry') }),
  fc.record({
    hold: fc.constantFrom('arrival' as const, 'before-answer' as const),
    operation: fc.constantFrom(...WRITING),
    skip: fc.integer({ min: 0, max: 2 }),
  }),
)
type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never

const story = fc.record({
  lengths: fc.array(
    fc.oneof(fc.integer({ min: 0, max: 3 * PART }), fc.constantFrom(1, PART, 2 * PART)),
    { maxLength: 8 },
  ),
  partSize: fc.oneof(fc.constant(PART), fc.integer({ min: PART, max: 2.5 * PART })),
  concurrency: fc.integer({ min: 1, max: 5 }),
  memory: fc.integer({ min: 2, max: 7 }),
  integrity: fc.constantFrom(
    'md5' as const,
    'md5+crc64' as const,
    'crc64' as const,
    false as const,
  ),
  marker: fc.boolean(),
  forbidOverwrite: fc.boolean(),
  older: fc.constantFrom('none', 'none', 'same', 'other'),
  waits: fc.boolean(),
  faults: fc.array(fault, { maxLength: 4 }),
  destroyAt: fc.option(moment, { nil: undefined, freq: 2 }),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

let server: OssServer
const rejections: unknown[] = []
const onRejection = (reason: unknown) => rejections.push(reason)
beforeAll(async () => {
  server = await createOssServer({ buckets: ['bucket'] })
  process.on('unhandledRejection', onRejection)
})
afterAll(async () => {
  process.off('unhandledRejection', onRejection)
  await server.close()
})

/** Puts the older object there, if there is one. */
async function prepare(
  key: string,
  older: Story['older'],
  input: Buffer,
): Promise<Buffer | undefined> {
  if (older === 'none') return undefined
  const content = older === 'same' ? input : bytes(input.length + 1, 99)
  await finished(createOssWriteStream(`oss://bucket/${key}`, streamOptions(server)).end(content))
  return content
}

/** Destroys the stream when its moment comes. */
function destroyAt(out: OssWriteStream, key: string, when: Moment | undefined): void {
  if (when === undefined) return
  if ('event' in when) out.once(when.event, () => out.destroy(REASON))
  if (!('hold' in when)) return
  const { hold, operation, skip } = when
  const held = server.faults.add({ operation, key, skip }, { hold })
  held.reached().then(() => {
    out.destroy(REASON)
    held.release()
  })
}

async function write(
  out: OssWriteStream,
  chunks: readonly Buffer[],
  { destroyAt: when, waits }: Story,
) {
  for (const [index, chunk] of chunks.entries()) {
    if (when !== undefined && 'write' in when && when.write === index) out.destroy(REASON)
    if (out.destroyed) return
    const written = new Promise((resolve) => out.write(chunk, resolve))
    if (waits) await written
  }
  if (!out.destroyed) out.end()
}

/** What may stand at the key, by what the stream says has become of it. */
function mayStand(out: OssWriteStream, input: Buffer, older: Buffer | undefined) {
  switch (out.outcome) {
    case 'published':
      return [input]
    case 'absent':
      return [older]
    default:
      return [input, older]
  }
}

/** Uploads that this stream cannot have cleaned up: nobody told it their id, or Abort never worked. */
function expectNoLitter(out: OssWriteStream, key: string): void {
  const left = server.uploads.list().filter((upload) => upload.key === key)
  const own = left.filter(({ uploadId }) => uploadId === out.uploadId)
  if (out.abortError === undefined) expect(own).toEqual([])
  const begun = server.requests
    .of('InitiateMultipartUpload')
    .filter(
      (request) => request.key === key && (request.at === 'dropped' || request.status === 200),
    )
  const told = out.uploadId === undefined ? 0 : 1
  expect(left.length - own.length).toBeLessThanOrEqual(begun.length - told)
  for (const { uploadId, parts } of left) if (uploadId !== out.uploadId) expect(parts).toEqual([])
}

let runs = 0

async function play(told: Story): Promise<void> {
  const key = `run/${runs++}`
  const chunks = told.lengths.map((length, index) => bytes(length, index + 1))
  const input = Buffer.concat(chunks)
  const { partSize, concurrency, integrity, marker, forbidOverwrite } = told
  const older = await prepare(key, told.older, input)
  server.requests.clear()
  for (const [operation, action, match] of told.faults) {
    server.faults.add({ operation, key, ...match }, action)
  }
  const maxMemory = told.memory * partSize
  const options = { partSize, concurrency, maxMemory, integrity, marker, forbidOverwrite }
  const out = createOssWriteStream(`oss://bucket/${key}`, streamOptions(server, options))
  let mostHeld = 0
  out.on('progress', ({ heldBytes }) => {
    mostHeld = Math.max(mostHeld, heldBytes)
  })
  let finishes = 0
  out.on('finish', () => finishes++)
  destroyAt(out, key, told.destroyAt)
  const over = ending(out)
  await write(out, chunks, told)
  const error = await over
  await out.settled
  server.faults.clear()

  const stands = await server.objects.get('bucket', key)?.content()
  const allowed = mayStand(out, input, older)
  expect(
    allowed.some((one) => (one === undefined ? stands === undefined : stands?.equals(one))),
  ).toBe(true)
  expect(finishes).toBe(out.result === undefined ? 0 : 1)
  if (out.result === undefined) {
    expect(error).toBeInstanceOf(Error)
    await expect(out.completed).rejects.toBe(error)
  } else {
    expect(out.outcome).toBe('published')
    expect(out.result.size).toBe(input.length)
  }
  expectNoLitter(out, key)
  expect(out.progress).toMatchObject({ heldBytes: 0, partsInFlight: 0 })
  expect(mostHeld).toBeLessThanOrEqual(maxMemory)
  expect(server.requests.maxInFlight('UploadPart')).toBeLessThanOrEqual(concurrency)
  await new Promise((resolve) => setImmediate(resolve))
  expect(rejections).toEqual([])
}

describe('any stream', () => {
  it('is whole, or tells the truth and leaves nothing', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(story, play), { numRuns: 150 })
  })
})
