/** Opens the folder that a server keeps everything in, for itself alone, and says so if it cannot. */

import { dirname } from 'node:path'
import { DataDirError } from './data-dir-error.js'
import { Store } from './store.js'
import { isExisting, isMissing, type ServerFs, syncFolder } from './store-fs.js'

/** A store, and the right to be its only user. */
export interface DataFolder {
  readonly store: Store
  /** Lets another server have the folder; only when nothing uses the store any more. */
  release(): Promise<void>
}

/**
 * Opens a folder with its content, or makes it.
 *
 * @throws {DataDirError} `in-use` while another server has it, `unusable` if the file system refuses
 */
export async function openDataFolder(fs: ServerFs, folder: string): Promise<DataFolder> {
  // A slash at the end would make names of the store differ from those of the file system.
  const root = folder.replace(/(?<=.)\/+$/, '')
  try {
    await makeFolder(fs, root)
    const lock = await fs.lock?.(root)
    const release = async (): Promise<void> => lock?.release()
    try {
      return { store: await Store.open(fs, root === '/' ? '' : root), release }
    } catch (error) {
      await release().catch(() => {})
      throw error
    }
  } catch (error) {
    if (error instanceof DataDirError) throw error
    throw new DataDirError('unusable', folder, error)
  }
}

/**
 * Makes a folder and those above it. One by one, because Node's own way of doing that never ends
 * where a file system knows no such name and takes no new ones, such as /proc.
 */
async function makeFolder(fs: ServerFs, path: string): Promise<void> {
  const parent = dirname(path)
  try {
    await fs.promises.mkdir(path)
  } catch (error) {
    if (isExisting(error)) return
    if (!isMissing(error) || parent === path) throw error
    await makeFolder(fs, parent)
    await fs.promises.mkdir(path)
  }
  // A folder one may write into but not read cannot be flushed: no reason not to use it.
  await syncFolder(fs, parent).catch(() => {})
}
