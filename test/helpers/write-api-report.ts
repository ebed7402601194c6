/** Accepts the public face as it is now: `npm run api`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { apiReport } from './api-report.js'

const REPORT = new URL('../fixtures/api.d.ts.txt', import.meta.url)

await writeFile(fileURLToPath(REPORT), apiReport())
