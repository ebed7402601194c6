/** Draws the charts of the guide anew: `npm run docs:charts`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { drawGrowthChart } from './growth-chart.js'

const GUIDE = new URL('../../examples/guide/', import.meta.url)

await writeFile(fileURLToPath(new URL('memory-and-part-size.svg', GUIDE)), drawGrowthChart())
