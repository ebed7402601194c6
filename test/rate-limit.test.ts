/** Bytes that pass no faster than they may, on a clock moved by hand. */
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createRateLimit, type RateLimitOptions } from '../src/rate-limit.js'
import { FakeClock } from './helpers/fake-clock.js'

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn()
}

describe('a rate limit', () => {
  it('lets a burst pass, and then so many bytes a second', async () => {
    const clock = new FakeClock()
    const limit = createRateLimit({ maxBytesPerSecond: 1000, burst: 100, clock })
    let passed = ''
    limit.on('data', (chunk) => {
      passed += chunk
    })
    const text = 'x'.repeat(99) + 'y'.repeat(151)
    limit.end(text)
    const seen: number[] = []
    for (let ms = 0; ms <= 200; ms += 50) {
      await settle()
      seen.push(passed.length)
      await clock.advance(50)
    }
    expect(seen).toEqual([100, 100, 200, 250, 250])
    expect(passed).toBe(text)
  })

  it('has a burst of a tenth of a second unless told otherwise', async () => {
    const clock = new FakeClock()
    const limit = createRateLimit({ maxBytesPerSecond: 1001, clock })
    const chunks: number[] = []
    limit.on('data', ({ length }) => chunks.push(length))
    limit.write(Buffer.alloc(300))
    await settle()
    await clock.advance(10_000)
    await settle()
    expect(chunks).toEqual([101, 101, 98])
    limit.destroy()
  })

  it('makes its source wait', async () => {
    const clock = new FakeClock()
    const limit = createRateLimit({ maxBytesPerSecond: 10, clock })
    limit.resume()
    let taken = 0
    const source = Readable.from(
      (function* chunks() {
        for (;;) {
          taken++
          yield Buffer.alloc(16 * 1024)
        }
      })(),
    )
    source.pipe(limit)
    await settle()
    expect(taken).toBeLessThan(8)
    source.destroy()
    limit.destroy()
  })

  it('stops waiting when it is destroyed', async () => {
    const clock = new FakeClock()
    const limit = createRateLimit({ maxBytesPerSecond: 1, clock })
    limit.resume().write('abc')
    await settle()
    expect(clock.pending).toBe(1)
    limit.destroy()
    expect(clock.pending).toBe(0)
  })

  it.each<[unknown, string]>([
    [{}, 'Expected `maxBytesPerSecond` to be an integer from 1 (bytes), got nothing'],
    [{ maxBytesPerSecond: 0 }, 'Expected `maxBytesPerSecond` to be an integer from 1'],
    [{ maxBytesPerSecond: 1, burst: 0.5 }, 'Expected `burst` to be an integer from 1'],
    [{ maxBytesPerSecond: 1, clock: {} }, 'Expected `clock` to be an object with a method'],
    [
      { maxBytePerSecond: 1 },
      'Unknown option `maxBytePerSecond` of createRateLimit(); did you mean `maxBytesPerSecond`?',
    ],
    [undefined, 'Expected `options` to be an object'],
  ])('refuses %j', (options, message) => {
    expect(() => createRateLimit(options as RateLimitOptions)).toThrow(message)
  })
})
