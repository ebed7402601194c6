/**
 * A file into OSS: read by position straight into the part buffers, without a stream's chunks. What
 * is no file of a known size (a pipe, a device, what /proc has) is streamed.
 */

import * as fs from 'node:fs'
import { type BigIntStats, constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { InvalidOptionError } from './errors.js'
import { createFileSource } from './file-source.js'
import type { OssWriteStreamOptions } from './options.js'
import { checkNames } from './resolve-options.js'
import { flag, integer } from './stream-options.js'
import type { PartSource } from './upload/part-reader.js'
import { SizeMismatchError } from './upload-errors.js'
import type { UploadResult } from './upload-result.js'
import { OssWriteStream } from './write-stream.js'

/** What is needed of an open file: Node's FileHandle has it. It stays open. */
export type OpenFile = Pick<FileHandle, 'read'> & {
  stat(options: { readonly bigint: true }): Promise<BigIntStats>
}

/**
 * Uploads a file and resolves once the object is published. It rejects when nothing is left to do, cleaning
 * up included: `process.exit()` may follow.
 *
 * The parts are planned by the file's size. A file that is shorter, longer or of another modification time at the
 * end than at the beginning fails with a {@link SourceChangedError}; one that is replaced by another of its
 * name is uploaded as it was opened. With `checkpoint` its size, modification time and inode are the
 * `sourceVersion`, unless one is given: a later run reads only what is not stored yet.
 *
 * A pipe with a name, or a device, is streamed as it comes, if `file` is its path; a folder is refused.
 * @param file its path, or a FileHandle of a regular file, which stays open; its own position does not count
 * @param begun is told the stream of the upload, for its events, `progress`, `stats()` and `uploadId`; nothing
 *   may be written to it
 */
export async function uploadFile(
  file: string | URL | OpenFile,
  target: string | OssWriteStreamOptions,
  options: OssWriteStreamOptions = {},
  begun: (out: OssWriteStream) => void = () => {},
): Promise<UploadResult> {
  const opened = isPath(file) ? await openPath(file) : asOpened(file)
  try {
    const stats = await opened.stat()
    if (stats.isDirectory()) throw unusable('a file, not a folder', file)
    const [place, given] = typeof target === 'string' ? [target, options] : [undefined, target]
    checkNames(given, 'uploadFile()')
    const { stream } = opened
    // A file of /proc says that it is empty, and is not.
    if (stats.isFile() && (stats.size > 0n || stream === undefined)) {
      return await uploadByPosition(opened, stats, { place, options: given, begun })
    }
    if (stream === undefined) throw unusable('the handle of a regular file', file)
    const out = new OssWriteStream(place, given)
    return await ending(out, () => {
      begun(out)
      // A stream that has ended, or is about to, does not need what blocks until somebody writes.
      return out.destroyed || given.signal?.aborted ? out.completed : pipeline(stream(), out)
    })
  } finally {
    await opened.close()
  }
}

interface Upload {
  readonly place: string | undefined
  readonly options: OssWriteStreamOptions
  readonly begun: (out: OssWriteStream) => void
}

async function uploadByPosition(
  opened: Opened,
  stats: BigIntStats,
  { place, options, begun }: Upload,
): Promise<UploadResult> {
  const size = Number(stats.size)
  const source: PartSource = {
    size,
    read: (buffer, position) => opened.read(buffer, position),
    findChange: async () => changeOf(stats, await opened.stat()),
  }
  const { checkpoint, sourceVersion = versionOf(stats), expectedSize = size } = options
  const exactSize = flag(options.exactSize, 'exactSize', false)
  integer(expectedSize, 'expectedSize', 0, Number.MAX_SAFE_INTEGER)
  const version = checkpoint === undefined ? {} : { sourceVersion }
  const known = { ...options, ...version, expectedSize: size, exactSize: true }
  const out = new OssWriteStream(place, known, source)
  return ending(out, async () => {
    const { bucket, key } = out
    if (exactSize && expectedSize !== size) {
      throw new SizeMismatchError(expectedSize, size, { bucket, key, outcome: 'absent' })
    }
    begun(out)
    await out.skipStored()
    out.end()
  })
}

/** What `begin` brings to an end, once nothing is left to do. */
async function ending(out: OssWriteStream, begin: () => Promise<unknown>): Promise<UploadResult> {
  // The rejection tells it.
  out.on('error', () => undefined)
  try {
    await begin()
    return await out.completed
  } catch (error) {
    out.destroy(error instanceof Error ? error : undefined)
    await out.settled
    throw error
  }
}

/** A file that was opened here or by the caller. */
interface Opened {
  read(buffer: Uint8Array, position: number): Promise<number>
  stat(): Promise<BigIntStats>
  /** All of it as a stream, to which it belongs from then on. */
  stream?(): NodeJS.ReadableStream
  close(): Promise<void>
}

const open = promisify(fs.open)
const read = promisify(fs.read)
const close = promisify(fs.close)
const fstat = promisify(fs.fstat)

async function openPath(path: string | URL): Promise<Opened> {
  // Without waiting: to open a pipe that nobody writes to would block a thread for good.
  const fd = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  let isOurs = true
  return {
    read: async (buffer, position) =>
      (await read(fd, buffer, 0, buffer.byteLength, position)).bytesRead,
    stat: () => fstat(fd, { bigint: true }),
    stream() {
      const source = createFileSource(fd)
      isOurs = false
      return source
    },
    close: async () => {
      // It was only read: that closing it fails takes nothing back, least of all a published object.
      if (isOurs) await close(fd).catch(() => undefined)
    },
  }
}

function asOpened(file: OpenFile): Opened {
  if (typeof file?.read !== 'function' || typeof file.stat !== 'function') {
    throw unusable('a path or a FileHandle', file)
  }
  return {
    read: async (buffer, position) =>
      (await file.read(buffer, 0, buffer.byteLength, position)).bytesRead,
    stat: () => file.stat({ bigint: true }),
    close: async () => {},
  }
}

function isPath(file: unknown): file is string | URL {
  return typeof file === 'string' || file instanceof URL
}

function versionOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`
}

function changeOf(before: BigIntStats, after: BigIntStats): string | undefined {
  if (after.size !== before.size) return `it had ${before.size} bytes, and has ${after.size} now`
  return after.mtimeNs === before.mtimeNs ? undefined : 'it was written to'
}

function unusable(expected: string, file: unknown): InvalidOptionError {
  return InvalidOptionError.expected('file', expected, file)
}
