/** Opens the folder that a server keeps everything in, for itself alone, and says so if it cannot. */

import { dirname } from 'node:path'
import { DataDirError } from './data-dir-error.js'
import { Store } from './store.js'
import {
  isExisting,
  isMissing,
  namesIn,
  replaceFile,
  type ServerFs,
  syncFolder,
} from './store-fs.js'

/** A store, and the right to be its only user. */
export interface DataFolder {
  readonly store: Store
  /** Lets another server have the folder; only when nothing uses the store any more. */
  release(): Promise<void>
}

/** Tells that a folder is a server's, so that a server may clear up in it. */
const MARK = 'osspipe.json'

/** What systems and people put into a folder that they call empty. */
const EMPTY = ['.DS_Store', '.gitignore', '.gitkeep', 'lost+found']

/** The mark while it is written: a server may have died of that, or another one be at it. */
const BEING_WRITTEN = /^\.[0-9a-f]{16}\.tmp$/

/**
 * Opens a folder with its content, or makes it.
 *
 * @throws {DataDirError} `in-use` while another server has it, `foreign` if somebody else's files are
 * in it, `unusable` if the file system refuses
 */
export async function openDataFolder(fs: ServerFs, folder: string): Promise<DataFolder> {
  // A slash at the end would make names of the store differ from those of the file system.
  const root = folder.replace(/(?<=.)\/+$/, '')
  try {
    await makeFolder(fs, root)
    await markFolder(fs, root, folder)
    const lock = await fs.lock?.(root)
    const release = async (): Promise<void> => lock?.release()
    try {
      return { store: await Store.open(fs, root === '/' ? '' : root), release }
    } catch (error) {
      // Why it could not be opened is what is told.
      await release().catch(() => {})
      throw error
    }
  } catch (error) {
    if (error instanceof DataDirError) throw error
    throw new DataDirError('unusable', folder, error)
  }
}

/**
 * Marks a folder as a server's, before anything else is in it. Without the mark, a home folder given
 * by mistake could lose the `trash` or `buckets` that somebody keeps there.
 */
async function markFolder(fs: ServerFs, root: string, folder: string): Promise<void> {
  const names = await namesIn(fs, root)
  // Whatever lies beside it: earlier versions did not mind.
  if (names.includes(MARK)) return
  const foreign = names.find((name) => !EMPTY.includes(name) && !BEING_WRITTEN.test(name))
  if (foreign !== undefined) {
    const why =
      `it holds ${JSON.stringify(foreign)} and no ${MARK}, so that no server made it; ` +
      'take a new or an empty folder'
    throw new DataDirError('foreign', folder, new Error(why))
  }
  await replaceFile(fs, root === '/' ? '' : root, MARK, JSON.stringify({ format: 1 }), undefined)
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
