/** The texts of options turned into values, or a UsageError that says what was expected. Pure. */
import type { ValueDescription } from './description.js'
import { UsageError } from './usage-error.js'

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...Object.fromEntries(
    ['k', 'm', 'g', 't', 'p'].flatMap((letter, index) => [
      [letter, 1024 ** (index + 1)],
      [`${letter}ib`, 1024 ** (index + 1)],
      [`${letter}b`, 1000 ** (index + 1)],
    ]),
  ),
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `16MiB`, `8m` and `300G` (powers of 1024), `300GB` (of 1000), `1.5GiB`, or plain bytes. */
export function parseSize(text: string, name: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? []
  const factor = SIZE_UNITS[unit.toLowerCase()]
  const bytes = digits === '' || factor === undefined ? Number.NaN : Number(digits) * factor
  if (Number.isSafeInteger(bytes)) return bytes
  throw expected(name, 'a size such as 16MiB, 300G or 1048576', text)
}

/** `1d`, `12h`, `90m`, `30s`, `500ms`, `1h30m` → milliseconds. */
export function parseDuration(text: string, name: string): number {
  const terms = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)]
  const isWhole = text !== '' && terms.map(([term]) => term).join('') === text
  const sum = terms.reduce(
    (total, [, digits, unit = '']) => total + Number(digits) * (DURATION_UNITS[unit] ?? Number.NaN),
    0,
  )
  if (isWhole && Number.isSafeInteger(sum)) return sum
  throw expected(name, 'a duration such as 1d, 12h, 90m or 30s', text)
}

/** `name=value` → both; the value may hold further `=` and may be empty. */
export function parsePair(text: string, name: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw expected(name, 'NAME=VALUE', text)
}

/** Any text, the empty one included: whoever uses it knows what it may be. */
export function parseText(text: string, _name: string): string {
  return text
}

/** A parser of integers within bounds. */
export function integerFrom(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string, name: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  return (text, name) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw expected(name, `an integer ${range}`, text)
  }
}

/** A parser of integers within bounds, or `auto`. */
export function integerOrAuto(
  least: number,
  most: number,
): (text: string, name: string) => number | 'auto' {
  const parse = integerFrom(least, most)
  return (text, name) => (text === 'auto' ? text : parse(text, name))
}

/** What describes a value that is one of a few. */
export function choiceOf<const Choice extends string>(
  placeholder: string,
  choices: readonly Choice[],
): ValueDescription & { readonly parse: (text: string, name: string) => Choice } {
  return {
    placeholder,
    choices,
    parse: (text, name) => {
      const found = choices.find((choice) => choice === text)
      if (found !== undefined) return found
      throw expected(name, `one of ${choices.join(', ')}`, text)
    },
  }
}

/** The values of a repeatable option of pairs as an object; `undefined` if there is none. */
export function pairsAsObject(
  pairs: readonly (readonly [string, string])[] | undefined,
  name: string,
): Record<string, string> | undefined {
  if (pairs === undefined || pairs.length === 0) return undefined
  const twice = pairs.find(([key], index) => pairs.findIndex(([other]) => other === key) !== index)
  if (twice === undefined) return Object.fromEntries(pairs)
  throw new UsageError(`Expected ${name} to name ${JSON.stringify(twice[0])} once`)
}

/** What a variable says that stands in for a flag. */
export function parseFlag(text: string, name: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off)$/i.test(text)) return false
  throw expected(name, '1 or 0 (or true, yes, on, false, no, off)', text)
}

function expected(name: string, what: string, got: string): UsageError {
  return new UsageError(`Expected ${name} to be ${what}, got ${JSON.stringify(got)}`)
}
