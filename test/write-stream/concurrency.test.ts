/** `concurrency: 'auto'` over real sockets. Time stands still until all requests of a round are there. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { OssWriteStreamOptions } from '../../src/options.js'
import type { OssServer } from '../../src/server/server.js'
import { ConcurrencyControl } from '../../src/upload/concurrency-control.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { Gate } from '../helpers/gate.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

/** How long a part is under way, in milliseconds, however many others there are. */
const TRIP = 100
const PARTS = 180

async function open(options: OssWriteStreamOptions = {}) {
  const clock = new FakeClock(Date.now())
  const server = await startServer()
  // No part waits for others to be hashed with.
  const own = { clock, concurrency: 'auto' as const, integrity: false as const, ...options }
  const out = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, own))
  return { clock, server, out }
}

/** Holds all parts as they arrive, in the order of their arrival. */
function holdParts(server: OssServer) {
  const arrived: (() => void)[] = []
  const gate = new Gate()
  for (let partNumber = 1; partNumber <= PARTS; partNumber++) {
    const fault = server.faults.add({ operation: 'UploadPart', partNumber }, { hold: 'arrival' })
    fault.reached().then(() => {
      arrived.push(() => fault.release())
      void gate.arrive()
    })
  }
  return { arrived, reached: (count: number) => gate.reached(count) }
}

describe('a stream with `concurrency: auto`', () => {
  it.each([
    ['16', 16, undefined],
    ['what the memory holds', 7, 8 * PART],
  ])('sends more at once as long as that is faster, up to %s', async (_, max, maxMemory) => {
    const { clock, server, out } = await open({ maxMemory })
    const { arrived, reached } = holdParts(server)
    let mostHeld = 0
    out.on('progress', ({ heldBytes }) => {
      mostHeld = Math.max(mostHeld, heldBytes)
    })
    const input = bytes(PARTS * PART)
    out.end(input)
    const expected = new ConcurrencyControl({ start: 4, max })
    for (let letGo = 0; expected.limit < max || letGo < 100; ) {
      const sentAt = clock.ticks()
      const { limit } = expected
      await reached(letGo + limit)
      expect(out.progress.partsInFlight).toBe(limit)
      await clock.advance(TRIP)
      for (const release of arrived.slice(letGo, letGo + limit)) release()
      letGo += limit
      for (let part = 0; part < limit; part++) {
        expected.acknowledge({ bytes: PART, sentAt, at: clock.ticks() })
      }
    }
    server.faults.clear()
    await finished(out)
    expect(server.requests.maxInFlight('UploadPart')).toBe(max)
    expect(mostHeld).toBeLessThanOrEqual(maxMemory ?? (max + 4) * PART)
    expect((await stored(server))?.equals(input)).toBe(true)
  })

  it.each([
    ['503', { status: 503 }],
    ['429', { status: 429, code: 'TooManyRequests' }],
  ] as const)('sends half as many when the service answers %s', async (_, refusal) => {
    const { server, out } = await open()
    const refused = server.faults.add({ operation: 'UploadPart', partNumber: 2 }, refusal)
    const [one, two, three, four, five, six] = [1, 2, 3, 4, 5, 6].map((partNumber) => {
      const skip = partNumber === 2 ? 1 : 0
      return server.faults.add({ operation: 'UploadPart', partNumber, skip }, { hold: 'arrival' })
    })
    out.end(bytes(12 * PART))
    for (const part of [one, two, three, four]) await part?.reached()
    expect(refused.hits).toBe(1)
    for (const part of [one, three, four]) part?.release()
    await five?.reached()
    while (out.partsUploaded < 3) await once(out, 'part')
    expect(out.progress.partsInFlight).toBe(2)
    five?.release()
    await six?.reached()
    expect(out.progress.partsInFlight).toBe(2)
    server.faults.clear()
    await finished(out)
    expect(server.requests.maxInFlight('UploadPart')).toBe(4)
  })
})
