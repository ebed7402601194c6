/**
 * The output of a child process as a source that ends only if the process succeeded. A dump that
 * dies in the middle closes its output like one that is complete: only the exit code tells them apart.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { assignDefined, clip, InvalidOptionError, OssError } from './errors.js'

/** How much of the end of the process's error output is kept for the error, in bytes. */
const STDERR_TAIL = 4096

/** Options of {@link spawnSource}: those of Node's `spawn`, but for `stdio`. */
export interface SpawnSourceOptions extends Omit<SpawnOptions, 'stdio'> {
  /**
   * Where the process's error output goes: `capture` keeps its end for the error, `inherit` passes
   * it on to this process's as well. @default 'capture'
   */
  readonly stderr?: 'capture' | 'inherit' | undefined
}

/**
 * Starts a command, without a shell unless asked, and gives its output. A shell's pipeline exits as its
 * last command does: `spawnSource('bash', ['-o', 'pipefail', '-c', 'pg_dump app | gzip'])`.
 * The Readable fails with a {@link ChildProcessError} unless the command exits with 0. Destroyed
 * before, as by a pipeline that failed further on, it ends the process with `killSignal` (SIGTERM).
 */
export function spawnSource(
  command: string,
  args: readonly string[] = [],
  options: SpawnSourceOptions = {},
): Readable {
  const { stderr = 'capture', ...rest } = options
  if (stderr !== 'capture' && stderr !== 'inherit') {
    throw InvalidOptionError.expected('stderr', "'capture' or 'inherit'", stderr)
  }
  const child = spawn(command, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] })
  if (stderr === 'inherit') child.stderr?.pipe(process.stderr, { end: false })
  return new ChildProcessSource(child, rest.killSignal)
}

/**
 * Gives the output of a process that was started already, with its `stdout` piped and not yet read:
 * call it in the same turn as `spawn`, since Node drops the output of a process that has ended.
 * Fails and is destroyed as {@link spawnSource} says; the end of `stderr` is kept if that is piped.
 * @throws {InvalidOptionError} if `stdout` is not piped or the process has ended
 */
export function fromChildProcess(child: ChildProcess): Readable {
  return new ChildProcessSource(child)
}

/** A child process that is the source of a pipeline did not succeed; its output is not whole. */
export class ChildProcessError extends OssError {
  override readonly code = 'ERR_OSS_CHILD_PROCESS' as const
  /** File that was started. */
  readonly command: string
  /** `null` if a signal ended it; absent if it could not be started. */
  declare readonly exitCode?: number | null
  declare readonly signal?: NodeJS.Signals | null
  /** The end of its error output, at most 4 KiB; empty if that was not piped. */
  readonly stderr: string

  constructor(
    command: string,
    what: string,
    details: {
      exitCode?: number | null
      signal?: NodeJS.Signals | null
      stderr: string
      cause?: unknown
    },
  ) {
    const lastLine = details.stderr.split('\n').at(-1)
    super(`${command} ${what}${lastLine ? `: ${clip(lastLine, 512)}` : ''}`, details)
    this.command = command
    this.stderr = details.stderr
    assignDefined(this, { exitCode: details.exitCode, signal: details.signal })
  }
}

class ChildProcessSource extends Readable {
  readonly #child: ChildProcess
  readonly #killSignal: NodeJS.Signals | number | undefined
  #stderr = Buffer.alloc(0)

  constructor(child: ChildProcess, killSignal?: NodeJS.Signals | number) {
    super()
    this.#child = child
    this.#killSignal = killSignal
    const { stdout, stderr, exitCode, signalCode } = child
    // Node throws away what nobody has read when a process ends: half a dump would look like a whole.
    if (stdout === null || exitCode !== null || signalCode !== null) {
      throw InvalidOptionError.expected('child', "a running process with `stdout: 'pipe'`", child)
    }
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause()
    })
    stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL)
    })
    stdout.on('error', (error) => this.destroy(error))
    // Only its last words are lost; the exit code tells all the same.
    stderr?.on('error', () => {})
    // More than once: one that was given up (the option `signal`) may be beyond our power to end, too.
    child.on('error', (error) => {
      const what = child.pid === undefined ? 'could not be started' : 'was given up'
      this.destroy(this.#failure(what, { cause: withoutArguments(error) }))
    })
    // Not `exit`: output may still be on its way then.
    child.once('close', (code, signal) => this.#close(code, signal))
  }

  override _read(): void {
    this.#child.stdout?.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { stdout, exitCode, signalCode } = this.#child
    stdout?.destroy()
    if (exitCode === null && signalCode === null) this.#child.kill(this.#killSignal)
    callback(error)
  }

  #close(code: number | null, signal: NodeJS.Signals | null): void {
    // It may well succeed although somebody has closed its output, and with that cut it short.
    const isWhole = this.#child.stdout?.readableEnded
    if (code === 0 && isWhole) return void this.push(null)
    const what = code === 0 ? 'exited with 0, but its output was cut short' : endingOf(code, signal)
    this.destroy(this.#failure(what, { exitCode: code, signal }))
  }

  #failure(
    what: string,
    details: { exitCode?: number | null; signal?: NodeJS.Signals | null; cause?: unknown },
  ): ChildProcessError {
    const command = this.#child.spawnfile ?? 'The process'
    const stderr = this.#stderr.toString('utf8').trim()
    return new ChildProcessError(command, what, { ...details, stderr })
  }
}

/** Node tells them, too, and there may be a password among them. */
function withoutArguments(error: Error): Error {
  if (!('spawnargs' in error)) return error
  const { spawnargs, ...details } = error
  return Object.assign(new Error(error.message), details)
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with ${code}` : `was ended by ${signal}`
}
