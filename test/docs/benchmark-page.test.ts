/** The docs show the benchmark's latest results, all of them and nothing else (else: npm run docs:charts). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { drawCharts } from '../bench/charts.js'
import { isBusy } from '../bench/machine.js'
import { formatResults, roundsByName } from '../bench/results.js'
import { scenarios } from '../bench/scenarios.js'
import { judge, TARGETS } from '../bench/targets.js'
import { madeUpResults } from '../helpers/made-up-results.js'
import {
  fillBlocks,
  filledPages,
  latestResults,
  otherResults,
  RESULTS,
} from './benchmark-blocks.js'

const ROOT = new URL('../../', import.meta.url)
const PAGE = readFileSync(new URL('examples/guide/benchmark.md', ROOT), 'utf8')
const results = latestResults()
const pages = [...filledPages(results)]

describe('the pages with figures of the benchmark', () => {
  it.each(pages)('%s shows what the latest results say, or nothing', (page, text) => {
    expect(text).toContain('<!-- benchmark: ')
    expect(readFileSync(new URL(page, ROOT), 'utf8')).toBe(text)
  })

  it('have the charts that these results draw, and no others', () => {
    const charts = results === undefined ? [] : drawCharts(results)
    const found = existsSync(RESULTS) ? readdirSync(RESULTS) : []
    const files = found.filter((name) => /^latest.*\.svg$/.test(name))
    expect(files).toEqual(charts.map(({ id }) => `latest-${id}.svg`).sort())
    for (const { id, svg } of charts) {
      expect(readFileSync(new URL(`latest-${id}.svg`, RESULTS), 'utf8')).toBe(svg)
    }
  })

  it.runIf(results !== undefined)('show results that nobody has edited', () => {
    if (results === undefined) return
    expect(readFileSync(new URL('latest.json', RESULTS), 'utf8')).toBe(formatResults(results))
  })
})

describe('results from elsewhere', () => {
  it.each(otherResults().map((other) => [other.machine.cpu, other] as const))(
    'those of %s are whole, of a machine that had nothing else to do, and unedited',
    (_cpu, other) => {
      expect(other.isWhole).toBe(true)
      expect(isBusy(other.machine)).toBe(false)
      const texts = readdirSync(new URL('elsewhere/', RESULTS)).map((name) =>
        readFileSync(new URL(`elsewhere/${name}`, RESULTS), 'utf8'),
      )
      expect(texts).toContain(formatResults(other))
    },
  )
})

describe('fillBlocks', () => {
  const README = readFileSync(new URL('README.md', ROOT), 'utf8')
  const filled = fillBlocks(README, madeUpResults(0), 'results')

  it('puts in what the results say', () => {
    expect(filled).toMatch(/^\| minio +\| +4\.00 \| +2\.00 \| /m)
    expect(filled).toMatch(
      /^!\[Uploading .*minio 2\.00 and 4\.00.*\]\(results\/latest-clients\.svg\)$/m,
    )
    expect(filled).toContain('Not a whole run')
    expect(filled).not.toContain('machine was busy')
  })

  it('puts in nothing without results, whatever was there', () => {
    expect(fillBlocks(filled, undefined, 'results')).toBe(fillBlocks(README, undefined, 'results'))
    expect(fillBlocks(filled, undefined, 'results')).not.toContain('lib-storage |')
  })

  it('leaves all else as it is', () => {
    const outside = (text: string) => text.replace(/-->.*?<!-- \/benchmark/gs, '')
    expect(outside(filled)).toBe(outside(README))
    expect(() =>
      fillBlocks('<!-- benchmark: x -->\n<!-- /benchmark -->', madeUpResults(0), ''),
    ).toThrow('no block "x"')
  })

  it.each([...filledPages(madeUpResults(0))])(
    'puts something into every block of %s',
    (_page, text) => {
      expect(text).not.toMatch(/<!-- benchmark: [^>]*-->\s*<!--/)
    },
  )
})

describe('the page on the benchmark', () => {
  const obstacles = PAGE.slice(PAGE.indexOf('## What stands in the way'))
  const named = [...obstacles.matchAll(/\*\*([^*]+)\*\*/g)].map(([, text = '']) => {
    return text.replaceAll(/\s+/g, ' ')
  })

  it('lists every scenario', () => {
    const rows = [...PAGE.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)
    expect(rows).toEqual(scenarios(false).map(({ name }) => name))
  })

  it('says what stands in the way of every target that is missed', () => {
    const verdicts = results === undefined ? [] : judge(roundsByName(results))
    for (const { text, isMet } of verdicts) if (!isMet) expect(named).toContain(text)
  })

  it('names every target, and none that there is not', () => {
    const texts = TARGETS.map(({ text }) => text)
    expect(new Set(texts).size).toBe(texts.length)
    expect(texts.filter((text) => !named.includes(text))).toEqual([])
    const titles = [...obstacles.matchAll(/^- \*\*([^*]+)\.\*\*/gm)].map(([, title]) => `${title}.`)
    expect(named.filter((text) => !texts.includes(text) && !titles.includes(text))).toEqual([])
  })
})
