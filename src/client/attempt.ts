/**
 * One attempt of a call: credentials, date and signature are its own, so that the next one has fresh
 * ones. Whoever listens is told of it; see diagnostics.ts.
 */
import type { ResolvedCredentials } from '../credentials.js'
import { type RequestTrace, requests, traced } from '../diagnostics.js'
import { OPERATIONS } from '../protocol/operations.js'
import { onAbort } from './abort-hub.js'
import { type Call, type Connection, signalOf } from './call.js'
import { requestIdOf, serviceError } from './error-answer.js'
import { signRequest, type UnsignedRequest } from './sign-request.js'
import type { Answer } from './transport.js'

/** No document the service answers with is longer. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024

/** What an attempt used, for learning from its failure; and what its answer was. */
export interface Attempt {
  credentials?: ResolvedCredentials
  signedAt?: Date
  answer?: Answer
}

/** Tells whoever listens of the attempt. */
export function tracedAttempt<Result>(
  connection: Connection,
  call: Call<Result>,
  attempt: Attempt,
  number: number,
): Promise<Result> {
  if (!requests.hasSubscribers) return performAttempt(connection, call, attempt)
  const { operation, bucket, key, partNumber, body, options } = call
  const { upload } = options
  const trace: RequestTrace = {
    ...{
      operation,
      bucket,
      key,
      partNumber,
      attempt: number,
      size: body?.size ?? 0,
      upload: typeof upload === 'function' ? upload() : upload,
    },
    get status() {
      return attempt.answer?.status
    },
    get requestId() {
      return attempt.answer && requestIdOf(attempt.answer)
    },
  }
  return traced(requests, trace, () => performAttempt(connection, call, attempt))
}

async function performAttempt<Result>(
  { transport, credentials, signing, serverClock, clock }: Connection,
  call: Call<Result>,
  attempt: Attempt,
): Promise<Result> {
  const { bucket, key, query = {}, headers = {}, body, options } = call
  const { method } = OPERATIONS[call.operation]
  const signal = signalOf(call)
  const given = credentials.get(signal)
  const { stop } = options
  attempt.credentials = stop === undefined ? await given : await unlessStopped(given, stop)
  attempt.signedAt = serverClock.now()
  const request: UnsignedRequest = {
    method,
    bucket,
    key,
    query,
    headers: typeof headers === 'function' ? headers() : headers,
  }
  const signed = signRequest(request, signing, attempt.credentials, attempt.signedAt)
  signal?.throwIfAborted()
  if (stop?.aborted) throw new Stopped()
  const answer = await transport.send({
    origin: signed.origin,
    path: signed.path,
    headers: signed.headers,
    secrets: signed.secrets,
    method,
    body: body?.source,
    size: body?.size ?? 0,
    signal,
    expect: call.expect ?? 'buffer',
    sink: call.sink,
    onSend: options.onSend,
    maxBodyBytes: MAX_DOCUMENT_BYTES,
  })
  attempt.answer = answer
  if (answer.status < 200 || answer.status >= 300) {
    throw serviceError(answer, { method, now: clock.now() })
  }
  return call.decode(answer)
}

/** `stop` was aborted while nothing was under way that must not be cut short. */
export class Stopped extends Error {}

/** Waits for credentials only as long as the attempt that they are for is wanted. */
async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  let release = () => {}
  const stopped = new Promise<never>((_, reject) => {
    release = onAbort(stop, () => reject(new Stopped()))
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    release()
  }
}
