/**
 * OssWritableStream: the contract of the web's WritableStream over an OssWriteStream, which does all the work.
 * Every promise it gives is settled when nothing is left to do, cleaning up included.
 */
import { WritableStream, type WritableStreamDefaultController } from 'node:stream/web'
import { bytesOf } from './byte-chunk.js'
import { asError } from './errors.js'
import type { OssWriteStreamOptions } from './options.js'
import { checkNames } from './resolve-options.js'
import type { UploadResult } from './upload-result.js'
import { writeChunk } from './write-chunk.js'
import { createOssWriteStream, type OssWriteStream } from './write-stream.js'

/** What may be written to an {@link OssWritableStream}; text goes out as UTF-8. */
export type WebChunk = NodeJS.ArrayBufferView | ArrayBuffer | string

/**
 * Begins an upload that web streams end in: `await response.body.pipeTo(createOssWritableStream(target))`.
 * Options are those of {@link createOssWriteStream}; `highWaterMark` is counted in bytes, whatever the chunks.
 * @throws {InvalidOptionError} synchronously, for a bad, missing or unknown option.
 */
export function createOssWritableStream(
  target: string,
  options?: OssWriteStreamOptions,
): OssWritableStream
export function createOssWritableStream(options: OssWriteStreamOptions): OssWritableStream
export function createOssWritableStream(
  target: string | OssWriteStreamOptions,
  options?: OssWriteStreamOptions,
): OssWritableStream {
  const isTarget = typeof target === 'object' && target !== null
  checkNames(isTarget ? target : (options ?? {}), 'createOssWritableStream()')
  return new OssWritableStream(
    typeof target === 'string'
      ? createOssWriteStream(target, options)
      : createOssWriteStream(target),
  )
}

/**
 * A WritableStream of the web whose `close()` means that the object is published. `abort(reason)`, and
 * the rejection of a write or of `pipeTo()`, come when cleaning up is over. A chunk that is neither bytes nor
 * text is a TypeError and ends it. What cleaning up fails with does not take the place of the first failure:
 * `upload.abortError` tells it. (`undefined` is no chunk: it is in the type because the DOM's writers may leave it out.)
 */
export class OssWritableStream extends WritableStream<WebChunk | undefined> {
  /** The upload itself: its progress, events and outcome. To be written to through this stream only. */
  readonly upload: OssWriteStream
  /** Resolves with the result, rejects with the failure. May be ignored. */
  readonly completed: Promise<UploadResult>
  /** Resolves once nothing is left to do, cleaning up included; never rejects. */
  readonly settled: Promise<void>

  constructor(upload: OssWriteStream) {
    const highWaterMark = upload.writableHighWaterMark
    super(sinkOf(upload), { highWaterMark, size: sizeOf })
    this.upload = upload
    this.completed = upload.completed
    this.settled = upload.settled
  }

  /** The published object, once `close()` has resolved. */
  get result(): UploadResult | undefined {
    return this.upload.result
  }
}

function sinkOf(upload: OssWriteStream) {
  // `completed` tells it, to whoever writes and to the controller.
  upload.on('error', () => undefined)
  return {
    start(controller: WritableStreamDefaultController) {
      upload.completed.catch((error) => controller.error(error))
      // Not in `abort()`, which the web calls only after a write or close under way has ended by itself.
      const signal = signalOf(controller)
      signal?.addEventListener('abort', () => upload.destroy(asError(signal.reason)))
    },

    async write(chunk: unknown) {
      try {
        await writeChunk(upload, bytesOf(chunk))
      } catch (error) {
        upload.destroy(asError(error))
        // With the first failure: what a write meets after it is only that the stream is gone.
        await upload.completed
      }
    },

    async close() {
      upload.end()
      await upload.completed
    },

    async abort(reason: unknown) {
      upload.destroy(asError(reason))
      await upload.settled
    },
  }
}

/** Every Node that we run on has it; the types of Node 20 do not. */
function signalOf(controller: WritableStreamDefaultController): AbortSignal | undefined {
  const signal: unknown = Reflect.get(controller, 'signal')
  return signal instanceof AbortSignal ? signal : undefined
}

/** Never throws: the web would then give up the stream without telling the sink. */
function sizeOf(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk)
  return chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
