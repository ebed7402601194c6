/**
 * What can be sent as a body, in a form that can be sent again, with its size and its MD5.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { InvalidOptionError } from '../errors.js'
import { createMd5, type Md5, md5Base64, md5Of, parseContentMd5 } from '../protocol/digest.js'
import type { Clock } from './clock.js'
import type { Source } from './slices.js'

/** A stretch of a local file; read anew for each attempt. */
export interface FileRange {
  readonly path: string
  /** First byte. @default 0 */
  readonly start?: number | undefined
  /** Byte after the last. @default the end of the file */
  readonly end?: number | undefined
}

/** Bytes in memory (never copied, must not change until the call settles), text, or a file range. */
export type UploadBody = Uint8Array | readonly Uint8Array[] | string | FileRange

/** Digests of a body. */
export interface BodyDigests {
  /** 16 bytes: sent as Content-MD5 and compared with the ETag of the answer. */
  readonly md5?: Uint8Array | undefined
  /** Compared with the CRC-64 of the answer, if that has one. */
  readonly crc64?: bigint | undefined
}

/** What the caller says about the integrity of a body. */
export interface BodyIntegrity {
  readonly contentMd5?: string | undefined
  readonly digests?: BodyDigests | undefined
}

/** A body ready for any number of attempts. */
export interface PreparedBody {
  /** Bytes. */
  readonly size: number
  readonly source: Source
  readonly digests: BodyDigests
  /** Content-MD5 to send, if any. */
  readonly contentMd5: string | undefined
}

const READ_BYTES = 512 * 1024
/** MD5 of this much takes a few milliseconds: no longer does anything else have to wait. */
const HASH_BYTES = 2 * 1024 * 1024

/**
 * Measures a body and, unless the caller gave its digests, computes its MD5; a file is read for that.
 * A promise only of what takes time: most bodies are small and at hand, or have their digests.
 * @throws {InvalidOptionError} for something else; a file that cannot be read rejects with it
 */
export function prepareBody(
  body: UploadBody,
  integrity: BodyIntegrity,
  clock: Clock,
): PreparedBody | Promise<PreparedBody> {
  if (!isFileRange(body)) return withDigests(measureBytes(body), integrity, clock)
  return measureFile(body).then((measured) => withDigests(measured, integrity, clock))
}

function withDigests(
  measured: Measured,
  integrity: BodyIntegrity,
  clock: Clock,
): PreparedBody | Promise<PreparedBody> {
  const { size, source } = measured
  const { contentMd5, digests } = integrity
  if (contentMd5 !== undefined) {
    const md5 = digests?.md5 ?? parseContentMd5(contentMd5)
    return { size, source, digests: { ...digests, md5 }, contentMd5 }
  }
  if (digests !== undefined) return hashedBody(measured, digests)
  if (isOnePiece(source, size)) return withMd5(measured, md5Of(source[0]))
  return hashSource(source, clock).then((md5) => withMd5(measured, md5))
}

/** A body whose digests have been computed. */
export function hashedBody({ size, source }: Measured, digests: BodyDigests): PreparedBody {
  const { md5 } = digests
  return { size, source, digests, contentMd5: md5 === undefined ? undefined : md5Base64(md5) }
}

function withMd5({ size, source }: Measured, md5: Uint8Array): PreparedBody {
  return { size, source, digests: { md5 }, contentMd5: md5Base64(md5) }
}

type Measured = Pick<PreparedBody, 'size' | 'source'>

function isFileRange(body: unknown): body is FileRange {
  return typeof body === 'object' && body !== null && 'path' in body && !Array.isArray(body)
}

function measureBytes(body: unknown): Measured {
  const source = typeof body === 'string' ? Buffer.from(body) : body
  const list: unknown = source instanceof Uint8Array ? [source] : source
  if (!isBytesList(list)) {
    throw InvalidOptionError.expected(
      'body',
      'a Uint8Array, an array of them, a string, or `{ path, start, end }`',
      body,
    )
  }
  return { size: list.reduce((sum, bytes) => sum + bytes.byteLength, 0), source: list }
}

function isBytesList(value: unknown): value is readonly Uint8Array[] {
  return Array.isArray(value) && value.every((bytes) => bytes instanceof Uint8Array)
}

async function measureFile(range: FileRange): Promise<Measured> {
  const { path, start = 0 } = range
  const length = await withFile(path, async (file) => {
    const stats = await file.stat()
    if (stats.isFile()) return stats.size
    throw new InvalidOptionError('body.path', `Expected \`body.path\` to be a file: ${path}`)
  })
  const { end = length } = range
  const inside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= length
  if (!inside || start > end) {
    throw new InvalidOptionError(
      'body',
      `Expected \`body\` to lie within the ${length} bytes of ${path}, got ${start} to ${end}`,
    )
  }
  return { size: end - start, source: () => readRange(path, start, end) }
}

async function* readRange(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await openFile(path)
  try {
    for (let position = start; position < end; ) {
      // A buffer each: the one before may still be on its way through the socket.
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position))
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openFile(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : path
    throw new InvalidOptionError('body.path', `Cannot read \`body.path\`: ${reason}`, { cause })
  }
}

/** So little that it is hashed in one go. */
function isOnePiece(source: Source, size: number): source is readonly [Uint8Array] {
  return typeof source !== 'function' && source.length === 1 && size <= HASH_BYTES
}

async function hashSource(source: Source, clock: Clock): Promise<Uint8Array> {
  const md5 = createMd5()
  if (typeof source === 'function') {
    for await (const bytes of source()) md5.update(bytes)
  } else {
    for (const bytes of source) await hash(md5, bytes, clock)
  }
  return md5.digest()
}

/** Hashes in steps, with a turn of the event loop between them. */
async function hash(md5: Md5, bytes: Uint8Array, clock: Clock): Promise<void> {
  for (let start = 0; start < bytes.byteLength; start += HASH_BYTES) {
    if (start > 0) await clock.breathe()
    md5.update(bytes.subarray(start, start + HASH_BYTES))
  }
}
