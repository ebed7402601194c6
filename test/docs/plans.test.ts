/** The page on memory says what part-plan.ts does: in its table, its numbers and its chart. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { capacityOf, planParts } from '../../src/protocol/part-plan.js'
import { drawGrowthChart } from './growth-chart.js'
import { shapeOf } from './plan-shape.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const PAGE = readFileSync(guide('memory-and-part-size.md'), 'utf8')

function guide(name: string): string {
  return fileURLToPath(new URL(`../../examples/guide/${name}`, import.meta.url))
}

function numbersOf(row: string): number[] {
  const cells = row.split('|').slice(1)
  return cells.map((cell) => Number(cell.replace(/[^0-9]/g, '')))
}

describe('the page on memory and part size', () => {
  const rows = PAGE.split('\n').filter((line) => /^\| [\d,]+ MiB \|/.test(line))

  it('shows how parts grow as they do', () => {
    const plan = planParts({ concurrency: 4 })
    const table = PAGE.split('\n').filter((row) => /^\| \d+ GiB \|/.test(row))
    expect(table).toHaveLength(6)
    for (const row of table) {
      const [gibibytes = 0, parts, last = 0, inFlight, memory] = numbersOf(row)
      expect(shapeOf(plan, gibibytes * GIB)).toEqual({ parts, last, inFlight })
      expect(memory).toBe(Math.min(256, 8 * last))
    }
  })

  it('has a table of plans', () => {
    expect(rows.length).toBeGreaterThan(5)
  })

  it.each(rows)('is right about %s', (row) => {
    const [partSize = 0, maxMemory = 0, largest, capacity] = numbersOf(row)
    const plan = planParts({
      concurrency: 4,
      partSize: partSize * MIB,
      maxMemory: maxMemory * MIB,
    })
    expect(plan.maxPartSize / MIB).toBe(largest)
    expect(Math.round(capacityOf(plan) / GIB)).toBe(capacity)
  })

  it('tells when the warning comes', () => {
    const capacity = capacityOf(planParts({ concurrency: 4 }))
    expect(PAGE).toContain(`after ${Math.round((0.8 * capacity) / GIB)} GiB`)
  })

  it('shows the chart that the code draws (else: npm run docs:charts)', () => {
    expect(readFileSync(guide('memory-and-part-size.svg'), 'utf8')).toBe(drawGrowthChart())
  })
})
