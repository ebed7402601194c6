/**
 * Where `get` writes: a file that appears under its name only when all is well, standard output, or
 * something that is no file and is written to as it is.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  open,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Context } from './context.js'
import { ClosedOutputError } from './exit-codes.js'
import { messageOf } from './failure.js'
import { isClosed } from './output.js'
import { CommandError, UsageError } from './usage-error.js'

export interface Destination {
  /** As messages call it. */
  readonly name: string
  /** Path of the file, if it is one. */
  readonly file?: string
  /** Writes one chunk after the other; calls back when the next may come. */
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): void
  /** All has been written and is what it should be: lets it appear. */
  publish(): Promise<void>
  /** Takes away what has been written. Does nothing after `publish`. */
  discard(): Promise<void>
  /** The same for a process that ends now. */
  discardNow(): void
}

/** The name that a key gives a file. @throws {UsageError} if it gives none. */
export function fileNameOf(key: string): string {
  const name = key.split('/').at(-1) ?? ''
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('\0')) return name
  throw new UsageError(`Expected a FILE, for the key ${JSON.stringify(key)} does not end in a name`)
}

/** @param path as given; `undefined` is the key's name in this folder */
export async function openDestination(
  path: string | undefined,
  key: string,
  context: Context,
  noClobber: boolean,
): Promise<Destination> {
  if (path === '-') return standardOutput(context)
  if (path === '') throw new UsageError('Expected FILE not to be empty')
  let target = path ?? fileNameOf(key)
  try {
    let found = await statIfThere(target)
    if (found?.isDirectory()) {
      target = join(target, fileNameOf(key))
      found = await statIfThere(target)
      if (found?.isDirectory()) throw new Error('it is a directory')
    }
    if (found !== undefined && !found.isFile()) return await device(target)
    if (found !== undefined && noClobber) throw exists(target)
    // Found out now, not after the download: nothing can be renamed to this.
    if (found === undefined && target.endsWith('/')) throw new Error('there is no such folder')
    if (found === undefined && (await statIfThere(target, lstat)) !== undefined) {
      throw new Error('it is a symbolic link to what is not there')
    }
    // What stands behind a symbolic link is replaced, and the link stays.
    const real = found === undefined ? target : await realpath(target)
    return await newFile(real, target, { mode: found?.mode, noClobber })
  } catch (error) {
    throw error instanceof UsageError ? error : cannotWrite(target, error)
  }
}

/** What failed to be written, said so. */
export function cannotWrite(name: string, error: unknown): unknown {
  if (error instanceof CommandError || error instanceof ClosedOutputError) return error
  return new CommandError(`Cannot write ${name}: ${messageOf(error)}`, 1, { cause: error })
}

function exists(path: string): CommandError {
  return new CommandError(`${path} exists already`, 5)
}

async function statIfThere(path: string, ask = stat) {
  try {
    return await ask(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function newFile(
  path: string,
  name: string,
  { mode, noClobber }: { readonly mode: number | undefined; readonly noClobber: boolean },
): Promise<Destination> {
  const aside = join(dirname(path), nameAside(basename(path)))
  const handle = await open(aside, 'wx', 0o666)
  let isThere = true
  const discard = async () => {
    await handle.close()
    if (isThere) await rm(aside, { force: true })
    isThere = false
  }
  try {
    if (mode !== undefined) await handle.chmod(mode & 0o777)
  } catch (error) {
    await discard()
    throw error
  }
  return {
    name,
    file: name,
    write: writerTo(handle),
    async publish() {
      // Whoever finds the name must find the bytes, after a power cut, too.
      await handle.sync()
      await handle.close()
      if (noClobber) await appear(aside, path, name)
      else await rename(aside, path)
      isThere = false
      await syncFolder(dirname(path))
    },
    discard,
    discardNow() {
      if (!isThere) return
      try {
        rmSync(aside, { force: true })
      } catch {
        // The process ends now, whatever it leaves.
      }
    },
  }
}

/** Most bytes of a file's name that nearly all file systems take. */
const NAME_BYTES = 255

function nameAside(name: string): string {
  const suffix = `.${randomBytes(4).toString('hex')}.osspipe`
  const isLong = 1 + Buffer.byteLength(name) + suffix.length > NAME_BYTES
  return isLong ? suffix : `.${name}${suffix}`
}

/** Gives a file its name unless another has it by now. */
async function appear(aside: string, path: string, name: string): Promise<void> {
  try {
    await link(aside, path)
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST'
      ? exists(name)
      : error
  }
  await unlink(aside)
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    await folder.sync().finally(() => folder.close())
  } catch {
    // Some file systems cannot, and some folders may not be read; the file itself has been flushed.
  }
}

async function device(path: string): Promise<Destination> {
  const handle = await open(path, 'w')
  const close = () => handle.close()
  return {
    name: path,
    write: writerTo(handle),
    publish: close,
    discard: close,
    discardNow: nothing,
  }
}

function standardOutput({ stdout }: Context): Destination {
  const done = () => Promise.resolve()
  return {
    name: 'standard output',
    write: (chunk, callback) => {
      stdout.write(chunk, (error) =>
        callback(
          isClosed(error)
            ? new ClosedOutputError('Standard output was closed', { cause: error })
            : error,
        ),
      )
    },
    publish: done,
    discard: done,
    discardNow: nothing,
  }
}

function writerTo(handle: FileHandle): Destination['write'] {
  return (chunk, callback) => {
    handle.writeFile(chunk).then(() => callback(), callback)
  }
}

function nothing(): void {}
