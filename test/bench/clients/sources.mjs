/** What the clients upload: bytes from memory at no cost, in chunks of any size, or a file. */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

const RING = randomBytes(1024 * 1024)

/** A stream of `bytes` bytes from a ring, in chunks of 64 KiB. */
export function ringSource(bytes, chunkSize = 64 * 1024) {
  let at = 0
  return new Readable({
    highWaterMark: chunkSize,
    read() {
      if (at === bytes) {
        this.push(null)
        return
      }
      const start = at % RING.length
      const chunk = RING.subarray(start, start + Math.min(chunkSize, bytes - at))
      at += chunk.length
      this.push(chunk)
    },
  })
}

/** The stream that a run asks for. */
export function sourceOf({ source, bytes, file }) {
  return source === 'file'
    ? createReadStream(file, { highWaterMark: 1024 * 1024 })
    : ringSource(bytes)
}

/** Writes all bytes in chunks of `writeSize`, as a source that writes by itself does. */
export async function writeAll(out, bytes, writeSize) {
  const drain = () => new Promise((resolve) => out.once('drain', resolve))
  for (let at = 0; at < bytes; ) {
    const start = at % RING.length
    const chunk = RING.subarray(start, start + Math.min(writeSize, bytes - at))
    at += chunk.length
    if (!out.write(chunk)) await drain()
  }
  out.end()
}
