/**
 * Signature version 4 (OSS4-HMAC-SHA256), in headers and in a query: sign, presign, verify.
 * The body is never covered (`UNSIGNED-PAYLOAD`); Content-MD5 and CRC-64 vouch for it.
 * Facts: "Include signatures in the Authorization header (V4)", "Include a V4 signature in a URL".
 */

import {
  additionalNames,
  basicTime,
  canonicalHeaders,
  computeV4,
  PAYLOAD,
  type Scope,
  scopeText,
  V4_ALGORITHM,
} from './canonical-v4.js'
import {
  checkExpiry,
  normalHeaders,
  type PresignedQuery,
  type SignableRequest,
  type SignedHeaders,
  type SigningCredentials,
  unsignedHeaders,
} from './signable-request.js'
import {
  accepted,
  checkSignature,
  checkSkew,
  expired,
  findSecret,
  invalidDate,
  malformed,
  parseRequestTime,
  queryEntries,
  type Refusal,
  type Verdict,
  type VerifiableRequest,
  type VerifyContext,
} from './signature-verdict.js'

/** Longest validity of a presigned request: 7 days, in seconds. */
export const V4_MAX_EXPIRY_SECONDS = 604_800

/** What a V4 signature is made with. */
export interface SignV4Options {
  readonly credentials: SigningCredentials
  readonly date: Date
  /** Such as `cn-hangzhou`, without `oss-`; for a cloud box its id. */
  readonly region: string
  /** @default 'oss' */
  readonly product?: string | undefined
  /** Headers to sign beyond those always signed, such as `host`; absent ones are passed over. */
  readonly additionalHeaders?: readonly string[] | undefined
}

/** Signs a request in its headers; an earlier signature among them is replaced. */
export function signV4(request: SignableRequest, options: SignV4Options): SignedHeaders {
  const { credentials, region, product = 'oss' } = options
  const timestamp = basicTime(options.date)
  const headers = unsignedHeaders(request.headers)
  headers['x-oss-content-sha256'] = PAYLOAD
  headers['x-oss-date'] = timestamp
  if (credentials.securityToken) headers['x-oss-security-token'] = credentials.securityToken
  const additional = additionalNames(options.additionalHeaders, headers)
  const additionalLine = additional.join(';')
  const scope = { day: timestamp.slice(0, 8), region, product }
  const signed = computeV4(credentials.accessKeySecret, scope, timestamp, {
    request,
    query: Object.entries(request.query),
    headerLines: canonicalHeaders(headers, additional),
    additionalLine,
  })
  const { signature, stringToSign, canonicalRequest } = signed
  const list = additionalLine === '' ? '' : `AdditionalHeaders=${additionalLine},`
  headers.authorization = `${V4_ALGORITHM} Credential=${credentials.accessKeyId}/${scopeText(scope)},${list}Signature=${signature}`
  return { headers, signature, stringToSign, canonicalRequest }
}

/**
 * Signs a request in its query, for someone who has no credentials. Headers of the request that
 * are always signed (Content-Type, Content-MD5, `x-oss-*`) must then be sent as they are here.
 *
 * @throws {InvalidOptionError} unless `expiresSeconds` is an integer from 1 to 604800 (7 days).
 */
export function presignV4(
  request: SignableRequest,
  options: SignV4Options & { readonly expiresSeconds: number },
): PresignedQuery {
  checkExpiry(options.expiresSeconds, V4_MAX_EXPIRY_SECONDS)
  const { credentials, region, product = 'oss' } = options
  const headers = Object.fromEntries(normalHeaders(request.headers))
  const timestamp = basicTime(options.date)
  const additional = additionalNames(options.additionalHeaders, headers)
  const scope = { day: timestamp.slice(0, 8), region, product }
  const query: Record<string, string> = {
    ...request.query,
    'x-oss-signature-version': V4_ALGORITHM,
    'x-oss-date': timestamp,
    'x-oss-expires': String(options.expiresSeconds),
    'x-oss-credential': `${credentials.accessKeyId}/${scopeText(scope)}`,
  }
  delete query['x-oss-signature']
  delete query['x-oss-security-token']
  delete query['x-oss-additional-headers']
  if (additional.length > 0) query['x-oss-additional-headers'] = additional.join(';')
  if (credentials.securityToken) {
    query['x-oss-security-token'] = credentials.securityToken
  }
  const signed = computeV4(credentials.accessKeySecret, scope, timestamp, {
    request,
    query: Object.entries(query),
    headerLines: canonicalHeaders(headers, additional),
    additionalLine: additional.join(';'),
  })
  query['x-oss-signature'] = signed.signature
  return { query, ...signed }
}

/** Verifies a request signed in its headers or, failing an Authorization header, in its query. */
export function verifyV4(request: VerifiableRequest, context: VerifyContext): Verdict {
  const headers = normalHeaders(request.headers)
  const query = new Map(queryEntries(request.query))
  const inHeader = headers.has('authorization')
  const claim = inHeader ? readHeaderClaim(headers) : readQueryClaim(query)
  if ('ok' in claim) return claim

  const scope = readScope(claim.credential, inHeader, context)
  if ('ok' in scope) return scope
  const time = parseRequestTime(claim.time)
  if (time === undefined) return invalidDate(claim.time)
  const timestamp = basicTime(time)
  if (scope.day !== timestamp.slice(0, 8)) {
    return malformed('The date of the credential scope is not the date of the request.')
  }

  const { accessKeyId } = scope
  const secret = findSecret(context, accessKeyId, claim.securityToken)
  if ('ok' in secret) return secret
  const late =
    claim.expiresSeconds === undefined
      ? checkSkew(time, context.now)
      : checkValidity(time, claim.expiresSeconds, context.now)
  if (late !== undefined) return late

  if (!inHeader) query.delete('x-oss-signature')
  const signed = computeV4(secret.accessKeySecret, scope, timestamp, {
    request,
    query: [...query],
    headerLines: canonicalHeaders(
      Object.fromEntries(headers),
      claim.additionalLine.split(';').map((name) => name.toLowerCase()),
    ),
    // The list is signed as it is spelt, so that no two spellings pass for one another.
    additionalLine: claim.additionalLine,
  })
  return (
    checkSignature(claim.signature, signed.signature, {
      accessKeyId,
      stringToSign: signed.stringToSign,
      bytes: Buffer.from(signed.stringToSign, 'latin1'),
      canonicalRequest: signed.canonicalRequest,
    }) ?? accepted(accessKeyId, claim.securityToken)
  )
}

interface Claim {
  readonly credential: string
  readonly signature: string
  readonly additionalLine: string
  readonly time: string | undefined
  readonly securityToken: string | undefined
  /** Presigned only. */
  readonly expiresSeconds?: number
}

function readHeaderClaim(headers: ReadonlyMap<string, string>): Claim | Refusal {
  const fields = new Map<string, string>()
  const text = headers.get('authorization') ?? ''
  const [algorithm, rest] = split(text.trim(), ' ')
  if (algorithm !== V4_ALGORITHM) return malformed('Invalid Authorization in header.')
  for (const field of rest.split(',')) {
    const [name, value] = split(field.trim(), '=')
    if (!['Credential', 'AdditionalHeaders', 'Signature'].includes(name) || fields.has(name)) {
      return malformed('Invalid Authorization in header.')
    }
    fields.set(name, value)
  }
  const credential = fields.get('Credential')
  const signature = fields.get('Signature')
  if (!credential) return malformed('Missing Credential in Authorization header.', '0002-00000202')
  if (!signature) return malformed('Missing Signature in Authorization header.')
  if (headers.get('x-oss-content-sha256')?.trim() !== PAYLOAD) {
    return malformed('Invalid x-oss-content-sha256 in header.', '0002-00000214')
  }
  return {
    credential,
    signature,
    additionalLine: fields.get('AdditionalHeaders') ?? '',
    time: headers.get('x-oss-date') ?? headers.get('date'),
    securityToken: headers.get('x-oss-security-token'),
  }
}

function readQueryClaim(query: ReadonlyMap<string, string>): Claim | Refusal {
  if (query.get('x-oss-signature-version') !== V4_ALGORITHM) {
    return malformed('Invalid x-oss-signature-version in query.')
  }
  const credential = query.get('x-oss-credential')
  const signature = query.get('x-oss-signature')
  const expires = query.get('x-oss-expires') ?? ''
  if (!credential) return malformed('Missing x-oss-credential in query.', '0002-00000202')
  if (!signature) return malformed('Missing x-oss-signature in query.')
  if (query.get('x-oss-additional-headers') === '') {
    return malformed('Invalid x-oss-additional-headers in query.', '0002-00000076')
  }
  const expiresSeconds = /^[0-9]{1,6}$/.test(expires) ? Number(expires) : 0
  if (expiresSeconds < 1 || expiresSeconds > V4_MAX_EXPIRY_SECONDS) {
    return malformed('Invalid x-oss-expires in query.')
  }
  return {
    credential,
    signature,
    additionalLine: query.get('x-oss-additional-headers') ?? '',
    time: query.get('x-oss-date'),
    securityToken: query.get('x-oss-security-token'),
    expiresSeconds,
  }
}

function readScope(
  credential: string,
  inHeader: boolean,
  context: VerifyContext,
): (Scope & { readonly accessKeyId: string }) | Refusal {
  const [accessKeyId, day, region, product, suffix, ...more] = credential.split('/')
  if (!accessKeyId || !day || !region || !product || more.length > 0) {
    return malformed('Invalid Credential.')
  }
  const place = inHeader ? 'Authorization header' : 'query'
  if (suffix !== 'aliyun_v4_request') {
    return malformed(`Invalid Credential suffix in ${place}.`, '0002-00000213')
  }
  if (product !== (context.product ?? 'oss')) {
    return malformed(`Invalid signing product in ${place}.`, '0002-00000227')
  }
  if (context.region !== undefined && region !== context.region) {
    return malformed(
      `Invalid signing region in ${place}.`,
      inHeader ? '0002-00000226' : '0002-00000228',
      { Region: region },
    )
  }
  return { accessKeyId, day, region, product }
}

function checkValidity(from: Date, expiresSeconds: number, now: Date): Refusal | undefined {
  if (now.getTime() > from.getTime() + expiresSeconds * 1000) {
    return expired(new Date(from.getTime() + expiresSeconds * 1000), now)
  }
  return from > now ? checkSkew(from, now) : undefined
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
