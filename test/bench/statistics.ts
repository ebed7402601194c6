/** Medians and paired ratios: the figures of one round share its noise, so they are compared first. */
import type { Cost, Seen } from './processes.js'

export interface Measurement extends Cost, Seen {
  /** Bytes of all objects. */
  readonly totalBytes: number
  readonly objects: number
}

/** The runs of a scenario's entries by name, a run each round. */
export type Rounds = ReadonlyMap<string, readonly Measurement[]>

/** What can be compared. */
export type Quantity = 'cpuSeconds' | 'wallSeconds' | 'peakRssMiB' | 'loopP99Ms'

/** The middle one; of an even count the mean of the middle two. `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** The median over the rounds of a quantity of `name` per that of `base`, each for its bytes. */
export function ratio(rounds: Rounds, quantity: Quantity, name: string, base: string): number {
  const bases = rounds.get(base) ?? []
  const ratios = (rounds.get(name) ?? []).flatMap((run, round) => {
    const other = bases[round]
    return other === undefined ? [] : [perWork(run, quantity) / perWork(other, quantity)]
  })
  return median(ratios)
}

/** CPU seconds a GiB. */
export function cpuPerGiB(run: Measurement): number {
  return (run.cpuSeconds * 1024 ** 3) / run.totalBytes
}

/** Wall seconds a GiB. */
export function wallPerGiB(run: Measurement): number {
  return (run.wallSeconds * 1024 ** 3) / run.totalBytes
}

/** Time counts by the byte; memory and delays do not grow with the work. */
function perWork(run: Measurement, quantity: Quantity): number {
  const value = run[quantity] ?? Number.NaN
  const isTime = quantity === 'cpuSeconds' || quantity === 'wallSeconds'
  return isTime ? value / run.totalBytes : value
}
