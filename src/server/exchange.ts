/**
 * One request from arrival to answer: address, operation, faults, signature, handler, answer.
 * Whatever happens on the way, exactly one answer goes out, or the connection ends.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { matchOperation, type OperationName } from '../protocol/operations.js'
import { type Address, type KnownHosts, parseAddress } from './addressing.js'
import { type Answer, type AnswerContext, failureAnswer } from './answers.js'
import { authenticate, permitAnonymous } from './authorise.js'
import type { ServerClock } from './clock.js'
import { Disconnected, Failure, failures } from './failures.js'
import { answerFault, applyToAnswer, cutConnection, rawAnswer } from './fault-effects.js'
import type { AppliedFaults, FaultScript } from './faults.js'
import { HANDLERS } from './handlers.js'
import { newRequestId } from './ids.js'
import type { KeyRing } from './key-ring.js'
import type { OssRequest } from './oss-request.js'
import { RequestBody } from './request-body.js'
import { checkNames, checkParameters, refuseUnknown } from './request-rules.js'
import { sendAnswer } from './send.js'
import type { Store } from './store.js'
import type { RequestTrace } from './trace.js'

/** What all exchanges of a server share. */
export interface ServerState {
  readonly store: Store
  readonly keys: KeyRing
  readonly faults: FaultScript
  readonly trace: RequestTrace
  readonly clock: ServerClock
  readonly region: string
  readonly hosts: KnownHosts
  /** How long a client may send nothing in the middle of a body, in milliseconds. */
  readonly stallMs: number
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  /** Housekeeping that is due by now; runs before each request. */
  readonly beforeRequest: () => Promise<void>
  /** Told of errors that are nobody's fault but the server's; the client gets 500 InternalError. */
  readonly onError: (error: unknown) => void
}

/** Which connection a request came on, and which of its requests it is; both from 1. */
export interface ConnectionInfo {
  readonly id: number
  readonly requests: number
}

/** Answers one request. Never rejects. */
export async function exchange(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  options: { expectsContinue: boolean; connection: ConnectionInfo },
): Promise<void> {
  const requestId = newRequestId()
  const startedAt = state.clock.elapsed()
  const headers = flatHeaders(request)
  const body = new RequestBody(request, response, {
    stallMs: state.stallMs,
    expectsContinue: options.expectsContinue,
  })
  const method = request.method ?? ''
  const address = tryAddress(request, headers, state.hosts)
  const known = address instanceof Failure ? NOWHERE : address
  const operation =
    address instanceof Failure
      ? undefined
      : matchOperation({
          method,
          scope: known.scope,
          query: known.query,
          hasHeader: (name) => headers[name] !== undefined,
        })
  const subject = subjectOf(operation, known)
  const trace = state.trace.arrive({
    ...subject,
    method,
    query: known.query,
    headers,
    contentLength: body.length,
    startedAt: state.clock.now(),
    connection: options.connection.id,
    requestOfConnection: options.connection.requests,
    requestId,
  })
  const faults = state.faults.take(subject)
  const skew = faults.all('skewMs').reduce((sum, fault) => sum + fault.skewMs, 0)
  const now = (): number => state.clock.now() + skew
  const context = (): AnswerContext => ({
    requestId,
    host: known.host,
    now: now(),
    elapsedMs: state.clock.elapsed() - startedAt,
    isHead: method === 'HEAD',
    close: body.isUnread,
  })
  try {
    let answer: Answer
    try {
      if (address instanceof Failure) throw address
      const visit = { method, headers, body, address, operation, requestId, now }
      answer = await answerFor(state, visit, faults)
    } catch (error) {
      if (error instanceof Disconnected) throw error
      if (!(error instanceof Failure)) state.onError(error)
      answer = failureAnswer(error instanceof Failure ? error : failures.internalError(), context())
    }
    try {
      await faults.held('before-answer')
      if (faults.find('drop') !== undefined) throw new Disconnected()
      const sent = applyToAnswer(answer, faults)
      await sendAnswer(response, sent, {
        context: context(),
        body,
        drip: faults.find('drip')?.drip,
        breakAfter: faults.find('breakAfter')?.breakAfter,
        clock: state.clock,
        onHead: () => trace.answered(sent.status, sent.ossCode),
        closing: state.closing,
      })
    } finally {
      if (typeof answer.body === 'object' && 'release' in answer.body) await answer.body.release()
    }
  } catch (error) {
    if (!(error instanceof Disconnected)) state.onError(error)
    cutConnection(request)
  } finally {
    trace.dropped()
  }
}

interface Visit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: RequestBody
  readonly address: Address
  readonly operation: OperationName | undefined
  readonly requestId: string
  readonly now: () => number
}

async function answerFor(state: ServerState, visit: Visit, faults: AppliedFaults): Promise<Answer> {
  await faults.held('arrival')
  for (const { delayMs } of faults.all('delayMs')) await state.clock.sleep(delayMs, state.closing)
  // Closing ends the waits above: nobody is there any more, and nobody let the request go on.
  if (state.closing.aborted) throw new Disconnected()
  const instead = await answerFault(faults, visit.body)
  if (instead !== undefined) return instead
  for (const _ of faults.all('expireToken')) expireToken(state.keys, visit)
  const answer = await handle(state, visit, faults)
  const raw = faults.answer
  if (raw === undefined || raw.body === undefined) return answer
  if (typeof answer.body === 'object' && 'release' in answer.body) await answer.body.release()
  return rawAnswer(raw)
}

async function handle(state: ServerState, visit: Visit, faults: AppliedFaults): Promise<Answer> {
  const { address, operation, headers, body, method, now } = visit
  await state.beforeRequest()
  const { scope, bucket, key, query } = address
  const principal = authenticate(
    {
      method,
      headers,
      query,
      ...(scope === 'service' ? {} : { bucket }),
      ...(scope === 'object' ? { key } : {}),
    },
    { keys: state.keys, now: now(), region: state.region },
  )
  if (operation === undefined) throw refuseUnknown(method, query)
  checkNames(address, state.region)
  checkParameters(method, query, headers)
  const existing = state.store.bucket(bucket)
  if (operation !== 'PutBucket' && scope !== 'service' && existing === undefined) {
    throw failures.noSuchBucket(bucket)
  }
  if (principal === undefined) {
    if (existing === undefined) throw failures.anonymous('bucket acl')
    permitAnonymous(operation, existing, key)
  }
  const request: OssRequest = {
    operation,
    bucket,
    key,
    query,
    headers,
    body,
    host: address.host,
    pathStyle: address.pathStyle,
    isAnonymous: principal === undefined,
    requestId: visit.requestId,
    region: state.region,
    store: state.store,
    closing: state.closing,
    now,
    damage: faults.all('corrupt').some((fault) => fault.corrupt === 'stored'),
  }
  return HANDLERS[operation](request)
}

const NOWHERE: Address = {
  scope: 'service',
  bucket: '',
  key: '',
  query: new Map(),
  hostRegion: undefined,
  forbiddenStyle: false,
  pathStyle: true,
  host: '',
}

function tryAddress(
  request: IncomingMessage,
  headers: Readonly<Record<string, string>>,
  hosts: KnownHosts,
): Address | Failure {
  try {
    return parseAddress(request.url ?? '/', headers.host ?? '', hosts)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

function subjectOf(operation: OperationName | undefined, { bucket, key, query }: Address) {
  const partNumber = query.get('partNumber')
  const uploadId = query.get('uploadId')
  return {
    operation,
    bucket,
    key,
    ...(partNumber === undefined ? {} : { partNumber: Number(partNumber) }),
    ...(uploadId === undefined ? {} : { uploadId }),
  }
}

function expireToken(keys: KeyRing, { headers, address }: Visit): void {
  const token =
    headers['x-oss-security-token'] ??
    address.query.get('x-oss-security-token') ??
    address.query.get('security-token')
  if (token === undefined) {
    throw new Failure(403, 'SecurityTokenExpired', 'The security token you provided has expired.')
  }
  keys.expire(token)
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
