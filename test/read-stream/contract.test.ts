/** What Node promises of a Readable, and what this one promises beside. */
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { DownloadProgress } from '../../src/read-options.js'
import { createOssReadStream } from '../../src/read-stream.js'
import { bytes } from '../helpers/new-upload.js'
import { KEY, openRead, RANGE, ranges, read, readOptions, store } from '../helpers/open-read.js'
import { startServer } from '../helpers/start-server.js'

describe('an object', () => {
  it('that fits one range takes one request, and nothing else', async () => {
    const { server, source } = await openRead('hello', { partSize: 1024 })
    expect(await text(source)).toBe('hello')
    expect(server.requests.operations()).toEqual(['GetObject'])
    expect(ranges(server)).toEqual(['bytes=0-1023'])
    expect(server.requests.all[0]?.headers['x-oss-range-behavior']).toBe('standard')
  })

  it('of several ranges comes in order, several at a time', async () => {
    const input = bytes(7.5 * RANGE)
    const { server, source } = await openRead(input, { concurrency: 3 })
    const held = server.faults.add({ skip: 1, times: 4 }, { hold: 'arrival' })
    const reading = read(source)
    await held.reached(3)
    expect(source.progress.rangesInFlight).toBe(3)
    held.release()
    expect((await reading).equals(input)).toBe(true)
    expect(held.hits).toBe(4)
    expect(ranges(server)).toHaveLength(8)
    expect(server.requests.maxInFlight('GetObject')).toBe(3)
    expect(server.requests.operations()).toEqual(Array(8).fill('GetObject'))
  })

  it('that is empty ends at once', async () => {
    const { source } = await openRead('')
    expect((await read(source)).byteLength).toBe(0)
    expect(source).toMatchObject({
      size: 0,
      bytesRead: 0,
      etag: 'D41D8CD98F00B204E9800998ECF8427E',
    })
    expect(source.object?.crc64).toBe('0')
  })

  it('whose length is a multiple of the range takes no request more', async () => {
    const { server, source } = await openRead(bytes(2 * RANGE))
    expect((await read(source)).byteLength).toBe(2 * RANGE)
    expect(ranges(server)).toEqual(['bytes=0-65535', 'bytes=65536-131071'])
  })

  it('comes as it is stored: an encoding of its own is not undone', async () => {
    const server = await startServer()
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    const packed = gzipSync(bytes(1000))
    await client.putObject({ key: KEY, body: packed, contentEncoding: 'gzip' })
    const source = createOssReadStream({ ...readOptions(server), bucket: 'bucket', key: KEY })
    expect((await read(source)).equals(packed)).toBe(true)
    expect(source.object?.headers['content-encoding']).toBe('gzip')
    const [request] = server.requests.of('GetObject')
    expect(request?.headers['accept-encoding']).toBe('identity')
  })
})

describe('a range', () => {
  const input = bytes(3 * RANGE)

  it.each([
    [{ start: 0, end: 0 }, 0, 1],
    [{ start: 5 }, 5, input.length],
    [{ end: RANGE + 9 }, 0, RANGE + 10],
    [{ start: RANGE - 1, end: 2 * RANGE }, RANGE - 1, 2 * RANGE + 1],
    [{ start: input.length - 1, end: 10 * RANGE }, input.length - 1, input.length],
    [{ start: 7, end: Number.POSITIVE_INFINITY }, 7, input.length],
    [{ start: 0, end: Number.MAX_SAFE_INTEGER - 1 }, 0, input.length],
  ])('%j is inclusive, as in fs.createReadStream', async (range, from, to) => {
    const { source } = await openRead(input, range)
    expect((await read(source)).equals(input.subarray(from, to))).toBe(true)
    expect(source).toMatchObject({ size: input.length, bytesRead: to - from })
  })

  it('of an empty object is empty', async () => {
    const { source } = await openRead('', { start: 0, end: 9 })
    expect((await read(source)).byteLength).toBe(0)
  })
})

describe('the stream', () => {
  it('asks for nothing before somebody reads', async () => {
    const { server, source } = await openRead('hello')
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.requests.all).toEqual([])
    source.resume()
    await once(source, 'end')
    expect(server.requests.all).toHaveLength(1)
  })

  it('emits open, data, end and close, in this order', async () => {
    const { source } = await openRead(bytes(2 * RANGE))
    const trail: string[] = []
    for (const name of ['open', 'data', 'end', 'error', 'close'] as const) {
      source.on(name, () => {
        if (trail.at(-1) !== name) trail.push(name)
      })
    }
    await finished(source)
    expect(trail).toEqual(['open', 'data', 'end', 'close'])
  })

  it('tells what the service says of the object', async () => {
    const server = await startServer()
    await store(server, 'hello', { colour: 'red' })
    const source = createOssReadStream(`oss://bucket/${KEY}`, readOptions(server))
    expect([source.object, source.size, source.etag]).toEqual([undefined, undefined, undefined])
    const opened = once(source, 'open')
    source.resume()
    const [object] = await opened
    expect(object).toBe(source.object)
    expect(object).toMatchObject({
      size: 5,
      etag: '5D41402ABC4B2A76B9719D911017C592',
      crc64: expect.stringMatching(/^\d+$/),
      contentType: 'application/octet-stream',
      objectType: 'Normal',
      meta: { colour: 'red' },
      lastModified: expect.any(Date),
      requestId: expect.any(String),
    })
    expect(source).toMatchObject({ bucket: 'bucket', key: KEY, size: 5, etag: object.etag })
    await finished(source)
  })

  it('tells its progress, which never goes back, by event and by function', async () => {
    const told: DownloadProgress[] = []
    const heard: DownloadProgress[] = []
    const length = 3.5 * RANGE
    const { source } = await openRead(bytes(length), {
      onProgress: (progress) => told.push(progress),
    })
    source.on('progress', (progress) => heard.push(progress))
    await read(source)
    expect(heard).toEqual(told)
    expect(told).toHaveLength(5)
    for (const name of ['bytesRead', 'bytesReceived'] as const) {
      const values = told.map((progress) => progress[name])
      expect(values).toEqual(values.toSorted((a, b) => a - b))
    }
    expect(told.at(-1)).toEqual({
      bytesRead: length,
      bytesReceived: length,
      length,
      rangesInFlight: 0,
      heldBytes: 0,
    })
    expect(source.progress).toEqual(told.at(-1))
  })

  it.each([
    ['for await', read],
    [
      'on data',
      (source: Readable) =>
        new Promise((resolve) => {
          const chunks: Buffer[] = []
          source
            .on('data', (chunk) => chunks.push(chunk))
            .on('end', () => resolve(Buffer.concat(chunks)))
        }),
    ],
    [
      'on readable',
      (source: Readable) =>
        new Promise((resolve) => {
          const chunks: Buffer[] = []
          source
            .on('end', () => resolve(Buffer.concat(chunks)))
            .on('readable', () => {
              for (let chunk = source.read(999); chunk !== null; chunk = source.read(999))
                chunks.push(chunk)
              const rest = source.read()
              if (rest !== null) chunks.push(rest)
            })
        }),
    ],
    ['Readable.toWeb', (source: Readable) => buffer(Readable.toWeb(source))],
    ['pipe', (source: Readable) => buffer(source.pipe(new PassThrough({ highWaterMark: 10 })))],
    ['compose', (source: Readable) => buffer(source.compose(new PassThrough()))],
    ['an iterator helper', (source: Readable) => read(source.map((chunk: Buffer) => chunk))],
  ])('gives the same bytes by %s', async (_name, consume) => {
    const input = bytes(2.7 * RANGE)
    const { source } = await openRead(input)
    const output = await consume(source)
    expect(Buffer.isBuffer(output) && output.equals(input)).toBe(true)
  })

  it('ends a pipeline through gunzip', async () => {
    const input = bytes(3 * RANGE)
    const { source } = await openRead(gzipSync(input))
    const unzip = createGunzip()
    const [output] = await Promise.all([buffer(unzip), pipeline(source, unzip)])
    expect(output.equals(input)).toBe(true)
  })

  it('decodes text across ranges with setEncoding', async () => {
    const input = '中文 und Umläute 😀 '.repeat(3000)
    const { source } = await openRead(input, { partSize: 1025 })
    source.setEncoding('utf8')
    let output = ''
    for await (const chunk of source) output += chunk
    expect(output).toBe(input)
  })

  it('shares a client, its bucket and its retry policy', async () => {
    const server = await startServer()
    await store(server, 'hello')
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    expect(await text(createOssReadStream({ client, key: KEY }))).toBe('hello')
    expect(await text(createOssReadStream(`oss://bucket/${KEY}`, { client }))).toBe('hello')
  })

  it('takes everything about the connection from the environment', async () => {
    const server = await startServer()
    await store(server, 'hello')
    const { endpoint, region, credentials } = server.options()
    const env = {
      OSS_ENDPOINT: endpoint,
      OSS_REGION: region,
      OSS_BUCKET: 'bucket',
      OSS_ACCESS_KEY_ID: credentials.accessKeyId,
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    }
    expect(await text(createOssReadStream({ env, key: KEY }))).toBe('hello')
  })

  it('lets others have their turn while it hands over much', async () => {
    const { source } = await openRead(bytes(6 * 1024 * 1024), {
      partSize: 1024 * 1024,
      concurrency: 6,
      highWaterMark: 16,
    })
    source.read(0)
    // Everything waits in memory: nothing but itself makes it pause.
    while (source.progress.bytesReceived < 6 * 1024 * 1024) await once(source, 'progress')
    let turns = 0
    let isOver = false
    const count = () => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    source.resume()
    await once(source, 'end')
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(5)
  })
})
