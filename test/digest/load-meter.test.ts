import { describe, expect, it } from 'vitest'
import { newLoadMeter, newLoopLoad } from '../../src/digest/load-meter.js'

/** A meter of a loop that works and idles as told, in milliseconds. */
function newLoop(leastMs?: number) {
  const spent = { active: 0, idle: 0 }
  const meter = newLoadMeter(leastMs, () => ({ ...spent }))
  return {
    load: meter,
    pass(active: number, idle: number) {
      spent.active += active
      spent.idle += idle
    },
  }
}

describe('a load meter', () => {
  it('tells the share of the time since the last call that was spent working', () => {
    const { load, pass } = newLoop()
    pass(30, 10)
    expect(load()).toBe(0.75)
    pass(0, 5)
    expect(load()).toBe(0)
    pass(5, 0)
    expect(load()).toBe(1)
  })

  it('is told the same as long as no time has passed', () => {
    const { load, pass } = newLoop()
    expect(load()).toBe(0)
    pass(1, 1)
    expect([load(), load()]).toEqual([0.5, 0.5])
  })

  it('tells of no less time than it is to', () => {
    const { load, pass } = newLoop(100)
    pass(99, 0)
    expect(load()).toBe(0)
    // Of all since the last time that it looked, not since the last call.
    pass(0, 1)
    expect(load()).toBe(0.99)
    pass(0, 99)
    expect(load()).toBe(0.99)
    pass(0, 101)
    expect(load()).toBe(0)
  })

  it('looks at the loop of the process', () => {
    const load = newLoadMeter()
    const until = performance.now() + 5
    while (performance.now() < until);
    expect(load()).toBeCloseTo(1)
  })
})

describe('the load of the loop, as a stream asks for it', () => {
  it('is busy by what has just been, and pressed only by a while of it', () => {
    const time = { active: 0, idle: 0 }
    const load = newLoopLoad(() => ({ ...time }))
    time.active += 70
    time.idle += 30
    // Its while begins with the first question.
    expect([load.isBusy(), load.isPressed()]).toEqual([true, false])
    time.active += 60
    expect([load.isBusy(), load.isPressed()]).toEqual([true, false])
    time.active += 40
    expect([load.isBusy(), load.isPressed()]).toEqual([true, true])
    time.idle += 50
    expect([load.isBusy(), load.isPressed()]).toEqual([false, true])
    time.idle += 50
    expect([load.isBusy(), load.isPressed()]).toEqual([false, false])
  })
})
