/**
 * The arithmetic of signature version 4: canonical request, string to sign, signing key.
 * Knows neither headers that carry a signature nor verdicts; see signature-v4.ts.
 */

import { createHash, createHmac } from 'node:crypto'
import { percentEncode, percentEncodePath } from './percent-encoding.js'
import { byteOrder, trimBlanks } from './signable-request.js'

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
  readonly headers: ReadonlyMap<string, string>
  /** Names signed beyond those always signed; lower case. */
  readonly additional: readonly string[]
  /** The same list as the request spells it. */
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
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex')
  const stringToSign = [V4_ALGORITHM, timestamp, scopeText(scope), hash].join('\n')
  const signature = createHmac('sha256', signingKey(secret, scope))
    .update(stringToSign)
    .digest('hex')
  return { signature, stringToSign, canonicalRequest }
}

function canonicalize({
  request,
  query,
  headers,
  additional,
  additionalLine,
}: CanonicalParts): string {
  const { bucket, key = '' } = request
  const path = bucket === undefined ? '/' : `/${bucket}/${key}`
  const parameters = query
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  const signedHeaders = [...headers]
    .filter(([name]) => isAlwaysSigned(name) || additional.includes(name))
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([name, value]) => `${name}:${trimBlanks(value)}\n`)
  return [
    request.method.toUpperCase(),
    percentEncodePath(path),
    parameters.join('&'),
    signedHeaders.join(''),
    additionalLine,
    PAYLOAD,
  ].join('\n')
}

function isAlwaysSigned(name: string): boolean {
  return name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-')
}

/** Reduces names to those that can be signed additionally: present, once, not always signed. */
export function additionalNames(
  names: readonly string[] | undefined,
  headers: ReadonlyMap<string, string>,
): string[] {
  const wanted = new Set(names?.map((name) => name.toLowerCase()))
  return [...wanted].filter((name) => headers.has(name) && !isAlwaysSigned(name)).sort(byteOrder)
}

/** Formats a time as `20250309T080706Z`. */
export function basicTime(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '')
}

/** Formats a scope as it stands in a credential and in the string to sign. */
export function scopeText({ day, region, product }: Scope): string {
  return `${day}/${region}/${product}/aliyun_v4_request`
}

/** Least recently used first. Few, because each holds a secret and one client needs one a day. */
const signingKeys = new Map<string, Buffer>()
const SIGNING_KEYS_KEPT = 8

function signingKey(secret: string, scope: Scope): Buffer {
  const id = JSON.stringify([secret, scope.day, scope.region, scope.product])
  let key = signingKeys.get(id)
  if (key === undefined) {
    key = [scope.day, scope.region, scope.product, 'aliyun_v4_request'].reduce(
      (chain, link) => createHmac('sha256', chain).update(link).digest(),
      Buffer.from(`aliyun_v4${secret}`),
    )
  }
  signingKeys.delete(id)
  signingKeys.set(id, key)
  for (const oldest of signingKeys.keys()) {
    if (signingKeys.size <= SIGNING_KEYS_KEPT) break
    signingKeys.delete(oldest)
  }
  return key
}
