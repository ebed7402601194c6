/** The charts that the docs show of a benchmark: what is in them, from its results alone. */
import { type Bar, drawChart } from './chart.js'
import { drawLineChart, type Line } from './line-chart.js'
import type { Machine } from './machine.js'
import { isBusy } from './machine.js'
import type { Results, ScenarioResult } from './results.js'
import { cpuPerGiB, median, wallPerGiB } from './statistics.js'

export interface Chart {
  readonly id: 'clients' | 'digests' | 'writes' | 'concurrency'
  /** What is in it, in words and figures. */
  readonly alt: string
  readonly svg: string
}

/** What the README compares, in its table and in its chart. */
export const CLIENTS = [
  'osspipe',
  'lib-storage',
  'ali-oss multipartUpload',
  'ali-oss putStream',
  'minio',
  'undici floor',
] as const

/** Names of entries, and what the docs call them. */
const DIGESTS = new Map([
  ['osspipe', "'md5', 'auto'"],
  ['osspipe worker', "'md5', 'worker'"],
  ['osspipe inline', "'md5', 'inline'"],
  ['osspipe md5+crc64', "'md5+crc64', 'auto'"],
  ['osspipe md5+crc64, worker', "'md5+crc64', 'worker'"],
  ['osspipe md5+crc64, inline', "'md5+crc64', 'inline'"],
  ['osspipe crc64', "'crc64'"],
  ['osspipe, no digests', 'false'],
])

/** Writes of 16 bytes would make the other bars too short to see. */
const WRITES = new Map(
  ['1 MiB', '64 KiB', '1 KiB'].map((size) => [`osspipe ${size}`, `writes of ${size}`]),
)

export function drawCharts({ machine, scenarios }: Results): Chart[] {
  const note = noteOf(machine)
  const of = (name: string) => scenarios.find(({ scenario }) => scenario.name === name)
  const clients = of('http')
  const writes = of('writes')
  const tuning = of('tuning')
  return [
    ...(clients === undefined
      ? []
      : [
          barChart('clients', 'Uploading a GiB over HTTP', note, sorted(clientBars(clients))),
          barChart('digests', 'A GiB by integrity and hashing', note, barsOf(clients, DIGESTS)),
        ]),
    ...(writes === undefined
      ? []
      : [barChart('writes', 'A GiB by the size of the writes', note, barsOf(writes, WRITES))]),
    ...(tuning === undefined ? [] : [concurrencyChart(tuning, note)]),
  ]
}

function noteOf(machine: Machine): string {
  const { cpu, cores, node, date } = machine
  const busy = isBusy(machine) ? ', BUSY WITH OTHER THINGS' : ''
  return `${cpu}, ${cores} cores, Node ${node}, ${date}${busy}`
}

function barChart(id: Chart['id'], about: string, note: string, bars: readonly Bar[]): Chart {
  const title = `${about} (less is better)`
  const figures = bars.map(
    ({ name, cpu, wall }) => `${name} ${cpu.toFixed(2)} and ${wall.toFixed(2)}`,
  )
  const alt = `${about}: CPU and wall seconds. ${figures.join('; ')}`
  return { id, alt, svg: drawChart(bars, { title, alt, note }) }
}

function clientBars(result: ScenarioResult): Bar[] {
  return barsOf(result, new Map(CLIENTS.map((name) => [name, name])))
}

function sorted(bars: readonly Bar[]): Bar[] {
  return bars.toSorted((a, b) => a.cpu - b.cpu)
}

function barsOf({ rounds }: ScenarioResult, names: ReadonlyMap<string, string>): Bar[] {
  return [...names].flatMap(([entry, name]) => {
    const runs = rounds.get(entry) ?? []
    if (runs.length === 0) return []
    return [{ name, cpu: median(runs.map(cpuPerGiB)), wall: median(runs.map(wallPerGiB)) }]
  })
}

function concurrencyChart({ scenario, rounds }: ScenarioResult, note: string): Chart {
  const lines = new Map<number, { at: number | 'auto'; speed: number }[]>()
  for (const { name, options } of scenario.entries) {
    const { partSize, concurrency } = options ?? {}
    const isPoint = concurrency === 'auto' || typeof concurrency === 'number'
    if (typeof partSize !== 'number' || !isPoint) continue
    const speed = 1024 / median((rounds.get(name) ?? []).map(wallPerGiB))
    const points = lines.get(partSize) ?? []
    lines.set(partSize, [...points, { at: concurrency, speed }])
  }
  const named: Line[] = [...lines].map(([partSize, points]) => ({
    name: `parts of ${partSize / 1024 ** 2} MiB`,
    points,
  }))
  const { latencyMs, bytesPerSecond } = scenario.sink
  const line = `${latencyMs} ms a request, ${bytesPerSecond / 1e6} MB/s a connection`
  const figures = named.map(
    ({ name, points }) =>
      `${name}: ${points.map(({ at, speed }) => `${speed.toFixed(0)} with ${at}`).join(', ')}`,
  )
  const alt = `MiB/s by requests at once, ${line}. ${figures.join('; ')}`
  const title = `${line}: MiB/s by requests at once (more is better)`
  const speedOfOne = bytesPerSecond / 1024 ** 2
  return { id: 'concurrency', alt, svg: drawLineChart(named, { title, alt, note, speedOfOne }) }
}
