/**
 * What a server says about a signature: the verdicts, with status, code, EC and text as OSS gives
 * them, and the checks of time and secret that both versions share. Pure; the time comes in.
 */

import { timingSafeEqual } from 'node:crypto'

/** A request as a server received it. */
export interface VerifiableRequest {
  readonly method: string
  /** As found from the Host or the path; part of what was signed. */
  readonly bucket?: string | undefined
  /** Decoded. */
  readonly key?: string | undefined
  /** Decoded; `''` for a name without a value. */
  readonly query: ReadonlyMap<string, string> | Readonly<Record<string, string>>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a server knows when it verifies. */
export interface VerifyContext {
  readonly now: Date
  /** Region that a V4 signature must be for, such as `cn-hangzhou`; any if absent. */
  readonly region?: string | undefined
  /** Product that a V4 signature must be for. @default 'oss' */
  readonly product?: string | undefined
  /** V1: query names to treat as signed sub-resources, beside the known ones. */
  readonly extraSubresources?: readonly string[] | undefined
  /** Finds the secret of an access key; `undefined` if there is no such key. */
  lookup(
    accessKeyId: string,
    securityToken?: string,
  ): { readonly accessKeySecret: string } | { readonly rejected: string } | undefined
}

/** A refusal, as the fields of an error document. */
export interface Refusal {
  readonly ok: false
  readonly status: number
  readonly code: string
  readonly message: string
  readonly ec?: string
  /** Further elements of the error document. */
  readonly details?: Record<string, string>
}

/** What a server makes of a request's signature. */
export type Verdict =
  | { readonly ok: true; readonly accessKeyId: string; readonly securityToken?: string }
  | Refusal

/** Largest difference between a request's time and the server's, in milliseconds. */
export const MAX_SKEW_MS = 15 * 60 * 1000

/** The verdict on a request whose signature holds. */
export function accepted(accessKeyId: string, securityToken: string | undefined): Verdict {
  return securityToken === undefined
    ? { ok: true, accessKeyId }
    : { ok: true, accessKeyId, securityToken }
}

/** 400: the request's authentication cannot even be read. */
export function malformed(message: string, ec?: string, details?: Record<string, string>): Refusal {
  return refusal(400, 'InvalidArgument', message, ec, details)
}

/** 403 without a reason that lies in the signature. */
export function accessDenied(message: string, ec?: string): Refusal {
  return refusal(403, 'AccessDenied', message, ec)
}

/** 403: no time, or none that can be read. */
export function invalidDate(given: string | undefined): Refusal {
  const ec = given ? '0002-00000502' : '0002-00000503'
  return accessDenied('OSS authentication requires a valid Date.', ec)
}

/** 403: a presigned V1 request whose end is no epoch time. */
export function invalidExpires(given: string): Refusal {
  return refusal(403, 'AccessDenied', 'Invalid Expires.', '0002-00000070', { Expires: given })
}

/** 403: a presigned request after its end. */
export function expired(end: Date, now: Date): Refusal {
  return refusal(403, 'AccessDenied', 'Request has expired.', undefined, {
    Expires: end.toISOString(),
    ServerTime: now.toISOString(),
  })
}

/** Finds the secret, or says why there is none. */
export function findSecret(
  context: VerifyContext,
  accessKeyId: string,
  securityToken: string | undefined,
): { readonly accessKeySecret: string } | Refusal {
  const found = context.lookup(accessKeyId, securityToken)
  if (found === undefined) return rejection('InvalidAccessKeyId', accessKeyId)
  return 'rejected' in found ? rejection(found.rejected, accessKeyId) : found
}

/** Refuses a request that was signed more than 15 minutes from now, in either direction. */
export function checkSkew(requestTime: Date, now: Date): Refusal | undefined {
  if (Math.abs(requestTime.getTime() - now.getTime()) <= MAX_SKEW_MS) return undefined
  return refusal(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    '0002-00000504',
    {
      RequestTime: requestTime.toISOString(),
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    },
  )
}

/** Compares a signature in constant time; a wrong one is answered with what should have been signed. */
export function checkSignature(
  provided: string,
  expected: string,
  signed: {
    readonly accessKeyId: string
    readonly stringToSign: string
    readonly bytes: Uint8Array
    readonly canonicalRequest?: string
  },
): Refusal | undefined {
  const a = Buffer.from(provided)
  const b = Buffer.from(expected)
  if (a.length === b.length && timingSafeEqual(a, b)) return undefined
  const details: Record<string, string> = {
    OSSAccessKeyId: signed.accessKeyId,
    SignatureProvided: provided,
    StringToSign: signed.stringToSign,
    StringToSignBytes: Array.from(signed.bytes, (byte) =>
      byte.toString(16).toUpperCase().padStart(2, '0'),
    ).join(' '),
  }
  if (signed.canonicalRequest !== undefined) details.CanonicalRequest = signed.canonicalRequest
  return refusal(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    '0002-00000040',
    details,
  )
}

/** Reads the query of a request, whichever form it came in. */
export function queryEntries(query: VerifiableRequest['query']): [string, string][] {
  return query instanceof Map ? [...query] : Object.entries(query)
}

/**
 * Reads a time as OSS requests spell it: `20250309T080706Z` or `Sun, 09 Mar 2025 08:07:06 GMT`.
 * `undefined` for anything else, a day that no month has included.
 */
export function parseRequestTime(text: string | undefined): Date | undefined {
  const value = text?.trim() ?? ''
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value)
  if (basic !== null) {
    const [, year, month, day, hour, minute, second] = basic
    return exactly(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`, (date) =>
      date.toISOString(),
    )
  }
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)) return undefined
  return exactly(value, (date) => date.toUTCString())
}

const REJECTIONS: Readonly<Record<string, { message: string; ec?: string }>> = {
  InvalidAccessKeyId: {
    message: 'The OSS Access Key Id you provided does not exist in our records.',
    ec: '0002-00000902',
  },
  InvalidSecurityToken: { message: 'The security token you provided is invalid.' },
  SecurityTokenExpired: {
    message: 'The security token you provided has expired.',
    ec: '0002-00000007',
  },
  AccessKeyIdAndSecurityTokenNotMatch: {
    message: 'The access key id and the security token you provided do not match.',
  },
  UserDisable: { message: 'UserDisable', ec: '0003-00000801' },
}

function rejection(code: string, accessKeyId: string): Refusal {
  const known = Object.hasOwn(REJECTIONS, code) ? REJECTIONS[code] : undefined
  return refusal(403, code, known?.message ?? 'The credentials were refused.', known?.ec, {
    OSSAccessKeyId: accessKeyId,
  })
}

function refusal(
  status: number,
  code: string,
  message: string,
  ec?: string,
  details?: Record<string, string>,
): Refusal {
  return {
    ok: false,
    status,
    code,
    message,
    ...(ec === undefined ? {} : { ec }),
    ...(details === undefined ? {} : { details }),
  }
}

/** `Date` rolls 31 February over into March; a time that does not print as it was read is refused. */
function exactly(text: string, print: (date: Date) => string): Date | undefined {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && print(date) === text ? date : undefined
}
