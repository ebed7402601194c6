/** The figures as text, for a terminal and for a page in Markdown. */
import { isBusy, type Machine } from './machine.js'
import type { Entry, Scenario } from './scenarios.js'
import { cpuPerGiB, type Measurement, median, type Rounds, ratio } from './statistics.js'
import type { Judgement } from './targets.js'

export function formatMachine(machine: Machine): string {
  const { packages } = machine
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return `${formatHardware(machine)}\n${versions.join(' · ')}\n${formatWarning(machine)}`
}

export function formatHardware(machine: Machine): string {
  const { cpu, cores, load, memoryGiB, system, node, date } = machine
  const parts = [`${cpu}, ${cores} cores, ${memoryGiB} GiB`, system, `Node ${node}`]
  return `${date} · ${parts.join(' · ')} · load ${load} when it began`
}

/** What is to be said of figures that come from a machine with other things to do. */
export function formatWarning(machine: Machine): string {
  if (!isBusy(machine)) return ''
  const { load, cores } = machine
  return `**The machine was busy when this began (load ${load} on ${cores} cores)**: its times are worth nothing, its ratios little.\n`
}

/** A scenario's tables: medians; ratios against the first of lib-storage and ali-oss, and the floor. */
export function formatScenario(scenario: Scenario, rounds: Rounds): string {
  const first = scenario.entries[0]?.work?.bytes ?? scenario.work.bytes
  const times = `${scenario.rounds} ${scenario.rounds === 1 ? 'round' : 'rounds'}`
  const what = scenario.work.work === 'small' ? times : `${first / 1024 ** 2} MiB, ${times}`
  const titles = [...new Set(scenario.entries.map(({ table }) => table))]
  const tables = titles.map((title) => formatEntries(scenario, rounds, title))
  const out = scenario.entries.map(({ name }) => name).filter((name) => !rounds.has(name))
  return [
    `### ${scenario.title} (${what})`,
    ...tables,
    ...out.map((name) => `Failed, and left out: ${name}`),
    '',
  ].join('\n\n')
}

/** One table: the entries that belong to it, and what they are compared with. */
function formatEntries(scenario: Scenario, rounds: Rounds, title: string | undefined): string {
  const bases = scenario.entries.filter(({ name }) => isBase(name) && rounds.has(name)).slice(0, 2)
  const isShown = (entry: Entry) => entry.table === title || bases.includes(entry)
  const shown = scenario.entries.filter((entry) => isShown(entry) && rounds.has(entry.name))
  const baseNames = bases.map(({ name }) => name)
  const head = [
    'client',
    'wall s',
    'MiB/s',
    ...(scenario.work.work === 'small' ? ['objects/s'] : []),
    'CPU s/GiB (min..max)',
    ...baseNames.flatMap((base) => [`CPU / ${base}`, `wall / ${base}`]),
    'peak RSS MiB',
    'loop p99 ms',
    'connections',
    'at once',
    'sink CPU s/GiB',
  ]
  const rows = shown.map(({ name }) => rowOf(scenario, rounds, name, baseNames))
  return `${title === undefined ? '' : `The same ${title}:\n\n`}${formatTable(head, rows)}`
}

function isBase(name: string): boolean {
  return /^(lib-storage|undici|ali-oss (put|getStream)$)/.test(name)
}

function rowOf(
  scenario: Scenario,
  rounds: Rounds,
  name: string,
  bases: readonly string[],
): string[] {
  const runs = rounds.get(name) ?? []
  const of = (pick: (run: Measurement) => number | undefined) =>
    median(runs.map((run) => pick(run) ?? Number.NaN))
  const cpu = runs.map(cpuPerGiB)
  const bytes = runs[0]?.totalBytes ?? Number.NaN
  const wall = of((run) => run.wallSeconds)
  return [
    name,
    fixed(wall, 2),
    fixed(bytes / 1024 ** 2 / wall, 0),
    ...(scenario.work.work === 'small' ? [fixed((runs[0]?.objects ?? 0) / wall, 0)] : []),
    `${fixed(median(cpu), 2)} (${fixed(Math.min(...cpu), 2)}..${fixed(Math.max(...cpu), 2)})`,
    ...bases.flatMap((base) => [
      fixed(ratio(rounds, 'cpuSeconds', name, base), 2),
      fixed(ratio(rounds, 'wallSeconds', name, base), 2),
    ]),
    fixed(
      of((run) => run.peakRssMiB),
      0,
    ),
    fixed(
      of((run) => run.loopP99Ms),
      1,
    ),
    fixed(
      of((run) => run.opened),
      0,
    ),
    fixed(
      of((run) => run.mostBusy),
      0,
    ),
    fixed(
      of((run) => (run.sinkCpuSeconds * 1024 ** 3) / run.totalBytes),
      2,
    ),
  ]
}

export function formatJudgements(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ text, limit, value, isMet }) => [
    text,
    `≤ ${fixed(limit, 2)}`,
    fixed(value, 2),
    isMet ? 'met' : formatMiss(value, limit),
  ])
  return `### Targets\n\n${formatTable(['ratio', 'target', 'measured', 'verdict'], rows)}\n`
}

function formatMiss(value: number, limit: number): string {
  return Number.isFinite(value)
    ? `MISSED by ${((value / limit - 1) * 100).toFixed(1)} %`
    : 'MISSED: not run'
}

export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}

export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
