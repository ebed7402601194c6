/** The contract of the web's WritableStream, through the embedded server. */
import { ReadableStream } from 'node:stream/web'
import { describe, expect, it } from 'vitest'
import type { OssWriteStreamOptions } from '../src/options.js'
import { createOssWritableStream, type WebChunk } from '../src/web-writable-stream.js'
import { Gate } from './helpers/gate.js'
import { bytes, PART } from './helpers/new-upload.js'
import { KEY, stored, streamOptions } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

const CONTENT = bytes(3 * PART + 7)
const failure = new Error('given up')

async function open(options: OssWriteStreamOptions = {}) {
  const server = await startServer()
  const out = createOssWritableStream(`oss://bucket/${KEY}`, streamOptions(server, options))
  return {
    server,
    out,
    expectNothing() {
      expect(out.upload.outcome).toBe('absent')
      expect(server.objects.list()).toEqual([])
      expect(server.uploads.list()).toEqual([])
    },
  }
}

function source(...chunks: unknown[]): ReadableStream<WebChunk> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk as WebChunk)
      controller.close()
    },
  })
}

describe('pipeTo()', () => {
  it('resolves when the object is published', async () => {
    const { server, out } = await open()
    const held = server.faults.add({ operation: 'CompleteMultipartUpload' }, { hold: 'arrival' })
    let resolved = false
    const piping = source(CONTENT.subarray(0, 9), CONTENT.subarray(9))
      .pipeTo(out)
      .then(() => {
        resolved = true
      })
    await held.reached()
    expect([resolved, out.result]).toEqual([false, undefined])
    held.release()
    await piping
    expect(out.result).toMatchObject({ size: CONTENT.length, parts: 4 })
    expect(await out.completed).toBe(out.result)
    expect((await stored(server))?.equals(CONTENT)).toBe(true)
  })

  it('takes the body of a response', async () => {
    const { server, out } = await open()
    await new Response(CONTENT).body?.pipeTo(out)
    expect((await stored(server))?.equals(CONTENT)).toBe(true)
  })

  it('goes through a gzip of the web', async () => {
    const { server, out } = await open()
    await new Blob(['a'.repeat(1000)])
      .stream()
      .pipeThrough(new CompressionStream('gzip'))
      .pipeTo(out)
    const { gunzipSync } = await import('node:zlib')
    expect(String(gunzipSync((await stored(server)) ?? ''))).toBe('a'.repeat(1000))
  })

  it('takes bytes and text in any form, and empty chunks', async () => {
    const { server, out } = await open()
    const memory = new Uint8Array([0, 65, 66, 0]).buffer
    await source(
      'ä',
      '',
      new Uint8Array(0),
      memory.slice(1, 2),
      new DataView(memory, 2, 1),
      new Uint16Array([0x4443]),
    ).pipeTo(out)
    expect(String(await stored(server))).toBe('äABCD')
  })

  it('rejects with the error of its source, when all is cleaned up', async () => {
    const { server, out, expectNothing } = await open()
    const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    let sent = false
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(failure)
        else controller.enqueue(CONTENT)
        sent = true
      },
    })
    let told = false
    const piping = broken.pipeTo(out).catch((error: unknown) => {
      told = true
      return error
    })
    await held.reached()
    expect(told).toBe(false)
    held.release()
    expect(await piping).toBe(failure)
    expectNothing()
  })

  it('rejects with ours when a part fails, when all is cleaned up, and cancels its source', async () => {
    const { server, out, expectNothing } = await open()
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    let cancelled: unknown
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(CONTENT),
      cancel(reason) {
        cancelled = reason
      },
    })
    const error = await endless.pipeTo(out).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_OSS_UPLOAD', ossCode: 'AccessDenied' })
    expect(cancelled).toBe(error)
    expectNothing()
  })

  it('is given up by its signal, and by that of the upload', async () => {
    const ways = ['pipeTo', 'upload'] as const
    for (const way of ways) {
      const stop = new AbortController()
      const { signal } = stop
      const { out, expectNothing } = await open(way === 'upload' ? { signal } : {})
      const pulled = new Gate()
      const idle = new ReadableStream<Uint8Array>({ pull: () => pulled.arrive() })
      const piping = idle.pipeTo(out, way === 'pipeTo' ? { signal } : {})
      await pulled.reached()
      stop.abort(failure)
      await expect(piping).rejects.toBe(failure)
      expectNothing()
    }
  })
})

describe('a writer', () => {
  it('may use its buffer again when a write has resolved', async () => {
    const { server, out } = await open()
    const writer = out.getWriter()
    const buffer = new Uint8Array(PART)
    for (let round = 1; round <= 4; round++) {
      await writer.write(buffer.fill(round))
    }
    await writer.close()
    const expected = [1, 2, 3, 4].map((round) => Buffer.alloc(PART, round))
    expect((await stored(server))?.equals(Buffer.concat(expected))).toBe(true)
  })

  it('is told in bytes how much it may write', async () => {
    const { out } = await open({ highWaterMark: 1000 })
    const writer = out.getWriter()
    await writer.ready
    const writes = [
      writer.write(new Uint8Array(100)),
      writer.write('ää'),
      writer.write(new ArrayBuffer(6)),
    ]
    expect(writer.desiredSize).toBe(1000 - 100 - 4 - 6)
    await Promise.all(writes)
    expect(writer.desiredSize).toBe(1000)
    await writer.abort()
  })

  it.each<[string, unknown]>([
    ['a number', 7],
    ['null', null],
    ['an object', {}],
  ])('that writes %s publishes nothing', async (_name, chunk) => {
    const { out, expectNothing } = await open()
    const writer = out.getWriter()
    const closed = writer.closed.catch((error: unknown) => error)
    await writer.write(CONTENT)
    const error = await writer.write(chunk as WebChunk).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expectNothing()
    expect(await closed).toBe(error)
    await expect(writer.close()).rejects.toThrow()
  })
})

describe('abort()', () => {
  it('resolves when cleaning up is over', async () => {
    const { server, out, expectNothing } = await open()
    const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    const writer = out.getWriter()
    writer.closed.catch(() => undefined)
    await writer.write(CONTENT)
    let aborted = false
    const aborting = writer.abort(failure).then(() => {
      aborted = true
    })
    await held.reached()
    expect(aborted).toBe(false)
    held.release()
    await aborting
    expectNothing()
    await expect(out.completed).rejects.toBe(failure)
  })

  it('ends a write that waits for memory', async () => {
    const { server, out, expectNothing } = await open({ maxMemory: 2 * PART, concurrency: 1 })
    const held = server.faults.add(
      { operation: 'UploadPart', times: Number.POSITIVE_INFINITY },
      { hold: 'arrival' },
    )
    const writer = out.getWriter()
    writer.closed.catch(() => undefined)
    const writing = writer.write(bytes(9 * PART))
    const failed = expect(writing).rejects.toBe(failure)
    await held.reached()
    await writer.abort(failure)
    await failed
    expectNothing()
    held.release()
  })

  it('without a reason, or with one that is no Error, is told as an Error', async () => {
    for (const reason of [undefined, 'enough']) {
      const { out, expectNothing } = await open()
      await out.abort(reason)
      await expect(out.completed).rejects.toBeInstanceOf(Error)
      expectNothing()
    }
  })

  it('while it is being published tells what became of the object', async () => {
    const { server, out } = await open()
    const held = server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'before-answer' },
    )
    const writer = out.getWriter()
    writer.closed.catch(() => undefined)
    await writer.write(CONTENT)
    const closing = expect(writer.close()).rejects.toBe(failure)
    await held.reached()
    const aborting = expect(writer.abort(failure)).rejects.toBe(failure)
    held.release()
    await Promise.all([closing, aborting])
    expect(out.upload.outcome).toBe('published')
  })

  it('keeps the first failure when cleaning up fails, and tells both', async () => {
    const { server, out } = await open()
    server.faults.add({ operation: 'AbortMultipartUpload' }, { status: 403, code: 'AccessDenied' })
    const writer = out.getWriter()
    writer.closed.catch(() => undefined)
    await writer.write(CONTENT)
    await writer.abort(failure)
    expect(out.upload.abortError).toMatchObject({ ossCode: 'AccessDenied' })
    await expect(out.completed).rejects.toBe(failure)
  })
})

describe('the upload', () => {
  it('that is destroyed by hand errors the stream', async () => {
    const { out, expectNothing } = await open()
    const writer = out.getWriter()
    out.upload.destroy()
    await expect(writer.closed).rejects.toMatchObject({ code: 'ERR_OSS_DESTROYED' })
    expectNothing()
  })
})

describe('options', () => {
  it('are checked at once', () => {
    const create = () => createOssWritableStream('oss://bucket/key', { partsize: 1 } as object)
    expect(create).toThrow(
      'Unknown option `partsize` of createOssWritableStream(); did you mean `partSize`?',
    )
  })

  it('may name the target', async () => {
    const { server } = await open()
    const out = createOssWritableStream({ ...streamOptions(server), bucket: 'bucket', key: 'k' })
    await source('a').pipeTo(out)
    expect(server.objects.get('bucket', 'k')?.size).toBe(1)
  })
})
