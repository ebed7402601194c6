/** Carries out what the fault script says: answers instead, changed answers, cut connections. */

import type { IncomingMessage } from 'node:http'
import type { Answer } from './answers.js'
import { Disconnected, Failure } from './failures.js'
import type { AppliedFaults, RawFault } from './faults.js'
import type { RequestBody } from './request-body.js'

/**
 * Carries out the faults of the request's body, and those that come in place of processing.
 *
 * @returns the answer to give, or `undefined` to process the request
 * @throws {Disconnected} where the connection shall be cut; {Failure} where an error shall be answered
 */
export async function answerFault(
  faults: AppliedFaults,
  body: RequestBody,
): Promise<Answer | undefined> {
  if (faults.all('corrupt').some(({ corrupt }) => corrupt === 'received')) body.damage()
  const reset = faults.find('reset')?.reset
  if (reset === 'before-body') throw new Disconnected()
  if (reset !== undefined) {
    if (reset === 'mid-body') body.breakInTheMiddle()
    await body.discard()
    throw new Disconnected()
  }
  const fault = faults.answer
  if (fault === undefined) return undefined
  if (fault.body !== undefined) {
    if (fault.process === true) return undefined
    await body.discard()
    return rawAnswer(fault)
  }
  if (fault.when !== 'before-body') await body.discard()
  const code = fault.code ?? (fault.status === 503 ? 'ServiceUnavailable' : 'InternalError')
  throw new Failure(fault.status, code, fault.message ?? `${code}, by the fault script.`, {
    ...(fault.ec === undefined ? {} : { ec: fault.ec }),
    headers: lowerCased(fault.headers),
  })
}

/** The very bytes that a fault gives. */
export function rawAnswer(fault: RawFault): Answer {
  return {
    status: fault.status,
    headers: { 'content-type': 'application/xml', ...lowerCased(fault.headers) },
    body: fault.body,
  }
}

/** An answer with corrupted digests and changed headers. */
export function applyToAnswer(answer: Answer, faults: AppliedFaults): Answer {
  if (faults.isEmpty) return answer
  let { body } = answer
  const headers: Record<string, string> = { ...answer.headers }
  for (const { corrupt } of faults.all('corrupt')) {
    const crc64 = headers['x-oss-hash-crc64ecma']
    if (corrupt === 'crc64' && crc64 !== undefined) {
      headers['x-oss-hash-crc64ecma'] = String(BigInt(crc64) ^ 1n)
    }
    const { etag } = headers
    if (corrupt === 'etag' && etag !== undefined) {
      const [, digit = '0'] = etag
      const forged = etag.replace(digit, digit === '0' ? '1' : '0')
      headers.etag = forged
      if (typeof body === 'string') body = body.replaceAll(etag, forged)
    }
  }
  for (const { setHeader } of faults.all('setHeader')) {
    for (const [name, value] of Object.entries(setHeader)) headers[name.toLowerCase()] = value
  }
  const without = faults.all('dropHeader').map(({ dropHeader }) => dropHeader.toLowerCase())
  return { ...answer, headers, without, ...(body === undefined ? {} : { body }) }
}

function lowerCased(headers: RawFault['headers'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** Ends a connection with a TCP reset: no goodbye, what was not delivered is lost. */
export function cutConnection(request: IncomingMessage): void {
  request.socket.resetAndDestroy()
}
