/** Where and with what a benchmark ran, and whether that was busy with other things. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Mean number of processes that ran in the minute before it began. */
  readonly load: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly packages: Readonly<Record<string, string>>
  readonly date: string
}

/** More than this share of the cores taken by others spoils what is measured. */
const QUIET_SHARE = 0.5

/** @param folder of the benchmark, with the package.json of the peers */
export function describeMachine(folder: URL): Machine {
  const versionOf = (path: string) => readJson<{ version: string }>(new URL(path, folder)).version
  const peers: { dependencies: Record<string, string> } = readJson(new URL('package.json', folder))
  const own = versionOf('../../package.json')
  const undici = versionOf('../../node_modules/undici/package.json')
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    packages: { osspipe: own, undici, ...peers.dependencies },
    date: new Date().toISOString().slice(0, 10),
  }
}

/** Whether others had so much of it that times, and to a lesser degree ratios, are worth little. */
export function isBusy({ load, cores }: Pick<Machine, 'load' | 'cores'>): boolean {
  return load > QUIET_SHARE * cores
}

function readJson<T>(path: URL): T {
  return JSON.parse(readFileSync(path, 'utf8'))
}
