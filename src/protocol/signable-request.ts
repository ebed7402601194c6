/**
 * What the signers of both versions sign, and what comes out. Pure data and its normal form;
 * nothing here knows a canonical request.
 */

import { InvalidOptionError } from '../errors.js'

/** The three things that sign a request. */
export interface SigningCredentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** STS token; travels with the request and is signed. */
  readonly securityToken?: string | undefined
}

/** A request as its sender knows it, before any encoding. */
export interface SignableRequest {
  readonly method: string
  /** Signed whatever the address style; absent for requests to the service itself. */
  readonly bucket?: string | undefined
  /** Raw, not encoded. */
  readonly key?: string | undefined
  /** Decoded; `''` for a name without a value. */
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** A signed request's headers, and what was signed. */
export interface SignedHeaders {
  /** All to send: the caller's, and those that the signature adds. */
  readonly headers: Record<string, string>
  readonly stringToSign: string
  /** V4 only. */
  readonly canonicalRequest?: string
  readonly signature: string
}

/** A presigned request's parameters, and what was signed. */
export interface PresignedQuery {
  /** All query parameters to send, decoded; `''` for a name without a value. */
  readonly query: Record<string, string>
  readonly stringToSign: string
  /** V4 only. */
  readonly canonicalRequest?: string
  readonly signature: string
}

/**
 * Copies headers under lower-case names.
 *
 * @throws {InvalidOptionError} for a value outside Latin-1: HTTP cannot send it, so no signature of it could hold.
 */
export function normalHeaders(headers: Readonly<Record<string, string>>): Map<string, string> {
  const normal = new Map<string, string>()
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? ''
    checkLatin1(name, value)
    normal.set(name.toLowerCase(), value)
  }
  return normal
}

/**
 * Copies headers under lower-case names, as they are sent: without those that only a signature adds.
 * An object, because a map would have to be made one for every request; for headers of our own only.
 *
 * @throws {InvalidOptionError} as {@link normalHeaders}, and for `__proto__`, which is no name in an object
 */
export function unsignedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const unsigned: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? ''
    checkLatin1(name, value)
    const lower = name.toLowerCase()
    if (lower === 'authorization' || lower === 'x-oss-security-token') continue
    if (lower === '__proto__') throw new InvalidOptionError('headers', NO_PROTO)
    unsigned[lower] = value
  }
  return unsigned
}

const NO_PROTO = 'Expected `headers` without `__proto__`'

function checkLatin1(name: string, value: string): void {
  if (/[\u0100-\uffff]/.test(value)) {
    throw new InvalidOptionError('headers', `Expected the header \`${name}\` to be Latin-1`)
  }
}

/**
 * Trims what HTTP trims around a header's value: blanks and tabs. `String.prototype.trim` would
 * take more, such as the last byte of a UTF-8 sequence that ends in A0.
 */
export function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value[start])) start++
  while (end > start && isBlank(value[end - 1])) end--
  return value.slice(start, end)
}

/** Orders ASCII text by its bytes. */
export function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Inserts a text into a list that {@link byteOrder} orders; for lists of a few. */
export function insertSorted(list: string[], text: string): void {
  let at = list.length
  for (; at > 0; at--) {
    const before = list[at - 1] ?? ''
    if (before <= text) break
    list[at] = before
  }
  list[at] = text
}

/** Checks how long a presigned request shall be valid: an integer from 1 to `max` seconds. */
export function checkExpiry(expiresSeconds: number, max: number): void {
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > max) {
    throw InvalidOptionError.expected(
      'expiresSeconds',
      `an integer from 1 to ${max} (seconds)`,
      expiresSeconds,
    )
  }
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
