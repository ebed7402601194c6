/**
 * Signature version 1 (HMAC-SHA1), in headers and in a query: sign, presign, verify.
 * Only known sub-resources of the query are signed, the key is signed unencoded.
 * Facts: "Include signatures in the Authorization header (V1)", "Include a V1 signature in a URL".
 */

import { createHmac } from 'node:crypto'
import {
  byteOrder,
  checkExpiry,
  normalHeaders,
  type PresignedQuery,
  type SignableRequest,
  type SignedHeaders,
  type SigningCredentials,
  trimBlanks,
} from './signable-request.js'
import {
  accepted,
  checkSignature,
  checkSkew,
  expired,
  findSecret,
  invalidDate,
  invalidExpires,
  malformed,
  parseRequestTime,
  queryEntries,
  type Verdict,
  type VerifiableRequest,
  type VerifyContext,
} from './signature-verdict.js'

/** What a V1 signature is made with. */
export interface SignV1Options {
  readonly credentials: SigningCredentials
  /** Signed as `Date`, unless the request has an `x-oss-date` of its own. */
  readonly date: Date
  /** Query names to sign beside the known sub-resources. */
  readonly extraSubresources?: readonly string[] | undefined
}

/** Signs a request in its headers; an earlier signature among them is replaced. */
export function signV1(request: SignableRequest, options: SignV1Options): SignedHeaders {
  const { credentials } = options
  const headers = normalHeaders(request.headers)
  headers.delete('authorization')
  headers.delete('x-oss-security-token')
  if (credentials.securityToken) {
    headers.set('x-oss-security-token', credentials.securityToken)
  }
  if (!headers.has('x-oss-date')) headers.set('date', options.date.toUTCString())
  const signed = sign(credentials.accessKeySecret, {
    request,
    headers,
    date: headers.get('x-oss-date') ?? headers.get('date') ?? '',
    query: Object.entries(request.query),
    extraSubresources: options.extraSubresources,
  })
  headers.set('authorization', `OSS ${credentials.accessKeyId}:${signed.signature}`)
  return {
    headers: Object.fromEntries(headers),
    stringToSign: signed.stringToSign,
    signature: signed.signature,
  }
}

/**
 * Signs a request in its query, for someone who has no credentials. Content-Type, Content-MD5 and
 * `x-oss-*` headers of the request must then be sent as they are here.
 *
 * @throws {InvalidOptionError} unless `expiresSeconds` is a positive integer.
 */
export function presignV1(
  request: SignableRequest,
  options: SignV1Options & { readonly expiresSeconds: number },
): PresignedQuery {
  checkExpiry(options.expiresSeconds, 2 ** 31)
  const { credentials } = options
  const { securityToken } = credentials
  const { Signature: _, 'security-token': __, ...rest } = request.query
  const expires = String(Math.floor(options.date.getTime() / 1000) + options.expiresSeconds)
  const query: Record<string, string> = securityToken
    ? { ...rest, 'security-token': securityToken }
    : rest
  const signed = sign(credentials.accessKeySecret, {
    request,
    headers: normalHeaders(request.headers),
    date: expires,
    query: Object.entries(query),
    extraSubresources: options.extraSubresources,
  })
  query.OSSAccessKeyId = credentials.accessKeyId
  query.Expires = expires
  query.Signature = signed.signature
  return { query, stringToSign: signed.stringToSign, signature: signed.signature }
}

/** Verifies a request signed in its headers or, failing an Authorization header, in its query. */
export function verifyV1(request: VerifiableRequest, context: VerifyContext): Verdict {
  const headers = normalHeaders(request.headers)
  const query = new Map(queryEntries(request.query))
  const authorization = headers.get('authorization')
  const inHeader = authorization !== undefined

  const claim = inHeader
    ? /^OSS ([^\s:]+):(\S+)$/.exec(authorization.trim())?.slice(1)
    : [query.get('OSSAccessKeyId'), query.get('Signature')]
  const [accessKeyId, provided] = claim ?? []
  if (!accessKeyId || !provided) {
    return malformed(
      inHeader ? 'Invalid Authorization in header.' : 'Missing OSSAccessKeyId or Signature.',
    )
  }

  const date = inHeader
    ? (headers.get('x-oss-date') ?? headers.get('date') ?? '').trim()
    : (query.get('Expires') ?? '')
  const time = inHeader ? parseRequestTime(date) : parseEpochSeconds(date)
  if (time === undefined) return inHeader ? invalidDate(date) : invalidExpires(date)

  const securityToken = inHeader ? headers.get('x-oss-security-token') : query.get('security-token')
  const secret = findSecret(context, accessKeyId, securityToken)
  if ('ok' in secret) return secret
  if (inHeader) {
    const skewed = checkSkew(time, context.now)
    if (skewed !== undefined) return skewed
  } else if (context.now > time) {
    return expired(time, context.now)
  }

  query.delete('Signature')
  const { extraSubresources } = context
  const signed = sign(secret.accessKeySecret, {
    request,
    headers,
    date,
    query: [...query],
    extraSubresources,
  })
  return (
    checkSignature(provided, signed.signature, { accessKeyId, ...signed }) ??
    accepted(accessKeyId, securityToken)
  )
}

interface Canonical {
  readonly request: { method: string; bucket?: string | undefined; key?: string | undefined }
  readonly headers: ReadonlyMap<string, string>
  readonly date: string
  readonly query: readonly (readonly [string, string])[]
  readonly extraSubresources: readonly string[] | undefined
}

function sign(
  secret: string,
  canonical: Canonical,
): { signature: string; stringToSign: string; bytes: Buffer } {
  const { request, headers, date } = canonical
  const ossHeaders = [...headers]
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([name, value]) => `${name}:${trimBlanks(value)}\n`)
  const head = [
    request.method.toUpperCase(),
    trimBlanks(headers.get('content-md5') ?? ''),
    trimBlanks(headers.get('content-type') ?? ''),
    trimBlanks(date),
    ossHeaders.join(''),
  ].join('\n')
  const resource = canonicalResource(canonical)
  // Header values are signed as the Latin-1 bytes that travel, keys and parameters as UTF-8.
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(resource, 'utf8')])
  const signature = createHmac('sha1', secret).update(bytes).digest('base64')
  return { signature, stringToSign: head + resource, bytes }
}

function canonicalResource({ request, query, extraSubresources = [] }: Canonical): string {
  const { bucket, key = '' } = request
  const path = bucket === undefined ? '/' : `/${bucket}/${key}`
  const subresources = query
    .filter(
      ([name]) =>
        SIGNED_SUBRESOURCES.has(name) ||
        name.startsWith('x-oss-') ||
        extraSubresources.includes(name),
    )
    .sort(([a], [b]) => byteOrder(a, b))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  return subresources.length === 0 ? path : `${path}?${subresources.join('&')}`
}

function parseEpochSeconds(text: string): Date | undefined {
  return /^[0-9]{1,12}$/.test(text) ? new Date(Number(text) * 1000) : undefined
}

/** The union of what the official SDKs sign; any `x-oss-*` besides. */
const SIGNED_SUBRESOURCES: ReadonlySet<string> = new Set([
  ...['acl', 'append', 'bucketInfo', 'callback', 'callback-var', 'cleanRestoredObject'],
  ...['cloudboxes', 'cname', 'comp', 'continuation-token', 'cors', 'delete', 'endTime', 'img'],
  ...['lifecycle', 'live', 'location', 'logging', 'objectMeta', 'partNumber', 'position', 'qos'],
  ...['referer', 'regionList', 'replication', 'replicationLocation', 'replicationProgress'],
  ...['resourceGroup', 'response-cache-control', 'response-content-disposition'],
  ...['response-content-encoding', 'response-content-language', 'response-content-type'],
  ...['response-expires', 'restore', 'security-token', 'sequential', 'startTime', 'stat'],
  ...['status', 'style', 'styleName', 'symlink', 'tagging', 'uploadId', 'uploads', 'versionId'],
  ...['versioning', 'versions', 'vod', 'website'],
])
