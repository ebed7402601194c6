/** Many streams of small objects at once: what each of them may take is part of what a process needs. */
import { describe, expect, it } from 'vitest'
import { createOssWriteStream, OssClient } from '../../src/index.js'

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
