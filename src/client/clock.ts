/**
 * Time and chance for the client side: the only place that asks the process for either.
 * Everything else takes a {@link Clock}, so that tests move time by hand.
 */

import { InvalidOptionError } from '../errors.js'

/** Time and chance, as the client sees them. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC; leaps when the time of day is set. For signing. */
  now(): number
  /** Milliseconds since whenever; never leaps nor goes back. For durations. */
  ticks(): number
  /**
   * Resolves `ms` milliseconds later; keeps the process alive until then, since a retry in progress
   * is unfinished work. Rejects with `signal.reason` as soon as `signal` is aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Resolves one turn of the event loop later, after pending input and output. */
  breathe(): Promise<void>
  /** A number from 0 up to, but not including, 1. */
  random(): number
}

/** Refuses what is no clock, before it is asked for the time. */
export function checkClock(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock
  for (const name of ['now', 'ticks', 'sleep', 'breathe', 'random'] as const) {
    if (typeof clock?.[name] !== 'function') {
      throw InvalidOptionError.expected('clock', `an object with a method \`${name}()\``, clock)
    }
  }
  return clock
}

/**
 * Runs `task` `ms` milliseconds later, if the process lives so long: it does not keep it alive. For
 * housekeeping alone. Returns what cancels it.
 */
export function whenIdle(ms: number, task: () => void): () => void {
  const timeout = setTimeout(task, ms).unref()
  return () => clearTimeout(timeout)
}

/** Longest delay that Node's timers hold; beyond it they would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  // Not that of node:timers/promises: it makes an AbortError, with a stack, of every reason.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const stop = () => {
        clearTimeout(timeout)
        reject(signal?.reason)
      }
      const wake = () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const timeout = setTimeout(wake, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS))
      signal?.addEventListener('abort', stop, { once: true })
    }),
  breathe: () => new Promise((resolve) => setImmediate(resolve)),
  random: () => Math.random(),
}
