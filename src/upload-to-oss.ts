/** One call for a source of any kind: pipes it into an OssWriteStream and waits for the end, whatever it is. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import { InvalidOptionError } from './errors.js'
import type { OssWriteStreamOptions } from './options.js'
import type { UploadResult } from './upload-result.js'
import { createOssWriteStream, type OssWriteStream } from './write-stream.js'

type Chunk = Uint8Array | string

/** What has bytes: a stream of Node's or of the web, a fetch `Response`, a Blob or File, a list of chunks, or all of them. */
export type UploadSource =
  | Readable
  | NodeJS.ReadableStream
  | ReadableStream
  | { readonly body: ReadableStream | null; readonly bodyUsed: boolean }
  | { stream(): ReadableStream; readonly size: number }
  | AsyncIterable<Chunk>
  | Iterable<Chunk>
  | Uint8Array
  | ArrayBuffer
  | string

/**
 * Uploads all bytes of `source` and resolves once the object is published. It rejects when nothing is
 * left to do, cleaning up included: `process.exit()` may follow. The source is destroyed if
 * the upload fails.
 *
 * A function as source is called with the offset to begin at: 0, or with `checkpoint` and `sourceVersion`
 * behind what an earlier run has stored; see {@link OssWriteStream.skipStored}.
 */
export async function uploadToOss(
  source: UploadSource | ((start: number) => UploadSource | Promise<UploadSource>),
  target: string | OssWriteStreamOptions,
  options?: OssWriteStreamOptions,
): Promise<UploadResult> {
  // An unusable source is told before anything is begun.
  const given = typeof source === 'function' ? source : readableOf(source)
  const out = streamTo(target, options)
  // Before there is a pipeline nobody listens; the rejection tells it.
  out.on('error', () => undefined)
  try {
    const readable =
      typeof given === 'function' ? readableOf(await given(await out.skipStored())) : given
    await pipeline(readable, out)
    return await out.completed
  } catch (error) {
    out.destroy(error instanceof Error ? error : undefined)
    await out.settled
    throw error
  }
}

function streamTo(
  target: string | OssWriteStreamOptions,
  options: OssWriteStreamOptions | undefined,
): OssWriteStream {
  return typeof target === 'string'
    ? createOssWriteStream(target, options)
    : createOssWriteStream(target)
}

function readableOf(source: UploadSource): Readable | NodeJS.ReadableStream {
  if (typeof source === 'string' || source instanceof Uint8Array) return fromChunks([source])
  if (source instanceof ArrayBuffer) return fromChunks([new Uint8Array(source)])
  if (typeof source !== 'object' || source === null) throw unusable('a source of bytes', source)
  if (isNodeStream(source)) return unread(source)
  if (source instanceof ReadableStream) return fromWeb(source)
  if ('bodyUsed' in source) {
    if (source.bodyUsed) throw unusable('a response whose body is unread', source)
    return source.body === null ? fromChunks([]) : fromWeb(source.body)
  }
  if ('stream' in source && typeof source.stream === 'function') return fromWeb(source.stream())
  if (Symbol.asyncIterator in source || Symbol.iterator in source) return fromChunks(source)
  throw unusable('a source of bytes', source)
}

/** Ended or destroyed it would make an empty object, or none and no end. */
function unread(source: Readable | NodeJS.ReadableStream): Readable | NodeJS.ReadableStream {
  const { readableEnded = false, destroyed = false }: Partial<Readable> = source as Readable
  if (readableEnded) throw unusable('a stream that is unread', source)
  if (destroyed && !(source as Readable).errored) throw unusable('a stream that is open', source)
  return source
}

function fromWeb(stream: ReadableStream): Readable {
  if (stream.locked) throw unusable('a stream that is not locked', stream)
  return Readable.fromWeb(stream)
}

function fromChunks(chunks: Iterable<Chunk> | AsyncIterable<Chunk>): Readable {
  // Not in object mode: an empty chunk is no end, and anything but bytes and text is refused.
  return Readable.from(chunks, { objectMode: false })
}

function isNodeStream(source: object): source is Readable | NodeJS.ReadableStream {
  return 'pipe' in source && typeof source.pipe === 'function' && 'on' in source
}

function unusable(expected: string, source: unknown): InvalidOptionError {
  return InvalidOptionError.expected('source', expected, source)
}
