/** What an upload waited for, on a clock that only the test moves. */
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

async function open(options: { concurrency: number; parts: number }) {
  const server = await startServer()
  // The server's clock goes on: one that differs would cost a retry.
  const clock = new FakeClock(Date.now())
  const client = new OssClient({ ...server.options(), env: {}, clock, retry: FAST })
  const { concurrency, parts } = options
  const maxMemory = parts * PART
  const out = createOssWriteStream('oss://bucket/key', {
    ...{ client, partSize: PART, concurrency, maxMemory, hashing: 'inline' },
  })
  out.on('error', () => {})
  return { server, clock, out }
}

const written = (out: NodeJS.WritableStream, chunk: Buffer) =>
  new Promise<void>((resolve, reject) =>
    out.write(chunk, (error) => (error ? reject(error) : resolve())),
  )

describe('stats()', () => {
  it('counts the time in which nobody writes as waiting for the source', async () => {
    const { clock, out } = await open({ concurrency: 2, parts: 4 })
    clock.advance(1000)
    await written(out, bytes(1000))
    clock.advance(500)
    expect(out.stats()).toMatchObject({
      elapsedMs: 1500,
      waitedMs: { source: 1500, memory: 0, network: 0 },
    })
    out.end()
    await out.completed
    expect(out.stats().waitedMs.source).toBe(1500)
  })

  it('counts a write that waits for requests as waiting for the network', async () => {
    const { server, clock, out } = await open({ concurrency: 1, parts: 2 })
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'before-answer' })
    const writing = written(out, bytes(3 * PART))
    await held.reached(1)
    clock.advance(2000)
    expect(out.stats().waitedMs).toEqual({ source: 0, memory: 0, network: 2000 })
    held.release()
    await writing
    out.end()
    await out.completed
    expect(out.stats()).toMatchObject({ waitedMs: { network: 2000 }, retries: 0 })
  })

  it('counts a write that waits while requests could go out as waiting for memory', async () => {
    const { server, clock, out } = await open({ concurrency: 4, parts: 2 })
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'before-answer' })
    const writing = written(out, bytes(3 * PART))
    await held.reached(1)
    clock.advance(3000)
    expect(out.stats().waitedMs).toEqual({ source: 0, memory: 3000, network: 0 })
    held.release()
    await writing
    out.destroy()
    await out.settled
  })

  it('counts the end as waiting for the network, and stops with it', async () => {
    const { server, clock, out } = await open({ concurrency: 2, parts: 4 })
    const held = server.faults.add({ operation: 'PutObject' }, { hold: 'before-answer' })
    out.end(bytes(1000))
    await held.reached(1)
    clock.advance(4000)
    held.release()
    const { durationMs } = await out.completed
    clock.advance(60_000)
    expect(out.stats()).toEqual({
      elapsedMs: durationMs,
      bytesPerSecond: 250,
      waitedMs: { source: 0, memory: 0, network: 4000 },
      retries: 0,
    })
  })

  it('stops when the upload fails, and counts its retries', async () => {
    const { server, clock, out } = await open({ concurrency: 2, parts: 4 })
    server.faults.add({ operation: 'PutObject', times: Number.POSITIVE_INFINITY }, { status: 500 })
    out.end(bytes(1000))
    await expect(out.completed).rejects.toThrow('500')
    const { elapsedMs } = out.stats()
    clock.advance(60_000)
    expect(out.stats()).toMatchObject({ elapsedMs, bytesPerSecond: 0, retries: 4 })
  })
})
