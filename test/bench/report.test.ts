import { describe, expect, it } from 'vitest'
import { formatJudgements, formatMachine, formatScenario } from './report.js'
import { scenarios } from './scenarios.js'

describe('formatScenario', () => {
  it('names those that failed, rather than keep silent about them', () => {
    const [scenario] = scenarios(true)
    if (scenario === undefined) throw new Error('No scenario')
    const text = formatScenario(scenario, new Map([['osspipe', []]]))
    expect(text).toContain('Failed, and left out: lib-storage')
    expect(text).not.toContain('Failed, and left out: osspipe\n')
  })

  it('has a table of its own for other digests, with what they are compared with', () => {
    const [scenario] = scenarios(true)
    if (scenario === undefined) throw new Error('No scenario')
    const text = formatScenario(scenario, new Map(scenario.entries.map(({ name }) => [name, []])))
    const [first = '', second = ''] = text.split("The same with integrity: 'md5+crc64'")
    const clients = (table: string) =>
      [...table.matchAll(/^\| (\S.*?) +\|/gm)].map(([, name]) => name).slice(2)
    expect(clients(first)).toContain('minio')
    expect(clients(first)).not.toContain('osspipe md5+crc64')
    expect(clients(second).slice(0, 3)).toEqual([
      'lib-storage',
      'undici floor',
      'osspipe md5+crc64',
    ])
  })
})

describe('formatJudgements', () => {
  it('says what was missed', () => {
    const common = { scenario: 'http', quantity: 'cpuSeconds', name: 'a', base: 'b' } as const
    const lines = formatJudgements([
      { ...common, text: 'CPU', limit: 0.5, value: 0.6, isMet: false },
      { ...common, text: 'wall', limit: 0.5, value: 0.4, isMet: true },
    ]).split('\n')
    expect(lines.find((line) => line.includes('CPU'))).toMatch(
      /≤ 0\.50 \|\s+0\.60 \|\s+MISSED by 20\.0 %/,
    )
    expect(lines.find((line) => line.includes('wall'))).toMatch(/≤ 0\.50 \|\s+0\.40 \|\s+met/)
    const absent = { ...common, text: 'nobody', limit: 0.5, value: Number.NaN, isMet: false }
    expect(formatJudgements([absent])).toMatch(/nobody .*MISSED: not run/)
    expect(formatJudgements([])).toContain('ratio')
  })
})

describe('formatMachine', () => {
  const machine = {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 8,
    system: 'Linux 6',
    node: '20.19.0',
    packages: { osspipe: '0.1.0' },
    date: '2026-11-24',
  }

  it('tells the load, and warns of one that spoils the figures', () => {
    expect(formatMachine({ ...machine, load: 0.3 })).toBe(
      '2026-11-24 · a processor, 2 cores, 8 GiB · Linux 6 · Node 20.19.0 · load 0.3 when it began\nosspipe 0.1.0\n',
    )
    expect(formatMachine({ ...machine, load: 4 })).toContain('busy')
  })
})
