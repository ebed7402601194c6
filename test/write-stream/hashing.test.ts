/** The kernels in the pipe: whoever hashes, the same bytes arrive, each part vouched for. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { loadedHasher } from '../../src/digest/process-hasher.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { crc64 } from '../../src/protocol/digest.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { openStream } from '../helpers/open-stream.js'

/** Enough parts for batches of four, and a short last one. */
const CONTENT = bytes(30 * PART + 77)

async function upload(options: OssWriteStreamOptions) {
  const opened = await openStream({ partSize: PART, ...options })
  await pipeline(Readable.from([CONTENT.subarray(0, 5), CONTENT.subarray(5)]), opened.out)
  return opened
}

describe('hashing', () => {
  const modes = ['auto', 'inline', 'worker'] as const
  const integrities = ['md5', 'crc64', 'md5+crc64', false] as const
  it.each(modes.flatMap((mode) => integrities.map((integrity) => [mode, integrity] as const)))(
    '%s with integrity %s: every byte arrives',
    async (hashing, integrity) => {
      const { server, out } = await upload({ hashing, integrity })
      const [object] = server.objects.list()
      expect((await object?.content())?.equals(CONTENT)).toBe(true)
      expect(out.result).toMatchObject({ parts: 31, crc64: String(crc64(CONTENT)) })
      const parts = [...server.requests].filter(({ operation }) => operation === 'UploadPart')
      const withMd5 = parts.filter(({ headers }) => headers['content-md5'] !== undefined)
      expect(withMd5).toHaveLength(integrity === 'md5' || integrity === 'md5+crc64' ? 31 : 0)
    },
  )

  it('takes its buffers from memory that the kernels read, and gives all of it back', async () => {
    await upload({ hashing: 'inline' })
    const arena = loadedHasher()?.arena
    expect(arena?.size).toBeGreaterThan(0)
    await upload({ hashing: 'inline' })
    expect(arena?.lentBytes).toBe(0)
  })

  it('gives the memory of an upload back that was given up in the middle', async () => {
    await upload({ hashing: 'worker' })
    const { server, out } = await openStream({ partSize: PART, hashing: 'worker' })
    const held = server.faults.add(
      { operation: 'UploadPart', times: Number.POSITIVE_INFINITY },
      { hold: 'arrival' },
    )
    out.on('error', () => {})
    out.write(CONTENT)
    await held.reached()
    out.destroy()
    await out.settled
    held.release()
    expect(out.progress.heldBytes).toBe(0)
    expect(loadedHasher()?.arena.lentBytes).toBe(0)
  })

  it('re-sends a part from the bytes that were hashed', async () => {
    const { server, out } = await openStream({ partSize: PART, hashing: 'worker' })
    server.faults.add({ operation: 'UploadPart', times: 5 }, { reset: 'mid-body' })
    await pipeline(Readable.from([CONTENT]), out)
    expect((await server.objects.list()[0]?.content())?.equals(CONTENT)).toBe(true)
    expect(out.result?.retries).toBeGreaterThanOrEqual(5)
  })
})
