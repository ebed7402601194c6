/**
 * A checkpoint in a file: the old text or the new one, whenever the process or the machine dies.
 * The file system comes in as a parameter; nothing else is read or written.
 */
import * as promises from 'node:fs/promises'
import { dirname } from 'node:path'
import { InvalidOptionError } from './errors.js'
import { plainObject, refuseUnknown } from './unknown-option.js'
import type { CheckpointStore } from './upload/checkpoint.js'

/** What is needed of `node:fs/promises`; memfs has it, too. */
export interface CheckpointFs {
  readFile(path: string, encoding: 'utf8'): Promise<string | Uint8Array>
  open(path: string, flags: string, mode?: number): Promise<CheckpointFile>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { readonly force: boolean }): Promise<void>
}

export interface CheckpointFile {
  writeFile(text: string): Promise<unknown>
  /** Absent where there is nothing to flush to. */
  sync?(): Promise<void>
  close(): Promise<void>
}

/**
 * Keeps a checkpoint in the file `path`, readable by its owner alone; beside it, while it is written,
 * `path` with `.tmp` behind it. Its folder must exist.
 * @throws {InvalidOptionError} synchronously, for a path that is none, or an unknown option.
 */
export function fileCheckpoint(
  path: string,
  options: { readonly fs?: CheckpointFs } = {},
): CheckpointStore {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw InvalidOptionError.expected('path', 'the path of a file', path)
  }
  refuseUnknown(plainObject(options, 'options'), ['fs'], 'fileCheckpoint()')
  const { fs = promises } = options
  const aside = `${path}.tmp`
  return {
    async load() {
      try {
        return String(await fs.readFile(path, 'utf8'))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async save(text) {
      try {
        await writeDurably(fs, aside, text)
        await fs.rename(aside, path)
      } catch (error) {
        // Tidying up: the failure itself is what is told.
        await fs.rm(aside, { force: true }).catch(() => undefined)
        throw error
      }
      await syncFolder(fs, path)
    },
    async remove() {
      await fs.rm(aside, { force: true })
      await fs.rm(path, { force: true })
      await syncFolder(fs, path).catch((error: unknown) => {
        // What is not there holds nothing.
        if (!isMissing(error)) throw error
      })
    },
  }
}

async function writeDurably(fs: CheckpointFs, path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    // Renamed before its bytes are on disk it could be empty after a power cut.
    await file.sync?.()
  } finally {
    await file.close()
  }
}

/** A new or removed name is on disk only when its folder is. */
async function syncFolder(fs: CheckpointFs, path: string): Promise<void> {
  // Windows cannot open a folder; there the file system's journal has to do.
  if (process.platform === 'win32') return
  const folder = await fs.open(dirname(path), 'r')
  try {
    await folder.sync?.()
  } finally {
    await folder.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
