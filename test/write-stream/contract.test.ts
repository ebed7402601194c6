/** Node's contract of a Writable: whatever a pipeline is made of, its end means the object is there. */
import { once } from 'node:events'
import stream, { type Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createOssWriteStream, OssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { KEY, type Opened, openStream, stored, streamOptions } from '../helpers/open-stream.js'

/** Left out of the type definitions for Node 20. */
const compose: (...streams: NodeJS.WritableStream[]) => Duplex = Reflect.get(stream, 'compose')

const INPUT = bytes(3.5 * PART)

/** `input` in chunks that divide no part. */
function source(input = INPUT, size = 30_001): Readable {
  const chunks: Buffer[] = []
  for (let start = 0; start < input.length; start += size) {
    chunks.push(input.subarray(start, start + size))
  }
  return Readable.from(chunks, { objectMode: false })
}

async function expectStored({ server, out }: Opened, input = INPUT): Promise<void> {
  expect((await stored(server))?.equals(input)).toBe(true)
  expect(server.uploads.list()).toEqual([])
  expect(out.result).toMatchObject({ bucket: 'bucket', key: KEY, size: input.length })
}

describe('ways to write', () => {
  const ways: [string, (opened: Opened) => Promise<unknown>][] = [
    ['pipeline', ({ out }) => pipeline(source(), out)],
    ['pipeline from an async generator', ({ out }) => pipeline(source().iterator(), out)],
    ['pipe', ({ out }) => finished(source().pipe(out))],
    ['compose', ({ out }) => pipeline(source(), compose(new PassThrough(), out))],
    ['Writable.toWeb', ({ out }) => Readable.toWeb(source()).pipeTo(Writable.toWeb(out))],
    [
      'for await and write',
      async ({ out }) => {
        for await (const chunk of source()) if (!out.write(chunk)) await once(out, 'drain')
        out.end()
        await finished(out)
      },
    ],
    [
      'write without waiting',
      async ({ out }) => {
        for await (const chunk of source()) out.write(chunk)
        out.end()
        await finished(out)
      },
    ],
    [
      'cork and uncork',
      async ({ out }) => {
        out.cork()
        for await (const chunk of source()) out.write(chunk)
        out.uncork()
        out.end()
        await finished(out)
      },
    ],
    [
      'end(chunk)',
      async ({ out }) => {
        out.end(INPUT)
        await finished(out)
      },
    ],
    [
      'end(chunk, callback)',
      ({ out }) => new Promise<void>((resolve) => out.end(INPUT, () => resolve())),
    ],
    [
      'end(text, encoding, callback)',
      ({ out }) => new Promise<void>((resolve) => out.end(INPUT.toString('hex'), 'hex', resolve)),
    ],
    [
      'end(callback)',
      ({ out }) => {
        out.write(INPUT)
        return new Promise<void>((resolve) => out.end(resolve))
      },
    ],
    [
      'Uint8Array',
      async ({ out }) => {
        out.end(new Uint8Array(INPUT))
        await finished(out)
      },
    ],
    [
      'await using, after the end',
      async ({ out }) => {
        await using disposed = out
        await pipeline(source(), disposed)
      },
    ],
  ]

  it.each(ways)('%s publishes the whole object', async (_name, write) => {
    const opened = await openStream()
    await write(opened)
    await expectStored(opened)
  })

  it('ends a pipeline of several streams', async () => {
    const opened = await openStream()
    await pipeline(source(), createGzip(), opened.out)
    const object = opened.server.objects.get('bucket', KEY)
    const unzipped: Buffer[] = []
    await pipeline(object?.stream() ?? [], createGunzip(), async (chunks) => {
      for await (const chunk of chunks) unzipped.push(chunk)
    })
    expect(Buffer.concat(unzipped).equals(INPUT)).toBe(true)
  })
})

describe('the order of things', () => {
  it('is: parts, Complete, finish, close; each once', async () => {
    const { out, trail } = await openStream({ concurrency: 1 })
    await pipeline(source(bytes(2.5 * PART)), out)
    expect(trail.filter((each) => !each.startsWith('part '))).toEqual([
      'InitiateMultipartUpload',
      'uploadId',
      'UploadPart 1',
      'UploadPart 2',
      'UploadPart 3',
      'CompleteMultipartUpload',
      'prefinish',
      'finish',
      'close',
    ])
    expect(trail.filter((each) => each.startsWith('part '))).toEqual(['part 1', 'part 2', 'part 3'])
  })

  it('is, for a small object: one Put, finish, close', async () => {
    const { out, trail } = await openStream()
    await pipeline(source(bytes(PART)), out)
    expect(trail).toEqual(['PutObject', 'prefinish', 'finish', 'close'])
  })

  it('holds finish back until Complete is answered', async () => {
    const { server, out, trail } = await openStream()
    const held = server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'before-answer' },
    )
    const done = pipeline(source(), out)
    await held.reached()
    expect(trail).not.toContain('finish')
    expect(out.result).toBeUndefined()
    held.release()
    await done
    expect(trail.filter((each) => each === 'finish')).toHaveLength(1)
  })

  it('has the result ready at finish, in `completed`, and after pipeline', async () => {
    const { out } = await openStream()
    const atFinish = once(out, 'finish').then(() => out.result)
    await pipeline(source(), out)
    expect(await atFinish).toBe(out.result)
    expect(await out.completed).toBe(out.result)
    await out.settled
    expect(out).toMatchObject({ outcome: 'published', closed: true, errored: null })
  })
})

describe('lengths', () => {
  it.each([
    [0, 'PutObject', 1],
    [1, 'PutObject', 1],
    [PART - 1, 'PutObject', 1],
    [PART, 'PutObject', 1],
    [PART + 1, 'CompleteMultipartUpload', 2],
    [2 * PART, 'CompleteMultipartUpload', 2],
    [5 * PART, 'CompleteMultipartUpload', 5],
    [5 * PART + 1, 'CompleteMultipartUpload', 6],
  ])('%i bytes end with %s, in %i parts', async (length, operation, parts) => {
    const opened = await openStream()
    const input = bytes(length)
    await pipeline(source(input), opened.out)
    await expectStored(opened, input)
    expect(opened.server.requests.operations().at(-1)).toBe(operation)
    expect(opened.out.result?.parts).toBe(parts)
    const sizes = opened.server.requests.of('UploadPart').map((request) => request.contentLength)
    expect(sizes.filter((size) => size !== PART).length).toBeLessThanOrEqual(1)
    expect(sizes).not.toContain(0)
  })

  it('publishes an empty object for a stream that is ended at once', async () => {
    const opened = await openStream()
    opened.out.end()
    await finished(opened.out)
    await expectStored(opened, Buffer.alloc(0))
  })
})

describe('the result', () => {
  it('tells what the service has', async () => {
    const { server, out } = await openStream({ contentType: 'application/x-test' })
    await pipeline(source(), out)
    const object = server.objects.get('bucket', KEY)
    expect(out.result).toEqual({
      bucket: 'bucket',
      key: KEY,
      url: `${server.url}/bucket/${KEY}`,
      size: INPUT.length,
      etag: object?.etag,
      crc64: object?.crc64,
      parts: 4,
      uploadId: object?.uploadId,
      requestId: server.requests.of('CompleteMultipartUpload')[0]?.requestId,
      durationMs: expect.any(Number),
      retries: 0,
    })
    expect(object?.headers['content-type']).toBe('application/x-test')
  })

  it('guesses the content type from the key', async () => {
    const { server } = await openStream()
    const out = createOssWriteStream('oss://bucket/report.json', streamOptions(server))
    out.end('{}')
    await finished(out)
    const object = server.objects.get('bucket', 'report.json')
    expect(object?.headers['content-type']).toBe('application/json')
  })
})

describe('progress', () => {
  it('only rises, tells accepted and acknowledged bytes apart, and ends with all of them', async () => {
    const told: { bytesWritten: number; bytesUploaded: number; heldBytes: number }[] = []
    const events: unknown[] = []
    const { out } = await openStream({
      expectedSize: INPUT.length,
      onProgress: (progress) => told.push(progress),
    })
    out.on('progress', (progress) => events.push(progress))
    await pipeline(source(), out)
    expect(events).toEqual(told)
    for (const [index, progress] of told.entries()) {
      expect(progress.bytesUploaded).toBeLessThanOrEqual(progress.bytesWritten)
      expect(progress.bytesUploaded).toBeGreaterThanOrEqual(told[index - 1]?.bytesUploaded ?? 0)
    }
    expect(told.at(-1)).toEqual({
      bytesWritten: INPUT.length,
      bytesUploaded: INPUT.length,
      partsUploaded: 4,
      partsInFlight: 0,
      heldBytes: 0,
      expectedSize: INPUT.length,
    })
  })

  it('counts a small object, too', async () => {
    const { out } = await openStream()
    await pipeline(source(bytes(10)), out)
    expect(out).toMatchObject({ bytesWritten: 10, bytesUploaded: 10, partsUploaded: 1 })
  })
})

describe('createOssWriteStream', () => {
  it('takes the bucket and key as options, too', async () => {
    const { server } = await openStream()
    const options = { bucket: 'bucket', key: 'other', ...streamOptions(server) }
    const out = createOssWriteStream(options)
    out.end('x')
    await finished(out)
    expect(server.objects.get('bucket', 'other')?.size).toBe(1)
    expect(out).toBeInstanceOf(OssWriteStream)
  })

  it('refuses a chunk of a wrong type as Node does', async () => {
    const { out } = await openStream()
    const write: (chunk: unknown) => boolean = out.write.bind(out)
    expect(() => write(5)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    out.destroy()
    await out.settled
  })

  it('fails a write after the end as Node does', async () => {
    const { out } = await openStream()
    out.end('x')
    await finished(out)
    const error = await new Promise((resolve) => out.write('y', resolve))
    expect(error).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' })
  })
})
