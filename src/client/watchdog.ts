/**
 * Watches the progress of one attempt over an injected clock: one timer, whatever happens.
 * Undici's own time limits cannot do this: its headersTimeout counts the time spent sending.
 */

import { TransportError } from '../errors.js'
import type { Clock } from './clock.js'

/** What an attempt is doing. */
export type Phase = 'sending' | 'waiting' | 'receiving'

export interface AttemptTimeouts {
  /** Longest time without progress while sending or receiving, in milliseconds. */
  readonly stallMs: number
  /** Longest time from the last byte sent to the head of the answer, in milliseconds. */
  readonly responseMs: number
}

/** Bytes of an answer that count as progress: a server that drips single bytes makes none. */
const PROGRESS_BYTES = 1024

/** The progress of one attempt; `start` begins the watch, `end` is its last act. */
export class Watchdog {
  readonly #clock: Clock
  readonly #limits: AttemptTimeouts
  readonly #onTimeout: (error: TransportError) => void
  readonly #over = new AbortController()
  #phase: Phase = 'sending'
  #since = 0
  #pendingBytes = 0
  #started = false

  constructor(clock: Clock, limits: AttemptTimeouts, onTimeout: (error: TransportError) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#onTimeout = onTimeout
  }

  start(): void {
    this.enter('sending')
    if (this.#started) return
    this.#started = true
    this.#watch().catch((error: unknown) => {
      // The sleep of a watch that is over rejects: that is how it is woken.
      if (!this.#over.signal.aborted) throw error
    })
  }

  enter(phase: Phase): void {
    this.#phase = phase
    this.#pendingBytes = 0
    this.#since = this.#clock.ticks()
  }

  /** Counts bytes received. */
  received(bytes: number): void {
    this.#pendingBytes += bytes
    if (this.#pendingBytes >= PROGRESS_BYTES) this.enter('receiving')
  }

  end(): void {
    this.#over.abort()
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over
    let suspicious = false
    while (!signal.aborted) {
      const left = this.#since + this.#limit() - this.#clock.ticks()
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
        const sent = this.#phase !== 'sending'
        const message = timeoutMessage(this.#phase, this.#limit())
        this.#onTimeout(new TransportError('timeout', message, { sent }))
        return
      }
    }
  }

  #limit(): number {
    return this.#phase === 'waiting' ? this.#limits.responseMs : this.#limits.stallMs
  }
}

function timeoutMessage(phase: Phase, limitMs: number): string {
  const seconds = limitMs / 1000
  switch (phase) {
    case 'sending':
      return `no byte could be sent for ${seconds} s`
    case 'waiting':
      return `no answer within ${seconds} s after the last byte was sent`
    case 'receiving':
      return `the answer stalled for ${seconds} s`
  }
}
