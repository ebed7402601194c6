/** What no client can do without: parts from memory over undici, no source, no copy, no digest. */
import { randomBytes } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { Pool } from 'undici'

export function connect({ endpoint, partSize, concurrency, atOnce = concurrency }) {
  const pool = new Pool(endpoint, { connections: atOnce, pipelining: 1 })
  const buffers = Array.from({ length: concurrency }, () => randomBytes(partSize))
  async function put(path, body) {
    const headers = { 'content-length': String(body.length) }
    const answer = await pool.request({ path, method: 'PUT', headers, body })
    await answer.body.dump()
  }
  return {
    async upload({ bytes }) {
      let left = bytes
      let partNumber = 0
      const lanes = buffers.map(async (buffer) => {
        while (left > 0) {
          const size = Math.min(left, partSize)
          left -= size
          partNumber += 1
          await put(`/bucket/object?partNumber=${partNumber}&uploadId=1`, buffer.subarray(0, size))
        }
      })
      await Promise.all(lanes)
    },
    put: (key, content) => put(`/bucket/${key}`, content),
    async read({ bytes }, sink) {
      const { body } = await pool.request({ path: `/bucket/stored-${bytes}`, method: 'GET' })
      await pipeline(body, sink)
    },
  }
}
