/**
 * The few file operations the store needs, as a seam: `node:fs`, `memfs`, or a test's own.
 * Everything is positioned and promise-based; whoever implements it needs no streams.
 */

import { type FolderLock, lockFolder } from './folder-lock.js'
import { randomHex } from './ids.js'

export interface ServerFileHandle {
  writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }>
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>
  /** Absent where there is nothing to flush to. */
  sync?(): Promise<void>
  close(): Promise<void>
}

/** The part of `node:fs` that the server uses; `node:fs` and `memfs` both fit. */
export interface ServerFs {
  readonly promises: {
    open(path: string, flags: string): Promise<ServerFileHandle>
    mkdir(path: string, options?: { recursive: true }): Promise<unknown>
    readdir(path: string): Promise<unknown[]>
    readFile(path: string): Promise<unknown>
    rename(from: string, to: string): Promise<void>
    unlink(path: string): Promise<void>
    rm(path: string, options: { recursive: true; force: true }): Promise<void>
  }
  /** Makes the caller the only user of a folder, or throws; absent where nobody else gets at it. */
  lock?(folder: string): Promise<FolderLock>
}

/**
 * The file system given, else `node:fs` if there is a folder to keep things in, else a fresh
 * in-memory one from `memfs`. Only the real one has a lock: nobody else sees the others.
 */
export async function chooseFs(
  given: ServerFs | undefined,
  dataDir: string | undefined,
): Promise<ServerFs> {
  const { promises } = await import('node:fs')
  if ((given?.promises ?? promises) === promises && (given ?? dataDir) !== undefined) {
    return { promises, lock: given?.lock ?? lockFolder }
  }
  if (given !== undefined) return given
  const memfs = await import('memfs').catch((cause: unknown) => {
    throw new Error(
      'The embedded OSS server keeps objects in memory by means of the package `memfs`, which is not installed: ' +
        'run `npm install --save-dev memfs`, or give a `dataDir`',
      { cause },
    )
  })
  return memfs.memfs().fs
}

/** Writes all of `buffers` at `position`, however little a single call may take. */
export async function writeAll(
  handle: ServerFileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0)
  let at = position
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at)
    at += bytesWritten
    rest = skipBytes(rest, bytesWritten)
  }
}

/**
 * Replaces a small file as a whole: after a crash at any moment there is the old one or the new one.
 * Write aside, fsync, rename, fsync the folder. If it throws, the file is what it was: `before`, or
 * no file at all if that is `undefined`.
 */
export async function replaceFile(
  fs: ServerFs,
  folder: string,
  name: string,
  content: string,
  before: string | undefined,
): Promise<void> {
  await moveIn(fs, folder, name, content)
  try {
    await syncFolder(fs, folder)
  } catch (error) {
    // Whoever hears of the failure drops what the new content refers to: it must not stay. If that
    // fails as well, the disk is beyond help, and the first failure is the one to tell of.
    const undone =
      before === undefined ? removeFile(fs, `${folder}/${name}`) : moveIn(fs, folder, name, before)
    await undone.catch(() => {})
    throw error
  }
}

async function moveIn(fs: ServerFs, folder: string, name: string, content: string): Promise<void> {
  const aside = `${folder}/.${randomHex(8)}.tmp`
  const handle = await fs.promises.open(aside, 'wx')
  try {
    await writeAll(handle, [Buffer.from(content)], 0)
    await handle.sync?.()
  } finally {
    await handle.close()
  }
  await fs.promises.rename(aside, `${folder}/${name}`)
}

/** Makes created, renamed and removed names of a folder survive a power cut. */
export async function syncFolder(fs: ServerFs, folder: string): Promise<void> {
  // Windows cannot open a folder; there the file system's own journal has to do.
  if (process.platform === 'win32') return
  const handle = await fs.promises.open(folder, 'r')
  try {
    await handle.sync?.()
  } finally {
    await handle.close()
  }
}

/** Names in a folder, or none if there is no such folder. */
export async function namesIn(fs: ServerFs, folder: string): Promise<string[]> {
  try {
    return (await fs.promises.readdir(folder)).map(String)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Text of a file, or `undefined` if there is none. */
export async function readText(fs: ServerFs, path: string): Promise<string | undefined> {
  try {
    return String(await fs.promises.readFile(path))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Removes a file; that it is gone already is fine. */
export async function removeFile(fs: ServerFs, path: string): Promise<void> {
  await fs.promises.unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
}

/** Whether a call failed because there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** Whether a call failed because there is such a file or folder. */
export function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function skipBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = count
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length
    else {
      rest.push(skip === 0 ? buffer : buffer.subarray(skip))
      skip = 0
    }
  }
  return rest
}
