/** Which scenarios a benchmark is to run, and how: what its flags ask for, or why that cannot be. */
import { type Scenario, scenarios } from './scenarios.js'

export interface Flags {
  readonly quick: boolean
  readonly check: boolean
  readonly latest: boolean
  readonly only?: string | undefined
  readonly rounds?: string | undefined
}

/** @throws {RangeError} for a scenario that there is not, for no number of rounds, and for `latest` without all of them */
export function chooseScenarios({ quick, check, latest, only, rounds }: Flags): Scenario[] {
  const all = scenarios(quick)
  const names = only?.split(',') ?? all.map(({ name }) => name)
  const unknown = names.filter((name) => !all.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new RangeError(`No such scenario: ${unknown.join(', ')}`)
  const count = rounds === undefined ? undefined : Number(rounds)
  if (count !== undefined && !(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`Expected \`--rounds\` to be a positive integer, got \`${rounds}\``)
  }
  const chosen = all.filter(({ name }) => names.includes(name))
  if (latest) checkShown(chosen.map(({ name }) => name))
  return chosen.map((scenario) => ({
    ...scenario,
    rounds: count ?? scenario.rounds,
    sink: { ...scenario.sink, checksDigests: check },
  }))
}

/**
 * The docs show every scenario: one that was not run would leave dashes in their tables, and one kept of an
 * earlier run would be compared with the others as if they had run together.
 * @throws {RangeError} that names those which are not among `names`
 */
export function checkShown(names: readonly string[]): void {
  const missing = scenarios(false).filter(({ name }) => !names.includes(name))
  if (missing.length === 0) return
  const list = missing.map(({ name }) => name).join(', ')
  throw new RangeError(
    `The docs show every scenario, so the latest run must have them all; left out: ${list}`,
  )
}
