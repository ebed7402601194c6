/**
 * Percent-encoding as OSS signs and reads it: UTF-8 bytes, upper-case hex, only the unreserved
 * characters of RFC 3986 left alone. Blank is `%20` and never `+`. Nothing is ever normalised.
 */

import { InvalidOptionError } from '../errors.js'

/**
 * Encodes every UTF-8 byte outside `A-Za-z0-9-._~` as `%XX`, slashes too.
 *
 * @throws {InvalidOptionError} for a lone surrogate, which has no UTF-8 form; the text is not shown.
 */
export function percentEncode(text: string): string {
  try {
    return encodeURIComponent(text).replace(/[!'()*]/g, escapeMark)
  } catch (cause) {
    throw new InvalidOptionError(
      'text',
      'Expected text to encode to be well-formed Unicode, got a lone surrogate',
      { cause },
    )
  }
}

/** Encodes like {@link percentEncode}, but leaves `/`: for object keys in a path. */
export function percentEncodePath(text: string): string {
  // Nearly every key: two passes over it are spared for each request.
  if (/^[\w./~-]*$/.test(text)) return text
  return percentEncode(text).replaceAll('%2F', '/')
}

/**
 * Decodes every `%XX` to its byte and the bytes as UTF-8; `+` stays `+`.
 *
 * @throws {TypeError} for a `%` without two hex digits, and for bytes that are no UTF-8.
 */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new TypeError('Malformed percent-encoding', { cause })
  }
}

/** Formats decoded parameters as a query, in the order given, without `?`; `''` gives a bare name. */
export function formatQuery(query: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name of Object.keys(query)) {
    const value = query[name]
    if (text !== '') text += '&'
    text += value ? `${percentEncode(name)}=${percentEncode(value)}` : percentEncode(name)
  }
  return text
}

function escapeMark(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
}
