/**
 * One attempt: one request over an undici dispatcher, and its whole answer. The only file that
 * imports undici's code. Follows no redirect, retries nothing, knows nothing of the service.
 */

import type { Readable } from 'node:stream'
import { Agent, type Dispatcher } from 'undici'
import type { CancelSignal } from '../cancellation.js'
import type { Clock } from './clock.js'
import { warnOfDispatcher } from './dispatcher-warning.js'
import { Exchange } from './exchange.js'
import { SentFromMemory, sendRead } from './outgoing.js'
import { SliceCutter, type Source, slicesOfSource, wholeOf } from './slices.js'
import { type AttemptTimeouts, type Pulse, Watch } from './watchdog.js'

export interface TransportRequest {
  readonly origin: string
  /** Path and query exactly as they go on the wire. */
  readonly path: string
  readonly method: Dispatcher.HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Source | undefined
  /** Bytes of `body`. */
  readonly size: number
  readonly signal?: CancelSignal | undefined
  /** `stream`: a successful answer's body is handed over as it arrives. */
  readonly expect: 'buffer' | 'stream'
  /** Takes a successful answer's body in place of both. */
  readonly sink?: BodySink | undefined
  /** Is told when there is a connection, and the request is about to go out on it. */
  readonly onSend?: (() => void) | undefined
  /** Longest successful answer that is kept in memory. */
  readonly maxBodyBytes: number
  /** What the request was signed with; no error may show it. */
  readonly secrets?: readonly string[] | undefined
}

/** Takes a body as it comes; there is no holding it back. What it throws ends the exchange. */
export interface BodySink {
  /** Is told the head of a successful answer. */
  begin(answer: Answer): void
  take(bytes: Uint8Array): void
  /** Whether all that was wanted has come: what becomes of the connection is then no failure. */
  readonly isComplete: boolean
  /** Whether what it threw was the caller's: then it is no failure of the request, to be repeated. */
  readonly isRefused: boolean
}

export interface Answer {
  readonly status: number
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole body; of an error answer at most the first 64 KiB; empty if there is `stream`. */
  readonly body: Buffer
  readonly stream?: Readable
  /** What the request was signed with; an answer that repeats it is not repeated by an error. */
  readonly secrets?: readonly string[]
}

export interface TransportOptions {
  /** @default one agent for all clients of the process with the same `connectMs` */
  readonly dispatcher?: Dispatcher | undefined
  readonly clock: Clock
  readonly timeouts: AttemptTimeouts
}

/** Idle connections are given up before the service, which waits about 60 s, closes them. */
const KEEP_ALIVE_MS = 45_000

const sharedAgents = new Map<number, Agent>()

/** Sends requests through one dispatcher. */
export class Transport {
  readonly #options: TransportOptions
  readonly #watch: Watch

  constructor(options: TransportOptions) {
    this.#options = options
    this.#watch = new Watch(options.clock, options.timeouts)
  }

  /**
   * Sends the request and resolves with the answer, whatever its status.
   * Rejects with a TransportError, with a MalformedResponseError if the answer is longer than
   * `maxBodyBytes`, with what reading `body` failed with, or with `signal.reason`.
   */
  send(request: TransportRequest): Promise<Answer> {
    const { clock, timeouts } = this.#options
    const dispatcher = this.#options.dispatcher ?? sharedAgent(timeouts.connectMs)
    return new Promise((resolve, reject) => {
      request.signal?.throwIfAborted()
      const exchange = new Exchange(request, this.#watch, pulseOf(dispatcher), {
        resolve,
        reject,
        notCalledOff: (thrown) => warnOfDispatcher(dispatcher, thrown, request.secrets),
      })
      const options: Dispatcher.DispatchOptions = {
        origin: request.origin,
        path: request.path,
        method: request.method,
        headers: headersOf(request),
        // The watchdog counts the time to the answer; undici's limit would count sending, too.
        headersTimeout: 0,
        bodyTimeout: timeouts.stallMs,
      }
      try {
        // Iterables are documented as bodies, only undici's types leave them out.
        const body = openBody(request, clock, exchange)
        dispatcher.dispatch(
          body === undefined ? options : Object.assign(options, { body }),
          exchange,
        )
      } catch (error) {
        exchange.fail(error)
      }
    })
  }
}

function sharedAgent(connectMs: number): Agent {
  let agent = sharedAgents.get(connectMs)
  if (agent === undefined) {
    agent = new Agent({
      connect: { timeout: connectMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      pipelining: 1,
    })
    sharedAgents.set(connectMs, agent)
  }
  return agent
}

const pulses = new WeakMap<Dispatcher, Pulse>()

function pulseOf(dispatcher: Dispatcher): Pulse {
  const known = pulses.get(dispatcher)
  if (known !== undefined) return known
  const pulse = { at: 0 }
  pulses.set(dispatcher, pulse)
  return pulse
}

/** Methods that carry a body announce its length even if it is empty; undici does so itself then. */
function headersOf({ headers, size }: TransportRequest): Readonly<Record<string, string>> {
  return size === 0 ? headers : { 'content-length': String(size), ...headers }
}

/** The body; unless it is small, in slices that report progress and a failure to read them. */
function openBody(
  { body, size }: TransportRequest,
  clock: Clock,
  exchange: Exchange,
): Uint8Array | AsyncIterable<Uint8Array> | undefined {
  if (body === undefined || size === 0) return undefined
  const whole = wholeOf(body, size)
  if (whole !== undefined) return whole
  const onTake = () => exchange.sliceTaken()
  if (typeof body === 'function') {
    return sendRead(slicesOfSource(body, size, clock, onTake), size, exchange)
  }
  return new SentFromMemory(new SliceCutter(body, size, clock, onTake), size, exchange)
}
