/**
 * Takes what signed a request out of what others say about it: an error page, a dispatcher's error.
 * Literally where it stands as it is; where it shows only through escapes, all of the text is withheld,
 * since nobody can tell where in it the secret ends.
 */

import { inspect } from 'node:util'

const WITHHELD = '[redacted: it repeats what the request was signed with]'

/** Fewer characters of a secret at the end of a text that was cut are no secret. */
const SHORTEST_REMNANT = 8

/**
 * Shorter ones, which only tests have, are taken out where they stand alone: two letters are in many
 * words, and their base64 is in others (`tle` for `key`), so that no text would be left, no code of an error either.
 */
const SHORTEST_IN_WORDS = 4

/** `text` without the secrets, however they are escaped. */
export function redacted(text: string, given: readonly string[] = []): string {
  // The longest first: one may be part of another, whose rest would be left standing.
  const secrets = [...given].sort((one, other) => other.length - one.length)
  const long = secrets.filter((secret) => secret.length >= SHORTEST_IN_WORDS)
  const rest = long.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text)
  if (isShown(rest, long)) return WITHHELD
  return secrets.slice(long.length).reduce(withoutWord, withoutRemnant(rest, long))
}

/** `cause` itself, or, if any of it shows a secret, an error that says as much without it. */
export function redactedCause(cause: unknown, secrets: readonly string[] = []): unknown {
  const shown = inspect(cause, { depth: 6, showHidden: true, maxStringLength: null })
  if (redacted(shown, secrets) === shown) return cause
  return new Error(cause instanceof Error ? redacted(cause.message, secrets) : 'unknown reason')
}

function withoutWord(text: string, secret: string): string {
  const literal = secret.replace(/\W/g, '\\$&')
  return text.replace(new RegExp(`(?<!\\w)${literal}(?!\\w)`, 'g'), '[redacted]')
}

/** Whether any way of reading the text gives one of the secrets in any of its forms. */
function isShown(text: string, secrets: readonly string[]): boolean {
  if (secrets.length === 0) return false
  const readings = readingsOf(text)
  return secrets.some((secret) =>
    formsOf(secret).some((form) => readings.some((reading) => reading.includes(form))),
  )
}

/** Escapes may lie inside each other: a URL in JSON in HTML. */
const MOST_LAYERS = 4

function readingsOf(text: string): string[] {
  const readings = [text]
  for (let layer = 0, last = text; layer < MOST_LAYERS; layer++) {
    const next = unescaped(last)
    if (next === last) break
    readings.push(next)
    last = next
  }
  // Lines are broken anywhere in base64, and blanks may be `+` in a form.
  return [
    ...new Set(readings.flatMap((reading) => [reading, packed(reading), plusAsBlank(reading)])),
  ]
}

/** A secret as it is, without blanks, and in hexadecimal and base64, wherever it begins in these. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const encoded = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    // The first and the last characters depend on what stands around it, too.
    const inner = text.slice(
      Math.ceil((shift * 4) / 3),
      (bytes.length + shift) % 3 === 0 ? undefined : -1,
    )
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [secret, packed(secret), hex, hex.toUpperCase(), ...encoded]
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['sol', '/'],
  ['plus', '+'],
  ['equals', '='],
  ['colon', ':'],
  ['comma', ','],
  ['period', '.'],
  ['hyphen', '-'],
  ['lowbar', '_'],
  ['nbsp', ' '],
])

const ESCAPE =
  /&#(\d{1,7});?|&#x([\da-f]{1,6});?|&([a-z]{2,6});|\\u([\da-f]{4})|\\u\{([\da-f]{1,6})\}|\\x([\da-f]{2})|\\(["'/\\])|%([\da-f]{2})/gi

/** One layer of HTML, JSON or JavaScript, and percent escapes less. */
function unescaped(text: string): string {
  return text.replace(
    ESCAPE,
    (whole, decimal, hexadecimal, name, unicode, point, byte, escaped, percent) => {
      if (name !== undefined) return NAMED.get(name.toLowerCase()) ?? whole
      if (escaped !== undefined) return escaped
      const digits = hexadecimal ?? unicode ?? point ?? byte ?? percent
      const code = decimal === undefined ? Number.parseInt(digits, 16) : Number(decimal)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}

function packed(text: string): string {
  return text.replace(/\s+/g, '')
}

function plusAsBlank(text: string): string {
  return text.replaceAll('+', ' ')
}

/** A text that was cut may end in the middle of a secret. */
function withoutRemnant(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = secret.length - 1; length >= SHORTEST_REMNANT; length--) {
      if (text.endsWith(secret.slice(0, length))) return `${text.slice(0, -length)}[redacted]`
    }
  }
  return text
}
