/**
 * The benchmark: osspipe beside other clients, interleaved in one run, each run a process of its own
 * against a sink that only drains. Prints tables and targets, writes JSON and charts to `results/`.
 *
 *     npm run bench                      all of it, about 20 minutes
 *     npm run bench -- --quick           three minutes: the order of things, no more
 *     npm run bench -- --only http,tls   some scenarios
 *     npm run bench -- --rounds 9        so many rounds of each
 *     npm run bench -- --check           every digest computed by the sink: slow, for correctness
 *     npm run bench -- --latest          kept as latest.json even if it was smaller; not if a scenario is left out
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { drawCharts } from './charts.js'
import { chooseScenarios } from './choice.js'
import { describeMachine } from './machine.js'
import { measure } from './measure.js'
import { formatJudgements, formatMachine, formatScenario } from './report.js'
import {
  formatResults,
  isWhole,
  parseResults,
  type Results,
  roundsByName,
  type ScenarioResult,
} from './results.js'
import { scenarios } from './scenarios.js'
import { judge } from './targets.js'

const HERE = new URL('.', import.meta.url)
const RESULTS = new URL('results/', HERE)

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    latest: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
})

const todo = chooseScenarios(flags)
installPeers()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-bench-'))
try {
  const startedAt = performance.now()
  const machine = describeMachine(HERE)
  console.log(formatMachine(machine))
  const done: ScenarioResult[] = []
  for (const scenario of todo) {
    const rounds = await measure(scenario, folder)
    console.log(formatScenario(scenario, rounds))
    done.push({ scenario, rounds })
    // What a later failure must not take along.
    await save({ machine, isWhole: false, scenarios: done }, 'partial')
  }
  const results = { machine, isWhole: isWhole(done, scenarios(false)), scenarios: done }
  const judgements = judge(roundsByName(results))
  if (judgements.length > 0) console.log(formatJudgements(judgements))
  console.log(`${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`)
  // What is shown as the result must be the whole of it.
  const name = flags.latest || results.isWhole ? 'latest' : 'partial'
  await save(results, name)
  console.log(
    name === 'latest'
      ? 'Kept as latest.json; npm run docs:charts puts it into the docs.'
      : 'Not a whole run: kept as partial.json, while latest.json stays as it is.',
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** The peers are no dependencies of the project: they come with the first benchmark. */
function installPeers(): void {
  if (existsSync(new URL('node_modules/@aws-sdk/lib-storage', HERE))) return
  execFileSync('npm', ['ci', '--prefix', fileURLToPath(HERE)], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}

/** Charts are drawn from what was written, as later ones are. */
async function save(results: Results, name: 'latest' | 'partial'): Promise<void> {
  const text = formatResults(results)
  await mkdir(RESULTS, { recursive: true })
  await writeFile(new URL(`${name}.json`, RESULTS), text)
  for (const { id, svg } of drawCharts(parseResults(text))) {
    await writeFile(new URL(`${name}-${id}.svg`, RESULTS), svg)
  }
}
