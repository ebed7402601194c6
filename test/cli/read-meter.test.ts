/** Who waited for whom in a download. */
import { describe, expect, it } from 'vitest'
import { boundOf, ReadMeter, readVerdict } from '../../src/cli/read-meter.js'

describe('a download', () => {
  it('waits for the output while bytes lie there, and for the network otherwise', () => {
    const clock = { at: 0 }
    const meter = new ReadMeter({ ticks: () => clock.at })
    for (const [ms, readable] of [
      [100, 0],
      [1000, 5],
      [10, 0],
    ] as const) {
      clock.at += ms
      meter.sample(readable)
    }
    expect(meter.waits).toEqual({ networkWaitMs: 110, outputWaitMs: 1000 })
  })

  it.each([
    [{ networkWaitMs: 4500, outputWaitMs: 1500 }, 'network', 'more --concurrency may help'],
    [{ networkWaitMs: 1500, outputWaitMs: 4500 }, 'output', 'a faster download would not help'],
  ])('of %j is told to be bound by the %s', (waits, bound, advice) => {
    expect(boundOf(waits)).toBe(bound)
    expect(readVerdict(waits)).toMatch(new RegExp(`^${bound}-bound: of 6\\.0 s, .*${advice}$`))
    expect(readVerdict(waits)).toContain('75 %')
  })

  it('is too short to tell', () => {
    expect(readVerdict({ networkWaitMs: 900, outputWaitMs: 99 })).toBeUndefined()
  })
})
