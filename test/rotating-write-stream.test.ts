/** An endless source in many objects, through the embedded server. */
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  createOssRotatingWriteStream,
  type OssRotatingWriteStream,
} from '../src/rotating-write-stream.js'
import type { OssRotatingWriteStreamOptions } from '../src/rotation-options.js'
import type { UploadResult } from '../src/upload-result.js'
import { FakeClock } from './helpers/fake-clock.js'
import { bytes, PART } from './helpers/new-upload.js'
import { FAST } from './helpers/open-stream.js'
import { runChild } from './helpers/run-child.js'
import { startServer } from './helpers/start-server.js'

const failure = new Error('the source broke')

async function open(options: Partial<OssRotatingWriteStreamOptions>) {
  const server = await startServer()
  const base = { ...server.options(), env: {}, retry: FAST, partSize: PART, bucket: 'bucket' }
  const out = createOssRotatingWriteStream({ key: (n) => `log/${n}`, ...base, ...options })
  const told: UploadResult[] = []
  out.on('object', (result) => told.push(result))
  return {
    server,
    out,
    told,
    async contents() {
      const entries = server.objects
        .list()
        .map(async ({ key, content }) => [key, String(await content())])
      return Object.fromEntries(await Promise.all(entries))
    },
  }
}

/** Resolves when a write has been taken. */
function write(out: OssRotatingWriteStream, chunk: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(chunk, (error) => (error ? reject(error) : resolve()))
  })
}

describe('a stream of objects', () => {
  it('publishes each when it is full, and tells it', async () => {
    const { out, told, contents } = await open({ maxObjectBytes: 4 })
    await pipeline(Readable.from(['ab', 'cd', 'ef', 'ghi']), out)
    expect(await contents()).toEqual({ 'log/1': 'abcd', 'log/2': 'ef', 'log/3': 'ghi' })
    expect(told).toMatchObject([
      { key: 'log/1', size: 4 },
      { key: 'log/2', size: 2 },
      { key: 'log/3', size: 3 },
    ])
    expect(await out.completed).toEqual({ objects: 3, size: 9 })
    expect([out.objectsPublished, out.bytesPublished, out.lastObject]).toEqual([3, 9, told[2]])
    await out.settled
  })

  it('makes multipart uploads of large ones, and divides them by bytes if asked', async () => {
    const { server, out } = await open({ maxObjectBytes: 2 * PART + 1, split: 'byte' })
    const content = bytes(5 * PART)
    await pipeline(Readable.from([content.subarray(0, 9), content.subarray(9)]), out)
    const objects = server.objects.list()
    expect(objects.map(({ size }) => size)).toEqual([2 * PART + 1, 2 * PART + 1, PART - 2])
    const all = await Promise.all(objects.map(({ content }) => content()))
    expect(Buffer.concat(all).equals(content)).toBe(true)
    expect(server.requests.of('InitiateMultipartUpload')).toHaveLength(2)
  })

  it('keeps lines whole if asked', async () => {
    const { out, contents } = await open({ maxObjectBytes: 5, split: 'line' })
    await pipeline(Readable.from(['a\nb', 'b\nccccccc', 'c\nd']), out)
    expect(await contents()).toEqual({
      'log/1': 'a\nbb\n',
      'log/2': 'cccccccc\n',
      'log/3': 'd',
    })
  })

  it('makes no object of an empty source', async () => {
    const { server, out } = await open({ maxObjectBytes: 4 })
    await pipeline(Readable.from([Buffer.alloc(0)]), out)
    expect(await out.completed).toEqual({ objects: 0, size: 0 })
    expect([...server.requests]).toEqual([])
  })

  it('tells the key function which object it is, and when its first byte came', async () => {
    const clock = new FakeClock()
    const asked: [number, string][] = []
    const key = (n: number, startedAt: Date) => {
      asked.push([n, startedAt.toISOString()])
      return `${n}`
    }
    const { out } = await open({ maxObjectBytes: 1, clock, key })
    await clock.advance(5000)
    await write(out, 'a')
    await clock.advance(1000)
    await write(out, 'b')
    out.end()
    await out.completed
    expect(asked).toEqual([
      [1, '2026-11-24T12:00:05.000Z'],
      [2, '2026-11-24T12:00:06.000Z'],
    ])
  })

  it('begins the next object when the one before is published, and makes the source wait', async () => {
    const { server, out, told } = await open({ maxObjectBytes: 1, highWaterMark: 2 })
    const held = server.faults.add({ operation: 'PutObject', key: 'log/1' }, { hold: 'arrival' })
    expect(out.write('a')).toBe(true)
    expect(out.write('b')).toBe(false)
    await held.reached()
    await turn()
    expect(server.requests.of('PutObject')).toHaveLength(1)
    expect([told.length, out.objectsPublished]).toEqual([0, 0])
    held.release()
    out.end()
    await out.completed
    expect(told.map(({ key }) => key)).toEqual(['log/1', 'log/2'])
  })

  it('shares one client, so that a provider is asked once for all objects', async () => {
    let asked = 0
    const server = await startServer()
    const { credentials, ...rest } = server.options()
    const provider = () => {
      asked++
      return credentials
    }
    const options = { ...rest, credentials: provider, env: {}, bucket: 'bucket', maxObjectBytes: 1 }
    const out = createOssRotatingWriteStream({ ...options, key: (n) => `${n}` })
    await pipeline(Readable.from(['a', 'b', 'c']), out)
    expect([asked, server.objects.list().length]).toEqual([1, 3])
  })
})

describe('an object that is old', () => {
  it('is published although nothing is written, counted from its first byte', async () => {
    const clock = new FakeClock()
    const { out, told, contents } = await open({ maxAgeMs: 1000, clock })
    await clock.advance(5000)
    await write(out, 'a')
    await clock.advance(999)
    await write(out, 'b')
    expect(told).toEqual([])
    await clock.advance(1)
    await once(out, 'object')
    expect(await contents()).toEqual({ 'log/1': 'ab' })
    await clock.advance(5000)
    await write(out, 'c')
    out.end()
    await out.completed
    expect(await contents()).toEqual({ 'log/1': 'ab', 'log/2': 'c' })
    expect(clock.pending).toBe(0)
  })

  it('ends with a whole line', async () => {
    const clock = new FakeClock()
    const { out, contents } = await open({ maxAgeMs: 1000, split: 'line', clock })
    await write(out, 'a\nb')
    await clock.advance(1000)
    await once(out, 'object')
    out.end('c\n')
    await out.completed
    expect(await contents()).toEqual({ 'log/1': 'a\n', 'log/2': 'bc\n' })
  })

  it('waits its turn behind a write that waits for memory', async () => {
    const clock = new FakeClock()
    const memory = { concurrency: 1, maxMemory: 2 * PART }
    const sizes = { maxAgeMs: 1000, maxObjectBytes: 3 * PART, split: 'byte' } as const
    const { server, out } = await open({ ...sizes, ...memory, clock })
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const writing = write(out, bytes(6 * PART))
    await held.reached()
    await clock.advance(1000)
    held.release()
    await writing
    out.end()
    await out.completed
    expect(server.objects.list().map(({ size }) => size)).toEqual([3 * PART, 3 * PART])
  })

  it('may be older than the longest timer', async () => {
    const clock = new FakeClock()
    const days = 24 * 3600_000
    const slept: number[] = []
    const sleep = clock.sleep.bind(clock)
    // As Node's: no timer lasts longer than 2^31 - 1 ms.
    clock.sleep = (ms, signal) => {
      slept.push(ms)
      return sleep(Math.min(ms, 2 ** 31 - 1), signal)
    }
    const { out, told } = await open({ maxAgeMs: 30 * days, clock })
    await write(out, 'a')
    await clock.advance(29 * days)
    expect(told).toEqual([])
    await clock.advance(days)
    await once(out, 'object')
    expect(slept.length).toBeGreaterThan(1)
    out.end()
    await out.completed
  })

  it('that cannot be published fails the stream, idle as it is', async () => {
    const clock = new FakeClock()
    const { server, out } = await open({ maxAgeMs: 1000, clock })
    server.faults.add({ operation: 'PutObject' }, { status: 403, code: 'AccessDenied' })
    await write(out, 'a')
    await clock.advance(1000)
    const [error] = await once(out, 'error')
    expect(error).toMatchObject({ code: 'ERR_OSS_UPLOAD', key: 'log/1', ossCode: 'AccessDenied' })
  })
})

describe('a failure', () => {
  it('of the source leaves the objects before, and no trace of the one that was being written', async () => {
    const { server, out, told, contents } = await open({ maxObjectBytes: 3 * PART })
    async function* broken() {
      const published = once(out, 'object')
      yield bytes(3 * PART)
      yield bytes(2 * PART)
      await published
      throw failure
    }
    await expect(pipeline(Readable.from(broken()), out)).rejects.toBe(failure)
    await out.settled
    expect(Object.keys(await contents())).toEqual(['log/1'])
    expect(server.uploads.list()).toEqual([])
    expect([out.objectsPublished, told.length, out.outcome]).toEqual([1, 1, 'absent'])
    await expect(out.completed).rejects.toBe(failure)
  })

  it.each(['UploadPart', 'CompleteMultipartUpload'] as const)(
    'of %s fails the stream with it, and says which objects are published',
    async (operation) => {
      const { server, out, contents } = await open({ maxObjectBytes: 2 * PART })
      server.faults.add({ operation, key: 'log/2' }, { status: 403, code: 'AccessDenied' })
      const chunks = Array.from({ length: 9 }, () => bytes(2 * PART))
      const error = await pipeline(Readable.from(chunks), out).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        key: 'log/2',
        operation,
        ossCode: 'AccessDenied',
        outcome: 'absent',
      })
      expect([out.objectsPublished, Object.keys(await contents())]).toEqual([1, ['log/1']])
      expect(server.uploads.list()).toEqual([])
    },
  )

  it('by `destroy()` waits until all is cleaned up', async () => {
    const { server, out } = await open({ maxObjectBytes: 9 * PART })
    const held = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    await write(out, bytes(3 * PART))
    let closed = false
    out.destroy().once('close', () => {
      closed = true
    })
    await held.reached()
    expect(closed).toBe(false)
    held.release()
    await out.settled
    expect(server.uploads.list()).toEqual([])
    await expect(out.completed).rejects.toMatchObject({
      code: 'ERR_OSS_DESTROYED',
      key: 'log/1',
      outcome: 'absent',
    })
  })

  it('while an object is being published tells whether it has landed', async () => {
    const { server, out } = await open({ maxObjectBytes: 2 * PART })
    const held = server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'before-answer' },
    )
    out.on('error', () => undefined)
    out.write(bytes(2 * PART))
    await held.reached()
    out.destroy(failure)
    held.release()
    await out.settled
    expect([out.outcome, out.objectsPublished]).toEqual(['published', 0])
  })

  it('leaves no timer behind', async () => {
    const clock = new FakeClock()
    const { out } = await open({ maxAgeMs: 1000, clock })
    await write(out, 'a')
    expect(clock.pending).toBe(1)
    out.destroy()
    await out.settled
    expect(clock.pending).toBe(0)
  })

  it('between two objects of one chunk begins no other', async () => {
    const { server, out, told } = await open({ maxObjectBytes: 1, split: 'byte' })
    out.on('object', () => out.destroy(failure))
    await expect(pipeline(Readable.from(['abc']), out)).rejects.toBe(failure)
    await out.settled
    for (let i = 0; i < 5; i++) await turn()
    expect(server.requests.of('PutObject')).toHaveLength(1)
    expect([told.length, out.objectsPublished]).toEqual([1, 1])
  })

  it('of cleaning up is told besides', async () => {
    const { server, out } = await open({ maxObjectBytes: 9 * PART })
    server.faults.add({ operation: 'AbortMultipartUpload' }, { status: 403, code: 'AccessDenied' })
    await write(out, bytes(3 * PART))
    out.destroy()
    await expect(out.completed).rejects.toMatchObject({ abortError: { ossCode: 'AccessDenied' } })
    expect(out.abortError).toMatchObject({ ossCode: 'AccessDenied' })
  })

  it('comes of its signal, also between two objects', async () => {
    const stop = new AbortController()
    const { server, out } = await open({ maxObjectBytes: 1, signal: stop.signal })
    await write(out, 'a')
    const closing = once(out, 'error')
    stop.abort(failure)
    expect(await closing).toEqual([failure])
    expect(server.objects.list()).toHaveLength(1)
    expect(out.outcome).toBeUndefined()
  })

  it('is a key function that throws, or names no key, or the same object again', async () => {
    const keys: [(n: number) => string, unknown][] = [
      [
        () => {
          throw failure
        },
        failure,
      ],
      [() => '/', expect.objectContaining({ code: 'ERR_OSS_INVALID_OPTION', option: 'key' })],
      [() => 'same', expect.objectContaining({ code: 'ERR_OSS_INVALID_OPTION', option: 'key' })],
    ]
    for (const [key, expected] of keys) {
      const { server, out } = await open({ maxObjectBytes: 1, key })
      const error = await pipeline(Readable.from(['a', 'b']), out).catch(
        (reason: unknown) => reason,
      )
      expect(error).toEqual(expected)
      expect(server.objects.list().length).toBeLessThanOrEqual(1)
      expect(server.requests.of('PutObject').length).toBe(server.objects.list().length)
    }
  })

  it('is a listener of `object` that throws', async () => {
    const { out } = await open({ maxObjectBytes: 1 })
    out.on('object', () => {
      throw failure
    })
    await expect(pipeline(Readable.from(['a', 'b']), out)).rejects.toBe(failure)
  })

  it('is a chunk of a wrong type', async () => {
    const { server, out } = await open({ maxObjectBytes: 9 })
    out.on('error', () => undefined)
    out.write('a')
    expect(() => out.write(5 as unknown as string)).toThrow(TypeError)
    await out.settled
    expect(server.objects.list()).toEqual([])
  })
})

describe('a process that has nothing left to do', () => {
  it('publishes what is open at its age, and fails the stream, which has not ended', async () => {
    const server = await startServer()
    const { code, stdout } = await runChild('rotation-idle', server)
    expect(stdout).toBe(
      'object 1: 2 bytes\nThe process had nothing left to do before oss://bucket/ was complete\n',
    )
    expect(code).toBe(0)
  })

  it('fails a stream whose source has given nothing yet', async () => {
    const { out } = await open({ maxObjectBytes: 9 })
    out.on('error', () => undefined)
    new PassThrough().pipe(out)
    process.emit('beforeExit', 0)
    await expect(out.completed).rejects.toThrow('nothing left to do')
  })
})

describe('`await using`', () => {
  it('gives up a stream that was not ended', async () => {
    const { server, out } = await open({ maxObjectBytes: 9 })
    {
      await using scoped = out
      scoped.write('a')
    }
    expect(server.objects.list()).toEqual([])
    expect(out.closed).toBe(true)
  })
})

describe('options of a stream of objects', () => {
  const key = (n: number) => `${n}`
  it.each<[object, string]>([
    [{ maxObjectBytes: 1 }, 'Expected `key` to be a function that names object n, got nothing'],
    [{ key: 'k', maxObjectBytes: 1 }, 'Expected `key` to be a function'],
    [{ key }, 'Expected `maxObjectBytes` or `maxAgeMs`: without them no object would ever end'],
    [
      { key, maxObjectBytes: 0 },
      'Expected `maxObjectBytes` to be an integer from 1 (bytes), got `0`',
    ],
    [
      { key, maxAgeMs: 1.5 },
      'Expected `maxAgeMs` to be an integer from 1 (milliseconds), got `1.5`',
    ],
    [{ key, maxAgeMs: 1, split: 'lines' }, "Expected `split` to be 'chunk', 'line' or 'byte'"],
    [
      { key, maxAge: 1 },
      'Unknown option `maxAge` of createOssRotatingWriteStream(); did you mean `maxAgeMs`?',
    ],
    [
      { key, maxAgeMs: 1, checkpoint: {} },
      'Unknown option `checkpoint` of createOssRotatingWriteStream()',
    ],
    [{ key, maxAgeMs: 1, partSize: 1 }, 'Expected `partSize` to be an integer from 102400'],
    [{ key, maxObjectBytes: 2 ** 50 }, 'Expected `maxObjectBytes` to be what one upload can hold'],
    [{ key, maxAgeMs: 1, bucket: undefined }, 'Expected `bucket` to be given'],
  ])('%j are refused', (options, message) => {
    const base = {
      env: {},
      region: 'cn-hangzhou',
      bucket: 'bucket',
      credentials: { accessKeyId: 'i', accessKeySecret: 's' },
    }
    const given = { ...base, ...options } as unknown as OssRotatingWriteStreamOptions
    expect(() => createOssRotatingWriteStream(given)).toThrow(message)
  })
})
