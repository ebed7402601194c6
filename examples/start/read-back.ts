/**
 * Reads a tar.gz stream back to what it holds, without writing anything to disk.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type Extract, extract } from 'tar-stream'
import { quote, type Tree, type TreeEntry } from './compare.js'

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never

/**
 * The tree in an archive; rejects if that is damaged, breaks off, or the signal is aborted.
 * @param onBytes is told of bytes of the archive as they come
 */
export async function readBack(
  archive: Readable,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Tree> {
  async function* counted(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      onBytes(chunk.length)
      yield chunk
    }
  }
  const entries = extract()
  const [, tree] = await Promise.all([
    pipeline(archive, counted, createGunzip(), entries, { signal }),
    collect(entries),
  ])
  return tree
}

async function collect(entries: Extract): Promise<Tree> {
  const tree = new Map<string, TreeEntry>()
  for await (const entry of entries) {
    const name = entry.header.name.replace(/\/$/, '')
    if (tree.has(name)) throw new Error(`${quote(name)} stands in the archive twice`)
    tree.set(name, await describe(entry))
  }
  return tree
}

async function describe(entry: Entry): Promise<TreeEntry> {
  const { type, mode, linkname } = entry.header
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of entry as AsyncIterable<Uint8Array>) {
    hash.update(chunk)
    size += chunk.length
  }
  if (type !== 'file' && type !== 'directory' && type !== 'symlink') {
    throw new Error(`${quote(entry.header.name)} is a ${type}, which was never packed`)
  }
  const sha256 = type === 'file' ? hash.digest('hex') : ''
  return { type, mode, size, sha256, linkTarget: type === 'symlink' ? linkname : '' }
}
