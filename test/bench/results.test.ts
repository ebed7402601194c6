import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBusy } from './machine.js'
import { formatResults, isWhole, parseResults, type Results } from './results.js'
import { scenarios } from './scenarios.js'
import type { Measurement } from './statistics.js'

const MACHINE = {
  cpu: 'a processor',
  cores: 2,
  load: 0.25,
  memoryGiB: 8,
  system: 'Linux 6',
  node: '20.19.0',
  packages: { osspipe: '0.1.0' },
  date: '2026-11-24',
}

function run(wallSeconds: number): Measurement {
  const seen = { opened: 4, mostBusy: 4, requests: 130, bytes: 2 ** 30, sinkCpuSeconds: 0.25 }
  return { ...seen, wallSeconds, cpuSeconds: 1.5, totalBytes: 2 ** 30, objects: 1 }
}

describe('formatResults', () => {
  it('is read as it was written, to six digits', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true })), (walls) => {
        const done = scenarios(true).map((scenario) => ({
          scenario,
          rounds: new Map([['osspipe', walls.map((wall) => run(Number(wall.toPrecision(6))))]]),
        }))
        const results: Results = { machine: MACHINE, isWhole: false, scenarios: done }
        const text = formatResults(results)
        expect(parseResults(text)).toEqual(results)
        expect(formatResults(parseResults(text))).toBe(text)
      }),
      { numRuns: 20 },
    )
  })

  it('has a line for each run', () => {
    const [scenario] = scenarios(true)
    if (scenario === undefined) throw new Error('No scenario')
    const rounds = new Map([['osspipe', [run(1), run(2), run(3)]]])
    const text = formatResults({
      machine: MACHINE,
      isWhole: false,
      scenarios: [{ scenario, rounds }],
    })
    expect(text.split('\n').filter((line) => line.includes('wallSeconds'))).toHaveLength(3)
  })
})

describe('isWhole', () => {
  const wanted = scenarios(false)
  const whole = wanted.map((scenario) => ({ scenario, rounds: new Map<string, Measurement[]>() }))
  const changed = (change: (scenario: (typeof wanted)[number]) => object) =>
    whole.map(({ scenario, rounds }, index) => ({
      scenario: index === 1 ? { ...scenario, ...change(scenario) } : scenario,
      rounds,
    }))

  it.each([
    ['all there is', whole, true],
    ['read back from a file', parseResults(asJson()).scenarios, true],
    ['more rounds', changed(({ rounds }) => ({ rounds: rounds + 1 })), true],
    ['fewer rounds', changed(({ rounds }) => ({ rounds: rounds - 1 })), false],
    ['a smaller object', changed(({ work }) => ({ work: { ...work, bytes: 1024 } })), false],
    ['digests checked', changed(({ sink }) => ({ sink: { ...sink, checksDigests: true } })), false],
    ['a client left out', changed(({ entries }) => ({ entries: entries.slice(1) })), false],
    ['a scenario left out', whole.slice(1), false],
    ['nothing', [], false],
  ])('%s', (_what, done, expected) => {
    expect(isWhole(done, wanted)).toBe(expected)
  })

  it('is not true of a quick run', () => {
    const quick = scenarios(true).map((scenario) => ({ scenario, rounds: new Map() }))
    expect(isWhole(quick, wanted)).toBe(false)
  })

  function asJson(): string {
    return formatResults({ machine: MACHINE, isWhole: true, scenarios: whole })
  }
})

describe('isBusy', () => {
  it.each([
    [0, 2, false],
    [1, 2, false],
    [1.01, 2, true],
    [1.01, 4, false],
    [9, 8, true],
  ])('a load of %d on %d cores: %s', (load, cores, expected) => {
    expect(isBusy({ load, cores })).toBe(expected)
  })
})
