/** One write to a stream as a promise. */
import type { Writable } from 'node:stream'

/** Resolves when the stream has taken the bytes: an upload stream has copied them then. */
export function writeChunk(out: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    out.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}
