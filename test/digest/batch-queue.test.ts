import { describe, expect, it } from 'vitest'
import { BatchQueue } from '../../src/digest/batch-queue.js'
import type { Digests, HashJob } from '../../src/digest/job.js'
import { Gate } from '../helpers/gate.js'

const job = (n: number): HashJob => ({ bytes: [Buffer.alloc(n)], md5: false, crc64: true })

/** No connection is idle that a part could use before its batch is full. */
const BUSY = { concurrency: 4, busy: true }

/** A queue whose batches wait at a gate; the digest of a part is its size. */
function newQueue(lanes = 4) {
  const batches: number[][] = []
  const gate = new Gate()
  const queue = new BatchQueue({
    now: () => ({ lanes, ...BUSY }),
    hash: async (jobs) => {
      const sizes = jobs.map(({ bytes }) => bytes[0]?.byteLength ?? 0)
      batches.push(sizes)
      await gate.arrive()
      return sizes.map((size): Digests => ({ md5: undefined, crc64: BigInt(size) }))
    },
  })
  const add = (...sizes: number[]) => sizes.map((size) => queue.add(job(size)))
  return { queue, batches, gate, add }
}

describe('a batch queue', () => {
  it('waits until a batch is full, then hashes it at once', async () => {
    const { batches, gate, add } = newQueue()
    const first = add(1, 2, 3)
    expect(batches).toEqual([])
    const last = add(4, 5)
    expect(batches).toEqual([[1, 2, 3, 4]])
    gate.open()
    const digests = await Promise.all([...first, ...last.slice(0, 1)])
    expect(digests.map(({ crc64 }) => crc64)).toEqual([1n, 2n, 3n, 4n])
  })

  it('hashes what waits when the stream ends, while others are hashed and sent too', () => {
    const { queue, batches, add } = newQueue()
    queue.setPending(3)
    add(1, 2, 3, 4, 5, 6)
    expect(batches).toEqual([[1, 2, 3, 4]])
    queue.end()
    expect(batches).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ])
  })

  it('starts no partial batch while parts are out, however the writer waits', async () => {
    const { queue, batches, gate, add } = newQueue()
    const [first] = add(1, 2, 3, 4, 5, 6)
    queue.setPending(6)
    queue.setStalled(true)
    gate.open()
    await first
    await new Promise((resolve) => setImmediate(resolve))
    // Hashed, but not yet sent: their memory is still to come back.
    expect(batches).toEqual([[1, 2, 3, 4]])
    queue.setPending(3)
    expect(batches).toEqual([[1, 2, 3, 4]])
    queue.setPending(2)
    expect(batches.at(-1)).toEqual([5, 6])
  })

  it('forgets that the source was silent when a part comes', () => {
    const { queue, batches, add } = newQueue()
    queue.setStalled(true)
    queue.setPending(1)
    add(1)
    expect(batches).toEqual([])
    queue.setStalled(true)
    expect(batches).toEqual([[1]])
  })

  it('hands the failure of a batch to its parts, and goes on', async () => {
    let calls = 0
    const queue = new BatchQueue({
      now: () => ({ lanes: 2, ...BUSY }),
      hash: async (jobs) => {
        if (calls++ === 0) throw new Error('broken')
        return jobs.map(() => ({ md5: undefined, crc64: 1n }))
      },
    })
    const failed = await Promise.allSettled([queue.add(job(1)), queue.add(job(2))])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const fine = await Promise.all([queue.add(job(1)), queue.add(job(2))])
    expect(fine.map(({ crc64 }) => crc64)).toEqual([1n, 1n])
  })

  it('refuses an answer that lacks a part, rather than send it unchecked', async () => {
    const queue = new BatchQueue({
      now: () => ({ lanes: 2, ...BUSY }),
      hash: async () => [{ md5: undefined, crc64: 1n }],
    })
    const [one, two] = await Promise.allSettled([queue.add(job(1)), queue.add(job(2))])
    expect([one?.status, two?.status]).toEqual(['fulfilled', 'rejected'])
  })

  it('rejects what waits, and what comes later, once it is closed', async () => {
    const { queue, add } = newQueue()
    const reason = new Error('closed')
    const [waiting] = add(1)
    queue.close(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(queue.add(job(2))).rejects.toBe(reason)
    expect(queue.waiting).toBe(0)
  })
})
