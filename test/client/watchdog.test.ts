import { describe, expect, it } from 'vitest'
import { type Phase, Watch, Watchdog } from '../../src/client/watchdog.js'
import type { TransportError } from '../../src/errors.js'
import { FakeClock } from '../helpers/fake-clock.js'

/** How long an attempt stays in a phase before it is given up, in milliseconds. */
async function patience(
  phase: Phase,
  limits: { stallMs: number; responseMs: number },
  pulse = { at: 0 },
) {
  const clock = new FakeClock()
  let error: TransportError | undefined
  const watchdog = new Watchdog(new Watch(clock, { connectMs: 7, ...limits }), pulse, (timeout) => {
    error = timeout
  })
  watchdog.start()
  await clock.breathe()
  if (phase !== 'connecting') watchdog.enter(phase)
  let waited = 0
  for (; error === undefined; waited++) await clock.advance(1)
  return { waited, error, pending: clock.pending }
}

describe('Watchdog', () => {
  it.each([
    ['sending', { stallMs: 20, responseMs: 50 }, 20],
    ['receiving', { stallMs: 20, responseMs: 50 }, 20],
    ['waiting', { stallMs: 20, responseMs: 50 }, 50],
    ['waiting', { stallMs: 50, responseMs: 20 }, 20],
    ['waiting', { stallMs: 50, responseMs: 1 }, 1],
    ['connecting', { stallMs: 20, responseMs: 50 }, 57],
    ['connecting', { stallMs: 50, responseMs: 20 }, 57],
  ] as const)('gives up %s with %o after %i ms', async (phase, limits, expected) => {
    const { waited, error, pending } = await patience(phase, limits)
    expect(waited).toBe(expected)
    const kind = phase === 'connecting' ? 'unsent' : 'timeout'
    expect(error).toMatchObject({ kind, sent: phase === 'waiting' || phase === 'receiving' })
    expect(pending).toBe(0)
  })

  it('does not mind the time of day being set', async () => {
    const clock = new FakeClock()
    const errors: TransportError[] = []
    const limits = { connectMs: 7, stallMs: 20, responseMs: 20 }
    const watchdog = new Watchdog(new Watch(clock, limits), { at: 0 }, (error) => {
      errors.push(error)
    })
    watchdog.start()
    watchdog.enter('sending')
    await clock.breathe()
    clock.setTimeOfDay(-3_600_000)
    await clock.advance(19)
    clock.setTimeOfDay(3_600_000)
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(errors).toHaveLength(1)
  })

  it('waits for a connection as long as another request of the dispatcher gets on', async () => {
    const clock = new FakeClock()
    const limits = { connectMs: 7, stallMs: 20, responseMs: 50 }
    const pulse = { at: 0 }
    const errors: TransportError[] = []
    const watch = new Watch(clock, limits)
    const first = new Watchdog(watch, pulse, () => {})
    const second = new Watchdog(watch, pulse, (error) => errors.push(error))
    for (const watchdog of [first, second]) watchdog.start()
    for (let slices = 0; slices < 100; slices++) {
      await clock.advance(19)
      first.enter('sending')
    }
    await clock.advance(19)
    first.end()
    await clock.advance(56)
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(errors).toMatchObject([{ message: 'no connection was to be had for 0.057 s' }])
  })

  it('gives up an answer that comes to no end, whatever its progress', async () => {
    const clock = new FakeClock()
    const errors: TransportError[] = []
    const limits = { connectMs: 7, stallMs: 20, responseMs: 50 }
    const watchdog = new Watchdog(new Watch(clock, limits), { at: 0 }, (error) =>
      errors.push(error),
    )
    watchdog.start()
    watchdog.enter('receiving')
    watchdog.finishWithin(200)
    for (let waited = 0; waited < 199; waited++) {
      await clock.advance(1)
      watchdog.received(1024)
    }
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(errors).toMatchObject([{ kind: 'timeout', message: 'the answer came to no end' }])
    expect(clock.pending).toBe(0)
  })
})

describe('Watch', () => {
  const LIMITS = { connectMs: 7, stallMs: 20, responseMs: 50 }

  it('gives up those that make no progress, each in its time, over one sleep at a time', async () => {
    const clock = new FakeClock()
    const watch = new Watch(clock, LIMITS)
    const ended: string[] = []
    const began = clock.ticks()
    const start = (name: string, phase: 'sending' | 'waiting') => {
      const dog = new Watchdog(watch, { at: 0 }, () => {
        ended.push(`${name} at ${clock.ticks() - began}`)
      })
      dog.start()
      dog.enter(phase)
      return dog
    }
    start('first', 'sending')
    await clock.advance(10)
    start('second', 'waiting')
    const third = start('third', 'sending')
    expect(clock.pending).toBe(1)
    await clock.advance(15)
    third.enter('sending')
    await clock.advance(100)
    expect(ended).toEqual(['first at 20', 'third at 45', 'second at 60'])
    expect(clock.pending).toBe(0)
  })

  it('sleeps only while somebody is under way', async () => {
    const clock = new FakeClock()
    const watch = new Watch(clock, LIMITS)
    const [first, second] = [1, 2].map(() => new Watchdog(watch, { at: 0 }, () => {}))
    first?.start()
    second?.start()
    first?.end()
    await clock.breathe()
    expect(clock.pending).toBe(1)
    second?.end()
    expect(clock.pending).toBe(0)
    first?.start()
    expect(clock.pending).toBe(1)
    first?.end()
    expect(clock.pending).toBe(0)
  })
})
