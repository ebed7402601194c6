/** Who says what where: results on stdout, everything for people on stderr. */
import type { Writable } from 'node:stream'
import type { Context } from './context.js'
import { ClosedOutputError } from './exit-codes.js'
import { CommandError } from './usage-error.js'

export interface OutputOptions {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly verbose?: boolean | undefined
}

export class Console {
  readonly #context: Context
  readonly #options: OutputOptions
  #hasLine = false

  constructor(context: Context, options: OutputOptions) {
    this.#context = context
    this.#options = options
  }

  /** Whether the result goes out as JSON. */
  get json(): boolean {
    return this.#options.json ?? false
  }

  get quiet(): boolean {
    return this.#options.quiet ?? false
  }

  /** The one result object of a command, on stdout, if `--json` asks for it. */
  async result(result: object): Promise<void> {
    if (this.json) await this.write(`${JSON.stringify(result)}\n`)
  }

  /**
   * What a command was asked for, on stdout.
   * @throws {ClosedOutputError} if nobody reads it any more
   */
  write(text: string): Promise<void> {
    return writeTo(this.#context.stdout, text)
  }

  /** For people, unless `--quiet`. */
  note(text: string): void {
    if (!this.quiet) this.line(text)
  }

  /** For people who asked for it with `--verbose`. */
  detail(text: string): void {
    if (this.#options.verbose) this.note(text)
  }

  /** What went wrong: even with `--quiet`. */
  complain(text: string): void {
    this.line(`osspipe: ${text}`)
  }

  /** A line on stderr, whatever the options say. */
  line(text: string): void {
    this.pass(`${text}\n`)
  }

  /** What somebody else says on stderr, as it is. @param onWritten called once that has gone out */
  pass(text: string | Uint8Array, onWritten?: () => void): void {
    this.draw('')
    this.#context.stderr.write(text, onWritten)
  }

  /** Draws the last line of a terminal anew; an empty text takes it away. */
  draw(text: string): void {
    if (text === '' && !this.#hasLine) return
    this.#hasLine = text !== ''
    this.#context.stderr.write(`\r${text}\x1b[K`)
  }
}

/** Writes to standard output, and waits until that is done. */
export function writeTo(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (!error) resolve()
      else if (isClosed(error)) {
        reject(new ClosedOutputError('Standard output was closed', { cause: error }))
      } else {
        const message = `Cannot write standard output: ${error.message}`
        reject(new CommandError(message, 1, { cause: error }))
      }
    })
  })
}

/** Resolves once all that was written has gone out, or nobody reads it any more. */
export function flushed(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    output.write('', () => resolve())
  })
}

/** Whether an output failed because nobody reads it any more. */
export function isClosed(error: Error | null | undefined): boolean {
  return error instanceof Error && 'code' in error && CLOSED.has(String(error.code))
}

const CLOSED: ReadonlySet<string> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])
