/** Waiting is summed up by its cause, one at a time. */
import { describe, expect, it } from 'vitest'
import { StallMeter } from '../../src/upload/stall-meter.js'

function newMeter() {
  const clock = { at: 1000 }
  return { clock, meter: new StallMeter({ ticks: () => clock.at }) }
}

describe('StallMeter', () => {
  it('counts each cause for itself, and work for none', () => {
    const { clock, meter } = newMeter()
    for (const [cause, ms] of [
      ['source', 1],
      [undefined, 10],
      ['memory', 100],
      ['network', 1000],
      ['source', 10_000],
      [undefined, 100_000],
    ] as const) {
      meter.enter(cause)
      clock.at += ms
    }
    expect(meter.stalls).toEqual({ source: 10_001, memory: 100, network: 1000 })
  })

  it('counts what is being waited for up to now, once', () => {
    const { clock, meter } = newMeter()
    meter.enter('network')
    clock.at += 5
    expect(meter.stalls.network).toBe(5)
    expect(meter.stalls.network).toBe(5)
    clock.at += 2
    expect(meter.stalls.network).toBe(7)
  })

  it('counts nothing before it is told what for', () => {
    const { clock, meter } = newMeter()
    clock.at += 5
    expect(meter.stalls).toEqual({ source: 0, memory: 0, network: 0 })
  })
})
