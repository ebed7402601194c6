/**
 * The arithmetic of signature version 4: canonical request, string to sign, signing key.
 * Knows neither headers that carry a signature nor verdicts; see signature-v4.ts.
 */

import { createHmac, hash } from 'node:crypto'
import { HmacSha256 } from './hmac-sha256.js'
import { percentEncode, percentEncodePath } from './percent-encoding.js'
import { byteOrder, insertSorted, trimBlanks } from './signable-request.js'

/** Name of the algorithm, first word of the Authorization header. */
export const V4_ALGORITHM = 'OSS4-HMAC-SHA256'

/** In place of a digest: V4 of OSS never covers the body. */
export const PAYLOAD = 'UNSIGNED-PAYLOAD'

/** What a signing key is for. */
export interface Scope {
  /** `YYYYMMDD`, UTC. */
  readonly day: string
  readonly region: string
  readonly product: string
}

/** The parts of a canonical request, as they are signed. */
export interface CanonicalParts {
  readonly request: { method: string; bucket?: string | undefined; key?: string | undefined }
  readonly query: readonly (readonly [string, string])[]
  /** See {@link canonicalHeaders}. */
  readonly headerLines: string
  /** Names signed beyond those always signed, as the request spells the list. */
  readonly additionalLine: string
}

/** Signs the parts of a request. */
export function computeV4(
  secret: string,
  scope: Scope,
  timestamp: string,
  canonical: CanonicalParts,
): { signature: string; stringToSign: string; canonicalRequest: string } {
  const canonicalRequest = canonicalize(canonical)
  // All of it is ASCII but header values, which are signed as the Latin-1 bytes that travel.
  const digest = hash('sha256', Buffer.from(canonicalRequest, 'latin1'))
  const stringToSign = `${V4_ALGORITHM}\n${timestamp}\n${scopeText(scope)}\n${digest}`
  const signature = signingKey(secret, scope).hex(stringToSign)
  return { signature, stringToSign, canonicalRequest }
}

function canonicalize({ request, query, headerLines, additionalLine }: CanonicalParts): string {
  const { bucket, key = '' } = request
  const path = percentEncodePath(bucket === undefined ? '/' : `/${bucket}/${key}`)
  const lines = `${headerLines}\n${additionalLine}\n${PAYLOAD}`
  return `${request.method.toUpperCase()}\n${path}\n${canonicalQuery(query)}\n${lines}`
}

function canonicalQuery(query: CanonicalParts['query']): string {
  if (query.length === 0) return ''
  return query
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&')
}

/**
 * The headers that are signed, a line each. Every request is signed: lists of pairs, and a general sort,
 * would cost it half as much again.
 * @param headers names in lower case
 * @param additional names signed beyond those always signed
 */
export function canonicalHeaders(
  headers: Readonly<Record<string, string>>,
  additional: readonly string[],
): string {
  const names: string[] = []
  for (const name of Object.keys(headers)) {
    if (isAlwaysSigned(name) || additional.includes(name)) insertSorted(names, name)
  }
  let lines = ''
  for (const name of names) lines += `${name}:${trimBlanks(headers[name] ?? '')}\n`
  return lines
}

function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-')
}

/** Reduces names to those that can be signed additionally: present, once, not always signed. */
export function additionalNames(
  names: readonly string[] | undefined,
  headers: Readonly<Record<string, string>>,
): readonly string[] {
  if (names === undefined || names.length === 0) return NONE
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  return [...wanted]
    .filter((name) => Object.hasOwn(headers, name) && !isAlwaysSigned(name))
    .sort(byteOrder)
}

const NONE: readonly string[] = []

/** Formats a time as `20250309T080706Z`. */
export function basicTime(date: Date): string {
  const second = Math.floor(date.getTime() / 1000)
  if (second !== latest.second) {
    latest = { second, text: date.toISOString().replace(/[-:]|\.\d+/g, '') }
  }
  return latest.text
}

/** Many requests are signed in the same second. */
let latest = { second: Number.NaN, text: '' }

/** Formats a scope as it stands in a credential and in the string to sign. */
export function scopeText({ day, region, product }: Scope): string {
  return `${day}/${region}/${product}/aliyun_v4_request`
}

interface SigningKey extends Scope {
  readonly secret: string
  readonly key: HmacSha256
}

/** Most recently used first. Few, because each holds a secret and one client needs one a day. */
const signingKeys: SigningKey[] = []
const SIGNING_KEYS_KEPT = 8

function signingKey(secret: string, scope: Scope): HmacSha256 {
  const [latest] = signingKeys
  if (latest !== undefined && isFor(latest, secret, scope)) return latest.key
  const at = signingKeys.findIndex((kept) => isFor(kept, secret, scope))
  const [found] = at < 0 ? [] : signingKeys.splice(at, 1)
  const key = found?.key ?? newSigningKey(secret, scope)
  const { day, region, product } = scope
  signingKeys.unshift({ secret, day, region, product, key })
  signingKeys.length = Math.min(signingKeys.length, SIGNING_KEYS_KEPT)
  return key
}

function isFor(kept: SigningKey, secret: string, { day, region, product }: Scope): boolean {
  const isScope = kept.day === day && kept.region === region && kept.product === product
  return isScope && kept.secret === secret
}

function newSigningKey(secret: string, { day, region, product }: Scope): HmacSha256 {
  const key = [day, region, product, 'aliyun_v4_request'].reduce(
    (chain, link) => createHmac('sha256', chain).update(link).digest(),
    Buffer.from(`aliyun_v4${secret}`),
  )
  return new HmacSha256(key)
}
