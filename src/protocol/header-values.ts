/**
 * Options of an object to the text of one header value each, with the limits that the OSS
 * documentation gives. Which header that is, and where it goes, is decided in headers.ts.
 */

import { InvalidOptionError } from '../errors.js'
import { plainObject, refuseUnknown } from '../unknown-option.js'
import { percentEncode } from './percent-encoding.js'
import { trimBlanks } from './signable-request.js'

/** Who may read and write an object ("x-oss-object-acl"); `default` is what the bucket says. */
export const ACLS = ['default', 'private', 'public-read', 'public-read-write'] as const
/** Storage classes, from the quickest to the cheapest ("x-oss-storage-class"). */
export const STORAGE_CLASSES = [
  'Standard',
  'IA',
  'Archive',
  'ColdArchive',
  'DeepColdArchive',
] as const
/** Ways of encryption on the server ("x-oss-server-side-encryption"). */
export const ENCRYPTIONS = ['AES256', 'KMS', 'SM4'] as const

const MAX_CALLBACK_BYTES = 5 * 1024
/** `__proto__` would be one, but no object can hold it. */
const TOKEN = /^(?!__proto__$)[!#$%&'*+.^_`|~0-9a-z-]+$/i

/**
 * Checks that a header can be sent and signed: a token as name; a Latin-1 value without control
 * characters (CR and LF would begin another header) and without outer blanks (which signers trim).
 * @param property of the option, if it has several: its name is put together only for an error
 */
export function checkHeader(
  name: string,
  value: unknown,
  option: string,
  property?: string,
): asserts value is string {
  const where = () => (property === undefined ? option : at(option, property))
  if (!TOKEN.test(name)) throw InvalidOptionError.expected(where(), 'named by a header name', name)
  if (typeof value !== 'string') {
    throw InvalidOptionError.expected(where(), 'a string', value)
  }
  if (/[\u0100-\uffff]/.test(value)) {
    throw InvalidOptionError.expected(
      where(),
      'Latin-1, as HTTP headers are (encode it yourself, for example with encodeURIComponent)',
      value,
    )
  }
  if (hasControlCharacter(value)) {
    throw InvalidOptionError.expected(
      where(),
      'free of line breaks and control characters',
      JSON.stringify(value),
    )
  }
  if (value !== trimBlanks(value)) {
    throw InvalidOptionError.expected(where(), 'free of outer blanks', value)
  }
}

/** Formats tags as `k=v&k2=v2`, percent-encoded ("x-oss-tagging"). */
export function formatTagging(tagging: unknown): string {
  const tags = entries(tagging, 'tagging')
  if (tags.length > 10) throw InvalidOptionError.expected('tagging', 'at most 10 tags', tags.length)
  return tags
    .map(([name, value]) => {
      if (name === '' || Buffer.byteLength(name) > 128) {
        throw InvalidOptionError.expected('tagging', 'tags with names of 1 to 128 bytes', name)
      }
      if (typeof value !== 'string' || Buffer.byteLength(value) > 256) {
        throw InvalidOptionError.expected(at('tagging', name), 'a string of up to 256 bytes', value)
      }
      return `${encoded(name, 'tagging')}=${encoded(value, at('tagging', name))}`
    })
    .join('&')
}

const CALLBACK_NAMES = ['url', 'host', 'body', 'bodyType', 'vars']

/** Formats a callback as the service wants it. */
export function formatCallback(callback: unknown): string {
  const given = new Map(entries(callback, 'callback'))
  refuseUnknown(plainObject(callback, 'callback'), CALLBACK_NAMES, '`callback`')
  const urls: unknown[] = [given.get('url')].flat()
  if (urls.length < 1 || urls.length > 5) {
    throw InvalidOptionError.expected('callback.url', '1 to 5 addresses', urls.length)
  }
  for (const url of urls) {
    if (!isHttpAddress(url)) {
      const expected = 'an HTTP address without blanks and `;`'
      throw InvalidOptionError.expected('callback.url', expected, url)
    }
  }
  const [host, bodyType] = [given.get('host'), given.get('bodyType')]
  return base64Json('callback', {
    callbackUrl: urls.join(';'),
    ...(host === undefined ? {} : { callbackHost: text(host, 'callback.host') }),
    callbackBody: text(given.get('body'), 'callback.body'),
    ...(bodyType === undefined ? {} : { callbackBodyType: text(bodyType, 'callback.bodyType') }),
  })
}

/** The service takes addresses without a scheme, too ("Callback"). */
function isHttpAddress(url: unknown): boolean {
  if (typeof url !== 'string' || !/^[^\s;]+$/.test(url)) return false
  return /^https?:\/\//i.test(url) || !url.includes('://')
}

/** Formats the variables of a callback; `undefined` if it has none. */
export function formatCallbackVars(callback: unknown): string | undefined {
  const vars = new Map(entries(callback, 'callback')).get('vars')
  if (vars === undefined) return undefined
  const checked = entries(vars, 'callback.vars')
  for (const [name, value] of checked) {
    if (!/^x:./.test(name)) {
      throw InvalidOptionError.expected('callback.vars', 'named by `x:` and a name', name)
    }
    text(value, at('callback.vars', name))
  }
  return base64Json('callback.vars', Object.fromEntries(checked))
}

function base64Json(option: string, value: object): string {
  const formatted = Buffer.from(JSON.stringify(value)).toString('base64')
  if (formatted.length <= MAX_CALLBACK_BYTES) return formatted
  throw InvalidOptionError.expected(
    option,
    `at most ${MAX_CALLBACK_BYTES} bytes as Base64 of JSON`,
    formatted.length,
  )
}

/** Formats a traffic limit, in bit/s, within what the service takes. */
export function checkTrafficLimit(value: unknown, option: string): string {
  if (Number.isInteger(value) && Number(value) >= 819_200 && Number(value) <= 838_860_800) {
    return String(value)
  }
  throw InvalidOptionError.expected(option, 'an integer from 819200 to 838860800 (bit/s)', value)
}

/** Passes one of the known values. */
export function oneOf(values: readonly string[], value: unknown, option: string): string {
  if (typeof value === 'string' && values.includes(value)) return value
  const list = values.map((known) => `\`${known}\``).join(', ')
  throw InvalidOptionError.expected(option, values.length === 1 ? list : `one of ${list}`, value)
}

/** Passes a string that is not empty. */
export function text(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw InvalidOptionError.expected(option, 'a string that is not empty', value)
}

/** Formats a date as HTTP headers have it. */
export function httpDate(date: Date): string {
  if (!Number.isNaN(date.getTime())) return date.toUTCString()
  throw InvalidOptionError.expected('expires', 'a valid date', 'Invalid Date')
}

function encoded(value: string, option: string): string {
  try {
    return percentEncode(value)
  } catch (cause) {
    throw new InvalidOptionError(option, `Expected \`${option}\` to be well-formed Unicode`, {
      cause,
    })
  }
}

/** Lists the properties of an object; none of `undefined`. */
export function entries(value: unknown, option: string): [string, unknown][] {
  return value === undefined ? [] : Object.entries(plainObject(value, option))
}

/** Names a property of an option in an error. */
export function at(option: string, name: string): string {
  return `${option}[${JSON.stringify(name)}]`
}

/** Tabs are fine; undici refuses the rest with a text that names no header. */
function hasControlCharacter(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}
