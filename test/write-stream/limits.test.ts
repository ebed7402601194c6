/**
 * The end of what 10,000 parts can hold, with parts of full size. A dispatcher stands in for the
 * service and answers at once: a gibibyte is written, and nothing is sent.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Dispatcher } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CapacityWarning } from '../../src/upload-result.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { KEYS } from '../helpers/test-client.js'

const CAPACITY = 10_000 * PART
const UPLOAD_ID = '0004B9895DBBB6EC98E36'
/** What the service says of itself: without it, it is somebody else who answers. */
const SERVICE = { 'x-oss-request-id': '5C3D9175B6FC201293AD4890' }

interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Answers each request as if it were read, and counts them by what they are. */
class Unread extends Dispatcher {
  readonly counts: Record<string, number> = {}

  override dispatch(
    { method, path }: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const operation = operationOf(method, path)
    this.counts[operation] = (this.counts[operation] ?? 0) + 1
    const { status = 200, headers = {}, body = '' } = REPLIES[operation] ?? { status: 400 }
    const controller = new NoController()
    handler.onRequestStart?.(controller, {})
    handler.onResponseStart?.(controller, status, { ...SERVICE, ...headers }, '')
    if (body !== '') handler.onResponseData?.(controller, Buffer.from(body))
    handler.onResponseEnd?.(controller, {})
    return true
  }
}

/** Of a request that is over as soon as it began. */
class NoController implements Dispatcher.DispatchController {
  readonly aborted = false
  readonly paused = false
  readonly reason = null
  abort(): void {}
  pause(): void {}
  resume(): void {}
}

const REPLIES: Readonly<Record<string, Reply>> = {
  initiate: {
    body: `<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><UploadId>${UPLOAD_ID}</UploadId></InitiateMultipartUploadResult>`,
  },
  part: { headers: { etag: '"0"' } },
  complete: {
    body: '<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>key</Key><ETag>"0-10000"</ETag></CompleteMultipartUploadResult>',
  },
  abort: { status: 204 },
  list: { status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' },
}

function operationOf(method: string, path: string): string {
  if (method === 'PUT') return 'part'
  if (method === 'DELETE') return 'abort'
  if (method === 'GET') return 'list'
  return path.includes('uploadId=') ? 'complete' : 'initiate'
}

/** A stream that can hold `CAPACITY` bytes, and what it tells of that. */
function openSmallest() {
  const dispatcher = new Unread()
  const told: CapacityWarning[] = []
  const warnings: Error[] = []
  const listen = (warning: Error) => {
    if (warning.name === 'OssCapacityWarning') warnings.push(warning)
  }
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  const out = createOssWriteStream('oss://bucket/key', {
    region: 'cn-hangzhou',
    credentials: KEYS,
    env: {},
    retry: FAST,
    dispatcher,
    partSize: PART,
    maxMemory: 2 * PART,
    integrity: false,
  })
  out.on('capacity', (warning) => told.push(warning))
  return { out, told, warnings, dispatcher }
}

/** `count` parts and `rest` bytes, the same memory over and over. */
function* parts(count: number, rest = 0) {
  const part = bytes(PART)
  for (let number = 1; number <= count; number++) yield part
  if (rest > 0) yield part.subarray(0, rest)
}

describe('a stream that uses up its parts', { timeout: 30_000 }, () => {
  it('warns once after 80 %, and fails with the first byte too many', async () => {
    const { out, told, warnings, dispatcher } = openSmallest()
    const failure = await pipeline(Readable.from(parts(10_000, 1)), out).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({
      code: 'ERR_OSS_PART_LIMIT',
      capacity: CAPACITY,
      bucket: 'bucket',
      key: 'key',
      uploadId: UPLOAD_ID,
      outcome: 'absent',
    })
    // The byte that comes after 80 % seals the part before; it is not copied yet.
    expect(told).toEqual([{ bytesWritten: 0.8 * CAPACITY, capacity: CAPACITY }])
    expect(warnings).toMatchObject([{ code: 'OSS_CAPACITY', name: 'OssCapacityWarning' }])
    expect(warnings[0]?.message).toContain(
      `oss://bucket/key has used more than 80 % of the ${CAPACITY} bytes`,
    )
    await out.settled
    expect(out.abortError).toBeUndefined()
    expect(dispatcher.counts).toMatchObject({ initiate: 1, abort: 1 })
    expect(dispatcher.counts).not.toHaveProperty('complete')
  })

  it('publishes what fits them to the byte', async () => {
    const { out, dispatcher } = openSmallest()
    await pipeline(Readable.from(parts(10_000)), out)
    expect(out.result).toMatchObject({ size: CAPACITY, parts: 10_000, etag: '0-10000' })
    expect(dispatcher.counts).toEqual({ initiate: 1, part: 10_000, complete: 1 })
  })
})

describe('a stream that does not', () => {
  it('warns of nothing', async () => {
    const { out, told, warnings } = openSmallest()
    await pipeline(Readable.from(parts(10)), out)
    await new Promise((resolve) => setImmediate(resolve))
    expect([told, warnings]).toEqual([[], []])
  })
})
