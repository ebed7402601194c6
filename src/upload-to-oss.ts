/** One call for a source of any kind: pipes it into an OssWriteStream and waits for the end, whatever it is. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { byteChunks, bytesOf } from './byte-chunk.js'
import { asError, InvalidOptionError } from './errors.js'
import type { OssWriteStreamOptions } from './options.js'
import { checkNames } from './resolve-options.js'
import type { UploadResult } from './upload-result.js'
import { createOssWriteStream, type OssWriteStream } from './write-stream.js'

/** What is used of a ReadableStream of the web: its types in Node and in the DOM do not fit each other. */
export interface WebReadable {
  readonly locked: boolean
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: unknown }>
    cancel(reason?: unknown): Promise<void>
  }
  cancel(reason?: unknown): Promise<void>
}

/** Bytes, or text that goes out as UTF-8. */
export type SourceChunk = NodeJS.ArrayBufferView | ArrayBuffer | string

/**
 * What has bytes: a stream of Node's (an `IncomingMessage`, a file) or of the web, a `Response` or `Request` of
 * fetch, a Blob or File, a list of chunks (async or not), or all bytes at once. Text goes out as UTF-8.
 */
export type UploadSource =
  | Readable
  | NodeJS.ReadableStream
  | WebReadable
  | { readonly body: WebReadable | null; readonly bodyUsed: boolean }
  | { stream(): WebReadable; readonly size: number }
  | AsyncIterable<SourceChunk>
  | Iterable<SourceChunk>
  | SourceChunk

/** Opens a source at an offset in bytes. */
export type OpenSource = (start: number) => UploadSource | Promise<UploadSource>

type NodeReadable = Readable | NodeJS.ReadableStream

/**
 * Uploads all bytes of `source` and resolves once the object is published. It rejects when nothing is
 * left to do, cleaning up included: `process.exit()` may follow. The source is destroyed if
 * the upload fails, but left alone by an InvalidOptionError: nothing was begun. A chunk that is neither bytes nor
 * text is a TypeError, and nothing is published.
 *
 * A function as source is called with the offset to begin at: 0, or with `checkpoint` and `sourceVersion`
 * behind what an earlier run has stored; see {@link OssWriteStream.skipStored}. What it opens after
 * the upload has failed is destroyed.
 */
export async function uploadToOss(
  source: UploadSource | OpenSource,
  target: string | OssWriteStreamOptions,
  options?: OssWriteStreamOptions,
): Promise<UploadResult> {
  // An unusable source is told before anything is begun.
  const given = typeof source === 'function' ? source : readableOf(source)
  const out = streamTo(target, options)
  // Before there is a pipeline nobody listens; the rejection tells it.
  out.on('error', () => undefined)
  try {
    const readable = typeof given === 'function' ? await opened(given, out) : given
    // Node 24 does not pipe into what has failed already, and leaves the source as it is.
    if (out.destroyed && 'destroy' in readable) readable.destroy()
    if (isObjectMode(readable)) await pipeline(readable, byteChunks(), out)
    else await pipeline(readable, out)
    return await out.completed
  } catch (error) {
    out.destroy(error instanceof Error ? error : undefined)
    await out.settled
    throw out.errored ?? error
  }
}

/** What `open` gives; or the failure of `out`, since an `open` that hangs must not keep it from being told. */
async function opened(open: OpenSource, out: OssWriteStream): Promise<NodeReadable> {
  const start = await out.skipStored()
  const opening = (async () => readableOf(await open(start)))()
  const failed = new Promise<never>((_resolve, reject) => out.completed.catch(reject))
  try {
    return await Promise.race([opening, failed])
  } catch (error) {
    // Too late, or never: the upload has failed already, and with another error.
    opening.then(
      (late) => destroySource(late),
      () => undefined,
    )
    throw error
  }
}

function destroySource(source: NodeReadable): void {
  // Nobody waits for it any more, nor hears what it fails with.
  source.on('error', () => undefined)
  if ('destroy' in source) source.destroy()
}

function streamTo(
  target: string | OssWriteStreamOptions,
  options: OssWriteStreamOptions | undefined,
): OssWriteStream {
  const isTarget = typeof target === 'object' && target !== null
  checkNames(isTarget ? target : (options ?? {}), 'uploadToOss()')
  if (typeof target === 'string') return createOssWriteStream(target, options)
  if (options !== undefined) {
    throw new InvalidOptionError(
      'options',
      'Expected no `options` beside a target that has its own',
    )
  }
  return createOssWriteStream(target)
}

function readableOf(source: UploadSource): NodeReadable {
  if (typeof source === 'string' || source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return Readable.from([source])
  }
  if (typeof source !== 'object' || source === null) throw unusable('a source of bytes', source)
  if (isNodeStream(source)) return unread(source)
  if ('getReader' in source) return fromWeb(source)
  if ('bodyUsed' in source) {
    if (source.bodyUsed) throw unusable('a response whose body is unread', source)
    return source.body === null ? Readable.from([]) : fromWeb(source.body)
  }
  if ('stream' in source && typeof source.stream === 'function') return fromWeb(source.stream())
  if (Symbol.asyncIterator in source || Symbol.iterator in source) return Readable.from(source)
  throw unusable('a source of bytes', source)
}

/** Ended or destroyed it would make an empty object, or none and no end. */
function unread(source: NodeReadable): NodeReadable {
  const { readableEnded = false, destroyed = false }: Partial<Readable> = source as Readable
  if (readableEnded) throw unusable('a stream that is unread', source)
  if (destroyed && !(source as Readable).errored) throw unusable('a stream that is open', source)
  return source
}

/** Not `Readable.fromWeb()`, which takes a chunk that is null for the end. */
function fromWeb(stream: WebReadable): Readable {
  if (stream.locked) throw unusable('a stream that is not locked', stream)
  // Not locked before it is read: an error of the options leaves it alone.
  let reader: ReturnType<WebReadable['getReader']> | undefined
  const next = async () => {
    reader ??= stream.getReader()
    const { done, value } = await reader.read()
    return done ? null : bytesOf(value)
  }
  return new Readable({
    read() {
      next().then(
        (bytes) => this.push(bytes),
        (reason: unknown) => this.destroy(asError(reason)),
      )
    },
    destroy(error, callback) {
      // What a source that is given up has to say about it is of no interest, however long it takes.
      const cancelling = (reader ?? stream).cancel(error)
      cancelling.catch(() => undefined)
      callback(error)
    },
  })
}

function isObjectMode(source: NodeReadable): boolean {
  return 'readableObjectMode' in source && source.readableObjectMode
}

function isNodeStream(source: object): source is NodeReadable {
  return 'pipe' in source && typeof source.pipe === 'function' && 'on' in source
}

function unusable(expected: string, source: unknown): InvalidOptionError {
  return InvalidOptionError.expected('source', expected, source)
}
