import { describe, expect, it } from 'vitest'
import { formatJudgements, formatScenario } from './report.js'
import { scenarios } from './scenarios.js'

describe('formatScenario', () => {
  it('names those that failed, rather than keep silent about them', () => {
    const [scenario] = scenarios(true)
    if (scenario === undefined) throw new Error('No scenario')
    const text = formatScenario(scenario, new Map([['osspipe', []]]))
    expect(text).toContain('Failed, and left out: lib-storage')
    expect(text).not.toContain('Failed, and left out: osspipe\n')
  })
})

describe('formatJudgements', () => {
  it('says what was missed', () => {
    const common = { scenario: 'http', quantity: 'cpuSeconds', name: 'a', base: 'b' } as const
    const lines = formatJudgements([
      { ...common, text: 'CPU', limit: 0.5, value: 0.6, isMet: false },
      { ...common, text: 'wall', limit: 0.5, value: 0.4, isMet: true },
    ]).split('\n')
    expect(lines.find((line) => line.includes('CPU'))).toMatch(/≤ 0\.50 \|\s+0\.60 \|\s+MISSED/)
    expect(lines.find((line) => line.includes('wall'))).toMatch(/≤ 0\.50 \|\s+0\.40 \|\s+met/)
    expect(formatJudgements([])).toContain('ratio')
  })
})
