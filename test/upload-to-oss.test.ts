/** Every kind of source, whole or not at all, in one call; through the embedded server. */
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OssWriteStreamOptions } from '../src/options.js'
import { type UploadSource, uploadToOss } from '../src/upload-to-oss.js'
import { Gate } from './helpers/gate.js'
import { bytes, PART } from './helpers/new-upload.js'
import { FAST } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

const TARGET = 'oss://bucket/key'
const CONTENT = bytes(2 * PART + 5)

async function open(more: OssWriteStreamOptions = {}) {
  const server = await startServer()
  const options = { ...server.options(), env: {}, retry: FAST, partSize: PART, ...more }
  return {
    server,
    upload: (source: Parameters<typeof uploadToOss>[0]) => uploadToOss(source, TARGET, options),
    content: async () => server.objects.get('bucket', 'key')?.content(),
    expectNothing() {
      expect(server.objects.get('bucket', 'key')).toBeUndefined()
      expect(server.uploads.list()).toEqual([])
    },
  }
}

function webStream(chunks: readonly unknown[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

/** The address of a real server that answers with the content. */
async function website(): Promise<string> {
  const server = createServer((_request, response) => response.end(CONTENT)).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/`
}

async function fetched(): Promise<Response> {
  return fetch(await website())
}

async function requested(): Promise<IncomingMessage> {
  const [response] = await once(get(await website()), 'response')
  return response
}

const halves = [CONTENT.subarray(0, 1000), CONTENT.subarray(1000)]

const SOURCES: [string, () => UploadSource | Promise<UploadSource>][] = [
  ['a Readable', () => Readable.from(halves)],
  ['a PassThrough', () => new PassThrough().end(CONTENT)],
  ['a web stream', () => webStream(halves)],
  ['a response of fetch', fetched],
  ['a Blob', () => new Blob([CONTENT])],
  ['a File', () => new File([CONTENT], 'name')],
  ['a Buffer', () => CONTENT],
  ['a Uint8Array in a larger buffer', () => new Uint8Array([...CONTENT, 1]).subarray(0, -1)],
  ['an ArrayBuffer', () => new Uint8Array(CONTENT).buffer],
  ['a DataView', () => new DataView(CONTENT.buffer, CONTENT.byteOffset, CONTENT.byteLength)],
  ['a list of chunks', () => halves],
  ['a list of ArrayBuffers', () => halves.map((half) => new Uint8Array(half).buffer)],
  [
    'a Readable of objects that are chunks',
    () => Readable.from(halves.map((half) => new Uint8Array(half).buffer)),
  ],
  ['a request of fetch', () => new Request('http://host/', { method: 'POST', body: CONTENT })],
  ['a response that this process asks for', requested],
  [
    'a web stream of chunks of several kinds',
    () => webStream([new Uint8Array(halves[0] ?? []).buffer, '', new Uint8Array(0), halves[1]]),
  ],
  [
    'an async generator',
    async function* chunks() {
      yield* halves
    },
  ],
]

describe('a source', () => {
  it.each(SOURCES)('may be %s', async (_name, source) => {
    const { upload, content } = await open()
    const result = await upload(await source())
    expect(result).toMatchObject({ size: CONTENT.length, parts: 3, key: 'key' })
    expect((await content())?.equals(CONTENT)).toBe(true)
  })

  it.each([
    ['a string', 'höhe', 'höhe'],
    ['an empty string', '', ''],
    ['a list of strings, some empty', ['a', '', 'ö'], 'aö'],
    ['an empty list', [], ''],
    ['a response without a body', new Response(null), ''],
  ] as const)('may be %s', async (_name, source, expected) => {
    const { upload, content } = await open()
    await upload(source as UploadSource)
    expect(String(await content())).toBe(expected)
  })

  it('may be a function that opens it, and is told to begin at 0', async () => {
    const { upload, content } = await open()
    const starts: number[] = []
    await upload(async (start) => {
      starts.push(start)
      return Readable.from(halves)
    })
    expect(starts).toEqual([0])
    expect((await content())?.equals(CONTENT)).toBe(true)
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a plain object', { a: 1 }],
    [
      'a stream that was read',
      async () => {
        const stream = Readable.from(['a'])
        await stream.toArray()
        return stream
      },
    ],
    ['a stream that was destroyed', () => new PassThrough().destroy()],
    [
      'a web stream that is locked',
      () => {
        const stream = webStream([])
        stream.getReader()
        return stream
      },
    ],
    [
      'a response that was read',
      async () => {
        const response = new Response('read')
        await response.text()
        return response
      },
    ],
  ])('may not be %s: nothing is begun', async (_name, make) => {
    const { server, upload } = await open()
    const source = typeof make === 'function' ? await make() : make
    await expect(upload(source as UploadSource)).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
      option: 'source',
    })
    expect([...server.requests]).toEqual([])
  })
})

describe('a signal that is aborted before', () => {
  it('is told with its reason, and the source is destroyed', async () => {
    const reason = new Error('too late')
    const { server, upload } = await open({ signal: AbortSignal.abort(reason) })
    const source = new PassThrough()
    await expect(upload(source)).rejects.toBe(reason)
    expect(source.destroyed).toBe(true)
    expect([...server.requests]).toEqual([])
  })
})

describe('a failure', () => {
  const failure = new Error('the source broke')
  async function* broken() {
    yield CONTENT
    throw failure
  }

  it.each<[string, () => UploadSource | (() => never)]>([
    ['of an iterable', broken],
    ['of a Readable', () => Readable.from(broken())],
    [
      'of a function that opens',
      () => () => {
        throw failure
      },
    ],
  ])('%s is what it rejects with, when nothing is left', async (_name, source) => {
    const { upload, expectNothing } = await open()
    await expect(upload(source())).rejects.toBe(failure)
    expectNothing()
  })

  it('of the upload destroys the source', async () => {
    const { server, upload, expectNothing } = await open()
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    const source = new PassThrough()
    source.write(CONTENT)
    await expect(upload(source)).rejects.toMatchObject({ ossCode: 'AccessDenied' })
    expect(source.destroyed).toBe(true)
    expectNothing()
  })

  it('waits for the clean-up before it is told', async () => {
    const { server, upload, expectNothing } = await open()
    const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    let told = false
    const uploading = upload(Readable.from(broken())).catch((error: unknown) => {
      told = true
      return error
    })
    await held.reached()
    expect(told).toBe(false)
    held.release()
    expect(await uploading).toBe(failure)
    expectNothing()
  })

  it.each<[string, unknown]>([
    ['a list', ['a', 7]],
    ['a Readable of objects', Readable.from(['a', { b: 1 }, 'c'])],
    ['a web stream', webStream(['a', 7])],
    ['a web stream, one that is null,', webStream(['a', null, 'c'])],
    ['a list, one that is null,', ['a', null, 'c']],
    ['a list of lists', [[1, 2]]],
  ])('of a chunk of %s that has no bytes publishes nothing', async (_name, source) => {
    const { upload, expectNothing } = await open()
    await expect(upload(source as UploadSource)).rejects.toMatchObject({
      name: 'TypeError',
      code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|STREAM_NULL_VALUES)$/),
    })
    expectNothing()
  })

  it('cancels a web stream that is idle', async () => {
    const stop = new AbortController()
    const { upload, expectNothing } = await open({ signal: stop.signal })
    const pulled = new Gate()
    const cancelled: unknown[] = []
    const cancel = (reason: unknown) => void cancelled.push(reason)
    const idle = new ReadableStream({ pull: () => pulled.arrive(), cancel }, { highWaterMark: 0 })
    const uploading = upload(idle)
    await pulled.reached()
    stop.abort(failure)
    await expect(uploading).rejects.toBe(failure)
    expect(cancelled).toEqual([failure])
    expectNothing()
  })

  it('is told although a function that opens hangs, and what it opens later is destroyed', async () => {
    const stop = new AbortController()
    const { upload, expectNothing } = await open({ signal: stop.signal })
    const gate = new Gate()
    const late = new PassThrough()
    const uploading = upload(async () => {
      await gate.arrive()
      return late
    })
    await gate.reached()
    stop.abort(failure)
    await expect(uploading).rejects.toBe(failure)
    expectNothing()
    gate.open()
    await once(late, 'close')
    expect(late.destroyed).toBe(true)
  })

  it('of the options leaves the source alone', async () => {
    const source = webStream(['a'])
    const options = { env: {}, partSize: 1 }
    await expect(uploadToOss(source, TARGET, options)).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
    })
    expect(source.locked).toBe(false)
  })

  it('is two sets of options', async () => {
    const both = uploadToOss('a', { bucket: 'bucket', key: 'key', env: {} }, { partSize: PART })
    await expect(both).rejects.toMatchObject({ option: 'options' })
  })

  it('of the options is told as what it is', async () => {
    await expect(uploadToOss('a', 'oss://', { env: {} })).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
    })
  })
})
