/** Time for the command line: the only file of `cli` that asks the process for it. */

export interface CliClock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Milliseconds since whenever, never going back: for durations. */
  ticks(): number
  /** Calls `task` every `ms` milliseconds, without keeping the process alive, until the returned function is called. */
  every(ms: number, task: () => void): () => void
  /** Calls `task` once, `ms` milliseconds later, if the process lives so long, unless cancelled before. */
  after(ms: number, task: () => void): () => void
}

/** The process's own clock. */
export const systemClock: CliClock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  every(ms, task) {
    const timer = setInterval(task, ms).unref()
    return () => clearInterval(timer)
  },
  after(ms, task) {
    const timer = setTimeout(task, ms).unref()
    return () => clearTimeout(timer)
  },
}
