/**
 * A directory tree as a tar stream, made while it is read, with the digest of every file as packed.
 * Never leaves out anything without a note, and never packs half a file: the stream fails instead.
 */
import { isUtf8 } from 'node:buffer'
import { createHash, type Hash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { quote, type Tree, type TreeEntry } from './compare.js'

const READ_BYTES = 256 * 1024
/** A link or a pipe put in a file's place meanwhile is neither followed nor waited for. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export interface SourceTree {
  /** The archive. Fails with a readable message if anything cannot be read or changes meanwhile. */
  readonly tar: Pack
  /** What has been packed so far. */
  readonly entries: Tree
  /** What was left out, and why; a line each. */
  readonly notes: readonly string[]
  /** Bytes of files read so far. */
  readonly bytesRead: number
}

/** Packs everything below `root`, and `root` itself as `.`; but not the directory `leaveOut`. */
export function packTree(root: string, leaveOut?: Stats): SourceTree {
  const packer = new TreePacker(root, leaveOut)
  packer.run().catch((error) => packer.tar.destroy(error))
  return packer
}

class TreePacker implements SourceTree {
  readonly tar: Pack = pack()
  readonly entries = new Map<string, TreeEntry>()
  readonly notes: string[] = []
  bytesRead = 0
  readonly #root: string
  readonly #leaveOut: Stats | undefined

  constructor(root: string, leaveOut: Stats | undefined) {
    this.#root = root
    this.#leaveOut = leaveOut
  }

  async run(): Promise<void> {
    await this.#add('.')
    this.tar.finalize()
  }

  async #add(name: string): Promise<void> {
    const path = join(this.#root, name)
    const stats = await lstat(path).catch((error) => fail(path, error))
    if (stats.isDirectory()) await this.#addDirectory(name, path, stats)
    else if (stats.isSymbolicLink()) await this.#addLink(name, path, stats)
    else if (stats.isFile()) await this.#addFile(name, path)
    else this.notes.push(`${quote(name)} is left out: a ${kindOf(stats)}`)
  }

  async #addDirectory(name: string, path: string, stats: Stats): Promise<void> {
    if (this.#leaveOut?.ino === stats.ino && this.#leaveOut.dev === stats.dev) {
      this.notes.push(`${quote(name)} is left out: it is where the server keeps its files`)
      return
    }
    this.#addEmpty(name, 'directory', stats)
    const children = await readdir(path, { encoding: 'buffer' }).catch((error) => fail(path, error))
    for (const bytes of children.sort(Buffer.compare)) {
      const child = name === '.' ? bytes.toString() : `${name}/${bytes}`
      // A tar archive has names in UTF-8: any other would come back as a different one.
      if (isUtf8(bytes)) await this.#add(child)
      else this.notes.push(`${quote(child)} is left out: its name is not UTF-8`)
    }
  }

  async #addLink(name: string, path: string, stats: Stats): Promise<void> {
    const target = await readlink(path).catch((error) => fail(path, error))
    this.#addEmpty(name, 'symlink', stats, target)
  }

  #addEmpty(name: string, type: 'directory' | 'symlink', stats: Stats, linkTarget = ''): void {
    const mode = stats.mode & 0o7777
    this.entries.set(name, { type, mode, size: 0, sha256: '', linkTarget })
    this.tar.entry({ name, type, mode, mtime: stats.mtime, linkname: linkTarget })
  }

  async #addFile(name: string, path: string): Promise<void> {
    const file = await open(path, OPEN_FLAGS).catch((error) => fail(path, error))
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw changed(path)
      const { size, mtime } = stats
      const mode = stats.mode & 0o7777
      const hash = createHash('sha256')
      const header = { name, type: 'file', mode, size, mtime } as const
      await pipeline(this.#content(file, path, size, hash), this.tar.entry(header))
      const after = await file.stat()
      if (after.size !== size || after.mtimeMs !== stats.mtimeMs) throw changed(path)
      const sha256 = hash.digest('hex')
      this.entries.set(name, { type: 'file', mode, size, sha256, linkTarget: '' })
    } finally {
      await file.close()
    }
  }

  /** Exactly `size` bytes, which the header has already promised. */
  async *#content(file: FileHandle, path: string, size: number, hash: Hash) {
    for (let rest = size; rest > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, rest))
      const { bytesRead } = await file.read(buffer, 0, buffer.length).catch((e) => fail(path, e))
      if (bytesRead === 0) throw changed(path)
      const chunk = buffer.subarray(0, bytesRead)
      hash.update(chunk)
      rest -= bytesRead
      this.bytesRead += bytesRead
      yield chunk
    }
  }
}

function fail(path: string, cause: NodeJS.ErrnoException): never {
  if (cause.code === 'ENOENT') {
    throw new Error(`${quote(path)} vanished while the tree was being read`, { cause })
  }
  const [reason] = cause.message.split(', ')
  throw new Error(`Cannot read ${quote(path)}: ${reason}`, { cause })
}

function changed(path: string): Error {
  return new Error(`${quote(path)} changed while it was being read`)
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return 'named pipe'
  return stats.isSocket() ? 'socket' : 'device'
}
