/**
 * Watches the progress of attempts over an injected clock: one timer for all of a transport's, since
 * one for each would cost a small upload more than its signature.
 * Undici's own time limits cannot do this: its headersTimeout counts the time spent sending.
 */

import { TransportError } from '../errors.js'
import type { Clock } from './clock.js'
import { type Member, NO_PLACE, Roster } from './roster.js'

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

/** What wakes the sleep of a watch that has nobody left to look after. */
const OVER = new Error('The watch is over')

/** Looks after the attempts under way, all under the same limits; sleeps only while there are any. */
export class Watch {
  readonly clock: Clock
  readonly limits: AttemptTimeouts
  readonly #dogs = new Roster<Watchdog>()
  #over: AbortController | undefined

  constructor(clock: Clock, limits: AttemptTimeouts) {
    this.clock = clock
    this.limits = limits
  }

  add(dog: Watchdog): void {
    this.#dogs.add(dog)
    if (this.#over !== undefined) return
    const over = new AbortController()
    this.#over = over
    this.#look(over.signal).catch((error: unknown) => {
      // The sleep of a watch that is over rejects: that is how it is woken.
      if (!over.signal.aborted) throw error
    })
  }

  delete(dog: Watchdog): void {
    if (!this.#dogs.delete(dog) || this.#dogs.size > 0) return
    this.#over?.abort(OVER)
    this.#over = undefined
  }

  async #look(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const dogs = this.#dogs.list()
      const late = dogs.filter((dog) => dog.timeLeft <= 0)
      if (late.length > 0) {
        // After a long pause of the process timers run before sockets: give these a turn first.
        await this.clock.breathe()
        for (const dog of late) if (this.#dogs.has(dog) && dog.timeLeft <= 0) dog.giveUp()
        continue
      }
      const { stallMs, responseMs } = this.limits
      // Not longer than any limit: a phase may change to one of a nearer limit, an attempt may begin.
      const lefts = dogs.map((dog) => dog.timeLeft)
      await this.clock.sleep(Math.min(...lefts, stallMs, responseMs), over)
    }
  }
}

/** The progress of one attempt; `start` begins the watch, `end` is its last act. */
export class Watchdog implements Member {
  place = NO_PLACE
  readonly #watch: Watch
  readonly #pulse: Pulse
  readonly #onTimeout: (error: TransportError) => void
  #phase: Phase = 'connecting'
  #since: number
  #deadline = Number.POSITIVE_INFINITY
  #pendingBytes = 0

  constructor(watch: Watch, pulse: Pulse, onTimeout: (error: TransportError) => void) {
    this.#watch = watch
    this.#pulse = pulse
    this.#onTimeout = onTimeout
    this.#since = watch.clock.ticks()
  }

  /** Milliseconds until patience is at its end. */
  get timeLeft(): number {
    return this.#giveUpAt() - this.#watch.clock.ticks()
  }

  start(): void {
    this.#watch.add(this)
  }

  enter(phase: Exclude<Phase, 'connecting'>): void {
    this.#phase = phase
    this.#pendingBytes = 0
    this.#since = this.#watch.clock.ticks()
    this.#pulse.at = this.#since
  }

  /** From now on `ms` milliseconds are left for all the rest, whatever the progress. */
  finishWithin(ms: number): void {
    this.#deadline = this.#watch.clock.ticks() + ms
  }

  /** Counts bytes received. */
  received(bytes: number): void {
    this.#pendingBytes += bytes
    if (this.#pendingBytes >= PROGRESS_BYTES) this.enter('receiving')
  }

  /** Reports that time has run out. */
  giveUp(): void {
    this.#watch.delete(this)
    this.#onTimeout(this.#timeout())
  }

  end(): void {
    this.#pulse.at = this.#watch.clock.ticks()
    this.#watch.delete(this)
  }

  /** When patience is at its end, in ticks. */
  #giveUpAt(): number {
    const isWaitingForOthers = this.#phase === 'connecting'
    const since = isWaitingForOthers ? Math.max(this.#since, this.#pulse.at) : this.#since
    return Math.min(since + this.#limit(), this.#deadline)
  }

  #limit(): number {
    const { connectMs, stallMs, responseMs } = this.#watch.limits
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
        if (this.#deadline <= this.#watch.clock.ticks()) return timeout('the answer came to no end')
        return timeout(`the answer stalled for ${seconds} s`)
    }
  }
}

function timeout(message: string, sent = true): TransportError {
  return new TransportError('timeout', message, { sent })
}
