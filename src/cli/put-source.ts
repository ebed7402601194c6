/** Where the bytes of `put` come from: standard input, a file, or a child process. */
import { spawn } from 'node:child_process'
import { createReadStream, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createFileSource, fromChildProcess, OssError } from '../index.js'
import { wasClosed } from './closed-input.js'
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
  /** Of a file that can be read by position. */
  readonly path?: string | undefined
  /** In bytes, where it is known beforehand. */
  readonly size?: number | undefined
  open(): Readable
  /** Rejects if it is not any more what it was. */
  verify?(): Promise<void>
}

const READ_BYTES = 1024 * 1024

/** Finds out what can be known before the upload begins. */
export function findSource(
  source: PutOperands['source'],
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
  if (stdin.fd !== undefined && wasClosed(stdin.fd)) {
    throw new UsageError(
      'Expected something to read on standard input, which is closed; for an empty object: </dev/null',
    )
  }
  return { name, open: () => (stdin.fd === undefined ? stdin : createFileSource(stdin.fd)) }
}

async function fileSource(path: string): Promise<PutSource> {
  const before = await statOf(path)
  if (before.isDirectory()) throw cannotRead(path, new Error('it is a directory'))
  const open = () => createReadStream(path, { highWaterMark: READ_BYTES })
  // Of a pipe or a device nothing is known beforehand.
  if (!before.isFile()) return { name: path, path, open }
  return {
    name: path,
    path,
    size: before.size,
    open,
    async verify() {
      const { size, mtimeMs } = await statOf(path)
      if (size === before.size && mtimeMs === before.mtimeMs) return
      throw new CommandError(`${path} has changed meanwhile; nothing is published`, 4)
    },
  }
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    throw cannotRead(path, error)
  }
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
  const { stderr } = child
  stderr?.on('data', (chunk: Buffer) => {
    // A child that says more than is read waits, as it would if nobody stood between.
    stderr.pause()
    console.pass(chunk, () => stderr.resume())
  })
  return fromChildProcess(child)
}

/** A bare failure of the system, of which the source alone can be the reason, with its name. */
export function sourceFailure(error: unknown, name: string): unknown {
  const isSystem = error instanceof Error && 'syscall' in error && !(error instanceof OssError)
  return isSystem ? cannotRead(name, error) : error
}

function cannotRead(name: string, error: unknown): CommandError {
  return new CommandError(`Cannot read ${name}: ${messageOf(error)}`, 1, { cause: error })
}
