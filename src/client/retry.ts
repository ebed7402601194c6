/**
 * When a failed attempt is repeated, and after how long: pure decisions, no timer.
 * They rest on what is known (was it sent, what did the service say), never on a message's text.
 */

import {
  CredentialsError,
  DigestMismatchError,
  type Doubt,
  InvalidOptionError,
  MalformedResponseError,
  ServiceError,
  TransportError,
} from '../errors.js'
import { plainObject, refuseUnknown } from '../unknown-option.js'

/** How failed attempts are repeated. */
export interface RetryPolicy {
  /** Attempts a call makes at most, the first included: an integer from 1, or `Infinity`. @default 5 */
  readonly maxAttempts: number
  /** Upper bound of the first wait, in milliseconds; doubles with each attempt. @default 200 */
  readonly baseDelayMs: number
  /** Upper bound of any wait, in milliseconds, but one the service asks for. @default 20_000 */
  readonly maxDelayMs: number
  /** No attempt begins later than this after the first began, in milliseconds. @default 600_000 */
  readonly maxElapsedMs: number
}

export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 5,
  baseDelayMs: 200,
  maxDelayMs: 20_000,
  maxElapsedMs: 600_000,
}

/** What to do after a failed attempt. */
export type RetryDecision =
  /** Nothing that waiting could mend. */
  | { readonly action: 'fail' }
  /** Again, after a delay of at least `minDelayMs`. */
  | { readonly action: 'retry'; readonly minDelayMs: number }
  /** Again at once, signed with other credentials, if others can be had. */
  | { readonly action: 'renew-credentials' }
  /** Again at once, once, signed with the service's time, if that can be learnt. */
  | { readonly action: 'correct-clock' }

/** What of a call matters for repeating it. */
export interface RetryContext {
  /** Whether doing it twice leaves what doing it once leaves, or litter that holds nothing. */
  readonly repeatable: boolean
  /** Whether the caller gave the Content-MD5: then a mismatch is not damage on the way. */
  readonly digestIsGiven: boolean
}

/** Answers of 4xx, or inside a 200, that are worth another attempt. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'BadRequest',
  'IncompleteBody',
  'InternalError',
  'RequestTimeout',
  'ServiceUnavailable',
])

const CREDENTIAL_CODES: ReadonlySet<string> = new Set([
  'AccessKeyIdAndSecurityTokenNotMatch',
  'InvalidAccessKeyId',
  'InvalidSecurityToken',
  'SecurityTokenExpired',
])

const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([401, 408, 429])

const FAIL: RetryDecision = { action: 'fail' }
const RETRY: RetryDecision = { action: 'retry', minDelayMs: 0 }

/** Decides what to do after an attempt failed with `error`. */
export function retryDecision(error: unknown, context: RetryContext): RetryDecision {
  if (error instanceof TransportError || error instanceof DigestMismatchError) return RETRY
  if (error instanceof MalformedResponseError) return context.repeatable ? RETRY : FAIL
  // A provider that failed may succeed; one that returned nonsense will do so again.
  if (error instanceof CredentialsError) return error.cause === undefined ? FAIL : RETRY
  return error instanceof ServiceError ? afterServiceError(error, context) : FAIL
}

/** Why the attempt that failed with `error` may have taken effect nevertheless, if it may. */
export function doubtAfter(error: unknown): Doubt | undefined {
  // Of a request that was cut short the service has no more than a beginning.
  if (error instanceof TransportError) return error.sent ? 'lost' : undefined
  if (error instanceof DigestMismatchError) return 'answered'
  // Whatever is not the service answers for one that may be at it still, or has done it.
  if (error instanceof MalformedResponseError) return doubtOf(error.requestId)
  if (!(error instanceof ServiceError)) return undefined
  // 203 is definite: stored, only the callback failed.
  if (error.status === 203 && error.ossCode === 'CallbackFailed') return undefined
  // 200 with an error inside.
  if (error.status < 300) return doubtOf(error.requestId)
  if (error.ossCode === undefined) return 'lost'
  if (error.status < 500 || error.status === 501) return undefined
  return error.status === 502 || error.status === 504 ? 'lost' : 'answered'
}

function doubtOf(requestId: string | undefined): Doubt {
  return requestId === undefined ? 'lost' : 'answered'
}

/**
 * Full jitter: a delay in milliseconds from 0 to min(`maxDelayMs`, `baseDelayMs` · 2^`retries`).
 * @param retries how many waits there were before this one
 * @param random from 0 up to, not including, 1
 */
export function backoffDelay(retries: number, policy: RetryPolicy, random: number): number {
  // Beyond 2^60 any base but 0 has long met the maximum, and 0 · Infinity would be NaN.
  const bound = policy.baseDelayMs * 2 ** Math.min(retries, 60)
  return Math.floor(random * Math.min(policy.maxDelayMs, bound))
}

/** The policy that options describe; throws InvalidOptionError for a value out of range. */
export function resolveRetry(options: Partial<RetryPolicy> = {}): RetryPolicy {
  refuseUnknown(plainObject(options, 'retry'), Object.keys(DEFAULT_RETRY), '`retry`')
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const policy: RetryPolicy = { ...DEFAULT_RETRY, ...Object.fromEntries(given) }
  const { maxAttempts } = policy
  if (
    maxAttempts !== Number.POSITIVE_INFINITY &&
    !(Number.isInteger(maxAttempts) && maxAttempts >= 1)
  ) {
    throw InvalidOptionError.expected(
      'retry.maxAttempts',
      'an integer from 1, or Infinity',
      maxAttempts,
    )
  }
  for (const name of ['baseDelayMs', 'maxDelayMs', 'maxElapsedMs'] as const) {
    const value: unknown = policy[name]
    const unlimited = name === 'maxElapsedMs' && value === Number.POSITIVE_INFINITY
    if (typeof value !== 'number' || !(value >= 0) || !(Number.isFinite(value) || unlimited)) {
      throw InvalidOptionError.expected(`retry.${name}`, 'a number from 0 (milliseconds)', value)
    }
  }
  return policy
}

function afterServiceError(error: ServiceError, context: RetryContext): RetryDecision {
  const { status, ossCode = '', retryAfterMs = 0 } = error
  if (CREDENTIAL_CODES.has(ossCode)) return { action: 'renew-credentials' }
  if (ossCode === 'RequestTimeTooSkewed') return { action: 'correct-clock' }
  // The bytes were damaged on the way, unless the digest was never theirs.
  if (ossCode === 'InvalidDigest') return context.digestIsGiven ? FAIL : RETRY
  const transient =
    TRANSIENT_CODES.has(ossCode) ||
    TRANSIENT_STATUSES.has(status) ||
    (status >= 500 && status !== 501)
  return transient ? { action: 'retry', minDelayMs: retryAfterMs } : FAIL
}
