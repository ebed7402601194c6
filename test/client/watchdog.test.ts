import { describe, expect, it } from 'vitest'
import { type Phase, Watchdog } from '../../src/client/watchdog.js'
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
  const watchdog = new Watchdog(clock, { connectMs: 7, ...limits }, pulse, (timeout) => {
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
    const watchdog = new Watchdog(clock, limits, { at: 0 }, (error) => {
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
    const first = new Watchdog(clock, limits, pulse, () => {})
    const second = new Watchdog(clock, limits, pulse, (error) => errors.push(error))
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
    const watchdog = new Watchdog(clock, limits, { at: 0 }, (error) => errors.push(error))
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
