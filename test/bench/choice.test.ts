import { describe, expect, it } from 'vitest'
import { checkShown, chooseScenarios } from './choice.js'
import { scenarios } from './scenarios.js'

const NONE = { quick: false, check: false, latest: false }
const ALL = scenarios(false).map(({ name }) => name)

describe('chooseScenarios', () => {
  it('takes them all, as they are', () => {
    expect(chooseScenarios(NONE)).toEqual(scenarios(false))
    expect(chooseScenarios({ ...NONE, quick: true, latest: true })).toEqual(scenarios(true))
  })

  it('takes those that are named, in their own order, as often as is said', () => {
    const chosen = chooseScenarios({ ...NONE, only: 'tls,http', rounds: '9', check: true })
    expect(chosen.map(({ name }) => name)).toEqual(['http', 'tls'])
    for (const { rounds, sink } of chosen) {
      expect(rounds).toBe(9)
      expect(sink.checksDigests).toBe(true)
    }
  })

  it.each([
    [{ only: 'http,nothing' }, 'No such scenario: nothing'],
    [{ rounds: '0' }, 'Expected `--rounds` to be a positive integer, got `0`'],
    [
      { only: ALL.slice(2).join(','), latest: true },
      `must have them all; left out: ${ALL[0]}, ${ALL[1]}`,
    ],
  ])('refuses %j', (flags, message) => {
    expect(() => chooseScenarios({ ...NONE, ...flags })).toThrow(message)
  })
})

describe('checkShown', () => {
  it('takes a run of every scenario, whatever else was in it', () => {
    expect(() => checkShown([...ALL, 'of an earlier version'])).not.toThrow()
  })

  it('refuses a run of nothing', () => {
    expect(() => checkShown([])).toThrow(`left out: ${ALL.join(', ')}`)
  })
})
