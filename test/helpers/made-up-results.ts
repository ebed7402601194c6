/** Results of a benchmark that nobody has run, for tests of what is made of such results. */
import type { Results } from '../bench/results.js'
import { scenarios } from '../bench/scenarios.js'
import type { Measurement } from '../bench/statistics.js'

/** Every run takes two seconds for 512 MiB, and one second of CPU. */
export function madeUpResults(load: number, names?: readonly string[]): Results {
  const seen = {
    opened: 4,
    mostBusy: 4,
    requests: 130,
    bytes: 512 * 1024 ** 2,
    sinkCpuSeconds: 0.25,
  }
  const run: Measurement = {
    ...seen,
    wallSeconds: 2,
    cpuSeconds: 1,
    totalBytes: 512 * 1024 ** 2,
    objects: 1,
  }
  const machine = {
    cpu: 'a processor',
    cores: 2,
    load,
    memoryGiB: 8,
    system: 'Linux 6',
    node: '20.19.0',
    packages: {},
    date: '2026-11-24',
  }
  const done = scenarios(true)
    .filter(({ name }) => names?.includes(name) ?? true)
    .map((scenario) => ({
      scenario,
      rounds: new Map(scenario.entries.map(({ name }) => [name, [run]])),
    }))
  return { machine, isWhole: false, scenarios: done }
}
