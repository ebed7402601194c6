/** What may be a chunk of bytes where Node or the web hand us anything; and what is none. */
import { Transform } from 'node:stream'

/**
 * The bytes of a chunk, not copied; text as UTF-8.
 * @throws {TypeError} with Node's code `ERR_INVALID_ARG_TYPE`, for what has no bytes
 */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  const got =
    chunk === null ? 'null' : Array.isArray(chunk) ? 'an array' : `a value of type ${typeof chunk}`
  throw Object.assign(
    new TypeError(
      `Expected a chunk of bytes (Uint8Array, ArrayBuffer, DataView) or text, got ${got}`,
    ),
    { code: 'ERR_INVALID_ARG_TYPE' },
  )
}

/** Objects in, bytes out: fails on one that has none, where `pipe()` would throw it at the process. */
export function byteChunks(): Transform {
  return new Transform({
    writableObjectMode: true,
    writableHighWaterMark: 1,
    transform(chunk: unknown, _encoding, callback) {
      let bytes: Uint8Array
      try {
        bytes = bytesOf(chunk)
      } catch (error) {
        callback(error as TypeError)
        return
      }
      callback(null, bytes)
    },
  })
}
