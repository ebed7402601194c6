/** The parts on the wire: what is counted, and what becomes of them all at the end. */
import { describe, expect, it } from 'vitest'
import type { Cancellation } from '../../src/cancellation.js'
import { PartFlights } from '../../src/upload/part-flights.js'
import { Permits } from '../../src/upload/permits.js'
import { Gate } from '../helpers/gate.js'
import { neverWakes } from '../helpers/new-upload.js'

const REASON = new Error('given up')

function newFlights() {
  return new PartFlights({
    permits: new Permits(3),
    ticks: () => 0,
    sleep: neverWakes,
    onHedge: () => {},
  })
}

function part(partNumber: number) {
  return { partNumber, size: 5, digests: {} }
}

describe('the parts on the wire', () => {
  it('are counted until they have settled', async () => {
    const flights = newFlights()
    const gates = [new Gate(), new Gate()]
    const failure = new Error('broken')
    const ended = gates.map((gate, i) =>
      flights.send(part(i + 1), async () => {
        await gate.arrive()
        if (i === 1) throw failure
        return { etag: 'A' }
      }),
    )
    expect(flights.count).toBe(2)
    gates[0]?.open()
    expect(await ended[0]).toEqual({ etag: 'A' })
    expect(flights.count).toBe(1)
    gates[1]?.open()
    await expect(ended[1]).rejects.toBe(failure)
    expect(flights.count).toBe(0)
  })

  it('are all cancelled at the end, and none begins any more', async () => {
    const flights = newFlights()
    const sent: number[] = []
    const send = (partNumber: number) =>
      flights.send(part(partNumber), async (cancellation: Cancellation) => {
        sent.push(partNumber)
        await new Gate().arrive(cancellation.signal)
        return { etag: 'A' }
      })
    const refused = [1, 2, 3].map((each) => expect(send(each)).rejects.toBe(REASON))
    flights.close(REASON)
    refused.push(expect(send(4)).rejects.toBe(REASON))
    await Promise.all(refused)
    expect([sent, flights.count]).toEqual([[1, 2, 3], 0])
  })
})
