/** When how many bytes may pass. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { takeTokens } from '../src/token-bucket.js'

const rate = { bytesPerSecond: 1000, burst: 100 }

describe('a token bucket', () => {
  it.each([
    // tokens, at, bytes, now → wait, tokens left
    ['lets a burst pass at once', 100, 0, 100, 0, 0, 0],
    ['lets wait for what is not there', 100, 0, 150, 0, 50, -50],
    ['fills with time', 0, 0, 50, 50, 0, 0],
    ['fills no higher than its burst', 0, 0, 100, 9000, 0, 0],
    ['lets wait for those before, too', -50, 0, 100, 20, 130, -130],
    ['does not empty when time stands still or goes back', 10, 500, 10, 400, 0, 0],
    ['takes nothing for nothing', 0, 0, 0, 0, 0, 0],
  ])('%s', (_name, tokens, atMs, bytes, nowMs, waitMs, left) => {
    const taken = takeTokens({ tokens, atMs }, bytes, nowMs, rate)
    expect(taken).toEqual({ waitMs, bucket: { tokens: left, atMs: nowMs } })
  })

  it('lets no more pass in any time than burst and rate allow', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 100 }), restMs: fc.nat(200) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        let bucket = { tokens: rate.burst, atMs: 0 }
        let now = 0
        let passed = 0
        for (const { bytes, restMs } of steps) {
          now += restMs
          const taken = takeTokens(bucket, bytes, now, rate)
          bucket = taken.bucket
          now += taken.waitMs
          passed += bytes
          expect(passed).toBeLessThanOrEqual(rate.burst + (now * rate.bytesPerSecond) / 1000 + 1e-6)
        }
      }),
    )
  })
})
