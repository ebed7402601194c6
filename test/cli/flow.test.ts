import { describe, expect, it } from 'vitest'
import { FlowMeter, verdictLine, verdictOf } from '../../src/cli/flow.js'
import { RateMeter } from '../../src/cli/rate-meter.js'

const IDLE = { writableLength: 0, writableEnded: false }
const FULL = { writableLength: 1, writableEnded: false }
const ENDED = { writableLength: 0, writableEnded: true }

class Hands {
  at = 0
  busy = 0
  ticks = () => this.at
  busyMs = () => this.busy
}

function flowOf(samples: readonly [ms: number, busyMs: number, probe: typeof IDLE][]) {
  const clock = new Hands()
  const meter = new FlowMeter(clock)
  for (const [ms, busyMs, probe] of samples) {
    clock.at += ms
    clock.busy += busyMs
    meter.sample(probe)
  }
  return meter.flow
}

describe('the flow', () => {
  it('books time to the source, the network, or this process', () => {
    expect(flowOf([])).toEqual({ networkWaitMs: 0, sourceWaitMs: 0, busyMs: 0 })
    const flow = flowOf([
      [100, 10, IDLE],
      [50, 0, FULL],
      [200, 20, ENDED],
      [10, 30, IDLE],
    ])
    expect(flow).toEqual({ sourceWaitMs: 90, networkWaitMs: 230, busyMs: 40 })
  })

  it.each([
    ['source', { sourceWaitMs: 3000, networkWaitMs: 1000, busyMs: 2000 }, '50 % waiting for the s'],
    ['network', { sourceWaitMs: 1000, networkWaitMs: 3000, busyMs: 2000 }, '50 % for the network'],
    ['processor', { sourceWaitMs: 1000, networkWaitMs: 2000, busyMs: 3000 }, '50 % computing'],
  ])('is told to be %s-bound', (bound, flow, text) => {
    expect(verdictOf(flow).bound).toBe(bound)
    expect(verdictLine(flow)).toMatch(new RegExp(`^${bound}-bound: of 6\\.0 s, `))
    expect(verdictLine(flow)).toContain(text)
  })

  it('is not told of less than a second', () => {
    expect(verdictLine({ sourceWaitMs: 999, networkWaitMs: 0, busyMs: 0 })).toBeUndefined()
  })
})

describe('the rate', () => {
  it('is that of the last 10 s', () => {
    const meter = new RateMeter(10_000)
    expect(meter.sample(0, 0)).toBe(0)
    expect(meter.sample(1000, 500)).toBe(500)
    expect(meter.sample(10_000, 5000)).toBe(500)
    expect(meter.sample(20_000, 5000)).toBe(0)
    expect(meter.sample(25_000, 10_000)).toBe(333.3333333333333)
    expect(meter.sample(35_000, 20_000)).toBe(1000)
  })
})
