/**
 * What the docs show of the benchmark, made from `test/bench/results/latest.json`: tables, charts and
 * figures stand between marks, and nobody writes them by hand. Without that file there are none.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Chart, CLIENTS, drawCharts } from '../bench/charts.js'
import {
  fixed,
  formatHardware,
  formatJudgements,
  formatMachine,
  formatScenario,
  formatTable,
  formatWarning,
} from '../bench/report.js'
import { parseResults, type Results, roundsByName } from '../bench/results.js'
import {
  cpuPerGiB,
  type Measurement,
  median,
  type Rounds,
  wallPerGiB,
} from '../bench/statistics.js'
import { judge, TARGETS } from '../bench/targets.js'

export const RESULTS = new URL('../bench/results/', import.meta.url)
const LATEST = new URL('latest.json', RESULTS)
/** Whole runs on other machines, each by the code of its day. */
const ELSEWHERE = new URL('elsewhere/', RESULTS)
const ROOT = new URL('../../', import.meta.url)

/** The pages with blocks, and how the folder of the results is called from there. */
const PAGES = [
  ['README.md', 'test/bench/results'],
  ['examples/guide/benchmark.md', '../../test/bench/results'],
  ['examples/guide/tuning.md', '../../test/bench/results'],
  ['examples/guide/reading-back.md', '../../test/bench/results'],
] as const

/** Makes a block's text of the results; `image` is the Markdown of one of the charts. */
type Block = (results: Results, image: (id: Chart['id']) => string) => string

const BLOCKS: Readonly<Record<string, Block>> = {
  summary: (results, image) =>
    [
      formatWarnings(results),
      summaryTable(results),
      image('clients'),
      `${formatHardware(results.machine)} · ${summaryVersions(results)}. \`ali-oss\` and the floor (undici with finished buffers) compute no digest of what they send; \`multipartUpload\` reads a file, \`putStream\` is a single request.`,
    ].join('\n\n'),
  results: (results, image) =>
    [
      formatMachine(results.machine).trim().replace('\n', '\n\n'),
      formatWarnings({ ...results, machine: { ...results.machine, load: 0 } }),
      image('clients'),
      ...results.scenarios.map(({ scenario, rounds }) => formatScenario(scenario, rounds).trim()),
      formatJudgements(judge(roundsByName(results))).trim(),
    ].join('\n\n'),
  elsewhere: (results) => targetsBeside(results, otherResults()),
  concurrency: (_results, image) => image('concurrency'),
  digests: (_results, image) => image('digests'),
  writes: (results, image) => [image('writes'), tinyWrites(results)].join('\n\n'),
  reading: readingTable,
}

/** What stands there as long as there are no results; nothing, unless said. */
const WITHOUT: Readonly<Record<string, string>> = {
  results: 'No run stands here yet: `npm run bench` makes one, `npm run docs:charts` puts it here.',
}

/** The last whole run, if there is one. */
export function latestResults(): Results | undefined {
  return existsSync(LATEST) ? parseResults(readFileSync(LATEST, 'utf8')) : undefined
}

/** Whole runs on other machines. */
export function otherResults(): Results[] {
  return readdirSync(ELSEWHERE)
    .sort()
    .map((name) => parseResults(readFileSync(new URL(name, ELSEWHERE), 'utf8')))
}

/** The pages as they are to be, by their paths from the root. */
export function filledPages(results: Results | undefined): Map<string, string> {
  return new Map(
    PAGES.map(([page, folder]) => {
      const text = readFileSync(fileURLToPath(new URL(page, ROOT)), 'utf8')
      return [page, fillBlocks(text, results, folder)]
    }),
  )
}

/** Puts what belongs there between `<!-- benchmark: NAME … -->` and `<!-- /benchmark -->`. */
export function fillBlocks(text: string, results: Results | undefined, folder: string): string {
  const charts = results === undefined ? [] : drawCharts(results)
  const image = (id: Chart['id']) => {
    const chart = charts.find((one) => one.id === id)
    return chart === undefined ? '' : `![${chart.alt}](${folder}/latest-${id}.svg)`
  }
  return text.replace(
    /(<!-- benchmark: (\w+)[^>]*-->\n)(.*?)(<!-- \/benchmark -->)/gs,
    (_all, begin: string, name: string, _old: string, end: string) => {
      const block = BLOCKS[name]
      if (block === undefined) throw new RangeError(`There is no block "${name}"`)
      const content = results === undefined ? (WITHOUT[name] ?? '') : block(results, image)
      const tidy = content.replace(/\n{3,}/g, '\n\n').trim()
      return `${begin}${tidy === '' ? '' : `\n${tidy}\n\n`}${end}`
    },
  )
}

function formatWarnings({ machine, isWhole }: Results): string {
  const warnings = [formatWarning(machine).trim()]
  if (!isWhole)
    warnings.push('**Not a whole run**: something was left out, or was smaller than it should be.')
  return warnings.join('\n\n')
}

function summaryVersions({ machine: { packages } }: Results): string {
  return ['osspipe', 'undici', '@aws-sdk/lib-storage', 'ali-oss', 'minio']
    .map((name) => `${name} ${packages[name]}`)
    .join(', ')
}

function summaryTable(results: Results): string {
  const rounds = roundsByName(results).get('http') ?? new Map()
  const rows = CLIENTS.map((name) => [
    name,
    ...figures(rounds, name, [
      [wallPerGiB, 2],
      [cpuPerGiB, 2],
      [(run) => run.peakRssMiB, 0],
      [(run) => run.loopP99Ms, 1],
    ]),
  ])
  const head = ['a stream over HTTP', 'wall s/GiB', 'CPU s/GiB', 'peak RSS MiB', 'loop p99 ms']
  return formatTable(head, rows)
}

/** What is not in the chart, because it would leave no room for the others. */
function tinyWrites(results: Results): string {
  const runs = roundsByName(results).get('writes')?.get('osspipe 16 B') ?? []
  const cost = fixed(median(runs.map(cpuPerGiB)), 0)
  return `In writes of 16 bytes it is ${cost} CPU seconds a GiB.`
}

/** What reading costs beside other ways, near and far. */
function readingTable(results: Results): string {
  const all = roundsByName(results)
  const [near, far] = [all.get('read') ?? new Map(), all.get('read-wan') ?? new Map()]
  const columns: readonly Column[] = [
    [wallPerGiB, 2],
    [cpuPerGiB, 2],
  ]
  const names = [...new Set<string>([...near.keys(), ...far.keys()])]
  const rows = names.map((name) => [
    name,
    ...figures(near, name, columns),
    ...figures(far, name, columns),
  ])
  const head = ['', 'wall s/GiB', 'CPU s/GiB', 'far away: wall s/GiB', 'far away: CPU s/GiB']
  return `${formatTable(head, rows)}\n\n${formatHardware(results.machine)}`
}

/** What each target comes to here and on other machines. */
function targetsBeside(latest: Results, others: readonly Results[]): string {
  const columns = [latest, ...others].map((results) => ({
    title: `${results.machine.cpu}, ${results.machine.date}`,
    judgements: judge(roundsByName(results)),
  }))
  const rows = TARGETS.map(({ text, limit }) => [
    text,
    `≤ ${fixed(limit, 2)}`,
    ...columns.map(({ judgements }) => {
      const found = judgements.find((judgement) => judgement.text === text)
      if (found === undefined) return '-'
      return found.isMet ? fixed(found.value, 2) : `${fixed(found.value, 2)} (missed)`
    }),
  ])
  return formatTable(['ratio', 'target', ...columns.map(({ title }) => title)], rows)
}

type Column = readonly [pick: (run: Measurement) => number | undefined, digits: number]

function figures(rounds: Rounds, name: string, columns: readonly Column[]): string[] {
  const runs = rounds.get(name) ?? []
  return columns.map(([pick, digits]) =>
    fixed(median(runs.map((run) => pick(run) ?? Number.NaN)), digits),
  )
}
