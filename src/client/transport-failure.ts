/**
 * What a failure of the network lets one assume: the only place that reads errno and UND_ERR codes.
 */

import { InvalidOptionError, OssError, TransportError } from '../errors.js'
import { redacted, redactedCause } from './redact.js'

/** Codes that mean: no connection, whatever undici had begun. */
const UNSENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
  'UND_ERR_SOCKS5',
])

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

/** Codes of a dispatcher that will never send this request. */
const UNUSABLE_CODES: ReadonlySet<string> = new Set([
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
])

/**
 * The error to report for what a dispatcher reported.
 * @param began whether the request had been given to a connection; until then nothing was sent
 * @param sent whether all of it had been handed over
 * @param secrets what must not show: a mock's error quotes the headers of a request it does not know
 */
export function transportFailure(
  thrown: unknown,
  began: boolean,
  sent = began,
  secrets: readonly string[] = [],
): Error {
  if (thrown instanceof OssError) return thrown
  const code = codeOf(thrown)
  const text = redacted(messageOf(thrown), secrets)
  const cause = redactedCause(thrown, secrets)
  if (code !== undefined && UNUSABLE_CODES.has(code) && !began) {
    return new InvalidOptionError('dispatcher', `The dispatcher refused the request: ${text}`, {
      cause,
    })
  }
  if (!began || (code !== undefined && UNSENT_CODES.has(code))) {
    return new TransportError('unsent', `no connection: ${text}`, { cause })
  }
  if (code !== undefined && TIMEOUT_CODES.has(code)) {
    return new TransportError('timeout', text, { cause, sent })
  }
  return new TransportError('interrupted', `connection lost: ${text}`, { cause, sent })
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  // Node reports several addresses of one host as an AggregateError without a message.
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return codeOf(error) ?? error.name
}
