import { XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { madeUpResults } from '../helpers/made-up-results.js'
import { drawCharts } from './charts.js'

describe('drawCharts', () => {
  it('draws what there is, and tells it in words', () => {
    const charts = drawCharts(madeUpResults(0, ['http', 'writes', 'tuning', 'read']))
    expect(charts.map(({ id }) => id)).toEqual(['clients', 'digests', 'writes', 'concurrency'])
    for (const { svg } of charts) expect(XMLValidator.validate(svg)).toBe(true)
    const [clients, , writes, concurrency] = charts.map(({ alt }) => alt)
    expect(clients).toContain('lib-storage 2.00 and 4.00; ')
    expect(writes).toMatch(/: CPU and wall seconds\. writes of 1 MiB 2\.00 and 4\.00; /)
    expect(concurrency).toContain(
      'parts of 8 MiB: 256 with 1, 256 with 2, 256 with 4, 256 with 8, 256 with auto; ',
    )
  })

  it('draws nothing of what was not run', () => {
    expect(drawCharts(madeUpResults(0, ['tls']))).toEqual([])
  })

  it('says so if the machine was busy', () => {
    const [quiet] = drawCharts(madeUpResults(0.5, ['writes']))
    const [busy] = drawCharts(madeUpResults(5, ['writes']))
    expect(quiet?.svg).not.toContain('BUSY')
    expect(busy?.svg).toContain('BUSY')
  })
})
