import { describe, expect, it } from 'vitest'
import { RateMeter } from '../../src/cli/rate-meter.js'

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
