/**
 * What happens between a request handed to undici and its answer or failure: settles exactly once,
 * lets go of the signal and of the timer, and destroys the connection of whatever it gives up.
 */

import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { TransportError } from '../errors.js'
import { onAbort } from './abort-hub.js'
import type { Clock } from './clock.js'
import { malformed } from './error-answer.js'
import { GatheredBytes, NO_BYTES } from './gathered-bytes.js'
import type { BodyOwner } from './outgoing.js'
import { wholeOf } from './slices.js'
import type { Answer, BodySink, TransportRequest } from './transport.js'
import { transportFailure } from './transport-failure.js'
import { type Pulse, type Watch, Watchdog } from './watchdog.js'

/** Of an error answer as much is kept; longer ones are cut off, with their connection. */
const MAX_ERROR_BODY = 64 * 1024

/** A document that comes in drops, each just in time, is given up after so many times `stallMs`. */
const DOCUMENT_STALLS = 10

type Headers = Record<string, string | string[] | undefined>

interface Outcome {
  resolve(answer: Answer): void
  reject(reason: unknown): void
  /** Is told what the dispatcher threw when it was to call the request off. Must not throw. */
  notCalledOff(thrown: unknown): void
}

export class Exchange implements Dispatcher.DispatchHandler, BodyOwner {
  readonly #request: TransportRequest
  readonly #outcome: Outcome
  readonly #clock: Clock
  readonly #watchdog: Watchdog
  readonly #longestMs: number
  #releaseSignal: (() => void) | undefined
  #controller: Dispatcher.DispatchController | undefined
  #settled = false
  #over = false
  /** All of the request has been handed over. */
  #sent = false
  #status = 0
  #headers: Record<string, string> = {}
  #received: GatheredBytes | undefined
  #stream: Readable | undefined

  constructor(request: TransportRequest, watch: Watch, pulse: Pulse, outcome: Outcome) {
    this.#request = request
    this.#outcome = outcome
    this.#clock = watch.clock
    this.#longestMs = DOCUMENT_STALLS * watch.limits.stallMs
    this.#watchdog = new Watchdog(watch, pulse, (error) => this.#giveUp(error))
    this.#watchdog.start()
    const { signal } = request
    if (signal !== undefined) {
      this.#releaseSignal = onAbort(signal, () => this.#giveUp(signal.reason))
    }
  }

  sliceTaken(): void {
    this.#watchdog.enter('sending')
  }

  get isOver(): boolean {
    return this.#over
  }

  onSent(): void {
    this.#sent = true
    if (this.#status === 0) this.#watchdog.enter('waiting')
  }

  onReadFailure(error: unknown): void {
    this.#giveUp(error)
  }

  /** For a dispatcher that throws instead of calling back. */
  fail(error: unknown): void {
    this.#giveUp(this.#failureOf(error))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) {
      this.#callOff()
      return
    }
    const { body, size, onSend } = this.#request
    onSend?.()
    this.#sent = size === 0 || wholeOf(body, size) !== undefined
    this.#watchdog.enter(this.#sent ? 'waiting' : 'sending')
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Headers,
  ): void {
    if (statusCode < 200 || this.#over) return
    this.#status = statusCode
    this.#headers = firstValues(headers)
    this.#watchdog.enter('receiving')
    this.#feed((sink) => sink.begin(this.#answer()))
    if (this.#over) return
    const isStream = this.#request.expect === 'stream' && statusCode < 300
    if (this.#request.sink === undefined || statusCode >= 300) {
      this.#watchdog.finishWithin(this.#longestMs)
    }
    if (!isStream) return
    // From here on undici's bodyTimeout watches: it does not count the time the reader takes.
    this.#watchdog.end()
    this.#stream = new Readable({
      read: () => controller.resume(),
      destroy: (error, callback) => {
        if (!this.#over) this.#giveUp(error ?? new Error('body not wanted'))
        // Whoever still awaits the answer has had no turn to listen for an error of its body.
        this.#clock.breathe().then(() => callback(error), callback)
      },
    })
    this.#settle()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    if (this.#stream !== undefined) {
      if (!this.#stream.push(chunk)) controller.pause()
      return
    }
    this.#watchdog.received(chunk.byteLength)
    if (this.#feed((sink) => sink.take(chunk))) return
    this.#received ??= new GatheredBytes()
    this.#received.add(chunk)
    if (this.#status >= 300) {
      if (this.#received.length > MAX_ERROR_BODY) this.#cutOff()
    } else if (this.#received.length > this.#request.maxBodyBytes) {
      this.#giveUp(this.#tooLong())
    }
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#close()
    if (this.#stream === undefined) this.#settleOnceFree()
    else this.#stream.push(null)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#over) return
    this.#giveUp(this.#failureOf(error))
  }

  #failureOf(error: unknown): Error {
    const began = this.#controller !== undefined
    return transportFailure(error, began, this.#sent, this.#request.secrets)
  }

  onRequestUpgrade(): void {
    this.#giveUp(new TransportError('interrupted', 'the server switched protocols'))
  }

  /** The beginning of an error answer tells enough: settles with it and drops the rest. */
  #cutOff(): void {
    this.#settle()
    this.#giveUp(new Error('the rest of the answer is not wanted'))
  }

  #tooLong(): Error {
    const limit = this.#request.maxBodyBytes
    return malformed(this.#answer(), `an answer of more than ${limit} bytes`)
  }

  /**
   * Undici frees a connection a turn of the event loop after the answer. Settled earlier, a caller's
   * next request would find it busy and open another one, for every second of many small requests.
   */
  #settleOnceFree(): void {
    // Not at once: undici asks for its turn after it has told of the end.
    queueMicrotask(() => this.#clock.breathe().then(() => this.#settle()))
  }

  /** Hands the body of a success to the request's sink, if it has one. */
  #feed(give: (sink: BodySink) => void): boolean {
    const { sink } = this.#request
    if (sink === undefined || this.#status >= 300) return false
    try {
      give(sink)
    } catch (error) {
      this.#giveUp(error)
    }
    return true
  }

  #giveUp(reason: unknown): void {
    if (this.#over) return
    this.#close()
    if (this.#request.sink?.isComplete) this.#settle()
    if (!this.#settled) {
      this.#settled = true
      this.#outcome.reject(reason)
    }
    this.#stream?.destroy(
      reason instanceof Error ? reason : new Error('aborted', { cause: reason }),
    )
    this.#callOff()
  }

  /**
   * A caller's dispatcher may throw here. That is told, and no more: thrown on, it would end the
   * process out of a signal's listener, or leave a stream that is given up waiting for ever.
   */
  #callOff(): void {
    try {
      this.#controller?.abort(new Error('given up'))
    } catch (error) {
      this.#outcome.notCalledOff(error)
    }
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    const answer = this.#answer()
    const stream = this.#stream
    this.#outcome.resolve(stream === undefined ? answer : { ...answer, stream })
  }

  #answer(): Answer {
    const { secrets = [] } = this.#request
    return { status: this.#status, headers: this.#headers, body: this.#body(), secrets }
  }

  #body(): Buffer {
    const limit = this.#status >= 300 ? MAX_ERROR_BODY : undefined
    return this.#received?.bytes(limit) ?? NO_BYTES
  }

  #close(): void {
    this.#over = true
    this.#releaseSignal?.()
    this.#watchdog.end()
  }
}

/** The headers as they are if that is possible, as it nearly always is. */
function firstValues(headers: Headers): Record<string, string> {
  if (areSimple(headers)) return headers
  const values: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined) values[name.toLowerCase()] = first
  }
  return values
}

function areSimple(headers: Headers): headers is Record<string, string> {
  for (const name of Object.keys(headers)) {
    if (typeof headers[name] !== 'string' || name !== name.toLowerCase()) return false
  }
  return true
}
