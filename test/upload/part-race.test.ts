import { describe, expect, it } from 'vitest'
import type { Cancellation } from '../../src/cancellation.js'
import { PartRace } from '../../src/upload/part-race.js'
import { Gate } from '../helpers/gate.js'

const GIVEN_UP = new Error('given up')

/** A race whose requests wait at a gate each; the second of them can be let go first. */
function newRace() {
  const requests: { gate: Gate; cancellation: Cancellation; failure?: Error }[] = []
  const trail: string[] = []
  const race = new PartRace(async (cancellation) => {
    const request: (typeof requests)[number] = { gate: new Gate(), cancellation }
    const name = requests.push(request)
    try {
      await request.gate.arrive(cancellation.signal)
      if (request.failure !== undefined) throw request.failure
      trail.push(`${name} answered`)
      return name
    } catch (error) {
      // A request that was cancelled is not gone at once.
      await Promise.resolve()
      trail.push(`${name} failed`)
      throw error
    }
  })
  const pass = (name: number) => requests[name - 1]?.gate.open()
  const fail = (name: number, failure: Error) => {
    const request = requests[name - 1]
    if (request !== undefined) request.failure = failure
    pass(name)
  }
  return { race, requests, trail, pass, fail }
}

describe('PartRace', () => {
  it('cancels a request that is given up in the very moment it is sent', async () => {
    const requests: Cancellation[] = []
    const race: PartRace<never> = new PartRace((cancellation) => {
      requests.push(cancellation)
      race.cancel(GIVEN_UP)
      return Promise.reject(cancellation.reason)
    })
    await expect(race.run()).rejects.toBe(GIVEN_UP)
    expect(requests.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('is its request, as long as there is one', async () => {
    const { race, pass } = newRace()
    const run = race.run()
    pass(1)
    expect(await run).toBe(1)
  })

  it.each([
    [1, 2],
    [2, 1],
  ])(
    'is won by request %i if that is answered first, and over when %i has settled',
    async (winner, loser) => {
      const { race, trail, pass, requests } = newRace()
      const run = race.run().then((name) => trail.push(`over ${name}`))
      race.again()
      pass(winner)
      await run
      expect(trail).toEqual([`${winner} answered`, `${loser} failed`, `over ${winner}`])
      expect(requests[loser - 1]?.cancellation.aborted).toBe(true)
    },
  )

  it.each([
    [1, 2],
    [2, 1],
  ])('goes on with request %2$i when request %1$i fails', async (failing, other) => {
    const { race, pass, fail, requests } = newRace()
    const run = race.run()
    race.again()
    fail(failing, new Error('broken'))
    await Promise.resolve()
    expect(requests[other - 1]?.cancellation.aborted).toBe(false)
    pass(other)
    expect(await run).toBe(other)
  })

  it('fails with the first failure when both have failed', async () => {
    const { race, trail, fail } = newRace()
    const run = race.run()
    const again = race.again()
    const first = new Error('first')
    fail(2, first)
    await again
    fail(1, new Error('second'))
    await expect(run).rejects.toBe(first)
    expect(trail).toEqual(['2 failed', '1 failed'])
  })

  it('fails when both have settled after it was cancelled', async () => {
    const { race, trail } = newRace()
    const run = race.run()
    race.again()
    race.cancel(GIVEN_UP)
    await expect(run).rejects.toBe(GIVEN_UP)
    expect(trail).toEqual(['1 failed', '2 failed'])
  })

  it('sends nothing more once it is won or over', async () => {
    const { race, requests, pass } = newRace()
    const run = race.run()
    pass(1)
    await run
    expect(race.again()).toBeUndefined()
    expect(requests).toHaveLength(1)
  })
})
