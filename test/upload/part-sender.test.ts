/** Full parts on their way, from the digests to the ledger: what is waited for, and until when. */
import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../src/upload/buffer-pool.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import { Part } from '../../src/upload/part.js'
import { PartSender } from '../../src/upload/part-sender.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { PLAIN_SLABS } from '../helpers/new-upload.js'
import { SlowTarget } from '../helpers/slow-target.js'

const SIZE = 8
const FULL = { digests: { md5: true, crc64: false }, hashesAsItFills: true }

/** A sender of parts of eight bytes; the digests of `sealing` wait at its gate. */
async function newSender(sealing?: number) {
  const [clock, target, sealed] = [new FakeClock(), new SlowTarget(), new Gate()]
  const failures: unknown[] = []
  const pool = new BufferPool({
    bufferSize: SIZE,
    maxMemory: 8 * SIZE,
    ownBuffers: 8,
    budget: new MemoryBudget(0),
    slabs: PLAIN_SLABS,
  })
  const sender = new PartSender(target, {
    concurrency: 8,
    hedge: true,
    ticks: () => clock.ticks(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    pool,
    seal: async (part) => {
      if (part.partNumber === sealing) await sealed.arrive()
      return part.seal()
    },
    onPending: () => {},
    onHedge: () => {},
    onStored: () => {},
    onFailure: (error) => failures.push(error),
  })
  const uploadId = target.initiate()
  await uploadId
  const send = async (partNumber: number) => {
    const part = new Part(partNumber, SIZE, FULL)
    part.addBuffer(await pool.acquire())
    part.append(Buffer.alloc(SIZE, partNumber), 0, SIZE)
    sender.send(part, uploadId)
  }
  return { sender, send, clock, target, sealed, failures, pool }
}

describe('the parts of an upload', () => {
  it('have given their memory back when none is under way any more, stored or not', async () => {
    const { sender, send, target, failures, pool } = await newSender()
    const failure = new Error('broken')
    const [first, second] = [target.delay('part 1', failure), target.delay('part 2')]
    for (const partNumber of [1, 2]) await send(partNumber)
    const held: number[] = []
    const waits = [sender.settled(), sender.drain()].map((wait) =>
      wait.then(() => held.push(pool.heldBytes)),
    )
    first.open()
    await first.reached()
    second.open()
    await Promise.all(waits)
    expect(held).toEqual([0, 0])
    expect(failures).toEqual([failure])
    expect(sender.ledger.count).toBe(1)
  })

  it('are not sent a second time as long as another one has no digests yet', async () => {
    const { sender, send, clock, target, sealed } = await newSender(5)
    target.delay('part 4')
    for (const partNumber of [1, 2, 3, 4, 5]) await send(partNumber)
    const drained = sender.drain()
    const requests = () => target.wire.filter((name) => /^part 4b?$/.test(name))
    await clock.advance(5000)
    expect(requests()).toEqual(['part 4'])
    sealed.open()
    await clock.advance(5000)
    expect(requests()).toEqual(['part 4', 'part 4b'])
    await drained
    expect(sender.ledger.count).toBe(5)
  })
})
