/** The figures as text, for a terminal and for a page in Markdown. */
import type { Scenario } from './scenarios.js'
import { cpuPerGiB, type Measurement, median, type Rounds, ratio } from './statistics.js'
import type { Judgement } from './targets.js'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly packages: Readonly<Record<string, string>>
  readonly date: string
}

export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGiB, system, node, packages, date } = machine
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return `${date} · ${cpu}, ${cores} cores, ${memoryGiB} GiB · ${system} · Node ${node}\n${versions.join(' · ')}\n`
}

/** A scenario's table: medians; ratios against the first of lib-storage and ali-oss, and the floor. */
export function formatScenario(scenario: Scenario, rounds: Rounds): string {
  const names = [...rounds.keys()]
  const out = scenario.entries.map(({ name }) => name).filter((name) => !rounds.has(name))
  const bases = names.filter((name) => /^(lib-storage|undici)|ali-oss put$/.test(name)).slice(0, 2)
  const head = [
    'client',
    'wall s',
    'MiB/s',
    ...(scenario.work.work === 'small' ? ['objects/s'] : []),
    'CPU s/GiB (min..max)',
    ...bases.flatMap((base) => [`CPU / ${base}`, `wall / ${base}`]),
    'peak RSS MiB',
    'loop p99 ms',
    'connections',
    'at once',
    'sink CPU s/GiB',
  ]
  const rows = names.map((name) => rowOf(scenario, rounds, name, bases))
  const first = scenario.entries[0]?.work?.bytes ?? scenario.work.bytes
  const what = `${first / 1024 ** 2} MiB, ${scenario.rounds} rounds`
  return `### ${scenario.title} (${scenario.work.work === 'small' ? `${scenario.rounds} rounds` : what})\n\n${formatTable(head, rows)}\n${out.map((name) => `\nFailed, and left out: ${name}\n`).join('')}`
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
    isMet ? 'met' : 'MISSED',
  ])
  return `### Targets\n\n${formatTable(['ratio', 'target', 'measured', 'verdict'], rows)}\n`
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
