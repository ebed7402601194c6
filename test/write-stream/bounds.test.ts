/** What is bounded while an upload runs: requests on the wire, memory, what is read ahead; and the parts. */
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { KEY, openStream, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

/** Chunks that divide no part, told one by one as they are asked for. */
function* chunks(input: Buffer, size: number, onTaken: (taken: number) => void) {
  for (let start = 0; start < input.length; start += size) {
    onTaken(Math.min(start + size, input.length))
    yield input.subarray(start, start + size)
  }
}

/** Lets the event loop turn until the stream takes nothing more. */
async function untilStuck(out: OssWriteStream, isStuck: () => boolean): Promise<void> {
  while (!isStuck()) await new Promise((resolve) => setImmediate(resolve))
  const written = out.bytesWritten
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(out.bytesWritten).toBe(written)
}

describe('requests on the wire', () => {
  it.each([1, 2, 5])('are at most `concurrency` = %i, and that many', async (concurrency) => {
    const { server, out } = await openStream({ concurrency, maxMemory: 12 * PART })
    const held = server.faults.add({ operation: 'UploadPart', times: 99 }, { hold: 'arrival' })
    out.end(bytes(9.5 * PART))
    await held.reached(concurrency)
    expect(server.requests.inFlight('UploadPart')).toBe(concurrency)
    expect(out.progress.partsInFlight).toBe(concurrency)
    held.release()
    await finished(out)
    expect(server.requests.maxInFlight('UploadPart')).toBe(concurrency)
    expect(server.requests.maxInFlight()).toBe(concurrency)
  })

  it('are fewer where memory allows no more, and `parallel` says the same', async () => {
    const { server, out } = await openStream({
      concurrency: undefined,
      parallel: 8,
      maxMemory: 3 * PART,
    })
    await finished(out.end(bytes(9.5 * PART)))
    expect(server.requests.maxInFlight('UploadPart')).toBeLessThanOrEqual(3)
  })

  it('do not rise while parts are repeated', async () => {
    const { server, out } = await openStream({ concurrency: 3, maxMemory: 12 * PART })
    const held = server.faults.add({ operation: 'UploadPart', times: 3 }, { hold: 'arrival' })
    for (let partNumber = 2; partNumber < 10; partNumber++) {
      server.faults.add({ operation: 'UploadPart', partNumber }, { status: 503 })
    }
    out.end(bytes(9.5 * PART))
    await held.reached(3)
    held.release()
    await finished(out)
    expect(server.requests.maxInFlight('UploadPart')).toBe(3)
    expect(out.result?.retries).toBe(8)
  })
})

describe('a server that takes nothing', () => {
  it('stops the source: no more is read than `maxMemory` and `highWaterMark` hold', async () => {
    const [maxMemory, highWaterMark, chunk] = [4 * PART, 64 * 1024, 10_007]
    const { server, out } = await openStream({ maxMemory, highWaterMark })
    const held = server.faults.add({ operation: 'UploadPart', times: 99 }, { hold: 'arrival' })
    const input = bytes(20.5 * PART)
    let taken = 0
    let mostAhead = 0
    let mostHeld = 0
    const source = chunks(input, chunk, (count) => {
      taken = count
      mostAhead = Math.max(mostAhead, taken - out.bytesUploaded)
      mostHeld = Math.max(mostHeld, out.progress.heldBytes)
    })
    const done = pipeline(source, out)
    await held.reached(2)
    await untilStuck(out, () => out.writableNeedDrain && out.progress.heldBytes === maxMemory)
    const bound = maxMemory + highWaterMark + 2 * chunk
    expect(taken).toBeGreaterThanOrEqual(maxMemory)
    expect(taken).toBeLessThanOrEqual(bound)
    expect(server.requests.of('UploadPart')).toHaveLength(2)
    held.release()
    await done
    expect(mostAhead).toBeLessThanOrEqual(bound)
    expect(mostHeld).toBeLessThanOrEqual(maxMemory)
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it('makes `write` return false until it takes something', async () => {
    const maxMemory = 3 * PART
    const { server, out } = await openStream({ maxMemory, highWaterMark: 2000 })
    const held = server.faults.add({ operation: 'UploadPart', times: 99 }, { hold: 'arrival' })
    for (let count = 0; count < 307; count++) {
      await new Promise((resolve) => out.write(bytes(1000), resolve))
    }
    // 200 bytes of room are left: this one waits for memory, the next finds the stream full.
    expect(out.write(bytes(1000))).toBe(true)
    expect(out.write(bytes(1000))).toBe(false)
    await untilStuck(out, () => out.progress.heldBytes === maxMemory)
    expect(out.writableNeedDrain).toBe(true)
    const drained = new Promise((resolve) => out.once('drain', resolve))
    held.release()
    await drained
    await finished(out.end())
    expect(out.result?.size).toBe(309_000)
  })
})

describe('the parts on the wire', () => {
  /** Bytes of each part as they were announced, by part number. */
  async function sizesOf(input: Buffer, options: Parameters<typeof openStream>[0]) {
    const { server, out } = await openStream(options)
    let mostHeld = 0
    out.on('progress', ({ heldBytes }) => {
      mostHeld = Math.max(mostHeld, heldBytes)
    })
    await pipeline(Readable.from([input]), out)
    const requests = server.requests.of('UploadPart')
    const sizes = [...requests]
      .sort((a, b) => (a.partNumber ?? 0) - (b.partNumber ?? 0))
      .map(({ contentLength }) => contentLength)
    expect(requests.map(({ partNumber }) => partNumber).sort((a = 0, b = 0) => a - b)).toEqual(
      sizes.map((_, index) => index + 1),
    )
    return { server, sizes, mostHeld }
  }

  it.each([102_400, 102_401, 150_000, 1024 ** 2])(
    'have a `partSize` of %i each, the last what is left',
    async (partSize) => {
      const { sizes } = await sizesOf(bytes(4 * partSize + 17), { partSize })
      expect(sizes).toEqual([partSize, partSize, partSize, partSize, 17])
    },
  )

  it('are equal ones where `expectedSize` says what comes, however wrong that was', async () => {
    const { sizes } = await sizesOf(bytes(2.5 * PART), { expectedSize: 50 })
    expect(sizes).toEqual([PART, PART, 0.5 * PART])
  })

  it('double after the 3,000th, within the same memory', { timeout: 120_000 }, async () => {
    const maxMemory = 16 * PART
    const input = bytes(3010 * PART + 10 * PART + 5)
    const { server, sizes, mostHeld } = await sizesOf(input, { concurrency: 8, maxMemory })
    expect(sizes).toEqual([
      ...Array.from({ length: 3000 }, () => PART),
      ...Array.from({ length: 10 }, () => 2 * PART),
      5,
    ])
    expect(mostHeld).toBeLessThanOrEqual(maxMemory)
    expect(server.requests.maxInFlight('UploadPart')).toBeLessThanOrEqual(8)
    let offset = 0
    for await (const piece of server.objects.get('bucket', KEY)?.stream() ?? []) {
      if (!input.subarray(offset, offset + piece.length).equals(piece)) break
      offset += piece.length
    }
    expect(offset).toBe(input.length)
  })
})

describe('a plan that is nearly used up', () => {
  it('cannot be had with so little memory for so much', async () => {
    const server = await startServer()
    const options = streamOptions(server, { maxMemory: 2 * PART, expectedSize: 10_001 * PART })
    expect(() => createOssWriteStream('oss://bucket/key', options)).toThrow(
      'Expected `expectedSize` to be at most 1024000000 (bytes: what 10000 parts can hold',
    )
    expect(server.requests.all).toEqual([])
  })
})
