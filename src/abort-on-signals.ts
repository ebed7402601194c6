/** Turns the first SIGINT or SIGTERM into an AbortSignal, so that uploads clean up before the end. */
import { InvalidOptionError } from './errors.js'

/** What {@link abortOnSignals} gives. */
export interface SignalAbort {
  /** Give it to streams as `signal`. Its reason is an `AbortError` whose `cause` is the signal's name. */
  readonly signal: AbortSignal
  /** Name of the signal that came, if one did. */
  readonly received: NodeJS.Signals | undefined
  /** Listens no more: signals end the process again. */
  dispose(): void
  [Symbol.dispose](): void
}

/** What is needed of `process`. */
export interface SignalSource {
  once(event: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown
  off(event: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown
}

/**
 * Listens for signals until one comes. A second one finds no listener any more and ends the process
 * as it always does: whoever asks twice does not want to wait for the cleaning up. After `settled`,
 * exit with 128 + the signal's number (130 for SIGINT, 143 for SIGTERM), as shells expect.
 * @param names signals to listen for @default ['SIGINT', 'SIGTERM']
 */
export function abortOnSignals(
  names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
  source: SignalSource = process,
): SignalAbort {
  if (!Array.isArray(names) || names.some((name) => !/^SIG[A-Z0-9]+$/.test(name))) {
    throw InvalidOptionError.expected('names', "an array of names such as 'SIGTERM'", names)
  }
  const controller = new AbortController()
  let received: NodeJS.Signals | undefined
  const dispose = () => {
    for (const name of names) source.off(name, listener)
  }
  const listener = (name: NodeJS.Signals) => {
    dispose()
    received = name
    const reason = new Error(`The process was told to end (${name})`, { cause: name })
    reason.name = 'AbortError'
    controller.abort(reason)
  }
  try {
    for (const name of names) source.once(name, listener)
  } catch (error) {
    // One that nobody may listen to, such as SIGKILL: the others are not to be swallowed.
    dispose()
    throw error
  }
  return {
    signal: controller.signal,
    get received() {
      return received
    },
    dispose,
    [Symbol.dispose]: dispose,
  }
}
