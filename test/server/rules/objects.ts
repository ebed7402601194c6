import { expect } from 'vitest'
import { crc64, createMd5, md5Base64, md5Hex } from '../../../src/protocol/digest.js'
import { type Rule, rule, textsOf, type World } from './rule.js'

const CONTENT = Buffer.from('0123456789')

function md5(bytes: Uint8Array): Uint8Array {
  const hash = createMd5()
  hash.update(bytes)
  return hash.digest()
}

async function ranged(world: World, range: string, standard = false) {
  await world.put(CONTENT)
  const mode: Record<string, string> = standard ? { 'x-oss-range-behavior': 'standard' } : {}
  const reply = await world.get({ range, ...mode })
  return [reply.status, reply.headers['content-range'], reply.body.toString()]
}

export const OBJECT_RULES: readonly Rule[] = [
  rule(
    'PutObject answers ETag, CRC-64 and Content-MD5 of the content',
    'PutObject',
    async (world) => {
      const { status, headers, body } = await world.put(CONTENT)
      expect([status, body.length]).toEqual([200, 0])
      expect(headers.etag).toBe(`"${md5Hex(md5(CONTENT))}"`)
      expect(headers['x-oss-hash-crc64ecma']).toBe(String(crc64(CONTENT)))
      expect(headers['content-md5']).toBe(md5Base64(md5(CONTENT)))
    },
  ),
  rule(
    'PutObject keeps type, caching and metadata, names in lower case',
    'PutObject',
    async (world) => {
      const kept = {
        'content-type': 'text/plain',
        'cache-control': 'no-cache',
        'content-disposition': 'attachment',
        'content-encoding': 'gzip',
        expires: 'Fri, 28 Feb 2031 05:38:42 GMT',
        'x-oss-meta-name': 'value',
        'x-oss-storage-class': 'IA',
        'x-oss-server-side-encryption': 'AES256',
      }
      await world.put(CONTENT, kept)
      expect((await world.get()).headers).toMatchObject(kept)
      expect((await world.object('HEAD')).headers).toMatchObject(kept)
    },
  ),
  rule('An object without type is application/octet-stream', 'PutObject', async (world) => {
    await world.put()
    expect((await world.get()).headers['content-type']).toBe('application/octet-stream')
  }),
  rule('A body in chunks is accepted', 'http-status-code-411', async (world) => {
    const headers = { 'transfer-encoding': 'chunked' }
    expect((await world.object('PUT', { headers })).status).toBe(200)
  }),
  rule(
    'Another Content-MD5 is InvalidDigest, and nothing is stored',
    'EC 0017-00000503',
    async (world) => {
      const reply = await world.put(CONTENT, { 'content-md5': md5Base64(md5(Buffer.from('x'))) })
      expect(reply).toMatchObject({ status: 400, code: 'InvalidDigest', ec: '0017-00000503' })
      expect((await world.get()).code).toBe('NoSuchKey')
      expect(world.server.storedBodies).toBe(0)
    },
  ),
  rule('A Content-MD5 that is none is InvalidDigest', 'EC 0017-00000502', async (world) => {
    const reply = await world.put(CONTENT, { 'content-md5': 'nonsense' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidDigest', ec: '0017-00000502' })
  }),
  rule('Another CRC-64 is InvalidCRC64', 'Error codes', async (world) => {
    const reply = await world.put(CONTENT, { 'x-oss-hash-crc64ecma': '1' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidCRC64' })
  }),
  rule('forbid-overwrite refuses an existing key with 409', 'EC 0026-00000002', async (world) => {
    const forbid = { 'x-oss-forbid-overwrite': 'true' }
    expect((await world.put('one', forbid)).status).toBe(200)
    const reply = await world.put('two', forbid)
    expect(reply).toMatchObject({ status: 409, code: 'FileAlreadyExists', ec: '0026-00000002' })
    expect((await world.get()).body.toString()).toBe('one')
  }),
  ...['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since'].map((header) =>
    rule(`${header} on a change is NotImplemented`, 'Error responses', async (world) => {
      await world.put('old')
      for (const method of ['PUT', 'DELETE']) {
        const reply = await world.object(method, { headers: { [header]: '*' }, body: 'new' })
        expect(reply).toMatchObject({ status: 400, code: 'NotImplemented' })
        expect(textsOf(reply, 'Header')).toEqual([header.toLowerCase()])
      }
      expect((await world.get()).body.toString()).toBe('old')
    }),
  ),
  ...['a_b', 'a.b', '__proto__', ''].map((name) =>
    rule(`Metadata may not be called ${JSON.stringify(name)}`, 'Limits', async (world) => {
      const reply = await world.put('', { [`x-oss-meta-${name}`]: 'value' })
      expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
    }),
  ),
  rule('More than 8 KiB of metadata is refused', 'Limits', async (world) => {
    const reply = await world.put('', { 'x-oss-meta-a': 'x'.repeat(8192) })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule('A storage class that does not exist is refused', 'PutObject', async (world) => {
    const reply = await world.put('', { 'x-oss-storage-class': 'Cold' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule('An encryption that does not exist is refused', 'InitiateMultipartUpload', async (world) => {
    const reply = await world.put('', { 'x-oss-server-side-encryption': 'ROT13' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidEncryptionAlgorithmError' })
  }),
  rule('GetObject of a missing key is NoSuchKey', 'EC 0026-00000001', async (world) => {
    const reply = await world.get()
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchKey', ec: '0026-00000001' })
    expect(textsOf(reply, 'Key')).toEqual(['key'])
  }),
  rule(
    'HeadObject fails without a body, with x-oss-err and x-oss-ec',
    'Go SDK v2 client.go',
    async (world) => {
      const reply = await world.object('HEAD')
      expect(reply).toMatchObject({ status: 404, code: 'NoSuchKey', ec: '0026-00000001' })
      expect(reply.body).toHaveLength(0)
      expect(reply.headers['x-oss-ec']).toBe('0026-00000001')
    },
  ),
  rule('HeadObject tells length, type and digests', 'HeadObject', async (world) => {
    await world.put(CONTENT)
    const { status, headers, body } = await world.object('HEAD')
    expect([status, body.length]).toEqual([200, 0])
    expect(headers).toMatchObject({
      'content-length': '10',
      'x-oss-object-type': 'Normal',
      'x-oss-storage-class': 'Standard',
      'x-oss-hash-crc64ecma': String(crc64(CONTENT)),
      'content-md5': md5Base64(md5(CONTENT)),
    })
  }),
  rule('GetObjectMeta tells ETag, length and time only', 'GetObjectMeta', async (world) => {
    await world.put(CONTENT, { 'x-oss-meta-a': 'b' })
    const { status, headers } = await world.object('HEAD', { query: { objectMeta: '' } })
    expect(status).toBe(200)
    expect(headers['content-length']).toBe('10')
    expect(headers).not.toHaveProperty('x-oss-meta-a')
  }),
  rule('DeleteObject answers 204, also for a missing key', 'DeleteObject', async (world) => {
    await world.put()
    expect((await world.object('DELETE')).status).toBe(204)
    expect((await world.object('DELETE')).status).toBe(204)
    expect((await world.get()).code).toBe('NoSuchKey')
    expect(world.server.storedBodies).toBe(0)
  }),
  rule('A range within the object answers 206', 'GetObject', async (world) => {
    expect(await ranged(world, 'bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await ranged(world, 'bytes=7-')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged(world, 'bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
  }),
  rule('A ranged answer carries the CRC-64 of the whole object', 'GetObject', async (world) => {
    await world.put(CONTENT)
    const reply = await world.get({ range: 'bytes=0-0' })
    expect(reply.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(CONTENT)))
  }),
  ...['bytes=10-', 'bytes=5-10', 'bytes=-11', 'bytes=-0', 'bytes=4-2', 'bytes=0-1,3-4', 'x'].map(
    (range) =>
      rule(`The range ${range} of ten bytes answers all of them`, 'GetObject', async (world) => {
        expect(await ranged(world, range)).toEqual([200, undefined, '0123456789'])
      }),
  ),
  rule(
    'In standard mode a range is cut at the end',
    'GetObject: x-oss-range-behavior',
    async (world) => {
      expect(await ranged(world, 'bytes=5-10', true)).toEqual([206, 'bytes 5-9/10', '56789'])
      expect(await ranged(world, 'bytes=-11', true)).toEqual([206, 'bytes 0-9/10', '0123456789'])
    },
  ),
  rule(
    'In standard mode a range past the end is 416',
    'GetObject: x-oss-range-behavior',
    async (world) => {
      await world.put(CONTENT)
      const reply = await world.get({ range: 'bytes=10-', 'x-oss-range-behavior': 'standard' })
      expect(reply).toMatchObject({ status: 416, code: 'InvalidRange' })
      expect(reply.headers['content-range']).toBe('bytes */10')
    },
  ),
  rule('Conditions answer 304 and 412', 'GetObject', async (world) => {
    const etag = String((await world.put()).headers.etag)
    const past = new Date(Date.now() - 86_400_000).toUTCString()
    const future = new Date(Date.now() + 86_400_000).toUTCString()
    const status = async (headers: Record<string, string>) => (await world.get(headers)).status
    expect(await status({ 'if-match': etag })).toBe(200)
    expect(await status({ 'if-match': '"0"' })).toBe(412)
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-none-match': '"0"' })).toBe(200)
    expect(await status({ 'if-modified-since': past })).toBe(200)
    expect(await status({ 'if-modified-since': future })).toBe(304)
    expect(await status({ 'if-unmodified-since': past })).toBe(412)
    expect(await status({ 'if-unmodified-since': future })).toBe(200)
  }),
  rule('412 names PreconditionFailed, 304 has no body', 'GetObject', async (world) => {
    const etag = String((await world.put()).headers.etag)
    expect((await world.get({ 'if-match': 'x' })).code).toBe('PreconditionFailed')
    const { body, headers } = await world.get({ 'if-none-match': etag })
    expect([body.length, headers.etag]).toEqual([0, etag])
    expect(Buffer.from(String(headers['x-oss-err']), 'base64').toString()).toContain('NotModified')
  }),
  rule('response-* parameters override headers', 'GetObject', async (world) => {
    await world.put()
    const { headers } = await world.get(
      {},
      { 'response-content-type': 'text/html', 'response-cache-control': 'no-store' },
    )
    expect(headers).toMatchObject({ 'content-type': 'text/html', 'cache-control': 'no-store' })
  }),
  rule('response-* with a line break cannot split the answer', 'RFC 9110, 5.5', async (world) => {
    await world.put()
    const reply = await world.get({}, { 'response-content-type': 'a\r\nx-evil: 1' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule('Tags are stored, counted and given back', 'PutObjectTagging', async (world) => {
    await world.put('', { 'x-oss-tagging': 'a=b%20c&d=' })
    expect((await world.get()).headers['x-oss-tagging-count']).toBe('2')
    const tags = await world.get({}, { tagging: '' })
    expect([textsOf(tags, 'Key'), textsOf(tags, 'Value')]).toEqual([
      ['a', 'd'],
      ['b c', ''],
    ])
    const document = '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>'
    expect((await world.object('PUT', { query: { tagging: '' }, body: document })).status).toBe(200)
    expect(textsOf(await world.get({}, { tagging: '' }), 'Key')).toEqual(['k'])
    expect((await world.object('DELETE', { query: { tagging: '' } })).status).toBe(204)
    expect(textsOf(await world.get({}, { tagging: '' }), 'Key')).toEqual([])
  }),
  rule('More than ten tags are refused', 'Limits', async (world) => {
    const tags = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&')
    expect(await world.put('', { 'x-oss-tagging': tags })).toMatchObject({ status: 400 })
  }),
  rule('An object has the ACL default until it gets one', 'GetObjectAcl', async (world) => {
    await world.put()
    expect(textsOf(await world.get({}, { acl: '' }), 'Grant')).toEqual(['default'])
    const headers = { 'x-oss-object-acl': 'public-read' }
    await world.object('PUT', { query: { acl: '' }, headers, body: '' })
    expect(textsOf(await world.get({}, { acl: '' }), 'Grant')).toEqual(['public-read'])
  }),
  rule('An ACL that does not exist is refused', 'PutObjectAcl', async (world) => {
    expect(await world.put('', { 'x-oss-object-acl': 'open' })).toMatchObject({ status: 400 })
  }),
]
