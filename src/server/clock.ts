/**
 * Time, as the server sees it. The only file of `server/` that touches timers or the wall clock:
 * tests hand in `now` and everything dated (signatures, expiry, lifecycle) follows it.
 */

import type { Socket } from 'node:net'

export interface ServerClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after so many real milliseconds, or as soon as the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Milliseconds since some fixed moment, never going backwards: for durations. */
  elapsed(): number
}

/** The clock of the machine, with `now` replaced if one is given. */
export function serverClock(now: (() => number) | undefined): ServerClock {
  return {
    now: now ?? Date.now,
    elapsed: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const finish = (): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', finish)
          resolve()
        }
        const timer = setTimeout(finish, ms)
        signal?.addEventListener('abort', finish)
      }),
  }
}

/** Aborts after so many real milliseconds; keeps no process alive. */
export function deadline(ms: number): AbortSignal {
  return AbortSignal.timeout(ms)
}

/** Makes a socket emit `timeout` once it has been silent for so long; 0 stops that. */
export function limitSilence(socket: Socket, ms: number): void {
  socket.setTimeout(ms)
}
