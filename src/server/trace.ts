/**
 * What the server was asked, for tests to look at: one entry per request, in order of arrival, with
 * everything secret taken out; and how many requests of an operation ran at once.
 */

import type { OperationName } from '../protocol/operations.js'

/** One request; filled in further as it goes on. */
export interface TracedRequest {
  /** `undefined` if the request is none that the server knows. */
  readonly operation: OperationName | undefined
  readonly method: string
  readonly bucket: string
  readonly key: string
  readonly partNumber?: number
  readonly uploadId?: string
  /** Decoded; without signatures and tokens. */
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names; Authorization and tokens are `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>
  /** Content-Length, if there was one. */
  readonly contentLength: number | undefined
  /** On the server's clock, milliseconds since the epoch. */
  readonly startedAt: number
  /** Which connection it came on, in order of opening, from 1. */
  readonly connection: number
  /** Which request of that connection it is, from 1. */
  readonly requestOfConnection: number
  /** `dropped`: the connection ended without an answer. */
  readonly at: 'arrived' | 'answered' | 'dropped'
  readonly requestId: string
  /** Set once `answered`. */
  readonly status?: number
  /** `<Code>` of an error answer. */
  readonly ossCode?: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const LIMIT = 20_000
const REDACTED = '[redacted]'
const SECRET_HEADERS = new Set(['authorization', 'x-oss-security-token', 'security-token'])
const SECRET_QUERY = new Set([
  'Signature',
  'x-oss-signature',
  'security-token',
  'x-oss-security-token',
])

export class RequestTrace implements Iterable<TracedRequest> {
  readonly #entries: TracedRequest[] = []
  readonly #now = new Map<OperationName | undefined, number>()
  readonly #most = new Map<OperationName | undefined, number>()
  #allNow = 0
  #mostEver = 0

  /** All requests so far, in order of arrival; at least the last 20,000. */
  get all(): readonly TracedRequest[] {
    return this.#entries
  }

  [Symbol.iterator](): Iterator<TracedRequest> {
    return this.#entries[Symbol.iterator]()
  }

  /** The requests of one operation, in order of arrival. */
  of(operation: OperationName): TracedRequest[] {
    return this.#entries.filter((entry) => entry.operation === operation)
  }

  /** Names of the operations asked for, in order of arrival; `?` for what is none. */
  operations(): string[] {
    return this.#entries.map((entry) => entry.operation ?? '?')
  }

  /** Requests of the operation (of any, without one) that have arrived and are not over. */
  inFlight(operation?: OperationName): number {
    return operation === undefined ? this.#allNow : (this.#now.get(operation) ?? 0)
  }

  /** The most that were ever {@link inFlight}. */
  maxInFlight(operation?: OperationName): number {
    return operation === undefined ? this.#mostEver : (this.#most.get(operation) ?? 0)
  }

  /** Forgets what was; requests still running count on. */
  clear(): void {
    this.#entries.length = 0
    this.#most.clear()
    this.#mostEver = this.#allNow
    for (const [operation, count] of this.#now) this.#most.set(operation, count)
  }

  /** For the server: a request has arrived. @internal */
  arrive(
    entry: Omit<TracedRequest, 'at' | 'query' | 'headers'> & {
      query: ReadonlyMap<string, string>
      headers: Readonly<Record<string, string>>
    },
  ): TraceEntry {
    const traced: Mutable<TracedRequest> = {
      ...entry,
      at: 'arrived',
      query: Object.fromEntries(
        [...entry.query].map(([name, value]) => [name, SECRET_QUERY.has(name) ? REDACTED : value]),
      ),
      headers: Object.fromEntries(
        Object.entries(entry.headers).map(([name, value]) => [
          name,
          SECRET_HEADERS.has(name) ? REDACTED : value,
        ]),
      ),
    }
    this.#entries.push(traced)
    if (this.#entries.length >= 2 * LIMIT) this.#entries.splice(0, LIMIT)
    this.#count(entry.operation, 1)
    let over = false
    const end = (): boolean => {
      if (over) return false
      over = true
      this.#count(entry.operation, -1)
      return true
    }
    return {
      answered: (status, ossCode) => {
        if (!end()) return
        traced.at = 'answered'
        traced.status = status
        if (ossCode !== undefined) traced.ossCode = ossCode
      },
      dropped: () => {
        if (end()) traced.at = 'dropped'
      },
    }
  }

  #count(operation: OperationName | undefined, change: 1 | -1): void {
    const now = (this.#now.get(operation) ?? 0) + change
    this.#now.set(operation, now)
    this.#allNow += change
    this.#most.set(operation, Math.max(this.#most.get(operation) ?? 0, now))
    this.#mostEver = Math.max(this.#mostEver, this.#allNow)
  }
}

/** For the server: what becomes of a traced request; the first word counts. */
export interface TraceEntry {
  answered(status: number, ossCode: string | undefined): void
  dropped(): void
}
