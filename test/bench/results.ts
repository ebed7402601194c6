/** What a benchmark leaves behind: every run of every scenario, as JSON that is read again for the docs. */
import { isDeepStrictEqual } from 'node:util'
import type { Machine } from './machine.js'
import type { Scenario } from './scenarios.js'
import type { Measurement, Rounds } from './statistics.js'

/** A scenario as it was run. An entry without runs in `rounds` has failed. */
export interface ScenarioResult {
  readonly scenario: Scenario
  readonly rounds: Rounds
}

export interface Results {
  readonly machine: Machine
  /** Of all scenarios at their full size; see `isWhole`. */
  readonly isWhole: boolean
  readonly scenarios: readonly ScenarioResult[]
}

interface Document extends Omit<Results, 'scenarios'> {
  readonly scenarios: readonly {
    readonly scenario: Scenario
    readonly runs: Readonly<Record<string, readonly Measurement[]>>
  }[]
}

/** A line for each run, six digits for each figure. */
export function formatResults({ machine, isWhole, scenarios }: Results): string {
  const document: Document = {
    machine,
    isWhole,
    scenarios: scenarios.map(({ scenario, rounds }) => ({
      scenario,
      runs: Object.fromEntries(rounds),
    })),
  }
  const rounded = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
  const text = JSON.stringify(document, rounded, 2)
  return `${text.replace(/\{[^{}[\]]*\}/g, (leaf) => leaf.replace(/\n\s*/g, ' '))}\n`
}

export function parseResults(text: string): Results {
  const { machine, isWhole, scenarios }: Document = JSON.parse(text)
  return {
    machine,
    isWhole,
    scenarios: scenarios.map(({ scenario, runs }) => ({
      scenario,
      rounds: new Map(Object.entries(runs)),
    })),
  }
}

/** The rounds of each scenario by its name. */
export function roundsByName({ scenarios }: Pick<Results, 'scenarios'>): Map<string, Rounds> {
  return new Map(scenarios.map(({ scenario, rounds }) => [scenario.name, rounds]))
}

/**
 * Whether nothing was left out: every scenario, at its full size, as often as it asks for or more. A
 * peer that failed does not count, for that is a result; the tables name it.
 */
export function isWhole(
  scenarios: readonly ScenarioResult[],
  wanted: readonly Scenario[],
): boolean {
  return wanted.every((whole) => {
    const found = scenarios.find(({ scenario }) => scenario.name === whole.name)
    if (found === undefined || found.scenario.rounds < whole.rounds) return false
    return isDeepStrictEqual(
      plain({ ...found.scenario, rounds: 0 }),
      plain({ ...whole, rounds: 0 }),
    )
  })
}

/** As JSON has it. */
function plain(scenario: Scenario): unknown {
  return JSON.parse(JSON.stringify(scenario))
}
