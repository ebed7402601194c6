/** A foreign client must not tell the server from the service: npm `ali-oss`, in every way it addresses one. */

import { Agent, get as httpGet } from 'node:http'
import { createRequire } from 'node:module'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { crc64 } from '../../src/protocol/digest.js'
import type { OssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'

/** What of ali-oss is used here; the package has no types. */
interface AliOss {
  put(name: string, body: Buffer, options?: object): Promise<{ res: AliResponse; url: string }>
  putStream(name: string, body: Readable, options?: object): Promise<{ res: AliResponse }>
  append(name: string, body: Buffer, options?: object): Promise<{ nextAppendPosition: string }>
  get(name: string, options?: object): Promise<{ content: Buffer; res: AliResponse }>
  head(name: string): Promise<{ res: AliResponse; meta: Record<string, string> | null }>
  copy(name: string, source: string): Promise<{ data: { etag: string } }>
  delete(name: string): Promise<{ res: AliResponse }>
  deleteMulti(
    names: string[],
    options?: { quiet: boolean },
  ): Promise<{ deleted: { Key: string }[] }>
  list(query: object): Promise<{ objects?: { name: string }[]; prefixes?: string[] | null }>
  listV2(query: object): Promise<{ objects?: { name: string }[]; keyCount: number }>
  listBuckets(): Promise<{ buckets: { name: string }[] }>
  getBucketInfo(name: string): Promise<{ bucket: { Location: string } }>
  putBucket(name: string): Promise<unknown>
  deleteBucket(name: string): Promise<unknown>
  putACL(name: string, acl: string): Promise<unknown>
  getACL(name: string): Promise<{ acl: string }>
  putObjectTagging(name: string, tags: Record<string, string>): Promise<unknown>
  getObjectTagging(name: string): Promise<{ tag: Record<string, string> }>
  multipartUpload(
    name: string,
    body: Buffer,
    options: object,
  ): Promise<{ etag: string; name: string }>
  initMultipartUpload(name: string): Promise<{ uploadId: string }>
  _uploadPart(name: string, uploadId: string, number: number, data: object): Promise<unknown>
  listParts(name: string, uploadId: string): Promise<{ parts: unknown }>
  listUploads(query: object): Promise<{ uploads: { uploadId: string }[] }>
  abortMultipartUpload(name: string, uploadId: string): Promise<unknown>
  signatureUrl(name: string, options?: object): string
  signatureUrlV4(method: string, expires: number, request: undefined, name: string): Promise<string>
}

interface AliResponse {
  status: number
  headers: Record<string, string>
}

const OSS: new (options: object) => AliOss = createRequire(import.meta.url)('ali-oss')

const BODY = Buffer.from('0123456789')
const BIG = Buffer.alloc(250_000, 'ab')
const NAME = 'dir/a b+ü%.bin'

/** Finds every host at home. */
function homeAgent(): Agent {
  const home = { address: '127.0.0.1', family: 4 }
  const lookup: LookupFunction = (_host, { all }, done) =>
    all === true ? done(null, [home]) : done(null, home.address, home.family)
  return new Agent({ lookup })
}

const WAYS: readonly [string, (server: OssServer) => object][] = [
  ['a path', ({ port }) => ({ endpoint: `http://localhost:${port}`, sldEnable: true })],
  [
    'a virtual host',
    ({ port }) => ({ endpoint: `http://oss-cn-hangzhou.aliyuncs.com:${port}`, agent: homeAgent() }),
  ],
  ['an IP address', ({ port }) => ({ endpoint: `http://127.0.0.1:${port}` })],
]

const VERSIONS = [
  ['V1', { authorizationV4: false }],
  ['V4', { authorizationV4: true }],
] as const

describe.each(WAYS)('ali-oss through %s', (_way, address) => {
  describe.each(VERSIONS)('signing %s', (_version, version) => {
    const connect = (more: object = {}) => connectTo(address, { ...version, ...more })

    it('puts, heads, gets and deletes', async () => {
      const { server, client } = await connect()
      const headers = { 'x-oss-storage-class': 'IA' }
      const put = await client.put(NAME, BODY, { meta: { uid: '1' }, headers })
      expect(put.res.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(BODY)))
      const head = await client.head(NAME)
      expect(head.meta).toEqual({ uid: '1' })
      expect(head.res.headers['x-oss-storage-class']).toBe('IA')
      expect((await client.get(NAME)).content.equals(BODY)).toBe(true)
      const ranged = await client.get(NAME, { headers: { Range: 'bytes=2-4' } })
      expect([ranged.res.status, ranged.content.toString()]).toEqual([206, '234'])
      expect((await client.delete(NAME)).res.status).toBe(204)
      await expect(client.get(NAME)).rejects.toMatchObject({ code: 'NoSuchKey', status: 404 })
      await expect(client.head(NAME)).rejects.toMatchObject({ code: 'NoSuchKey', status: 404 })
      expect(server.objects.list()).toEqual([])
    })

    it('puts a stream in chunks', async () => {
      const { server, client } = await connect()
      await client.putStream(NAME, Readable.from([BIG, BODY]))
      const content = await server.objects.get('bucket', NAME)?.content()
      expect(content?.equals(Buffer.concat([BIG, BODY]))).toBe(true)
    })

    it('appends', async () => {
      const { server, client } = await connect()
      const first = await client.append(NAME, BODY)
      expect(first.nextAppendPosition).toBe('10')
      await client.append(NAME, BODY, { position: 10 })
      expect(server.objects.get('bucket', NAME)?.size).toBe(20)
    })

    it('uploads in parts', async () => {
      const { server, client } = await connect()
      const done = await client.multipartUpload(NAME, BIG, { partSize: 102_400, parallel: 3 })
      const object = server.objects.get('bucket', NAME)
      expect(done.etag).toBe(`"${object?.etag}"`)
      expect(object?.etag).toMatch(/^[0-9A-F]{32}-3$/)
      expect((await object?.content())?.equals(BIG)).toBe(true)
      expect(server.uploads.list()).toEqual([])
    })

    it('lists parts and uploads, and aborts', async () => {
      const { server, client } = await connect()
      const { uploadId } = await client.initMultipartUpload(NAME)
      const content = Readable.from([BODY])
      await client._uploadPart(NAME, uploadId, 1, { stream: content, size: BODY.length })
      const { parts } = await client.listParts(NAME, uploadId)
      expect([parts].flat()).toMatchObject([{ PartNumber: '1', Size: '10' }])
      const { uploads } = await client.listUploads({ 'max-uploads': 10 })
      expect(uploads.map((upload) => upload.uploadId)).toEqual([uploadId])
      await client.abortMultipartUpload(NAME, uploadId)
      expect(server.uploads.list()).toEqual([])
      await expect(client.abortMultipartUpload(NAME, uploadId)).rejects.toMatchObject({
        code: 'NoSuchUpload',
      })
    })

    it('copies, lists and deletes many', async () => {
      const { client } = await connect()
      await client.put('a/1 +&', BODY)
      await client.copy('a/2', 'a/1 +&')
      await client.put('b', BODY)
      const { objects } = await client.list({ prefix: 'a/' })
      expect(objects?.map((object) => object.name)).toEqual(['a/1 +&', 'a/2'])
      const top = await client.list({ delimiter: '/' })
      expect([top.prefixes, top.objects?.map((object) => object.name)]).toEqual([['a/'], ['b']])
      const v2 = await client.listV2({ 'max-keys': 2 })
      expect(v2.objects?.map((object) => object.name)).toEqual(['a/1 +&', 'a/2'])
      const { deleted } = await client.deleteMulti(['a/1 +&', 'b'])
      expect(deleted.map((entry) => entry.Key)).toEqual(['a/1 +&', 'b'])
      expect((await client.list({})).objects).toHaveLength(1)
      expect((await client.deleteMulti(['a/2'], { quiet: true })).deleted).toEqual([])
      expect((await client.list({})).objects ?? []).toEqual([])
    })

    it('reads and changes settings', async () => {
      const { client } = await connect()
      expect((await client.getBucketInfo('bucket')).bucket.Location).toBe('oss-cn-hangzhou')
      await client.put(NAME, BODY)
      await client.putACL(NAME, 'public-read')
      expect((await client.getACL(NAME)).acl).toBe('public-read')
      await client.putObjectTagging(NAME, { a: '1', b: '2' })
      expect((await client.getObjectTagging(NAME)).tag).toEqual({ a: '1', b: '2' })
    })

    it('hears why it was refused', async () => {
      const { client } = await connect({ accessKeySecret: 'wrong' })
      await expect(client.put(NAME, BODY)).rejects.toMatchObject({
        code: 'SignatureDoesNotMatch',
        status: 403,
        requestId: expect.stringMatching(/^[0-9A-F]{24}$/),
      })
    })

    it('comes with an STS token, until it expires', async () => {
      const { server } = await connect()
      const token = server.issueToken()
      const client = new OSS({
        region: 'oss-cn-hangzhou',
        bucket: 'bucket',
        ...version,
        ...address(server),
        accessKeyId: token.accessKeyId,
        accessKeySecret: token.accessKeySecret,
        stsToken: token.securityToken,
        refreshSTSToken: async () => token,
        refreshSTSTokenInterval: 3_600_000,
      })
      expect((await client.put(NAME, BODY)).res.status).toBe(200)
      server.faults.add({}, { expireToken: true })
      await expect(client.put(NAME, BODY)).rejects.toMatchObject({ code: 'SecurityTokenExpired' })
    })
  })
})

// ali-oss signs no URLs for an IP address, and asks there for no bucket but its own.
describe.each(WAYS.slice(0, 2))('ali-oss through %s', (_way, address) => {
  describe.each(VERSIONS)('signing %s', (_version, version) => {
    const connect = () => connectTo(address, version)

    it('creates, lists and deletes buckets', async () => {
      const { client } = await connect()
      await client.putBucket('another')
      const { buckets } = await client.listBuckets()
      expect(buckets.map((bucket) => bucket.name)).toEqual(['another', 'bucket'])
      await client.deleteBucket('another')
      await expect(client.getBucketInfo('another')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    })

    it('signs URLs that open the object', async () => {
      const { server, client } = await connect()
      await client.put(NAME, BODY)
      const v1 = client.signatureUrl(NAME, { expires: 60 })
      const v4 = await client.signatureUrlV4('GET', 60, undefined, NAME)
      for (const url of [v1, v4]) {
        const [, host = '', path = ''] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? []
        expect(await statusOf(server, host, path)).toBe(200)
        expect(await statusOf(server, host, `${path}x`)).toBe(403)
      }
    })
  })
})

async function connectTo(
  address: (server: OssServer) => object,
  more: object,
): Promise<{ server: OssServer; client: AliOss }> {
  const server = await startServer()
  const { credentials } = server.options()
  const common = { region: 'oss-cn-hangzhou', bucket: 'bucket', ...credentials }
  return { server, client: new OSS({ ...common, ...more, ...address(server) }) }
}

function statusOf(server: OssServer, host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port: server.port, path, headers: { host }, agent: false }
    httpGet(target, (response) => resolve(response.resume().statusCode)).on('error', reject)
  })
}
