/** A slow part at the end of a stream is sent a second time, over real sockets. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(5.5 * PART)
const REASON = new Error('given up')

/** A stream of 6 parts of which only the third, held by the server, is not stored. */
async function slowThird(
  options: OssWriteStreamOptions = {},
  hold = 'arrival' as 'arrival' | 'before-answer',
) {
  const clock = new FakeClock(Date.now())
  const server = await startServer()
  const own = { clock, concurrency: 3, ...options }
  const out = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, own))
  const held = server.faults.add({ operation: 'UploadPart', partNumber: 3 }, { hold })
  out.end(INPUT)
  await held.reached()
  while (out.partsUploaded < 5) await once(out, 'part')
  const third = () => server.requests.of('UploadPart').filter(({ partNumber }) => partNumber === 3)
  return { clock, server, out, held, third }
}

describe('a stream whose third part is slow', () => {
  it.each(['arrival', 'before-answer'] as const)(
    'sends it again over another connection (held: %s)',
    async (hold) => {
      const { clock, server, out, third } = await slowThird({}, hold)
      const hedge = once(out, 'hedge')
      await clock.advance(1000)
      expect(await hedge).toEqual([{ partNumber: 3, elapsedMs: 1000 }])
      await finished(out)
      const [first, second] = third()
      expect(second?.status).toBe(200)
      expect(second?.connection).not.toBe(first?.connection)
      expect(third()).toHaveLength(2)
      expect(server.requests.maxInFlight()).toBeLessThanOrEqual(3)
      expect(out.result).toMatchObject({ parts: 6, size: INPUT.length, retries: 0 })
      expect((await stored(server))?.equals(INPUT)).toBe(true)
    },
  )

  it('publishes the object whole even if the first request arrives after all', async () => {
    const { clock, server, out, held } = await slowThird()
    await clock.advance(1000)
    await finished(out)
    held.release()
    expect((await stored(server))?.equals(INPUT)).toBe(true)
    expect(server.uploads.list()).toEqual([])
  })

  it('leaves nothing if it is given up while both requests are under way', async () => {
    const { clock, server, out } = await slowThird()
    const again = server.faults.add({ operation: 'UploadPart', partNumber: 3 }, { hold: 'arrival' })
    const hedge = once(out, 'hedge')
    await clock.advance(1000)
    await hedge
    await again.reached()
    out.destroy(REASON)
    expect(await ending(out)).toBe(REASON)
    await out.settled
    expect(server.uploads.list()).toEqual([])
    expect(server.requests.of('AbortMultipartUpload')).toHaveLength(1)
    expect(out.progress).toMatchObject({ heldBytes: 0, partsInFlight: 0 })
  })

  it('does so with a checkpoint, too, and removes it', async () => {
    const checkpoint = new MemoryCheckpoint()
    const { clock, server, out, third } = await slowThird({ checkpoint })
    await clock.advance(1000)
    await finished(out)
    expect(third()).toHaveLength(2)
    expect(await checkpoint.load()).toBeUndefined()
    expect((await stored(server))?.equals(INPUT)).toBe(true)
  })

  it('waits for it with `hedge: false`', async () => {
    const { clock, out, held, third } = await slowThird({ hedge: false })
    await clock.advance(10_000)
    expect(third()).toHaveLength(1)
    held.release()
    await finished(out)
    expect(third()).toHaveLength(1)
  })
})
