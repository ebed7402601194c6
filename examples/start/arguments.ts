/** What the command line asks for: the directory to stream. */
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quote } from './compare.js'

export const USAGE = `Usage: npm start [-- DIR]

Streams a tar.gz of DIR (default: this project's node_modules) into an OSS server that is started
for the purpose, reads it back, and compares every file. Nothing is left behind.`

/** The command line, or the directory it names, cannot be used. */
export class UsageError extends Error {}

/**
 * The directory's path without links.
 * @throws {UsageError} saying what is wrong with it
 */
export async function directoryOf(args: readonly string[]): Promise<string> {
  const [given, ...more] = args[0] === '--' ? args.slice(1) : args
  if (more.length > 0) throw new UsageError(`Expected one directory, got ${more.length + 1}`)
  if (given === '') throw new UsageError('Expected a directory, got an empty name')
  if (given === undefined) return fileURLToPath(new URL('../../node_modules', import.meta.url))
  if (given.startsWith('-')) {
    throw new UsageError(`Unknown option ${quote(given)}; a directory of that name is "./${given}"`)
  }
  // `npm start` changes to the project's folder; DIR is meant from where the user is.
  const { npm_lifecycle_event: script, INIT_CWD: from } = process.env
  const path = resolve(script === 'start' && from ? from : '.', given)
  try {
    const stats = await stat(path)
    if (!stats.isDirectory()) throw new UsageError(`Not a directory: ${quote(path)}`)
    await access(path, constants.R_OK | constants.X_OK)
    return await realpath(path)
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error
    const code = 'code' in error ? error.code : undefined
    if (code === 'ENOENT') throw new UsageError(`No such directory: ${quote(path)}`)
    if (code === 'ENOTDIR') throw new UsageError(`Not a directory: ${quote(path)}`)
    if (code === 'EACCES') throw new UsageError(`No permission to read ${quote(path)}`)
    throw new UsageError(`Cannot read ${quote(path)}: ${error.message}`)
  }
}
