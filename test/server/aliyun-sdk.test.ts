/**
 * Foreign clients must not tell the server from the service: npm `aliyun-sdk` (signs V1, dates with
 * `Date`, leaves the port out of `Host` and of URLs), and `aliyun-oss-upload-stream` on top of it.
 */

import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import type { LookupFunction } from 'node:net'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { crc64 } from '../../src/protocol/digest.js'
import type { OssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'

type Callback = (error: unknown, data: Data) => void
/** What of its answers is used here; the package has no types. */
interface Data {
  readonly [name: string]: unknown
  readonly UploadId: string
}
type AliyunSdk = Record<string, (params: object, done: Callback) => unknown> & {
  getSignedUrl(operation: string, params: object): string
}
/** Of which `aliyun-oss-upload-stream` calls four methods. */
type UploadStreams = (client: object) => { upload(place: object): Writable }

const load = createRequire(import.meta.url)
const { OSS }: { OSS: new (options: object) => AliyunSdk } = load('aliyun-sdk')
const uploadStreams: UploadStreams = load('aliyun-oss-upload-stream')

const BODY = Buffer.from('0123456789')
const PART = Buffer.alloc(102_400, 'part')
const BUCKET = { Bucket: 'bucket' }
const OBJECT = { ...BUCKET, Key: 'dir/a b+ü%.bin' }

/** Finds every host at home. */
function homeAgent(): Agent {
  const home = { address: '127.0.0.1', family: 4 }
  const lookup: LookupFunction = (_host, { all }, done) =>
    all === true ? done(null, [home]) : done(null, home.address, home.family)
  return new Agent({ lookup })
}

type Way = readonly [string, (server: OssServer) => object]
const IP: Way = ['an IP address', ({ url }) => ({ endpoint: url })]
const VIRTUAL_HOST: Way = [
  'a virtual host',
  ({ port }) => ({
    endpoint: `http://oss-cn-hangzhou.aliyuncs.com:${port}`,
    httpOptions: { agent: homeAgent() },
  }),
]
const CNAME: Way = [
  'a domain of the bucket',
  ({ port }) => ({
    endpoint: `http://files.example.com:${port}`,
    cname: true,
    httpOptions: { agent: homeAgent() },
  }),
]

describe.each([IP, VIRTUAL_HOST, CNAME])('aliyun-sdk through %s', (_way, address) => {
  it('puts, heads, gets, copies and deletes', async () => {
    const { server, ask } = await connect(address)
    const put = { ...OBJECT, Body: BODY, ContentType: 'text/plain', Metadata: { uid: '1' } }
    expect(await ask('putObject', put)).toMatchObject({ HashCrc64ecma: String(crc64(BODY)) })
    expect(server.requests.all.at(-1)?.headers).toMatchObject({ date: expect.any(String) })
    expect(await ask('headObject', OBJECT)).toMatchObject({
      ContentLength: '10',
      ContentType: 'text/plain',
      Metadata: { uid: '1' },
    })
    expect(await ask('getObject', OBJECT)).toMatchObject({ Body: BODY })
    const ranged = await ask('getObject', { ...OBJECT, Range: 'bytes=2-4' })
    expect(ranged).toMatchObject({ Body: Buffer.from('234'), ContentLength: '3' })
    const CopySource = `/bucket/${encodeURIComponent(OBJECT.Key)}`
    await ask('copyObject', { ...BUCKET, Key: 'copy', CopySource })
    await ask('deleteObject', OBJECT)
    expect(server.objects.list().map(({ key }) => key)).toEqual(['copy'])
    await expect(ask('getObject', OBJECT)).rejects.toMatchObject({ code: 'NoSuchKey' })
    // It takes no error from headers, so that of a HEAD is made up by its status.
    await expect(ask('headObject', OBJECT)).rejects.toMatchObject({ code: 'NotFound' })
  })

  it('uploads in parts, lists them, completes and aborts', async () => {
    const { server, ask } = await connect(address)
    const { UploadId } = await ask('createMultipartUpload', OBJECT)
    const Parts = []
    for (const [i, Body] of [PART, BODY].entries()) {
      const { ETag } = await ask('uploadPart', { ...OBJECT, UploadId, PartNumber: i + 1, Body })
      Parts.push({ PartNumber: i + 1, ETag })
    }
    expect(await ask('listParts', { ...OBJECT, UploadId })).toMatchObject({
      Parts: [
        { ...Parts[0], Size: 102_400 },
        { ...Parts[1], Size: 10 },
      ],
      IsTruncated: false,
    })
    const CompleteMultipartUpload = { Parts }
    const done = { ...OBJECT, UploadId, CompleteMultipartUpload }
    const object = await ask('completeMultipartUpload', done)
    expect(object).toMatchObject({ ...OBJECT, ETag: expect.stringMatching(/^"[0-9A-F]{32}-2"$/) })
    const stored = await server.objects.get('bucket', OBJECT.Key)?.content()
    expect(stored?.equals(Buffer.concat([PART, BODY]))).toBe(true)

    const another = await ask('createMultipartUpload', OBJECT)
    await ask('abortMultipartUpload', { ...OBJECT, UploadId: another.UploadId })
    expect(server.uploads.list()).toEqual([])
    await expect(
      ask('uploadPart', { ...OBJECT, UploadId: another.UploadId, PartNumber: 1, Body: BODY }),
    ).rejects.toMatchObject({ code: 'NoSuchUpload' })
  })

  it('hears why it was refused', async () => {
    const { ask } = await connect(address, { secretAccessKey: 'wrong' })
    await expect(ask('putObject', { ...OBJECT, Body: BODY })).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
      statusCode: 403,
    })
  })

  it('signs URLs that open the object', async () => {
    const { server, client, ask } = await connect(address)
    await ask('putObject', { ...OBJECT, Key: 'a', Body: BODY })
    const url = new URL(client.getSignedUrl('getObject', { ...BUCKET, Key: 'a' }))
    const place = server.url + (url.hostname === '127.0.0.1' ? '' : '/bucket')
    const path = url.pathname + url.search
    expect((await fetch(`${place}${path}`)).status).toBe(200)
    expect((await fetch(`${place}${path}x`)).status).toBe(403)
  })
})

describe.each([VIRTUAL_HOST, CNAME])('aliyun-sdk through %s', (_way, address) => {
  it('lists objects and uploads, appends and deletes many', async () => {
    const { server, ask } = await connect(address)
    for (const Key of ['a/1 +&', 'a/2', 'b']) await ask('putObject', { ...BUCKET, Key, Body: BODY })
    expect(await ask('listObjects', { ...BUCKET, Prefix: 'a/' })).toMatchObject({
      Contents: [{ Key: 'a/1 +&', Size: 10 }, { Key: 'a/2' }],
    })
    expect(await ask('listObjects', { ...BUCKET, Delimiter: '/' })).toMatchObject({
      CommonPrefixes: [{ Prefix: 'a/' }],
      Contents: [{ Key: 'b' }],
    })
    const first = await ask('listObjects', { ...BUCKET, MaxKeys: 2 })
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: 'a/2' })
    const { UploadId } = await ask('createMultipartUpload', OBJECT)
    expect(await ask('listMultipartUploads', BUCKET)).toMatchObject({
      Uploads: [{ Key: OBJECT.Key, UploadId }],
    })
    const append = { ...BUCKET, Key: 'log', Position: 0, Body: BODY }
    expect(await ask('appendObject', append)).toMatchObject({ NextAppendPosition: '10' })
    const Delete = { Objects: [{ Key: 'a/1 +&' }, { Key: 'b' }], Quiet: false }
    expect(await ask('deleteObjects', { ...BUCKET, Delete })).toMatchObject({
      Deleted: [{ Key: 'a/1 +&' }, { Key: 'b' }],
    })
    expect(server.objects.list().map(({ key }) => key)).toEqual(['a/2', 'log'])
  })
})

describe('aliyun-sdk through an IP address', () => {
  it('signs requests to a bucket without the slash behind its name, and is refused', async () => {
    const { ask } = await connect(IP[1])
    const refused = { code: 'SignatureDoesNotMatch' }
    await expect(ask('listObjects', BUCKET)).rejects.toMatchObject(refused)
    await expect(ask('listMultipartUploads', BUCKET)).rejects.toMatchObject(refused)
  })

  it('lists buckets, which has none in its path', async () => {
    const { ask } = await connect(IP[1])
    expect(await ask('listBuckets', {})).toMatchObject({ Buckets: [{ Name: 'bucket' }] })
  })
})

describe('aliyun-oss-upload-stream', () => {
  const chunk = (fill: string) => Buffer.alloc(1_000_000, fill)
  const CHUNKS = [chunk('a'), chunk('b'), chunk('c'), chunk('d'), Buffer.from('tail')]

  it('uploads megabytes in parts of one chunk or more; only `uploaded` tells, no pipeline ends', async () => {
    const { server, stream, source } = await begin()
    const parts: unknown[] = []
    stream.on('part', ({ PartNumber }) => parts.push(PartNumber))
    const uploaded = new Promise<Data>((resolve) => stream.once('uploaded', resolve))
    let settled = false
    const settle = (): void => {
      settled = true
    }
    pipeline(source, stream).then(settle, settle)

    const { ETag } = await uploaded
    const [object] = server.objects.list()
    // What came before the upload had an id went with the second chunk.
    expect(parts).toEqual([1, 2, 3, 4])
    expect(ETag).toBe(`"${object?.etag}"`)
    expect((await object?.content())?.equals(Buffer.concat(CHUNKS))).toBe(true)
    expect(server.uploads.list()).toEqual([])
    // Its `end` takes the place of the one that Writable has.
    expect({ settled, finished: stream.writableFinished }).toEqual({
      settled: false,
      finished: false,
    })
  })

  it('aborts the upload when a part fails, then emits `error`', async () => {
    const { server, stream, source } = await begin()
    server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { status: 503 })
    const failed = new Promise<unknown>((resolve) => stream.once('error', resolve))
    stream.on('error', () => {})
    source.pipe(stream)
    expect(await failed).toMatchObject({ code: 'ServiceUnavailable' })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
    expect(server.storedBodies).toBe(0)
    source.destroy()
  })

  /** A source that goes on only when its last chunk has become a part: the stream has no back-pressure. */
  async function begin(): Promise<{ server: OssServer; stream: Writable; source: Readable }> {
    const { server, client } = await connect(VIRTUAL_HOST[1])
    let hasId = (): void => {}
    const initiated = new Promise<void>((resolve) => {
      hasId = resolve
    })
    const methods = Object.fromEntries(
      [
        'createMultipartUpload',
        'uploadPart',
        'completeMultipartUpload',
        'abortMultipartUpload',
      ].map((name) => [
        name,
        (params: object, done: Callback) =>
          client[name]?.(params, (error, data) => {
            done(error, data)
            hasId()
          }),
      ]),
    )
    const stream = uploadStreams(methods).upload(OBJECT)
    const source = Readable.from(
      (async function* () {
        for (const [i, each] of CHUNKS.entries()) {
          const part = new Promise((resolve) => stream.once('part', resolve))
          yield each
          await (i === 0 ? initiated : i < CHUNKS.length - 1 && part)
        }
      })(),
    )
    return { server, stream, source }
  }
})

async function connect(address: Way[1], more: object = {}) {
  const server = await startServer({ cnames: { 'files.example.com': 'bucket' } })
  const { accessKeyId, accessKeySecret } = server.options().credentials
  const client = new OSS({
    accessKeyId,
    secretAccessKey: accessKeySecret,
    apiVersion: '2013-10-15',
    maxRetries: 0,
    ...address(server),
    ...more,
  })
  const ask = (operation: string, params: object): Promise<Data> =>
    new Promise((resolve, reject) => {
      client[operation]?.(params, (error, data) => (error ? reject(error) : resolve(data)))
    })
  return { server, client, ask }
}
