/** Many streams of small objects at once: what each of them may take is part of what a process needs. */
import { finished } from 'node:stream/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SmallMd5Kernel } from '../../src/digest/small-md5-kernel.js'
import { createOssWriteStream, OssClient } from '../../src/index.js'
import { bytes } from '../helpers/new-upload.js'
import { openClient } from '../helpers/open-client.js'

const KIB = 1024
const STREAMS = 100

/** Bytes of all part buffers and other array buffers of the process. */
function arrayBuffers(): number {
  return process.memoryUsage().arrayBuffers
}

describe('a hundred streams of small objects', () => {
  it('hold no part-sized buffers', async () => {
    const client = new OssClient({
      region: 'cn-hangzhou',
      credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
    })
    const before = arrayBuffers()
    const streams = Array.from({ length: STREAMS }, (_, i) => {
      const out = createOssWriteStream(`oss://bucket/${i}`, { client })
      // Given up below, which is no failure of this test.
      out.on('error', () => undefined)
      out.write(Buffer.alloc(10 * KIB, 'x'))
      return out
    })
    // Part buffers of the default size would be 800 MiB.
    expect(arrayBuffers() - before).toBeLessThan(STREAMS * 100 * KIB)
    for (const out of streams) out.destroy()
    await Promise.all(streams.map((out) => out.settled))
    expect(streams.map((out) => out.progress.heldBytes)).toEqual(Array(STREAMS).fill(0))
  })
})

describe('many small objects at once', () => {
  it('are hashed together, and each comes back as it was', async () => {
    const { client, server } = await openClient()
    const hash = vi.spyOn(SmallMd5Kernel.prototype, 'hash')
    onTestFinished(() => hash.mockRestore())
    const content = bytes(70 * KIB)
    // Of any length, some of them too long to be hashed together.
    const objects = Array.from({ length: 400 }, (_, i) => ({
      key: `small/${i}`,
      body: content.subarray(i, i + ((i * 997) % (70 * KIB - 400))),
    }))
    const waiting = objects.slice()
    const lanes = Array.from({ length: 64 }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const out = createOssWriteStream({ client, bucket: 'bucket', key: next.key })
        out.end(next.body)
        await finished(out)
      }
    })
    await Promise.all(lanes)
    // One call is the kernel's own check.
    expect(hash.mock.calls.length).toBeGreaterThan(1)
    for (const { key, body } of objects) {
      const { body: stored } = await client.getObject({ key })
      expect(Buffer.concat(await stored.toArray()).equals(body)).toBe(true)
    }
    expect(server.requests.of('PutObject')).toHaveLength(objects.length)
  })
})
