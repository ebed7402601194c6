import { describe, expect, it } from 'vitest'
import { firstLanes, nextLanes, Pace } from '../../src/download/pace.js'

describe('the number of ranges at once', () => {
  it.each([
    [0, 4],
    [0.59, 4],
    [0.6, 1],
    [1, 1],
  ])('begins, after a load of %d, with %i of 4', (load, lanes) => {
    expect(firstLanes(load, 4)).toBe(lanes)
  })

  it.each([
    [4, 1, 2],
    [2, 0.9, 1],
    [3, 0.95, 1],
    [1, 1, 1],
    [4, 0.89, 4],
    [1, 0.6, 1],
    [1, 0.59, 2],
    [3, 0, 4],
    [4, 0, 4],
  ])('is, after %i and a load of %d, %i', (lanes, load, next) => {
    expect(nextLanes(lanes, load, 4)).toBe(next)
  })
})

describe('the pace', () => {
  function newPace(loads: number[]) {
    const time = { now: 1000 }
    const meters: number[] = []
    const newLoadMeter = () => {
      meters.push(time.now)
      return () => loads.shift() ?? Number.NaN
    }
    return { time, meters, pace: new Pace({ most: 4, ticks: () => time.now, newLoadMeter }) }
  }

  it('measures from the first request on, however old the stream is', () => {
    const { pace, time, meters } = newPace([0.1])
    time.now += 5000
    pace.start()
    expect(meters).toEqual([6000])
    expect(pace.lanes).toBe(4)
  })

  it('looks again only after a while', () => {
    const { pace, time } = newPace([0.7, 0.2, 0.2, 1])
    pace.start()
    expect(pace.lanes).toBe(1)
    time.now += 49
    expect(pace.lanes).toBe(1)
    time.now += 1
    expect([pace.lanes, pace.lanes]).toEqual([2, 2])
    time.now += 50
    expect(pace.lanes).toBe(4)
    time.now += 1000
    expect([pace.lanes, pace.lanes]).toEqual([2, 2])
  })
})
