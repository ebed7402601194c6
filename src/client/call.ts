/**
 * One call of the client: attempts until one is answered, or none is left. Everything that changes
 * between attempts (credentials, date, signature) is made inside the attempt.
 */

import type { CancelSignal } from '../cancellation.js'
import type { CredentialsCache } from '../credentials.js'
import { tellRetry } from '../diagnostics.js'
import { asError, type Doubt, OssError, ServiceError } from '../errors.js'
import { OPERATIONS, type Operation, type OperationName } from '../protocol/operations.js'
import { onAbort } from './abort-hub.js'
import { type Attempt, Stopped, tracedAttempt } from './attempt.js'
import type { CallOptions, RetryNotice } from './call-options.js'
import type { Clock } from './clock.js'
import {
  backoffDelay,
  doubtAfter,
  type RetryContext,
  type RetryPolicy,
  resolveRetry,
  retryDecision,
} from './retry.js'
import type { ServerClock } from './server-clock.js'
import type { Signing } from './sign-request.js'
import type { Source } from './slices.js'
import type { Answer, BodySink, Transport } from './transport.js'

/** One call: what to ask, and what to make of a successful answer. */
export interface Call<Result> {
  readonly operation: OperationName
  readonly options: CallOptions
  /** In place of the options' signal. */
  readonly cancellation?: CancelSignal | undefined
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly partNumber?: number | undefined
  readonly query?: Readonly<Record<string, string>>
  /** A function is asked for each attempt. */
  readonly headers?: CallHeaders | (() => CallHeaders)
  readonly body?: { readonly size: number; readonly source: Source } | undefined
  readonly expect?: 'buffer' | 'stream'
  /** Takes the body of a successful answer as it comes. */
  readonly sink?: BodySink
  /**
   * How far all attempts have come. One that has come further than those before counts as the first:
   * patience begins anew.
   */
  readonly progress?: () => number
  /** The caller gave the Content-MD5. */
  readonly digestIsGiven?: boolean
  /** Makes the result of an answer, or throws the error that it stands for. */
  readonly decode: (answer: Answer) => Result
}

type CallHeaders = Readonly<Record<string, string>>

/** What all calls of one client share. */
export interface Connection {
  readonly transport: Transport
  readonly credentials: CredentialsCache
  readonly signing: Signing
  readonly clock: Clock
  readonly serverClock: ServerClock
  readonly policy: RetryPolicy
  readonly onRetry: ((notice: RetryNotice) => void) | undefined
}

/** Credentials that are renewed more often within one call are not worth renewing. */
const MAX_RENEWALS = 3
/** No service is waited for longer at a time, whatever it asks for. */
const LONGEST_ASKED_MS = 3_600_000

/** Makes a call; rejects with the last attempt's error, completed by what the call was about. */
export async function performCall<Result>(
  connection: Connection,
  call: Call<Result>,
): Promise<Result> {
  const began = connection.clock.ticks()
  // Of a call that is answered at once nobody asks; but a wrong option must be found before it.
  let progress = call.options.retry && new CallProgress(connection, call, began)
  const { stop } = call.options
  const signal = signalOf(call)
  signal?.throwIfAborted()
  stop?.throwIfAborted()
  let last: unknown
  for (;;) {
    const attempt: Attempt = {}
    try {
      return await tracedAttempt(connection, call, attempt, (progress?.attempts ?? 0) + 1)
    } catch (error) {
      signal?.throwIfAborted()
      if (call.sink?.isRefused) throw error
      progress ??= new CallProgress(connection, call, began)
      // Stopped before anything was sent: what is known comes from the attempt before.
      if (error instanceof Stopped)
        throw last === undefined ? stop?.reason : progress.completed(last)
      last = error
      const delayMs = progress.afterFailure(error, attempt)
      if (delayMs === undefined || stop?.aborted) throw progress.completed(error)
      if (error instanceof Error) progress.announce(error, delayMs)
      await sleepUnlessWoken(connection.clock, delayMs, [signal, stop])
      signal?.throwIfAborted()
      if (stop?.aborted) throw progress.completed(error)
    }
  }
}

/** What cancels a call. */
export function signalOf({ cancellation, options }: Call<unknown>): CancelSignal | undefined {
  return cancellation ?? options.signal
}

/** The attempts of one call so far. */
class CallProgress {
  readonly #connection: Connection
  readonly #call: Call<unknown>
  readonly #context: RetryContext
  readonly #policy: RetryPolicy
  readonly #began: number
  /** Since when there was no progress. */
  #since: number
  #got = 0
  #attempts = 0
  #waits = 0
  #renewals = 0
  #clockCorrected = false
  #uncertain: Doubt | undefined

  constructor(connection: Connection, call: Call<unknown>, began: number) {
    const operation: Operation = OPERATIONS[call.operation]
    this.#connection = connection
    this.#call = call
    this.#context = {
      // An upload that nobody knows the id of holds no parts.
      repeatable: operation.idempotent || call.operation === 'InitiateMultipartUpload',
      digestIsGiven: call.digestIsGiven ?? false,
    }
    this.#policy = policyOf(connection.policy, call.options.retry)
    this.#began = began
    this.#since = began
  }

  /** Attempts that have failed. */
  get attempts(): number {
    return this.#attempts
  }

  /** Counts the failure; the delay before the next attempt, `undefined` if there shall be none. */
  afterFailure(error: unknown, attempt: Attempt): number | undefined {
    this.#attempts += 1
    // An effect that may be still to come is the graver doubt.
    if (this.#uncertain !== 'lost') this.#uncertain = doubtAfter(error) ?? this.#uncertain
    const { clock } = this.#connection
    const got = this.#call.progress?.() ?? 0
    if (got > this.#got) {
      this.#got = got
      this.#waits = 0
      this.#since = clock.ticks()
    }
    const delayMs = this.#delay(error, attempt)
    if (delayMs === undefined) return undefined
    const elapsedMs = clock.ticks() - this.#since
    return elapsedMs + delayMs > this.#policy.maxElapsedMs ? undefined : delayMs
  }

  announce(error: Error, delayMs: number): void {
    const { operation, bucket, key, partNumber, options } = this.#call
    const attempt = this.#attempts
    const notice: RetryNotice = { operation, bucket, key, partNumber, attempt, delayMs, error }
    tellRetry(notice)
    for (const tell of [options.onRetry, this.#connection.onRetry]) {
      try {
        tell?.(notice)
      } catch (thrown) {
        // It must neither hide what is known of the request nor end its attempts.
        process.emitWarning(asError(thrown))
      }
    }
  }

  completed(error: unknown): unknown {
    if (!(error instanceof OssError)) return error
    const { operation, bucket, key, partNumber } = this.#call
    return error.describe({
      operation,
      target: bucket === undefined ? 'the service' : `oss://${bucket}${key ? `/${key}` : ''}`,
      partNumber,
      attempts: this.#attempts,
      elapsedMs: Math.round(this.#connection.clock.ticks() - this.#began),
      uncertain: this.#uncertain,
    })
  }

  #delay(error: unknown, { credentials, signedAt }: Attempt): number | undefined {
    const policy = this.#policy
    const { clock, serverClock } = this.#connection
    const decision = retryDecision(error, this.#context)
    switch (decision.action) {
      case 'fail':
        return undefined
      case 'retry': {
        // Only these count: the others are bounded on their own.
        if (this.#waits + 1 >= policy.maxAttempts) return undefined
        const delayMs = backoffDelay(this.#waits, policy, clock.random())
        this.#waits += 1
        return Math.max(delayMs, Math.min(decision.minDelayMs, LONGEST_ASKED_MS))
      }
      case 'renew-credentials': {
        if (credentials === undefined || this.#renewals >= MAX_RENEWALS) return undefined
        this.#renewals += 1
        return this.#connection.credentials.reject(credentials) ? 0 : undefined
      }
      case 'correct-clock': {
        if (this.#clockCorrected || signedAt === undefined) return undefined
        this.#clockCorrected = true
        const date = error instanceof ServiceError ? error.serverDate : undefined
        return serverClock.correct(date, signedAt) ? 0 : undefined
      }
    }
  }
}

/** The connection's policy was checked when it was made. */
function policyOf(policy: RetryPolicy, own: Partial<RetryPolicy> | undefined): RetryPolicy {
  return own === undefined ? policy : resolveRetry({ ...policy, ...own })
}

/** Sleeps until one of the signals is aborted, but does not say so: the caller looks. */
async function sleepUnlessWoken(
  clock: Clock,
  ms: number,
  signals: readonly (CancelSignal | undefined)[],
): Promise<void> {
  if (ms <= 0) return
  const woken = new AbortController()
  const releases = signals.map((signal) => onAbort(signal, () => woken.abort()))
  try {
    await clock.sleep(ms, woken.signal)
  } catch (error) {
    if (!woken.signal.aborted) throw error
  } finally {
    for (const release of releases) release()
  }
}
