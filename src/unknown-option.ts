/**
 * Refuses options that do not exist, by the name that was probably meant: a misspelt option that is
 * silently ignored would be found out when it is needed.
 */

import { InvalidOptionError } from './errors.js'

/**
 * Throws an InvalidOptionError for the first property of `options` that is not among `known`.
 * @param where what takes these options, such as `OssClient`
 */
export function refuseUnknown(options: object, known: readonly string[], where: string): void {
  const names = known.length > FEW ? setOf(known) : undefined
  for (const name of Object.keys(options)) {
    if (names?.has(name) ?? known.includes(name)) continue
    const nearest = nearestName(name, known)
    const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\`?`
    throw new InvalidOptionError(name, `Unknown option \`${name}\` of ${where}${hint}`)
  }
}

/** Of a longer list a set is made, once: the lists are few, and constant. */
const FEW = 8
const sets = new WeakMap<readonly string[], ReadonlySet<string>>()

function setOf(known: readonly string[]): ReadonlySet<string> {
  const set = sets.get(known) ?? new Set(known)
  sets.set(known, set)
  return set
}

/** Passes a plain object (not `null`, an array, a Map or an instance of something). */
export function plainObject(value: unknown, option: string): Readonly<Record<string, unknown>> {
  if (isPlain(value)) return value
  throw InvalidOptionError.expected(option, 'an object, a plain one', value)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Of another realm `Object.prototype` is another one, but it has none above it either.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The known name that is fewest edits away, if it is near enough to be what was meant. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: { name: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (nearest === undefined || distance < nearest.distance)
      nearest = { name: candidate, distance }
  }
  const tolerance = Math.max(1, Math.floor(name.length / 3))
  return nearest !== undefined && nearest.distance <= tolerance ? nearest.name : undefined
}

/** Insertions, deletions and replacements between two short texts. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}
