import { describe, expect, it } from 'vitest'
import { systemClock, whenIdle } from '../../src/client/clock.js'
import { FakeClock } from '../helpers/fake-clock.js'

describe('systemClock', () => {
  it('rejects with the reason itself when a sleep is aborted', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const sleeping = systemClock.sleep(60_000, controller.signal)
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(systemClock.sleep(0, controller.signal)).rejects.toBe(reason)
  })

  it('keeps the process alive while it sleeps, and not longer', async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const controller = new AbortController()
    const sleeping = systemClock.sleep(2 ** 40, controller.signal)
    expect(timers()).toBe(before + 1)
    controller.abort(new Error('awake'))
    await expect(sleeping).rejects.toThrow('awake')
    expect(timers()).toBe(before)
  })

  it('gives chance from 0 up to 1', () => {
    const values = Array.from({ length: 100 }, () => systemClock.random())
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(new Set(values).size).toBeGreaterThan(90)
  })
})

describe('whenIdle', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

  it('runs a task later', async () => {
    let isDone = false
    const done = new Promise<void>((resolve) => {
      whenIdle(0, () => {
        isDone = true
        resolve()
      })
    })
    expect(isDone).toBe(false)
    // Something has to keep the process alive: the timer does not.
    await Promise.race([done, systemClock.sleep(10_000)])
    expect(isDone).toBe(true)
  })

  it('keeps no process alive', () => {
    const before = timers()
    const cancel = whenIdle(10_000, () => {})
    expect(timers()).toBe(before)
    cancel()
  })

  it('runs nothing that was cancelled', async () => {
    const ran: string[] = []
    whenIdle(0, () => ran.push('cancelled'))()
    await new Promise<void>((resolve) => whenIdle(1, resolve))
    expect(ran).toEqual([])
  })
})

describe('FakeClock', () => {
  it('wakes sleepers in the order in which they are due', async () => {
    const clock = new FakeClock()
    const start = clock.now()
    const trail: string[] = []
    const sleep = (ms: number) => clock.sleep(ms).then(() => trail.push(`${clock.now() - start}`))
    const all = Promise.all([sleep(30), sleep(10), sleep(20).then(() => sleep(5)), sleep(100)])
    expect(clock.pending).toBe(4)
    await clock.advance(50)
    expect(trail).toEqual(['10', '20', '25', '30'])
    expect(clock.pending).toBe(1)
    await clock.advance(50)
    await all
    expect(clock.now()).toBe(start + 100)
  })
})
