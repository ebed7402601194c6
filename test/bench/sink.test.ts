/** The sink must see what is sent: a benchmark that drops requests would flatter. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createOssWriteStream } from '../../src/index.js'
import { crc64 } from '../../src/protocol/digest.js'
import { Sink } from './processes.js'

const CHECKING = { tls: false, latencyMs: 0, bytesPerSecond: 0, checksDigests: true }
const sinks: Sink[] = []

afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.stop()
})

async function startSink(): Promise<Sink> {
  const sink = await Sink.start(CHECKING, '')
  sinks.push(sink)
  return sink
}

describe('the sink', () => {
  it('sees every byte of an upload and answers with the digests of its parts', async () => {
    const sink = await startSink()
    const content = Buffer.alloc(1_000_003, 'osspipe')
    const out = createOssWriteStream({
      endpoint: sink.endpoint,
      region: 'cn-hangzhou',
      credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
      bucket: 'bucket',
      key: 'key',
      partSize: 300_000,
      integrity: 'md5+crc64',
    })
    out.end(content)
    const { parts, crc64: answered } = await out.completed
    expect({ parts, answered }).toEqual({ parts: 4, answered: String(crc64(content)) })
    const { requests, bytes } = await sink.seen()
    expect(requests).toBe(6)
    expect(bytes).toBeGreaterThan(content.length)
  })

  it('refuses a body that is not what Content-MD5 says', async () => {
    const sink = await startSink()
    const md5 = createHash('md5').update('other bytes').digest('base64')
    const answer = await fetch(`${sink.endpoint}/bucket/key`, {
      method: 'PUT',
      headers: { 'content-md5': md5 },
      body: 'these bytes',
    })
    expect(answer.status).toBe(400)
  })

  it('answers what minio asks for an upload: which are unfinished, an id, ETags, the end', async () => {
    const sink = await startSink()
    const ask = async (method: string, path: string, body?: string) => {
      const answer = await fetch(sink.endpoint + path, { method, ...(body && { body }) })
      expect(answer.status).toBe(200)
      return { text: await answer.text(), etag: answer.headers.get('etag') }
    }
    const query = 'uploads&prefix=key&delimiter=&max-uploads=1000&key-marker='
    const unfinished = await ask('GET', `/bucket?${query}`)
    expect(unfinished.text).toContain(
      '<ListMultipartUploadsResult><Bucket>bucket</Bucket><IsTruncated>false</IsTruncated></',
    )
    const begun = await ask('POST', '/bucket/key?uploads')
    const [, uploadId] = /<UploadId>(\w+)<\/UploadId>/.exec(begun.text) ?? []
    const part = await ask('PUT', `/bucket/key?partNumber=2&uploadId=${uploadId}`, 'a part')
    expect(part.etag).toBe(`"${createHash('md5').update('a part').digest('hex').toUpperCase()}"`)
    const ended = await ask(
      'POST',
      `/bucket/key?uploadId=${uploadId}`,
      '<CompleteMultipartUpload/>',
    )
    expect(ended.text).toContain('<Bucket>bucket</Bucket><Key>key</Key><ETag>')
  })

  it('understands a body in chunks, however the bytes are cut', async () => {
    const sink = await startSink()
    const body = new ReadableStream({
      start(controller) {
        for (const size of [1, 70_000, 3]) controller.enqueue(Buffer.alloc(size, 'x'))
        controller.close()
      },
    })
    const request = { method: 'PUT', body, duplex: 'half' as const }
    const answer = await fetch(`${sink.endpoint}/bucket/key`, request)
    const md5 = createHash('md5').update('x'.repeat(70_004)).digest('hex').toUpperCase()
    expect(answer.headers.get('etag')).toBe(`"${md5}"`)
  })
})
