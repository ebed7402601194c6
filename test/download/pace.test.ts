import { describe, expect, it } from 'vitest'
import { firstLanes, nextLanes, Pace } from '../../src/download/pace.js'

describe('the number of ranges at once', () => {
  it.each([
    [0, 4],
    [0.49, 4],
    [0.5, 1],
    [1, 1],
  ])('begins, after a load of %d, with %i of 4', (load, lanes) => {
    expect(firstLanes(load, 4)).toBe(lanes)
  })

  it.each([
    [4, 1, 3],
    [2, 0.95, 1],
    [1, 1, 1],
    [4, 0.94, 4],
    [1, 0.5, 1],
    [1, 0.4, 2],
    [2, 0.7, 2],
    [2, 0.6, 3],
    [3, 0.72, 3],
    [3, 0.7, 4],
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

  it('looks again soon after the start, and then only now and again', () => {
    const loads = [0.8, 1, 1, ...Array<number>(3).fill(0.2), 0.9, 0.9, ...Array<number>(9).fill(1)]
    const { pace, time } = newPace(loads)
    pace.start()
    const seen = Array.from({ length: 600 }, () => {
      const { lanes } = pace
      time.now += 1
      return lanes
    })
    const changes = seen.flatMap((lanes, ms) => (lanes === seen[ms - 1] ? [] : [[ms, lanes]]))
    expect(changes).toEqual([
      [0, 1],
      [70, 2],
      [110, 3],
      [150, 4],
      [370, 3],
      [470, 2],
      [570, 1],
    ])
  })
})
