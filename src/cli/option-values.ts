/** The values that a command gets: from its options, else from their variables. Pure. */

import type { Environment } from './context.js'
import { camelCase, type OptionDescription } from './description.js'
import { parseFlag } from './value-parsers.js'

/** What stood on the command line: texts of an option with a value, or how often a flag was set. */
export type GivenOptions = ReadonlyMap<string, readonly string[] | boolean>

/**
 * Parses what was given; an option wins over its variable, and an empty variable is none.
 * @throws {UsageError} for the first value that cannot be.
 */
export function optionValues(
  options: readonly OptionDescription[],
  given: GivenOptions,
  env: Environment,
): Record<string, unknown> {
  return Object.fromEntries(
    options.flatMap((option) => {
      const value = resolved(option, given.get(option.name), env)
      return value === undefined ? [] : [[camelCase(option.name), value]]
    }),
  )
}

function resolved(
  option: OptionDescription,
  given: readonly string[] | boolean | undefined,
  env: Environment,
): unknown {
  if (typeof given === 'boolean') return given
  if (given !== undefined) return parsed(option, given, `--${option.name}`)
  const variable = option.envReader === undefined ? option.env : undefined
  const text = variable === undefined ? undefined : env[variable] || undefined
  if (variable === undefined || text === undefined) return undefined
  if (option.value === undefined) return parseFlag(text, variable)
  return parsed(option, option.repeatable ? text.split(',') : [text], variable)
}

function parsed(option: OptionDescription, texts: readonly string[], name: string): unknown {
  const values = texts.map((text) => option.value?.parse(text, name))
  // As everywhere, the last of several wins.
  return option.repeatable ? values : values.at(-1)
}
