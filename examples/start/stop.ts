/** Turns a signal of the system, such as Ctrl-C's, into an AbortSignal: time to clean up. */

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export interface Stop {
  readonly signal: AbortSignal
  /** What the process shall exit with, once it has been told to stop. */
  readonly exitCode: number | undefined
}

/** From now on these signals do not end the process; whoever calls this obeys the AbortSignal. */
export function stopOnSignals(): Stop {
  const controller = new AbortController()
  let exitCode: number | undefined
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    // Ctrl-C may arrive more than once: npm and tsx pass on what the terminal has told everybody.
    process.on(name, () => {
      exitCode ??= code
      controller.abort(new Error(`Stopped by ${name}`))
    })
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
  }
}
