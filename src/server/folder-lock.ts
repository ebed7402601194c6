/**
 * The right to be the only user of a folder, which ends with its process however that ends.
 *
 * Everybody who wants it listens on a socket of a random name in `<folder>/lock`, then asks all
 * others there. A socket that refuses belongs to a dead process: the kernel knows, so neither a
 * `kill -9` nor a reused process id can mislead, and as names are never used twice, whoever removes
 * a dead one can remove nothing else. Of two who come at the same moment at least one finds the
 * other, as both were there before they looked: the higher name gives up, the lower one waits for it
 * to say so, or to say that it had looked before and has the lock. Holds among all processes of one
 * machine, containers included; not between machines that share a network file system.
 * On Windows it is a named pipe, which only one process can have.
 */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { limitSilence } from './clock.js'
import { DataDirError } from './data-dir-error.js'
import { randomHex } from './ids.js'

/** A lock that is held. */
export interface FolderLock {
  /** Lets the next one have it. */
  release(): Promise<void>
}

/**
 * Takes the lock of a folder, which exists.
 *
 * @throws {DataDirError} `in-use` if somebody has it, at once; the system's error if no socket can be made there
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const claim = process.platform === 'win32' ? await claimPipe(folder) : await claimSocket(folder)
  if (claim === undefined) throw new DataDirError('in-use', folder)
  return claim
}

/** Longest path of a socket that every system takes, in bytes; Node cuts longer ones off silently. */
const MAX_SOCKET_PATH = 103

/** How long a process that may be about to have the lock can take to say so, in milliseconds. */
const ANSWER_MS = 5000

const NAME = /^[0-9a-f]{16}$/

async function claimSocket(folder: string): Promise<FolderLock | undefined> {
  const home = join(resolve(folder), 'lock')
  await mkdir(home).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error
  })
  const { path: near, remove } = await shorten(home)
  const claim = new Claim()
  const name = randomHex(8)
  const release = async (): Promise<void> => {
    try {
      await removeIfThere(join(home, name))
    } finally {
      await claim.end()
    }
  }
  try {
    // Visible under its own name only once it answers: one that does not is taken for dead.
    await claim.listen(join(near, `${name}.new`))
    if (!(await moved(join(home, `${name}.new`), join(home, name)))) {
      await release()
      return undefined
    }
    for (const other of await readdir(home)) {
      if (other === name || !NAME.test(other)) continue
      const state = await ask(join(near, other), other > name)
      if (state === 'dead') await removeIfThere(join(home, other))
      if (state === 'alive') {
        await release()
        return undefined
      }
    }
    claim.hold()
    // Of others, who learn by it that they have lost, or of processes that died before the rename.
    for (const other of await readdir(home)) {
      if (other.endsWith('.new')) await removeIfThere(join(home, other))
    }
    return { release }
  } catch (error) {
    // Why it could not be had is what is told.
    await release().catch(() => {})
    throw error
  } finally {
    await remove()
  }
}

async function claimPipe(folder: string): Promise<FolderLock | undefined> {
  const identity = createHash('sha256').update((await realpath(folder)).toLowerCase())
  const claim = new Claim()
  try {
    await claim.listen(`\\\\.\\pipe\\osspipe-${identity.digest('hex')}`)
  } catch (error) {
    if (hasCode(error, 'EADDRINUSE', 'EACCES')) return undefined
    throw error
  }
  return { release: () => claim.end() }
}

/** A socket that tells everybody who connects once the lock is held, and hangs up if it never is. */
class Claim {
  readonly #server: Server
  readonly #asking = new Set<Socket>()
  #held = false

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {}).on('close', () => this.#asking.delete(socket))
      socket.unref().resume()
      this.#asking.add(socket)
      if (this.#held) socket.end(HELD)
    })
  }

  /** Keeps no process alive. */
  async listen(path: string): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#server.on('error', fail).listen({ path, exclusive: true }, done)
    })
    this.#server.unref()
  }

  hold(): void {
    this.#held = true
    for (const socket of this.#asking) socket.end(HELD)
  }

  async end(): Promise<void> {
    const closed = new Promise<void>((done) => this.#server.close(() => done()))
    for (const socket of this.#asking) socket.destroy()
    await closed
  }
}

const HELD = 'held'

/**
 * Whether there is still somebody at a socket: `gone` if it was given up meanwhile. Who must not be
 * waited for is `alive` as soon as it takes the call.
 */
function ask(path: string, waits: boolean): Promise<'dead' | 'gone' | 'alive'> {
  return new Promise((tell) => {
    const socket = connect(path)
    limitSilence(socket, ANSWER_MS)
    const finish = (state: 'dead' | 'gone' | 'alive'): void => {
      tell(state)
      socket.destroy()
    }
    socket
      .on('connect', () => {
        if (!waits) finish('alive')
      })
      .on('data', () => finish('alive'))
      .on('timeout', () => finish('alive'))
      .on('end', () => finish('gone'))
      .on('error', (error) => {
        if (hasCode(error, 'ECONNREFUSED')) finish('dead')
        else finish(hasCode(error, 'ENOENT', 'ECONNRESET', 'EPIPE') ? 'gone' : 'alive')
      })
      .on('close', () => finish('gone'))
  })
}

/** The folder itself, or a link to it if its path is too long for a socket's. */
async function shorten(home: string): Promise<{ path: string; remove(): Promise<void> }> {
  if (Buffer.byteLength(join(home, `${randomHex(8)}.new`)) <= MAX_SOCKET_PATH) {
    return { path: home, remove: async () => {} }
  }
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-'))
  const path = join(folder, 'lock')
  await symlink(home, path)
  return { path, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
  })
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
