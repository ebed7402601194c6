import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConcurrencyControl } from '../../src/upload/concurrency-control.js'
import { type Network, Simulation } from '../helpers/simulated-network.js'

/** 60 MB/s over one connection and 30 ms a request, as in the measurements of a long way. */
const CONNECTION = 60_000
const LINK: Network = { perConnection: CONNECTION, latency: 30 }

function simulate(network: Partial<Network>, { start = 4, max = 16 } = {}) {
  return new Simulation(new ConcurrencyControl({ start, max }), { ...LINK, ...network })
}

/** What so many requests at once would bring, always. */
function rateOf(limit: number, network: Partial<Network>): number {
  return simulate(network, { start: limit, max: limit }).run(300).rate(200)
}

/** Acknowledges `parts` parts that take turns, one a millisecond, `inFlight` being sent at a time. */
function acknowledge(control: ConcurrencyControl, parts: number, inFlight = 16): void {
  for (let at = 1; at <= parts; at++) control.acknowledge({ bytes: 1, sentAt: at - inFlight, at })
}

describe('the limit, on a simulated network,', () => {
  it.each([2, 4, 5, 8, 12, 16])(
    'brings nine tenths of a bottleneck of %i connections within 100 parts',
    (connections) => {
      // Requests that take exactly as long as each other would leave the line idle together.
      const network = { bottleneck: connections * CONNECTION, jitter: 0.1 }
      const best = rateOf(16, network)
      expect(simulate(network).run(100).run(100).rate(100)).toBeGreaterThan(0.9 * best)
    },
  )

  it('goes to the maximum where each connection brings more', () => {
    const run = simulate({}).run(100)
    expect(run.limits.at(-1)).toBe(16)
    expect(run.run(1000).changes(1000)).toBe(0)
  })

  it.each([1, 3])('stays where it began if %i connections fill the bottleneck', (connections) => {
    const { limits } = simulate({ bottleneck: connections * CONNECTION, latency: 0 }).run(1000)
    expect(Math.max(...limits)).toBe(6)
    const beyond = limits.filter((limit) => limit > 4).length
    expect(beyond).toBeLessThan(100)
    expect(limits.at(-1)).toBe(4)
  })

  it('tries ever less often what has brought nothing', () => {
    const run = simulate({ bottleneck: 4 * CONNECTION, latency: 0 }).run(2000)
    expect(run.changes(2000)).toBeLessThanOrEqual(12)
    expect(run.changes(1000)).toBeLessThanOrEqual(4)
  })

  it.each([1, 2.5])('does not grow while the source brings %f connections full', (connections) => {
    const { limits } = simulate({ source: connections * CONNECTION }).run(1000)
    expect(new Set(limits)).toEqual(new Set([4]))
  })

  it.each([1, 2, 6, 12])('comes to terms with a server that refuses more than %i', (accepts) => {
    const network = { accepts, jitter: 0.2 }
    const run = simulate(network).run(2000)
    expect(run.refusals).toBeLessThan(30)
    expect(run.rate(1000)).toBeGreaterThan(0.7 * rateOf(accepts, { jitter: 0.2 }))
    expect(run.changes(1000)).toBeLessThan(20)
  })

  it('recovers once a server takes more again', () => {
    const run = simulate({ accepts: 2 }).run(300)
    expect(run.limits.at(-1)).toBeLessThanOrEqual(2)
    run.network = LINK
    expect(run.run(700).limits.at(-1)).toBe(16)
  })

  it('finds its way although requests take unequal times', () => {
    const network = { jitter: 0.3, bottleneck: 8 * CONNECTION }
    const run = simulate(network).run(300)
    expect(run.rate(200)).toBeGreaterThan(0.85 * rateOf(16, network))
    expect(run.changes(200)).toBeLessThan(10)
  })

  it('is from 1 to the maximum, whatever the network', () => {
    const network = fc.record({
      perConnection: fc.integer({ min: 1000, max: 100_000 }),
      bottleneck: fc.integer({ min: 1000, max: 1_000_000 }),
      latency: fc.integer({ min: 0, max: 500 }),
      accepts: fc.integer({ min: 1, max: 20 }),
      jitter: fc.double({ min: 0, max: 0.9, noNaN: true }),
    })
    const bounds = fc.record({
      start: fc.integer({ min: 1, max: 4 }),
      max: fc.integer({ min: 4, max: 16 }),
    })
    fc.assert(
      fc.property(network, bounds, (way, { start, max }) => {
        const { limits } = simulate(way, { start, max }).run(300)
        expect(Math.min(...limits)).toBeGreaterThanOrEqual(1)
        expect(Math.max(...limits)).toBeLessThanOrEqual(max)
      }),
      { numRuns: 100 },
    )
  })
})

describe('ConcurrencyControl', () => {
  it('begins with what it is told', () => {
    expect(new ConcurrencyControl({ start: 3, max: 9 }).limit).toBe(3)
  })

  it('halves the limit when the service pushes back, once for what was on the wire together', () => {
    const control = new ConcurrencyControl({ start: 12, max: 16 })
    control.pushBack()
    for (let push = 0; push < 11; push++) control.pushBack()
    expect(control.limit).toBe(6)
    acknowledge(control, 12)
    control.pushBack()
    expect(control.limit).toBe(3)
  })

  it('takes a push seriously while it has only just raised the limit', () => {
    const control = new ConcurrencyControl({ start: 4, max: 16 })
    acknowledge(control, 12)
    expect(control.limit).toBe(6)
    control.pushBack()
    expect(control.limit).toBe(3)
  })

  it('never goes below 1', () => {
    const control = new ConcurrencyControl({ start: 1, max: 16 })
    control.pushBack()
    expect(control.limit).toBe(1)
  })

  it.each([
    [3, 4],
    [3.5, 6],
    [4, 6],
  ])('with %f of 4 requests on the wire on average comes to %i', (inFlight, limit) => {
    const control = new ConcurrencyControl({ start: 4, max: 16 })
    acknowledge(control, 12, inFlight)
    expect(control.limit).toBe(limit)
  })

  it('waits for time to pass before it says how fast parts were', () => {
    const control = new ConcurrencyControl({ start: 4, max: 16 })
    for (let part = 0; part < 100; part++) {
      control.acknowledge({ bytes: 1, sentAt: 1, at: 5 })
    }
    expect(control.limit).toBe(4)
    control.acknowledge({ bytes: 1, sentAt: 2, at: 6 })
    expect(control.limit).toBe(6)
  })
})
