/**
 * Credentials that a provider gives: asked by one caller at a time, kept until shortly before they
 * expire, asked for again once after the service has refused them.
 */

import type { CancelSignal } from '../cancellation.js'
import type { CredentialsCache, ResolvedCredentials } from '../credentials.js'
import { CredentialsError } from '../errors.js'
import { onAbort } from './abort-hub.js'
import type { Clock } from './clock.js'

export interface ProviderOptions {
  readonly ask: (signal: AbortSignal) => Promise<ResolvedCredentials>
  /** Whether to keep what it gave; `false` for a provider that keeps it itself. */
  readonly keep: boolean
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Renewed when less than this, or than a third of their lifetime, is left. */
const RENEW_BEFORE_MS = 5 * 60_000
/** What was given, or could not be renewed, is used this long before the provider is asked again. */
const RENEWAL_PAUSE_MS = 10_000

export class ProvidedCredentials implements CredentialsCache {
  readonly #options: ProviderOptions
  #current: ResolvedCredentials | undefined
  #renewAt = 0
  #refused: ResolvedCredentials | undefined
  #askedSinceRefusal = false
  #flight: Promise<ResolvedCredentials> | undefined

  constructor(options: ProviderOptions) {
    this.#options = options
  }

  async get(signal?: CancelSignal): Promise<ResolvedCredentials> {
    signal?.throwIfAborted()
    const { clock, keep } = this.#options
    const old = this.#current
    if (keep && old !== undefined && clock.now() < this.#renewAt) return old
    try {
      return await unlessAborted(this.#ask(), signal)
    } catch (error) {
      signal?.throwIfAborted()
      // Renewed ahead of time: there is no harm in trying later.
      const stillValid = keep && old === this.#current && clock.now() < (old?.expiresAt ?? 0)
      if (old === undefined || !stillValid) throw ownCopy(error)
      this.#renewAt = clock.now() + RENEWAL_PAUSE_MS
      return old
    }
  }

  reject(used: ResolvedCredentials): boolean {
    if (this.#current !== undefined && !isSame(this.#current, used)) return true
    if (this.#refused !== undefined && isSame(this.#refused, used)) return !this.#askedSinceRefusal
    this.#refused = used
    this.#askedSinceRefusal = false
    this.#current = undefined
    // Who was asked before the refusal may still give what was refused.
    this.#flight = undefined
    return true
  }

  #ask(): Promise<ResolvedCredentials> {
    if (this.#flight !== undefined) return this.#flight
    const isCurrent = () => this.#flight === flight
    const flight: Promise<ResolvedCredentials> = this.#askOnce(isCurrent).finally(() => {
      if (isCurrent()) this.#flight = undefined
    })
    this.#flight = flight
    return flight
  }

  async #askOnce(isCurrent: () => boolean): Promise<ResolvedCredentials> {
    const { ask, clock, timeoutMs } = this.#options
    const over = new AbortController()
    try {
      const timeout = clock.sleep(timeoutMs, over.signal).then(() => {
        throw new CredentialsError('The credentials provider gave no answer', {
          cause: new Error(`timed out after ${timeoutMs / 1000} s`),
        })
      })
      const credentials = await Promise.race([ask(over.signal), timeout])
      if (isCurrent()) this.#keep(credentials)
      return credentials
    } catch (error) {
      if (error instanceof CredentialsError) throw error
      throw new CredentialsError('The credentials provider failed', { cause: error })
    } finally {
      over.abort()
    }
  }

  #keep(credentials: ResolvedCredentials): void {
    this.#current = credentials
    this.#askedSinceRefusal = true
    const now = this.#options.clock.now()
    const { expiresAt = Number.POSITIVE_INFINITY } = credentials
    const isRefused = this.#refused !== undefined && isSame(this.#refused, credentials)
    const ahead = expiresAt - Math.min(RENEW_BEFORE_MS, (expiresAt - now) / 3)
    // By a clock that is fast they have expired already; the service is the one to say so.
    this.#renewAt = isRefused ? now : Math.max(ahead, now + RENEWAL_PAUSE_MS)
  }
}

function isSame(a: ResolvedCredentials, b: ResolvedCredentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.accessKeySecret === b.accessKeySecret &&
    a.securityToken === b.securityToken
  )
}

/** Several callers wait for one answer, and each completes its error with what it was doing. */
function ownCopy(error: unknown): unknown {
  if (!(error instanceof CredentialsError)) return error
  return new CredentialsError(error.message, { cause: error.cause })
}

/** Waits with the caller's own patience for what others may be waiting for, too. */
async function unlessAborted<T>(work: Promise<T>, signal: CancelSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  let release = () => {}
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    release()
  }
}
