import { describe, expect, it } from 'vitest'
import { combineCrc64, crc64, multipartEtag } from '../../src/protocol/digest.js'
import { decodeInitiateResult, encodeCompleteRequest } from '../../src/protocol/xml.js'
import { startServer } from '../helpers/start-server.js'
import { call } from './caller.js'

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
})
