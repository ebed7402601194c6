/** What was once found wrong, by trying to break every promise. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, openStream, streamOptions } from '../helpers/open-stream.js'
import { runChild } from '../helpers/run-child.js'
import { startServer } from '../helpers/start-server.js'

const THROWN = new Error('a listener threw')

function fail(): never {
  throw THROWN
}

describe('a listener of `retry` that throws', () => {
  it('does not hide that a Complete has landed', async () => {
    const { server, out } = await openStream()
    server.faults.add({ operation: 'CompleteMultipartUpload' }, { drop: 'answer' })
    out.on('retry', fail)
    out.end(bytes(2.5 * PART))
    expect(await ending(out)).toBe(THROWN)
    expect(server.objects.get('bucket', KEY)?.size).toBe(2.5 * PART)
    expect(out.outcome).toBe('published')
  })

  it('does not end the retries of Abort', async () => {
    const { server, out } = await openStream()
    server.faults.add({ operation: 'AbortMultipartUpload' }, { status: 503 })
    out.on('retry', fail)
    out.write(bytes(1.5 * PART))
    await once(out, 'part')
    out.destroy()
    await out.settled
    expect(out.abortError).toBeUndefined()
    expect(server.uploads.list()).toEqual([])
  })

  it('fails the upload when a part is repeated', async () => {
    const { server, out } = await openStream()
    server.faults.add({ operation: 'UploadPart' }, { status: 503 })
    out.on('retry', fail)
    out.write(bytes(1.5 * PART))
    expect(await ending(out)).toBe(THROWN)
    expect(server.uploads.list()).toEqual([])
  })
})

describe('an `onRetry` that throws', () => {
  it('is a process warning, and changes nothing', async () => {
    const { server, out } = await openStream({ onRetry: fail })
    server.faults.add({ operation: 'UploadPart' }, { status: 503 })
    const warned = once(process, 'warning')
    out.end(bytes(1.5 * PART))
    await finished(out)
    expect((await warned)[0]).toBe(THROWN)
    expect(out.result?.retries).toBe(1)
  })
})

describe('what is thrown and cannot be shown as text', () => {
  it('still ends the stream with an Error', async () => {
    const { server, out } = await openStream()
    out.on('part', () => {
      throw Object.create(null)
    })
    out.write(bytes(2.5 * PART))
    expect(await ending(out)).toBeInstanceOf(Error)
    expect(server.uploads.list()).toEqual([])
  })
})

describe('after publication', () => {
  it('a listener of the last progress that throws is a process warning, no failure', async () => {
    const { out } = await openStream({ onProgress: fail })
    const warned = once(process, 'warning')
    out.end('small')
    await finished(out)
    expect((await warned)[0]).toBe(THROWN)
    expect(await out.completed).toBe(out.result)
  })

  it('a signal is too late', async () => {
    const controller = new AbortController()
    const { out } = await openStream({
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    out.end('small')
    await finished(out)
    expect(out.outcome).toBe('published')
  })
})

describe('an error of one stream given to another', () => {
  it('keeps telling the truth about the first', async () => {
    const { server, out } = await openStream()
    const second = createOssWriteStream('oss://bucket/second', streamOptions(server))
    server.faults.add({ operation: 'UploadPart', key: KEY }, { status: 403, code: 'AccessDenied' })
    out.write(bytes(1.5 * PART))
    second.write(bytes(1.5 * PART))
    await once(second, 'part')
    const error = await ending(out)
    const before = { ...Object(error) }
    server.faults.add(
      { operation: 'AbortMultipartUpload', times: 99 },
      { status: 403, code: 'AccessDenied' },
    )
    second.destroy(Object(error))
    expect(await ending(second)).toBe(error)
    expect({ ...Object(error) }).toEqual(before)
    expect(second.abortError).toMatchObject({ status: 403 })
  })
})

describe("a caller's own error that cannot be written to", () => {
  it('arrives as it is, although something was left behind', async () => {
    class Mine extends Error {
      get uploadId() {
        return 'x'
      }
    }
    const { server, out } = await openStream()
    server.faults.add({ operation: 'AbortMultipartUpload', times: 99 }, { status: 403 })
    out.write(bytes(1.5 * PART))
    await once(out, 'part')
    const own = Object.freeze(new Mine('mine'))
    out.destroy(own)
    expect(await ending(out)).toBe(own)
    await out.settled
    await expect(out.completed).rejects.toBe(own)
  })
})

describe('many streams', () => {
  it('under one signal draw no warning', async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const controller = new AbortController()
    const { server, out } = await openStream({ signal: controller.signal })
    const streams: OssWriteStream[] = [out]
    for (let index = 0; index < 30; index++) {
      const options = streamOptions(server, { signal: controller.signal })
      streams.push(createOssWriteStream(`oss://bucket/${index}`, options))
    }
    const reason = new Error('all of you')
    const endings = streams.map(ending)
    controller.abort(reason)
    expect(new Set(await Promise.all(endings))).toEqual(new Set([reason]))
    expect(warnings).toEqual([])
  })
})

describe('a signal aborted with nothing', () => {
  it.each([null, 0, ''])('(%j) still is an error', async (reason) => {
    const { out } = await openStream({ signal: AbortSignal.abort(reason) })
    expect(await ending(out)).toMatchObject({ name: 'AbortError' })
  })
})

describe('a Put that a gateway gave up on', () => {
  it('is unknown: the service may be at it still', async () => {
    const gateway = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(request.method === 'HEAD' ? 404 : 504).end()
      })
    })
    gateway.listen(0, '127.0.0.1')
    await once(gateway, 'listening')
    onTestFinished(() => void gateway.close())
    const { port } = gateway.address() as AddressInfo
    const out = createOssWriteStream('oss://bucket/key', {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'cn-hangzhou',
      credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
      env: {},
      retry: { baseDelayMs: 0 },
    })
    out.end('small')
    expect(await ending(out)).toMatchObject({ status: 504, outcome: 'unknown' })
  })
})

describe('giving up while the credentials provider hangs', () => {
  it('sends nothing any more, and waits for nothing', async () => {
    let asked = () => {}
    const waiting = new Promise<void>((resolve) => {
      asked = resolve
    })
    const { server, out } = await openStream({
      credentials: () => {
        asked()
        return new Promise(() => {})
      },
    })
    out.write(bytes(1.5 * PART))
    await waiting
    out.destroy()
    await out.settled
    expect(server.requests.all).toEqual([])
    expect(out.outcome).toBe('absent')
  })

  it('knows that a Put never went out', async () => {
    const { server, out } = await openStream({ credentials: () => new Promise(() => {}) })
    out.end('small')
    out.destroy()
    await out.settled
    expect(server.requests.all).toEqual([])
    expect(out.outcome).toBe('absent')
  })
})

describe('`retry: { maxAttempts: 1 }`', () => {
  it('does not keep Abort from being tried again', async () => {
    const { server, out } = await openStream({ retry: { maxAttempts: 1, baseDelayMs: 0 } })
    server.faults.add({ operation: 'AbortMultipartUpload', times: 2 }, { status: 503 })
    out.write(bytes(1.5 * PART))
    await once(out, 'part')
    out.destroy()
    await out.settled
    expect(server.uploads.list()).toEqual([])
  })
})

describe('await using', () => {
  it('publishes what was ended, and waits for it', async () => {
    const { server, out } = await openStream()
    {
      await using ended = out
      ended.end('abc')
    }
    expect(out.outcome).toBe('published')
    expect(server.objects.get('bucket', KEY)?.size).toBe(3)
  })
})

describe('a source of objects', () => {
  it('with one that is no bytes publishes nothing, on any line of Node', async () => {
    const { server, out } = await openStream()
    const source = Readable.from([Buffer.from('first '), { a: 1 }, Buffer.from('last')])
    // Up to Node 22 `pipe` lets the TypeError escape, and ends the stream all the same.
    const escaped: unknown[] = []
    const onEscape = (error: unknown) => escaped.push(error)
    process.on('uncaughtException', onEscape)
    const others = process.listeners('uncaughtException').filter((each) => each !== onEscape)
    for (const other of others) process.off('uncaughtException', other)
    onTestFinished(() => {
      process.off('uncaughtException', onEscape)
      for (const other of others) process.on('uncaughtException', other)
    })
    const error = await pipeline(source, out).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await out.settled
    expect(out.outcome).toBe('absent')
    expect(server.objects.list()).toEqual([])
  })
})

describe('a listener of `finish` that throws', () => {
  it('does not keep `completed` and `settled` from being told', async () => {
    const server = await startServer()
    const { stdout } = await runChild('finish-throws', server)
    expect(stdout).toBe('published 5\n')
  })
})

describe('texts', () => {
  it('are one line, and give no orders to a terminal, whatever the service says', async () => {
    const { server, out } = await openStream()
    server.faults.add(
      { operation: 'PutObject' },
      { status: 403, code: 'Acc', message: 'line1\nline2\u009b31mred' },
    )
    out.end('x')
    const error = await ending(out)
    expect(error).toHaveProperty('message', expect.stringContaining('line1\\nline2\\u009b31mred'))
  })
})

describe('a client of another copy of the package', () => {
  it('is as good as one of ours', async () => {
    const { server } = await openStream()
    const ours = new OssClient({ ...server.options(), env: {} })
    const theirs = new Proxy(ours, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
      getPrototypeOf: () => Object.prototype,
    })
    const out = createOssWriteStream('oss://bucket/key', { client: theirs })
    out.end('x')
    await finished(out)
    expect(out.result?.size).toBe(1)
  })
})

describe('bytesWritten', () => {
  it('counts what has been copied, not what waits', async () => {
    const { server, out } = await openStream({ maxMemory: 2 * PART })
    const held = server.faults.add({ operation: 'UploadPart', times: 99 }, { hold: 'arrival' })
    out.end(bytes(50 * PART))
    await held.reached()
    expect(out.bytesWritten).toBe(2 * PART)
    held.release()
    await finished(out)
    expect(out.bytesWritten).toBe(50 * PART)
  })
})
