/**
 * SIGINT, SIGTERM and SIGHUP: the first asks to clean up and end, in at most 10 s; a second one, or
 * the end of that time, ends the process at once.
 */
import type { Context } from './context.js'
import { SignalError, signalExitCode } from './exit-codes.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long the cleaning up may take, in milliseconds. */
const GRACE_MS = 10_000

export interface Interruption {
  /** Aborted by the first signal, with a {@link SignalError}. */
  readonly signal: AbortSignal
  /** What the first signal was, once it has come. */
  readonly received: SignalError | undefined
  /** Listens no more: the work is done. */
  dispose(): void
}

/**
 * @param onFirst told when the cleaning up begins
 * @param onLeave told right before the process ends without it; must be synchronous
 */
export function listenForSignals(
  context: Context,
  onFirst: (error: SignalError) => void,
  onLeave: () => void,
): Interruption {
  const { signals, clock, exit } = context
  const controller = new AbortController()
  let received: SignalError | undefined
  let cancel = () => {}
  const leave = (name: NodeJS.Signals) => {
    onLeave()
    exit(signalExitCode(name))
  }
  const listener = (name: NodeJS.Signals) => {
    if (received !== undefined) return leave(name)
    received = new SignalError(name)
    cancel = clock.after(GRACE_MS, () => leave(name))
    onFirst(received)
    controller.abort(received)
  }
  for (const name of SIGNALS) signals.on(name, listener)
  return {
    signal: controller.signal,
    get received() {
      return received
    },
    dispose() {
      cancel()
      for (const name of SIGNALS) signals.off(name, listener)
    },
  }
}
