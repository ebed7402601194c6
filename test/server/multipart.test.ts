import { memfs } from 'memfs'
import { describe, expect, it } from 'vitest'
import { combineCrc64, crc64, multipartEtag } from '../../src/protocol/digest.js'
import { decodeInitiateResult, encodeCompleteRequest } from '../../src/protocol/xml.js'
import type { ServerFileHandle, ServerFs } from '../../src/server/store-fs.js'
import { startServer } from '../helpers/start-server.js'
import { call } from './caller.js'
import { World } from './rules/rule.js'

describe('multipart upload', () => {
  it('publishes the parts joined, with the ETag and CRC-64 of the rules', async () => {
    const server = await startServer()
    const at = { bucket: 'bucket', key: 'a b/ü+%.bin' }
    const initiated = await call(server, { method: 'POST', ...at, query: { uploads: '' } })
    expect(initiated.status).toBe(200)
    const { uploadId } = decodeInitiateResult(initiated.body)
    const one = Buffer.alloc(102_400, 1)
    const two = Buffer.from('tail')
    const parts = []
    for (const [i, body] of [one, two].entries()) {
      const reply = await call(server, {
        method: 'PUT',
        ...at,
        query: { partNumber: String(i + 1), uploadId },
        body,
      })
      expect(reply.status).toBe(200)
      expect(reply.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(body)))
      parts.push({ partNumber: i + 1, etag: String(reply.headers.etag) })
    }
    const completed = await call(server, {
      method: 'POST',
      ...at,
      query: { uploadId },
      body: encodeCompleteRequest(parts),
    })
    expect(completed.status).toBe(200)
    expect(completed.headers.etag).toBe(`"${multipartEtag(parts.map((part) => part.etag))}"`)
    const sum = combineCrc64(crc64(one), crc64(two), two.length)
    expect(completed.headers['x-oss-hash-crc64ecma']).toBe(String(sum))
    const got = await call(server, { method: 'GET', ...at })
    expect(got.body.equals(Buffer.concat([one, two]))).toBe(true)
    expect(server.uploads.list()).toEqual([])
  })

  it('is completed without moving a byte of its parts', async () => {
    let moved = 0
    const { promises } = memfs().fs
    const open = async (path: string, flags: string): Promise<ServerFileHandle> => {
      const handle = await promises.open(path, flags)
      const count = async <T>(bytes: number, work: Promise<T>): Promise<T> => {
        moved += bytes
        return work
      }
      return {
        writev: (buffers, position) =>
          count(Buffer.concat(buffers).length, handle.writev(buffers, position)),
        read: (buffer, offset, length, position) =>
          count(length, handle.read(buffer, offset, length, position)),
        close: () => handle.close(),
      }
    }
    const counting: ServerFs = { promises: { ...bound(promises), open } }
    const world = new World(await startServer({ fs: counting }))
    const { uploadId, parts } = await world.upload(Buffer.alloc(2_000_000), Buffer.alloc(2_000_000))
    expect(moved).toBeGreaterThan(4_000_000)
    moved = 0
    expect((await world.complete(uploadId, parts)).status).toBe(200)
    expect(moved).toBeLessThan(4096)
    expect((await world.get()).body).toHaveLength(4_000_000)
  })
})

/** Methods that may be called without what they belong to. */
function bound(fs: ServerFs['promises']): ServerFs['promises'] {
  return {
    open: (path, flags) => fs.open(path, flags),
    mkdir: (path, options) => fs.mkdir(path, options),
    readdir: (path) => fs.readdir(path),
    readFile: (path) => fs.readFile(path),
    rename: (from, to) => fs.rename(from, to),
    unlink: (path) => fs.unlink(path),
    rm: (path, options) => fs.rm(path, options),
  }
}
