/** Where the bytes of `put` come from: standard input, a file, or a child process. */
import { spawn } from 'node:child_process'
import { createReadStream, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createFileSource, fromChildProcess } from '../index.js'
import type { Context } from './context.js'
import { PUT } from './descriptions/put.js'
import { messageOf } from './failure.js'
import { commandHelp } from './help.js'
import type { Console } from './output.js'
import type { PutOperands } from './put-options.js'
import { CommandError, UsageError } from './usage-error.js'

/** A source that can be opened once. */
export interface PutSource {
  /** As messages call it. */
  readonly name: string
  /** In bytes, where it is known beforehand. */
  readonly size?: number | undefined
  /** Names its content, where that is known beforehand. */
  readonly version?: string | undefined
  /** @param start bytes at the beginning that are not wanted; 0 unless there is a `version` */
  open(start: number): Readable
}

const READ_BYTES = 1024 * 1024

/** Finds out what can be known before the upload begins. */
export function findSource(
  { source }: PutOperands,
  context: Context,
  console: Console,
): PutSource | Promise<PutSource> {
  switch (source.kind) {
    case 'stdin':
      return standardInput(context, console)
    case 'file':
      return fileSource(source.path)
    case 'child':
      return {
        name: source.command,
        open: () => openChild(source.command, source.args, context, console),
      }
  }
}

function standardInput(context: Context, console: Console): PutSource {
  const { stdin } = context
  if (stdin.isTTY) {
    console.line(commandHelp(PUT))
    throw new UsageError('Expected a pipe or a file on standard input, which is a terminal')
  }
  const name = 'standard input'
  // Node takes a folder on standard input for an empty file.
  if (stdin.fd !== undefined && fstatSync(stdin.fd).isDirectory()) {
    throw cannotRead(name, new Error('it is a directory'))
  }
  return { name, open: () => (stdin.fd === undefined ? stdin : createFileSource(stdin.fd)) }
}

async function fileSource(path: string): Promise<PutSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw cannotRead(path, error)
  })
  if (found.isDirectory()) throw cannotRead(path, new Error('it is a directory'))
  // A pipe or a device tells nothing beforehand, and has no bytes to begin behind.
  if (!found.isFile()) return { name: path, open: () => readFrom(path, {}) }
  const { size, mtimeMs } = found
  return {
    name: path,
    size,
    version: `${size}-${mtimeMs}`,
    open: (start) => {
      if (size === 0) return readFrom(path, {})
      // What is appended while it is read is another version of it.
      return start < size ? readFrom(path, { start, end: size - 1 }) : Readable.from([])
    },
  }
}

function readFrom(path: string, range: { start?: number; end?: number }): Readable {
  return createReadStream(path, { highWaterMark: READ_BYTES, ...range })
}

function openChild(
  command: string,
  args: readonly string[],
  context: Context,
  console: Console,
): Readable {
  const child = spawn(command, args, {
    env: { ...context.env },
    stdio: ['inherit', 'pipe', 'pipe'],
  })
  child.stderr?.on('data', (chunk: Buffer) => console.pass(chunk))
  return fromChildProcess(child)
}

/** The failure of a source, said so; whatever else failed stays as it is. */
export function sourceFailure(error: unknown, stream: Readable, name: string): unknown {
  const isSystem = error instanceof Error && 'syscall' in error && error === stream.errored
  return isSystem ? cannotRead(name, error) : error
}

function cannotRead(name: string, error: unknown): CommandError {
  return new CommandError(`Cannot read ${name}: ${messageOf(error)}`, 1, { cause: error })
}
