/**
 * Draws the charts of the docs anew, and puts the figures of the benchmark's latest results where they
 * belong: `npm run docs:charts`.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { drawCharts } from '../bench/charts.js'
import { checkShown } from '../bench/choice.js'
import { filledPages, latestResults, RESULTS } from './benchmark-blocks.js'
import { drawGrowthChart } from './growth-chart.js'

const ROOT = new URL('../../', import.meta.url)

writeFileSync(new URL('examples/guide/memory-and-part-size.svg', ROOT), drawGrowthChart())

const results = latestResults()
if (results !== undefined) checkShown(results.scenarios.map(({ scenario }) => scenario.name))
mkdirSync(RESULTS, { recursive: true })
for (const name of readdirSync(RESULTS)) {
  if (/^latest-.*\.svg$/.test(name)) rmSync(new URL(name, RESULTS))
}
for (const { id, svg } of results === undefined ? [] : drawCharts(results)) {
  writeFileSync(new URL(`latest-${id}.svg`, RESULTS), svg)
}
for (const [page, text] of filledPages(results)) writeFileSync(new URL(page, ROOT), text)
