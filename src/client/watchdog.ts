/**
 * Watches the progress of one attempt over an injected clock: one timer, whatever happens.
 * Undici's own time limits cannot do this: its headersTimeout counts the time spent sending.
 */

import { TransportError } from '../errors.js'
import type { Clock } from './clock.js'

/** What an attempt is doing; `connecting` is also waiting for others to be done with a connection. */
export type Phase = 'connecting' | 'sending' | 'waiting' | 'receiving'

export interface AttemptTimeouts {
  /** Longest time to connect, in milliseconds; the dispatcher is told of it, too. */
  readonly connectMs: number
  /** Longest time without progress while sending or receiving, in milliseconds. */
  readonly stallMs: number
  /** Longest time from the last byte sent to the head of the answer, in milliseconds. */
  readonly responseMs: number
}

/**
 * When anything last moved on the connections of one dispatcher, in ticks. A request that waits for a
 * connection waits for as long as those before it get on with theirs, and no longer.
 */
export interface Pulse {
  at: number
}

/** Bytes of an answer that count as progress: a server that drips single bytes makes none. */
const PROGRESS_BYTES = 1024

/** The progress of one attempt; `start` begins the watch, `end` is its last act. */
export class Watchdog {
  readonly #clock: Clock
  readonly #limits: AttemptTimeouts
  readonly #pulse: Pulse
  readonly #onTimeout: (error: TransportError) => void
  readonly #over = new AbortController()
  #phase: Phase = 'connecting'
  #since: number
  #deadline = Number.POSITIVE_INFINITY
  #pendingBytes = 0

  constructor(
    clock: Clock,
    limits: AttemptTimeouts,
    pulse: Pulse,
    onTimeout: (error: TransportError) => void,
  ) {
    this.#clock = clock
    this.#limits = limits
    this.#pulse = pulse
    this.#onTimeout = onTimeout
    this.#since = clock.ticks()
  }

  start(): void {
    this.#watch().catch((error: unknown) => {
      // The sleep of a watch that is over rejects: that is how it is woken.
      if (!this.#over.signal.aborted) throw error
    })
  }

  enter(phase: Exclude<Phase, 'connecting'>): void {
    this.#phase = phase
    this.#pendingBytes = 0
    this.#since = this.#clock.ticks()
    this.#pulse.at = this.#since
  }

  /** From now on `ms` milliseconds are left for all the rest, whatever the progress. */
  finishWithin(ms: number): void {
    this.#deadline = this.#clock.ticks() + ms
  }

  /** Counts bytes received. */
  received(bytes: number): void {
    this.#pendingBytes += bytes
    if (this.#pendingBytes >= PROGRESS_BYTES) this.enter('receiving')
  }

  end(): void {
    this.#pulse.at = this.#clock.ticks()
    this.#over.abort()
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over
    let suspicious = false
    while (!signal.aborted) {
      const left = this.#giveUpAt() - this.#clock.ticks()
      if (left > 0) {
        suspicious = false
        // Not longer than any limit: the phase may change to one of a nearer limit meanwhile.
        const { stallMs, responseMs } = this.#limits
        await this.#clock.sleep(Math.min(left, stallMs, responseMs), signal)
      } else if (!suspicious) {
        // After a long pause of the process timers run before sockets: give these a turn first.
        suspicious = true
        await this.#clock.breathe()
      } else {
        this.#onTimeout(this.#timeout())
        return
      }
    }
  }

  /** When patience is at its end, in ticks. */
  #giveUpAt(): number {
    const isWaitingForOthers = this.#phase === 'connecting'
    const since = isWaitingForOthers ? Math.max(this.#since, this.#pulse.at) : this.#since
    return Math.min(since + this.#limit(), this.#deadline)
  }

  #limit(): number {
    const { connectMs, stallMs, responseMs } = this.#limits
    switch (this.#phase) {
      case 'connecting':
        // Others that hold the connections may be silent for as long themselves.
        return connectMs + Math.max(stallMs, responseMs)
      case 'waiting':
        return responseMs
      default:
        return stallMs
    }
  }

  #timeout(): TransportError {
    const seconds = this.#limit() / 1000
    switch (this.#phase) {
      case 'connecting':
        return new TransportError('unsent', `no connection was to be had for ${seconds} s`)
      case 'sending':
        return timeout(`no byte could be sent for ${seconds} s`, false)
      case 'waiting':
        return timeout(`no answer within ${seconds} s after the last byte was sent`)
      case 'receiving':
        if (this.#deadline <= this.#clock.ticks()) return timeout('the answer came to no end')
        return timeout(`the answer stalled for ${seconds} s`)
    }
  }
}

function timeout(message: string, sent = true): TransportError {
  return new TransportError('timeout', message, { sent })
}
