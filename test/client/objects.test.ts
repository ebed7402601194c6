/**
 * The operations of one object. What goes wrong is played by the embedded server's fault script; the
 * tests of a request's very bytes, and of answers with versions, have bare servers.
 */
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { DigestMismatchError, InvalidOptionError, ServiceError } from '../../src/errors.js'
import { crc64, createMd5, md5Base64, md5Hex } from '../../src/protocol/digest.js'
import { verifyV1 } from '../../src/protocol/signature-v1.js'
import { verifyV4 } from '../../src/protocol/signature-v4.js'
import { type SeenRequest, startServer } from '../helpers/http-server.js'
import { openClient } from '../helpers/open-client.js'
import { KEYS, testClient } from '../helpers/test-client.js'

function md5(body: string): Uint8Array {
  const digest = createMd5()
  digest.update(Buffer.from(body))
  return digest.digest()
}

const FOUND = {
  etag: '"5B3C-2"',
  'content-length': '11',
  'content-type': 'text/plain',
  'last-modified': 'Tue, 24 Nov 2026 10:00:00 GMT',
  'x-oss-hash-crc64ecma': '42',
  'x-oss-storage-class': 'IA',
  'x-oss-object-type': 'Multipart',
  'x-oss-version-id': 'V',
  'x-oss-meta-owner': 'ops',
}

describe('putObject', () => {
  it('sends the object, and what it shall be stored with', async () => {
    const etag = md5Hex(md5('hello'))
    await using server = await startServer(() => ({
      headers: {
        etag: `"${etag}"`,
        'x-oss-hash-crc64ecma': String(crc64(Buffer.from('hello'))),
        'x-oss-version-id': 'V',
      },
    }))
    const { client } = testClient(server.origin)
    const result = await client.putObject({
      key: 'a.json',
      bucket: 'other',
      body: 'hello',
      acl: 'public-read',
      tagging: { team: 'a b' },
      trafficLimit: 819_200,
    })
    expect(result).toEqual({
      bucket: 'other',
      key: 'a.json',
      etag,
      crc64: String(crc64(Buffer.from('hello'))),
      versionId: 'V',
      size: 5,
      requestId: '5F00',
    })
    const [request] = server.requests
    expect([request?.method, request?.path]).toEqual(['PUT', '/other/a.json'])
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': '5',
      'content-md5': md5Base64(md5('hello')),
      'x-oss-object-acl': 'public-read',
      'x-oss-tagging': 'team=a%20b',
      'x-oss-traffic-limit': '819200',
    })
  })

  it('stores nothing as an empty object', async () => {
    const { server, client } = await openClient()
    expect((await client.putObject({ key: 'k', body: [] })).size).toBe(0)
    const [request] = server.requests.all
    expect(request?.headers['content-length']).toBe('0')
    expect(request?.headers['content-md5']).toBe(md5Base64(md5('')))
    expect(server.objects.get('bucket', 'k')?.size).toBe(0)
  })

  it('compares the ETag with the MD5', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    server.faults.add({ times: Infinity }, { corrupt: 'etag' })
    await expect(client.putObject({ key: 'k', body: 'y' })).rejects.toThrow(DigestMismatchError)
    expect(server.requests.all).toHaveLength(2)
  })

  it('lets a content type of the caller stand, in an option or a header', async () => {
    const { server, client } = await openClient()
    await client.putObject({ key: 'k.json', body: '', contentType: 'a/b' })
    await client.putObject({ key: 'k.json', body: '', headers: { 'Content-Type': 'c/d' } })
    expect(server.requests.all.map(({ headers }) => headers['content-type'])).toEqual([
      'a/b',
      'c/d',
    ])
  })

  it('fails with CallbackFailed when only the callback did', async () => {
    const { server, client } = await openClient()
    server.faults.add({ times: Infinity }, { status: 203, code: 'CallbackFailed' })
    const callback = { url: 'http://app.test', body: 'x' }
    const call = client.putObject({ key: 'k', body: 'x', callback })
    await expect(call).rejects.toMatchObject({ ossCode: 'CallbackFailed', attempts: 1 })
  })
})

describe('headObject', () => {
  it('tells what stands there', async () => {
    await using server = await startServer(() => ({ headers: FOUND }))
    const { client } = testClient(server.origin)
    const result = await client.headObject({ key: 'k', versionId: 'V', ifMatch: '5B3C-2' })
    expect(result).toMatchObject({
      size: 11,
      etag: '5B3C-2',
      crc64: '42',
      contentType: 'text/plain',
      lastModified: new Date('2026-11-24T10:00:00Z'),
      storageClass: 'IA',
      objectType: 'Multipart',
      versionId: 'V',
      meta: { owner: 'ops' },
      requestId: '5F00',
    })
    const [request] = server.requests
    expect([request?.method, request?.path]).toEqual(['HEAD', '/bucket/k?versionId=V'])
    expect(request?.headers['if-match']).toBe('"5B3C-2"')
  })

  it.each([
    [404, 'without an error', { status: 404, body: '' }, 'NoSuchKey'],
    [403, 'AccessDenied', { status: 403, code: 'AccessDenied' }, 'AccessDenied'],
    [404, 'NoSuchBucket', { status: 404, code: 'NoSuchBucket' }, 'NoSuchBucket'],
  ])('fails with %i %s', async (status, _, answer, code) => {
    const { server, client } = await openClient()
    server.faults.add({ times: Infinity }, answer)
    const call = client.headObject({ key: 'k' })
    await expect(call).rejects.toThrow(ServiceError)
    await expect(call).rejects.toMatchObject({ status, ossCode: code })
  })
})

describe('getObject', () => {
  it('opens the object once its headers are in', async () => {
    const { server, client } = await openClient()
    const { etag } = await client.putObject({
      key: 'k',
      body: 'hello world',
      meta: { owner: 'ops' },
    })
    server.faults.add({ operation: 'GetObject' }, { status: 503 })
    const result = await client.getObject({ key: 'k' })
    expect(result).toMatchObject({
      status: 200,
      size: 11,
      contentLength: 11,
      etag,
      crc64: String(crc64(Buffer.from('hello world'))),
      meta: { owner: 'ops' },
    })
    expect((await buffer(result.body)).toString()).toBe('hello world')
    expect(server.requests.of('GetObject')[1]?.headers).not.toHaveProperty('range')
  })

  it.each([
    [{ start: 2, end: 5 }, 'bytes=2-4'],
    [{ end: 5 }, 'bytes=0-4'],
    [{ start: 2 }, 'bytes=2-'],
    [{ start: 0 }, undefined],
  ])('asks for the range %o as %s', async (range, expected) => {
    await using server = await startServer(() => ({
      status: 206,
      headers: { 'content-range': 'bytes 2-4/11', 'content-length': '3' },
      body: 'llo',
    }))
    const { client } = testClient(server.origin)
    const result = await client.getObject({ key: 'k', range, ifMatch: '"E"' })
    expect(result).toMatchObject({ status: 206, contentLength: 3, size: 11 })
    result.body.destroy()
    expect(server.requests[0]?.headers.range).toBe(expected)
    expect(server.requests[0]?.headers['if-match']).toBe('"E"')
    const behaviour = server.requests[0]?.headers['x-oss-range-behavior']
    expect(behaviour).toBe(expected === undefined ? undefined : 'standard')
  })

  it.each([[{ start: 5, end: 5 }], [{ start: -1 }], [{ start: 0.5 }], [{ end: 0 }]])(
    'refuses the range %o',
    async (range) => {
      const { server, client } = await openClient()
      await expect(client.getObject({ key: 'k', range })).rejects.toThrow(InvalidOptionError)
      expect(server.requests.all).toHaveLength(0)
    },
  )

  it('fails with what the service says', async () => {
    const { client } = await openClient()
    await client.putObject({ key: 'k', body: 'short' })
    const call = client.getObject({ key: 'k', range: { start: 100 } })
    await expect(call).rejects.toMatchObject({ status: 416, ossCode: 'InvalidRange' })
  })
})

describe('deleteObject', () => {
  it('succeeds, whether or not there was one', async () => {
    const { server, client } = await openClient()
    const setHeader = { 'x-oss-delete-marker': 'true', 'x-oss-version-id': 'V' }
    server.faults.add({}, { setHeader })
    expect(await client.deleteObject({ key: 'k' })).toEqual({
      deleteMarker: true,
      versionId: 'V',
      requestId: server.requests.all[0]?.requestId,
    })
    await client.putObject({ key: 'k', body: 'x' })
    await client.deleteObject({ key: 'k' })
    expect(server.objects.list()).toEqual([])
  })

  it('does not take the 200 of a log-in page for an object that is gone', async () => {
    const { server, client } = await openClient()
    const body = '<html>Log in, please</html>'
    server.faults.add({ times: Infinity }, { status: 200, body })
    await expect(client.deleteObject({ key: 'k' })).rejects.toMatchObject({
      code: 'ERR_OSS_MALFORMED_RESPONSE',
    })
  })
})

describe('a key', () => {
  it.each([
    ['a//b', '/bucket/a//b'],
    ['a/../b', '/bucket/a/../b'],
    ['./x', '/bucket/./x'],
    ['%2e%2e/x', '/bucket/%252e%252e/x'],
    ['a+b c', '/bucket/a%2Bb%20c'],
    ['a?b#c&d=e', '/bucket/a%3Fb%23c%26d%3De'],
    ['中文/😀', '/bucket/%E4%B8%AD%E6%96%87/%F0%9F%98%80'],
    ["!*'()", '/bucket/%21%2A%27%28%29'],
    ['a\r\nHost: x', '/bucket/a%0D%0AHost%3A%20x'],
  ])('%j arrives as %s, rightly signed', async (key, path) => {
    await using server = await startServer(() => ({ headers: { etag: '"A"' } }))
    for (const signatureVersion of ['v4', 'v1'] as const) {
      const credentials = { ...KEYS, securityToken: 'CAIS' }
      const { client } = testClient(server.origin, { signatureVersion, credentials })
      await client.putObject({ key, body: 'x', meta: { a: 'b' } })
    }
    const [v4, v1] = server.requests
    expect([v4?.path, v1?.path]).toEqual([path, path])
    const context = {
      now: new Date(),
      region: 'cn-hangzhou',
      lookup: () => ({ accessKeySecret: KEYS.accessKeySecret }),
    }
    expect(verifyV4(signable(v4, key), context)).toMatchObject({ ok: true, securityToken: 'CAIS' })
    expect(verifyV1(signable(v1, key), context)).toMatchObject({ ok: true, securityToken: 'CAIS' })
  })
})

function signable(request: SeenRequest | undefined, key: string) {
  const headers = Object.fromEntries(
    Object.entries(request?.headers ?? {}).map(([name, value]) => [name, String(value)]),
  )
  return { method: request?.method ?? '', bucket: 'bucket', key, query: {}, headers }
}
