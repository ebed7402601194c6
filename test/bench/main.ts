/**
 * The benchmark: osspipe beside other clients, interleaved in one run, each run a process of its own
 * against a sink that only drains. Prints tables and targets, writes JSON and a chart to `results/`.
 *
 *     npm run bench                      all of it, about 20 minutes
 *     npm run bench -- --quick           two minutes: the order of things, no more
 *     npm run bench -- --only http,tls   some scenarios
 *     npm run bench -- --rounds 9        more rounds of each
 *     npm run bench -- --check           every digest computed by the sink: slow, for correctness
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { drawChart } from './chart.js'
import { runClient, runCurl, Sink } from './processes.js'
import { formatJudgements, formatMachine, formatScenario, type Machine } from './report.js'
import { type Entry, type Scenario, scenarios } from './scenarios.js'
import { cpuPerGiB, type Measurement, median, type Rounds } from './statistics.js'
import { judge } from './targets.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const RESULTS = join(HERE, 'results')

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
})

installPeers()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-bench-'))
try {
  const machine = describeMachine()
  console.log(formatMachine(machine))
  const results = new Map<string, Rounds>()
  for (const scenario of chosen()) {
    const rounds = await measure(scenario)
    results.set(scenario.name, rounds)
    console.log(formatScenario(scenario, rounds))
  }
  console.log(formatJudgements(judge(results)))
  await save(machine, results)
} finally {
  await rm(folder, { recursive: true, force: true })
}

function chosen(): Scenario[] {
  const only = flags.only?.split(',')
  return scenarios(flags.quick)
    .filter(({ name }) => only === undefined || only.includes(name))
    .map((scenario) => ({
      ...scenario,
      rounds: flags.rounds === undefined ? scenario.rounds : Number(flags.rounds),
      sink: { ...scenario.sink, checksDigests: flags.check },
    }))
}

/** The clients take turns; each round begins with another one. One that fails is left out. */
async function measure(scenario: Scenario): Promise<Rounds> {
  const rounds = new Map<string, Measurement[]>()
  for (const { name } of scenario.entries) rounds.set(name, [])
  const sink = await Sink.start(scenario.sink, folder)
  try {
    for (let round = 0; round < scenario.rounds; round++) {
      for (let turn = 0; turn < scenario.entries.length; turn++) {
        const entry = scenario.entries[(round + turn) % scenario.entries.length]
        const runs = rounds.get(entry?.name ?? '')
        if (entry === undefined || runs === undefined) continue
        process.stderr.write(`${scenario.name}: round ${round + 1}, ${entry.name}   \r`)
        try {
          runs.push(await runOnce(scenario, entry, sink))
        } catch (error) {
          // Ours must not fail. Another that does is out of the running, and the table says so.
          if (entry.module === 'osspipe') throw error
          console.error(`${scenario.name}: ${entry.name} is out`, error)
          rounds.delete(entry.name)
        }
      }
    }
  } finally {
    await sink.stop()
  }
  return rounds
}

async function runOnce(scenario: Scenario, entry: Entry, sink: Sink): Promise<Measurement> {
  const { endpoint } = sink
  const { partSize, concurrency } = scenario
  const work = { ...scenario.work, ...entry.work }
  const file = work.source === 'file' || readsFile(entry) ? await fileOf(work.bytes) : undefined
  const sinkCpuBefore = await sink.reset()
  const { module, options } = entry
  const cost =
    module === 'curl'
      ? await runCurl(`${endpoint}/bucket/object`, file ?? '', folder)
      : await runClient({ ...work, module, options, endpoint, partSize, concurrency, file }, folder)
  const seen = await sink.seen()
  const objects = work.count ?? 1
  const totalBytes = objects * work.bytes
  if (work.work !== 'read' && seen.bytes < totalBytes) {
    throw new Error(`${entry.name} sent ${seen.bytes} bytes of ${totalBytes}`)
  }
  const sinkCpuSeconds = seen.sinkCpuSeconds - sinkCpuBefore
  return { ...cost, ...seen, sinkCpuSeconds, totalBytes, objects }
}

/** Some read nothing but files. */
function readsFile({ module, options }: Entry): boolean {
  return (
    module === 'curl' || options?.method === 'multipartUpload' || options?.method === 'uploadFile'
  )
}

/** A file of so many bytes, there for the whole benchmark. */
async function fileOf(bytes: number): Promise<string> {
  const path = join(folder, `file-${bytes}`)
  if (existsSync(path)) return path
  const piece = randomBytes(1024 * 1024)
  const file = await open(path, 'w')
  try {
    for (let left = bytes; left > 0; left -= piece.length) {
      await file.write(piece, 0, Math.min(left, piece.length))
    }
  } finally {
    await file.close()
  }
  return path
}

/** The peers are no dependencies of the project: they come with the first benchmark. */
function installPeers(): void {
  if (existsSync(join(HERE, 'node_modules/@aws-sdk/lib-storage'))) return
  execFileSync('npm', ['ci', '--prefix', HERE], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}

function describeMachine(): Machine {
  const peers: { dependencies: Record<string, string> } = readJson(join(HERE, 'package.json'))
  const own: { version: string } = readJson(join(HERE, '../../package.json'))
  const undici: { version: string } = readJson(join(HERE, '../../node_modules/undici/package.json'))
  const packages = { osspipe: own.version, undici: undici.version, ...peers.dependencies }
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    packages,
    date: new Date().toISOString().slice(0, 10),
  }
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** A quick run, or one of some scenarios, does not replace the results of a whole one. */
async function save(machine: Machine, results: ReadonlyMap<string, Rounds>): Promise<void> {
  const isWhole = !flags.quick && !flags.check && flags.only === undefined
  const name = isWhole ? 'latest' : 'partial'
  await mkdir(RESULTS, { recursive: true })
  const runs = Object.fromEntries(
    [...results].map(([id, rounds]) => [id, Object.fromEntries(rounds)]),
  )
  const targets = judge(results)
  const json = JSON.stringify({ machine, targets, runs }, undefined, 2)
  await writeFile(join(RESULTS, `${name}.json`), `${json}\n`)
  const rounds = results.get('http')
  if (rounds === undefined) return
  const bars = [...rounds].map(([client, list]) => ({
    name: client,
    cpu: median(list.map(cpuPerGiB)),
    wall: median(list.map((run) => (run.wallSeconds * 1024 ** 3) / run.totalBytes)),
  }))
  const title = 'Uploading a stream over HTTP, by the GiB (less is better)'
  const note = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date}`
  await writeFile(join(RESULTS, `${name}.svg`), drawChart(bars, { title, note }))
}
