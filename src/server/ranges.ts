/** `Range` and the conditions of GetObject and HeadObject. Pure. */

import { quoteEtag, unquoteEtag } from '../protocol/digest.js'
import { Failure, failures } from './failures.js'

/** Bytes to answer with. */
export interface ByteRange {
  readonly offset: number
  readonly size: number
}

/**
 * The part of an object that a Range header asks for; `undefined` for all of it. Malformed and
 * multiple ranges are ignored. By default so is any range that reaches past the end; with
 * `x-oss-range-behavior: standard` it is cut there, or refused if nothing is left ("GetObject").
 *
 * @throws {Failure} 416 InvalidRange, only in standard mode
 */
export function parseRange(
  header: string | undefined,
  size: number,
  standard: boolean,
): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (header === undefined || (first === '' && last === '')) return undefined
  const suffix = first === ''
  const start = suffix ? size - Number(last) : Number(first)
  const end = suffix || last === '' ? size - 1 : Number(last)
  if (!suffix && last !== '' && Number(last) < start) return undefined
  const satisfiable = start < size && !(suffix && Number(last) === 0)
  const within = satisfiable && start >= 0 && end < size
  if (within) return { offset: start, size: end - start + 1 }
  if (!standard) return undefined
  if (!satisfiable) throw failures.invalidRange(header, size)
  const offset = Math.max(start, 0)
  return { offset, size: Math.min(end, size - 1) - offset + 1 }
}

/** What the conditions are compared with. */
export interface ConditionSubject {
  /** Without quotes. */
  readonly etag: string
  /** Milliseconds since the epoch. */
  readonly lastModified: number
}

/** Names of the four condition headers; those of a copy's source have a prefix. */
export type ConditionHeaders = Readonly<Record<string, string>>

/**
 * Checks If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in that order; dates
 * that are none are ignored.
 *
 * @throws {Failure} 412 PreconditionFailed, or 304 NotModified
 */
export function checkConditions(
  headers: ConditionHeaders,
  subject: ConditionSubject,
  prefix = '',
): void {
  const seconds = Math.floor(subject.lastModified / 1000)
  const match = headers[`${prefix}if-match`]
  if (match !== undefined && !matches(match, subject.etag)) {
    throw failures.preconditionFailed('If-Match')
  }
  const unmodified = secondsOf(headers[`${prefix}if-unmodified-since`])
  if (unmodified !== undefined && seconds > unmodified) {
    throw failures.preconditionFailed('If-Unmodified-Since')
  }
  const noneMatch = headers[`${prefix}if-none-match`]
  if (noneMatch !== undefined && matches(noneMatch, subject.etag)) {
    throw notModified(subject)
  }
  const modified = secondsOf(headers[`${prefix}if-modified-since`])
  if (noneMatch === undefined && modified !== undefined && seconds <= modified) {
    throw notModified(subject)
  }
}

function notModified({ etag, lastModified }: ConditionSubject): Failure {
  const headers = { etag: quoteEtag(etag), 'last-modified': new Date(lastModified).toUTCString() }
  return new Failure(304, 'NotModified', 'Not Modified', { headers })
}

function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .map((one) => one.trim())
    .some((one) => one === '*' || unquoteEtag(one).toUpperCase() === etag.toUpperCase())
}

function secondsOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
