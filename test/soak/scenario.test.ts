/** What a seed stands for. */
import { expect, it } from 'vitest'
import { drawScenario, mustFail } from './scenario.js'

it('is the same scenario each time, and another with another seed or index', () => {
  expect(drawScenario(7, 3, false)).toEqual(drawScenario(7, 3, false))
  expect(drawScenario(7, 3, false)).not.toEqual(drawScenario(8, 3, false))
  expect(drawScenario(7, 3, false)).not.toEqual({ ...drawScenario(7, 4, false), index: 3 })
})

it('meets every kind of story within a few hundred', () => {
  const scenarios = Array.from({ length: 600 }, (_, index) => drawScenario(1, index, false))
  const seen = (field: keyof (typeof scenarios)[number]) =>
    [...new Set(scenarios.map((scenario) => String(scenario[field])))].sort()
  expect(seen('before')).toEqual(['equal', 'nothing', 'other'])
  expect(seen('exactSize')).toEqual(['right', 'undefined', 'wrong'])
  expect(seen('expectedDigest')).toEqual(['right', 'undefined', 'wrong'])
  expect(seen('integrity')).toEqual(['crc64', 'md5', 'md5+crc64'])
  for (const field of [
    'marker',
    'forbidOverwrite',
    'veto',
    'jumpsClock',
    'hasCheckpoint',
  ] as const) {
    expect(seen(field)).toEqual(['false', 'true'])
  }
  expect(seen('size')).toEqual(expect.arrayContaining(['0', '1', '102400']))
  const interruptions = scenarios.flatMap(({ interruption }) =>
    interruption === undefined
      ? []
      : [`${interruption.how} ${'afterBytes' in interruption ? 'before' : 'after'} the end`],
  )
  expect([...new Set(interruptions)].sort()).toEqual([
    'destroy after the end',
    'destroy before the end',
    'signal after the end',
    'signal before the end',
    'source-error before the end',
  ])
  expect(scenarios.filter(mustFail).length).toBeGreaterThan(60)
  expect(scenarios.filter((scenario) => !mustFail(scenario)).length).toBeGreaterThan(300)
})

it('kills only processes, and those up to three times', () => {
  const kills = Array.from({ length: 100 }, (_, index) => drawScenario(1, index, true).kills.length)
  expect([...new Set(kills)].sort()).toEqual([1, 2, 3])
  expect(drawScenario(1, 0, false).kills).toEqual([])
})
