/**
 * A clock that stands still until a test moves it.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/client/clock.js'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export class FakeClock implements Clock {
  #now: number
  #offset = 0
  #sleepers: Sleeper[] = []
  /** What `random` gives. */
  chance = 0.5

  constructor(start = Date.UTC(2026, 10, 24, 12)) {
    this.#now = start
  }

  /** Sleeps that have not ended. */
  get pending(): number {
    return this.#sleepers.length
  }

  now(): number {
    return this.#now + this.#offset
  }

  /** Lets the time of day leap by so much from where it stood at first; durations go on. */
  setTimeOfDay(offset: number): void {
    this.#offset = offset
  }

  ticks(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  async breathe(): Promise<void> {
    await nextTurn()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        },
      }
      const stop = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleepers.push(sleeper)
    })
  }

  /** Moves time on, waking sleepers in the order in which they are due; they may sleep again. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#sleepers
        .filter(({ at }) => at <= end)
        .reduce<Sleeper | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined)
      if (due === undefined) break
      this.#now = Math.max(this.#now, due.at)
      this.#sleepers = this.#sleepers.filter((other) => other !== due)
      due.wake()
      await nextTurn()
      await nextTurn()
    }
    this.#now = end
    await nextTurn()
  }
}
