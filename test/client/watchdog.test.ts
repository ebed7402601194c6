import { describe, expect, it } from 'vitest'
import { type Phase, Watchdog } from '../../src/client/watchdog.js'
import type { TransportError } from '../../src/errors.js'
import { FakeClock } from '../helpers/fake-clock.js'

/** How long an attempt stays in a phase before it is given up, in milliseconds. */
async function patience(phase: Phase, limits: { stallMs: number; responseMs: number }) {
  const clock = new FakeClock()
  let error: TransportError | undefined
  const watchdog = new Watchdog(clock, limits, (timeout) => {
    error = timeout
  })
  watchdog.start()
  await clock.breathe()
  watchdog.enter(phase)
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
  ] as const)('gives up %s with %o after %i ms', async (phase, limits, expected) => {
    const { waited, error, pending } = await patience(phase, limits)
    expect(waited).toBe(expected)
    expect(error).toMatchObject({ kind: 'timeout', sent: phase !== 'sending' })
    expect(pending).toBe(0)
  })

  it('does not mind the time of day being set', async () => {
    const clock = new FakeClock()
    const errors: TransportError[] = []
    const watchdog = new Watchdog(clock, { stallMs: 20, responseMs: 20 }, (error) => {
      errors.push(error)
    })
    watchdog.start()
    await clock.breathe()
    clock.setTimeOfDay(-3_600_000)
    await clock.advance(19)
    clock.setTimeOfDay(3_600_000)
    expect(errors).toEqual([])
    await clock.advance(1)
    expect(errors).toHaveLength(1)
  })
})
