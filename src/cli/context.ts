/** What a command sees of the process around it, so that it can be run without one. */
import type { Readable, Writable } from 'node:stream'
import type { CliClock } from './clock.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Standard input; `fd` is absent if it is none of the process's. */
export type Input = Readable & {
  readonly isTTY?: boolean | undefined
  readonly fd?: number | undefined
}

/** An output, and what is known of the terminal behind it. */
export type Output = Writable & {
  readonly isTTY?: boolean | undefined
  /** Width of the terminal; absent if it is none. */
  readonly columns?: number | undefined
}

/** Where signals come from: `process`. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown
  off(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown
}

export interface Context {
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  readonly clock: CliClock
  readonly signals: SignalSource
  /** Ends the process at once; for who does not want to wait for the cleaning up. */
  readonly exit: (code: number) => void
}

/** What stands on a command line beside its options. */
export interface Arguments {
  /** In order, without what follows `--` where the command takes a child's command. */
  readonly operands: readonly string[]
  /** What follows `--`; `undefined` if there is no `--`. */
  readonly child: readonly string[] | undefined
}
