import { connect } from 'node:net'
import { expect } from 'vitest'
import { signV4 } from '../../../src/protocol/signature-v4.js'
import { send } from '../caller.js'
import { type Rule, rule, textsOf, type World } from './rule.js'

/** A request with this path and Host, signed for bucket and key. */
function addressed(
  world: World,
  to: { path: string; host: string; bucket?: string; key?: string },
) {
  const { credentials, region } = world.server.options()
  const { path, host, bucket = 'bucket', key } = to
  const { headers } = signV4(
    { method: 'GET', bucket, key, query: {}, headers: {} },
    { credentials, region, date: new Date() },
  )
  return send(world.server, { method: 'GET', path, headers: { ...headers, host } })
}

/** Writes bytes to a bare socket, ends it, and returns what came back. */
function talk(world: World, ...pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(world.server.port, '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
    })
    socket.on('close', () => resolve(received)).on('error', reject)
    socket.end(pieces.join(''))
  })
}

/** Request line and headers of a signed PutObject, with these besides. */
function putHead(world: World, more: Record<string, string>): string {
  const { credentials, region } = world.server.options()
  const { headers } = signV4(
    { method: 'PUT', bucket: 'bucket', key: 'key', query: {}, headers: {} },
    { credentials, region, date: new Date() },
  )
  const lines = Object.entries({ host: 'x', connection: 'close', ...headers, ...more })
  return `PUT /bucket/key HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

const OFFICIAL = 'bucket.oss-cn-hangzhou.aliyuncs.com'

export const WIRE_RULES: readonly Rule[] = [
  rule(
    'Every answer has a request id, a date, a server and a time',
    'Common response headers',
    async (world) => {
      for (const reply of [await world.put(), await world.get(), await world.get({ range: 'x' })]) {
        expect(reply.headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/)
        expect(reply.headers['x-oss-server-time']).toMatch(/^\d+$/)
        expect(reply.headers.server).toBe('AliyunOSS')
        expect(Date.parse(String(reply.headers.date))).not.toBeNaN()
      }
    },
  ),
  rule(
    'An error document has the id of its header, a HostId, an EC and advice',
    'Error responses',
    async (world) => {
      const reply = await world.get()
      expect(textsOf(reply, 'RequestId')).toEqual([reply.headers['x-oss-request-id']])
      expect(textsOf(reply, 'HostId')).toEqual([`127.0.0.1:${world.server.port}`])
      expect(textsOf(reply, 'EC')).toEqual([reply.headers['x-oss-ec']])
      expect(textsOf(reply, 'RecommendDoc')).toEqual([
        'https://api.aliyun.com/troubleshoot?q=0026-00000001',
      ])
      expect(reply.headers['content-length']).toBe(String(reply.body.length))
      expect(reply.headers['content-type']).toBe('application/xml')
    },
  ),
  ...[
    [OFFICIAL, '/key'],
    ['bucket.oss-cn-hangzhou-internal.aliyuncs.com', '/key'],
    ['bucket.cn-hangzhou.oss.aliyuncs.com', '/key'],
    ['bucket.oss-accelerate.aliyuncs.com', '/key'],
    [`BUCKET.oss-cn-hangzhou.aliyuncs.com:80`, '/key'],
    ['bucket.localhost:1234', '/key'],
    ['files.example.com', '/key'],
    ['localhost', '/bucket/key'],
    ['127.0.0.1', '/bucket/key'],
    ['[::1]:80', '/bucket/key'],
    ['whatever.example.com', '/bucket/key'],
    ['ignored', `http://${OFFICIAL}/key`],
  ].map(([host = '', path = '']) =>
    rule(
      `Host ${host} and path ${path} are bucket/key`,
      'Endpoints; ali-oss 6.23',
      async (world) => {
        await world.put()
        const reply = await addressed(world, { host, path, key: 'key' })
        expect([reply.status, reply.body.toString()]).toEqual([200, 'content'])
      },
    ),
  ),
  rule('The endpoint of another region is refused, and named', 'Error responses', async (world) => {
    const host = 'bucket.oss-cn-beijing.aliyuncs.com'
    const reply = await addressed(world, { host, path: '/key', key: 'key' })
    expect(reply).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(textsOf(reply, 'Endpoint')).toEqual(['oss-cn-hangzhou.aliyuncs.com'])
  }),
  rule(
    'An official host refuses a bucket in the path',
    'SecondLevelDomainForbidden',
    async (world) => {
      const host = 'oss-cn-hangzhou.aliyuncs.com'
      const reply = await addressed(world, { host, path: '/bucket/key', key: 'key' })
      expect(reply).toMatchObject({ status: 403, code: 'SecondLevelDomainForbidden' })
    },
  ),
  ...['a//b', 'a/../b', './x', '%2e%2e/x', 'a%2Fb', 'a+b', 'ü 😀', '?#&=', 'a\u0000b', '..'].map(
    (key) =>
      rule(
        `The key ${JSON.stringify(key)} is itself and no other`,
        'Object naming conventions',
        async (world) => {
          await world.put('mine', {}, key)
          expect(world.server.objects.list().map((object) => object.key)).toEqual([key])
          expect((await world.object('GET', { key })).body.toString()).toBe('mine')
        },
      ),
  ),
  rule('%2F in a path is a slash', 'ali-oss 6.23', async (world) => {
    await world.put('', {}, 'a/b')
    const reply = await addressed(world, { host: 'x', path: '/bucket/a%2Fb', key: 'a/b' })
    expect(reply.status).toBe(200)
  }),
  rule(
    'Percent-encoding that is none is InvalidObjectName',
    'Object naming conventions',
    async (world) => {
      for (const path of ['/bucket/%', '/bucket/%zz', '/bucket/%ff']) {
        expect((await send(world.server, { method: 'GET', path })).code).toBe('InvalidObjectName')
      }
    },
  ),
  rule('A key of 1024 bytes is InvalidObjectName, of 1023 it is fine', 'Limits', async (world) => {
    expect((await world.put('', {}, `${'é'.repeat(511)}x`)).status).toBe(200)
    expect(await world.put('', {}, 'é'.repeat(512))).toMatchObject({
      status: 400,
      code: 'InvalidObjectName',
    })
  }),
  rule(
    'A key that begins with a slash is InvalidObjectName',
    'Object naming conventions',
    async (world) => {
      expect((await world.put('', {}, '/a')).code).toBe('InvalidObjectName')
      expect((await world.put('', {}, '\\a')).code).toBe('InvalidObjectName')
    },
  ),
  rule('An unknown method is MethodNotAllowed', 'Error responses', async (world) => {
    expect(await world.object('PATCH')).toMatchObject({ status: 405, code: 'MethodNotAllowed' })
  }),
  rule('What is no HTTP gets a 400 with a request id', 'RFC 9112', async (world) => {
    const answer = await talk(world, 'nonsense\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*x-oss-request-id: [0-9A-F]{24}/)
  }),
  rule('A body without length is refused with 411', 'EC 0017-00000101', async (world) => {
    const answer = await talk(world, putHead(world, {}))
    expect(answer).toMatch(/^HTTP\/1\.1 411 [\s\S]*MissingContentLength[\s\S]*0017-00000101/)
  }),
  rule('A body above 5 GiB is EntityTooLarge before it is read', 'Limits', async (world) => {
    const length = String(5 * 1024 ** 3 + 1)
    const more = { 'content-length': length, expect: '100-continue' }
    const answer = await talk(world, putHead(world, more))
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*EntityTooLarge/)
  }),
  rule('A document above 4 MiB is EntityTooLarge', 'Limits', async (world) => {
    const { uploadId } = await world.upload('x')
    const reply = await world.complete(uploadId, ' '.repeat(4 * 1024 * 1024 + 1))
    expect(reply).toMatchObject({ status: 400, code: 'EntityTooLarge' })
  }),
  rule('A header section above 16 KiB is refused', 'RFC 6585, 5', async (world) => {
    const answer = await talk(world, putHead(world, { 'x-long': 'x'.repeat(20_000) }))
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*RequestHeaderSectionTooLarge/)
  }),
  ...[
    ['819200', 200],
    ['819199', 400],
    ['838860801', 400],
    ['fast', 400],
  ].map(([limit, status]) =>
    rule(`A traffic limit of ${limit} is answered ${status}`, 'EC 0004-00000502', async (world) => {
      const reply = await world.put('', { 'x-oss-traffic-limit': String(limit) })
      expect(reply.status).toBe(status)
      expect(reply.ec).toBe(status === 200 ? undefined : '0004-00000502')
    }),
  ),
  rule(
    'A version other than null is NotImplemented, not the object',
    'GetObject',
    async (world) => {
      await world.put()
      expect((await world.get({}, { versionId: 'null' })).status).toBe(200)
      expect((await world.get({}, { versionId: 'CAEQ' })).code).toBe('NotImplemented')
    },
  ),
  rule(
    'A body that ends early is IncompleteBody, and leaves nothing',
    'Error responses',
    async (world) => {
      const head = putHead(world, { 'content-length': '100' })
      const answer = await talk(world, head, 'only this')
      expect(answer).toContain('<Code>IncompleteBody</Code>')
      expect(world.server.objects.list()).toEqual([])
    },
  ),
  rule(
    'An early error says Connection: close and reaches a busy client',
    'aliyun-oss-upload-stream #11',
    async (world) => {
      const body = Buffer.alloc(8 * 1024 * 1024)
      const reply = await world.object('PUT', { bucket: 'missing', body })
      expect(reply).toMatchObject({ status: 404, code: 'NoSuchBucket' })
      expect(reply.headers.connection).toBe('close')
    },
  ),
  rule('Expect: 100-continue is answered only if the body is wanted', 'Callback', async (world) => {
    const good = await world.put('content', { expect: '100-continue' })
    expect(good.status).toBe(200)
    const more = { expect: '100-continue', 'content-length': '7', authorization: 'OSS a:b' }
    const answer = await talk(world, putHead(world, more))
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  }),
]
