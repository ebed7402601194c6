/** Given up at any stage: nothing stays open, nothing goes on, nobody is surprised. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssReadStreamOptions } from '../../src/read-options.js'
import { createOssReadStream, type OssReadStream } from '../../src/read-stream.js'
import type { OssServer } from '../../src/server/server.js'
import { bytes } from '../helpers/new-upload.js'
import { KEY, openRead, RANGE, read, readOptions, store } from '../helpers/open-read.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(6 * RANGE)
const REASON = new Error('enough')

async function closed(source: OssReadStream): Promise<unknown> {
  if (!source.closed) await new Promise<void>((resolve) => source.once('close', resolve))
  return source.errored
}

describe('destroy', () => {
  const STAGES: [string, (server: OssServer, source: OssReadStream) => unknown][] = [
    ['before anybody has read', () => {}],
    [
      'while the first request is under way',
      async (server, source) => {
        const held = server.faults.add({}, { hold: 'arrival' })
        source.resume()
        await held.reached()
      },
    ],
    [
      'while ranges are under way',
      async (server, source) => {
        const held = server.faults.add({ skip: 1, times: 9 }, { hold: 'arrival' })
        source.resume()
        await held.reached(2)
      },
    ],
    [
      'in the middle of a body',
      async (server, source) => {
        server.faults.add({}, { drip: { bytes: 3000, everyMs: 1 } })
        source.resume()
        await once(source, 'data')
      },
    ],
    [
      'while it waits for another attempt',
      async (server, source) => {
        server.faults.add(
          { times: Number.POSITIVE_INFINITY },
          { status: 503, headers: { 'retry-after': '60' } },
        )
        source.resume()
        await once(source, 'retry')
      },
    ],
    [
      'while the consumer does not read',
      async (_server, source) => {
        source.read(0)
        while (source.progress.rangesInFlight > 0) await once(source, 'progress')
        expect(source.progress.heldBytes).toBeGreaterThan(RANGE)
      },
    ],
  ]

  it.each(STAGES)('%s cancels everything at once', async (_name, reach) => {
    const limits = { maxMemory: 3 * RANGE, highWaterMark: RANGE }
    const { server, source } = await openRead(INPUT, limits)
    await reach(server, source)
    const asked = server.requests.all.length
    source.destroy()
    expect(await closed(source)).toBeNull()
    expect(source.progress).toMatchObject({ rangesInFlight: 0, heldBytes: 0 })
    server.faults.clear()
    expect(server.requests.all).toHaveLength(asked)
  })

  it('passes its error on', async () => {
    const { source } = await openRead(INPUT)
    source.on('error', () => {})
    source.once('data', () => source.destroy(REASON))
    expect(await closed(source)).toBe(REASON)
  })

  it('ends the connections of what was under way', async () => {
    const server = await startServer()
    await store(server, INPUT)
    const { port, sockets } = await countingProxy(server.port)
    const options = readOptions(server, { endpoint: `http://127.0.0.1:${port}` })
    const source = createOssReadStream(`oss://bucket/${KEY}`, options)
    const held = server.faults.add({ skip: 1, times: 9 }, { hold: 'before-answer' })
    source.resume()
    await held.reached(2)
    expect(sockets.size).toBeGreaterThanOrEqual(2)
    source.destroy()
    await closed(source)
    // The requests are held for ever: if their connections were kept, this would not end.
    while (sockets.size > 0) await Promise.all([...sockets].map((socket) => once(socket, 'close')))
    expect(held.hits).toBe(2)
  })

  it('from a listener of data is no different', async () => {
    const { source } = await openRead(INPUT)
    let count = 0
    source.on('data', () => {
      count += 1
      source.destroy()
    })
    await closed(source)
    expect(count).toBe(1)
  })
})

describe('a signal', () => {
  it('aborted before asks for nothing', async () => {
    const { server, source } = await openRead(INPUT, { signal: AbortSignal.abort(REASON) })
    await expect(finished(source)).rejects.toBe(REASON)
    expect(server.requests.all).toEqual([])
  })

  it('aborted in between destroys with its reason, also while nothing moves', async () => {
    const controller = new AbortController()
    const { server, source } = await openRead(INPUT, { signal: controller.signal })
    const held = server.faults.add({}, { hold: 'arrival' })
    const reading = read(source)
    await held.reached()
    controller.abort(REASON)
    await expect(reading).rejects.toBe(REASON)
  })

  it('aborted without a reason of its own is an AbortError', async () => {
    const controller = new AbortController()
    const { source } = await openRead(INPUT, { signal: controller.signal })
    const reading = read(source)
    controller.abort(null)
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is let go of at the end', async () => {
    const controller = new AbortController()
    const { source } = await openRead('hello', { signal: controller.signal })
    await read(source)
    controller.abort(REASON)
    expect(source.errored).toBeNull()
  })
})

describe('a consumer', () => {
  it('that breaks out of `for await` ends everything', async () => {
    const { server, source } = await openRead(INPUT)
    for await (const chunk of source) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await closed(source)
    expect(source.progress.rangesInFlight).toBe(0)
    expect(server.requests.all.length).toBeLessThan(6)
  })

  it.each<[string, (source: OssReadStream) => Promise<unknown>]>([
    [
      'cancels a web stream',
      async (source) => {
        const reader = Readable.toWeb(source).getReader()
        await reader.read()
        await reader.cancel()
      },
    ],
    [
      'breaks out of a composed stream',
      async (source) => {
        for await (const _ of source.compose(new PassThrough())) break
      },
    ],
    ['takes the first bytes by an iterator helper', (source) => source.take(1).toArray()],
  ])('that %s ends everything', async (_name, leave) => {
    const { server, source } = await openRead(INPUT, { maxMemory: 2 * RANGE, highWaterMark: 1 })
    source.on('error', () => {})
    await leave(source)
    await closed(source)
    expect(source.destroyed).toBe(true)
    expect(source.progress).toMatchObject({ rangesInFlight: 0, heldBytes: 0 })
    expect(server.requests.of('GetObject').length).toBeLessThan(6)
  })

  it('that fails in a pipeline ends everything', async () => {
    const { source } = await openRead(INPUT)
    const sink = new Writable({ write: (_chunk, _encoding, callback) => callback(REASON) })
    await expect(pipeline(source, sink)).rejects.toBe(REASON)
    await closed(source)
    expect(source.progress.rangesInFlight).toBe(0)
  })

  it.each(['open', 'progress', 'retry'] as const)(
    'whose listener of %s throws gets that as the error',
    async (name) => {
      const { server, source } = await openRead(INPUT)
      server.faults.add({}, { status: 503 })
      source.on(name, () => {
        throw REASON
      })
      await expect(read(source)).rejects.toBe(REASON)
    },
  )

  it('whose onProgress throws gets that as the error', async () => {
    const onProgress = () => {
      throw REASON
    }
    const { source } = await openRead(INPUT, { onProgress })
    await expect(read(source)).rejects.toBe(REASON)
  })

  it('leaves with `await using`', async () => {
    const { source } = await openRead(INPUT)
    {
      await using leaving = source
      leaving.once('error', () => {})
      await once(leaving, 'readable')
    }
    expect(source.destroyed).toBe(true)
    expect(source.progress.rangesInFlight).toBe(0)
  })
})

describe('a consumer that stops reading', () => {
  it.each<[string, OssReadStreamOptions, number]>([
    ['three ranges', { maxMemory: 3 * RANGE }, 3],
    ['three and a half', { maxMemory: 3.5 * RANGE }, 3],
    ['one', { maxMemory: RANGE }, 1],
  ])('has no more requested than fits: %s', async (_name, options, fitting) => {
    const { server, source } = await openRead(bytes(20 * RANGE), {
      ...options,
      concurrency: 8,
      highWaterMark: 1,
    })
    let most = 0
    source.on('progress', ({ heldBytes }) => {
      most = Math.max(most, heldBytes)
    })
    source.read(0)
    while (source.progress.rangesInFlight > 0) await once(source, 'progress')
    // What has gone to Node's own buffer made room for at most one more.
    const asked = server.requests.of('GetObject').length
    expect(asked).toBeLessThanOrEqual(fitting + 1)
    expect(source.progress.heldBytes).toBeLessThanOrEqual(options.maxMemory ?? 0)
    expect(most).toBeLessThanOrEqual(options.maxMemory ?? 0)
    expect((await read(source)).length).toBe(20 * RANGE)
    expect(server.requests.of('GetObject')).toHaveLength(20)
  })
})

describe('one client for many streams', () => {
  it('reads them at once, and draws no warning', async () => {
    const server = await startServer()
    await store(server, INPUT)
    const warnings: unknown[] = []
    const warn = (warning: unknown) => warnings.push(warning)
    process.on('warning', warn)
    onTestFinished(() => {
      process.off('warning', warn)
    })
    const client = new OssClient({ ...server.options(), env: {} })
    const { signal } = new AbortController()
    const outputs = await Promise.all(
      Array.from({ length: 20 }, () =>
        read(createOssReadStream(`oss://bucket/${KEY}`, { client, signal, partSize: RANGE })),
      ),
    )
    for (const output of outputs) expect(output.equals(INPUT)).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  })
})

/** A proxy that knows its open connections. */
async function countingProxy(target: number): Promise<{ port: number; sockets: Set<Socket> }> {
  const { connect } = await import('node:net')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const upstream = connect(target, '127.0.0.1')
    socket
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(socket)
        upstream.destroy()
      })
    upstream.on('error', () => {}).on('close', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, sockets }
}
