/**
 * Error answers of the service, made into errors: from the document, or from the headers where the
 * document cannot be (HEAD), or from a snapshot where a proxy answered in its place.
 */

import { clip, MalformedResponseError, ServiceError } from '../errors.js'
import { decodeError, type ErrorDocument } from '../protocol/xml.js'
import { redacted } from './redact.js'
import { isPlausible } from './server-clock.js'
import type { Answer } from './transport.js'

const SNAPSHOT_CHARACTERS = 1024
const MAX_IDENTIFIER = 256

/** What of a request matters for understanding its error answer. */
export interface Asked {
  readonly method: string
  /** Our time when the answer came, in milliseconds since 1970. */
  readonly now?: number | undefined
}

/** The error that an answer of any status stands for. */
export function serviceError(answer: Answer, asked: Asked): ServiceError {
  const { headers, status, secrets } = answer
  const document = documentOf(answer)
  return new ServiceError({
    status,
    ossCode: document
      ? redacted(document.code, secrets)
      : codeWithoutDocument(answer, asked.method),
    ossMessage: document && redacted(document.message, secrets),
    requestId: requestIdOf(answer) ?? identifier(document?.requestId, secrets),
    ec: identifier(document?.ec ?? headers['x-oss-ec'], secrets),
    snapshot: document === undefined ? snapshotOf(answer) : undefined,
    retryAfterMs: retryAfter(headers, asked.now),
    serverDate: serverDate(headers.date, document?.details.ServerTime),
  })
}

/** The error for a success whose document or headers are not what they should be. */
export function malformed(answer: Answer, what: string): MalformedResponseError {
  return new MalformedResponseError(`${answer.status} with ${what}`, {
    status: answer.status,
    snapshot: snapshotOf(answer) ?? '',
    requestId: requestIdOf(answer),
  })
}

/** What Alibaba Cloud's support asks for, if the answer has it. */
export function requestIdOf({ headers, secrets }: Answer): string | undefined {
  return identifier(headers['x-oss-request-id'], secrets)
}

/** An id for people to quote, of a length that they can, and never what signed the request. */
function identifier(id: string | undefined, secrets?: readonly string[]): string | undefined {
  // Those of the service are looked at no further.
  if (id === undefined || /^[\dA-F]{1,32}$/.test(id)) return id
  return clip(redacted(id, secrets), MAX_IDENTIFIER)
}

function documentOf({ body, headers }: Answer): ErrorDocument | undefined {
  if (body.byteLength > 0) return decodeError(body)
  const encoded = headers['x-oss-err']
  return encoded === undefined ? undefined : decodeError(Buffer.from(encoded, 'base64'))
}

/**
 * HEAD of a missing object is a bare 404; the bucket may be what is missing, but rarely is. Without a
 * request id it is not the service that says so.
 */
function codeWithoutDocument(answer: Answer, method: string): string | undefined {
  const { status, body, headers } = answer
  if (body.byteLength > 0 || method !== 'HEAD') return undefined
  if (headers['x-oss-request-id'] === undefined) return undefined
  if (status === 404) return 'NoSuchKey'
  return status === 412 ? 'PreconditionFailed' : undefined
}

function snapshotOf({ body, secrets }: Answer): string | undefined {
  if (body.byteLength === 0) return undefined
  // A proxy's page may repeat the request. Whole first: a secret cut in two would not be found.
  return redacted(body.toString('utf8'), secrets).slice(0, SNAPSHOT_CHARACTERS)
}

function serverDate(header: string | undefined, element: string | undefined): Date | undefined {
  const dates = [header, element].flatMap((text) => (text === undefined ? [] : [new Date(text)]))
  const valid = dates.filter((date) => !Number.isNaN(date.getTime()))
  return valid.find(isPlausible) ?? valid[0]
}

/**
 * How long the service asks to wait: `Retry-After` (seconds or a date), or `x-oss-qos-delay-time`
 * (milliseconds), whichever is longer.
 */
export function retryAfter(
  headers: Readonly<Record<string, string>>,
  now?: number,
): number | undefined {
  const delays = [
    ofRetryAfter(headers['retry-after'], dateOr(headers.date, now)),
    numberOf(headers['x-oss-qos-delay-time']),
  ].filter((delay) => delay !== undefined)
  return delays.length === 0 ? undefined : Math.max(...delays)
}

function ofRetryAfter(value: string | undefined, now: number | undefined): number | undefined {
  const seconds = numberOf(value)
  if (seconds !== undefined) return seconds * 1000
  // `Date.parse` takes even `-5` for a date.
  const date = Date.parse(value?.endsWith('GMT') ? value : '')
  return now === undefined || Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** A date to wait for is one of the server's clock: counted from the answer's own `Date`. */
function dateOr(text: string | undefined, now: number | undefined): number | undefined {
  const date = new Date(text ?? '')
  return isPlausible(date) ? date.getTime() : now
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d{1,12}\s*$/.test(text) ? Number(text) : undefined
}
