import { describe, expect, it } from 'vitest'
import { type Measurement, median, ratio } from './statistics.js'
import { judge } from './targets.js'

function run(cpuSeconds: number, totalBytes = 1024, peakRssMiB = 100): Measurement {
  const seen = { opened: 1, mostBusy: 1, requests: 1, bytes: totalBytes, sinkCpuSeconds: 0 }
  return { ...seen, wallSeconds: cpuSeconds, cpuSeconds, peakRssMiB, totalBytes, objects: 1 }
}

describe('median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 1], 9],
    [[], Number.NaN],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})

describe('ratio', () => {
  it('compares within a round before it takes the median', () => {
    const rounds = new Map([
      ['ours', [run(1), run(20), run(3)]],
      ['theirs', [run(2), run(40), run(2)]],
    ])
    expect(ratio(rounds, 'cpuSeconds', 'ours', 'theirs')).toBe(0.5)
  })

  it('compares time by the byte, and memory as it is', () => {
    const rounds = new Map([
      ['ours', [run(10, 10_240, 110)]],
      ['theirs', [run(2, 1024, 100)]],
    ])
    expect(ratio(rounds, 'cpuSeconds', 'ours', 'theirs')).toBe(0.5)
    expect(ratio(rounds, 'peakRssMiB', 'ours', 'theirs')).toBe(1.1)
  })

  it('is no number if one of them has not run', () => {
    expect(ratio(new Map([['ours', [run(1)]]]), 'cpuSeconds', 'ours', 'theirs')).toBeNaN()
  })
})

describe('judge', () => {
  const target = { text: 'CPU', quantity: 'cpuSeconds', name: 'ours', base: 'theirs' } as const
  const results = new Map([
    [
      'http',
      new Map([
        ['ours', [run(1)]],
        ['theirs', [run(2)]],
      ]),
    ],
  ])

  it.each([
    [0.5, true],
    [0.49, false],
  ])('holds a ratio of 0.5 against a limit of %d: %s', (limit, isMet) => {
    expect(judge(results, [{ ...target, scenario: 'http', limit }])).toMatchObject([
      { value: 0.5, isMet },
    ])
  })

  it('says nothing of a scenario that was not run, and takes a failed one for missed', () => {
    expect(judge(results, [{ ...target, scenario: 'tls', limit: 1 }])).toEqual([])
    const absent = { ...target, base: 'nobody', scenario: 'http', limit: 1 }
    expect(judge(results, [absent])).toMatchObject([{ isMet: false }])
  })
})
