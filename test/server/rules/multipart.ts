import { expect } from 'vitest'
import { crc64, createMd5, md5Base64 } from '../../../src/protocol/digest.js'
import { type Rule, rule, textsOf } from './rule.js'

export const MULTIPART_RULES: readonly Rule[] = [
  rule(
    'Initiate answers bucket, key and an id, without xmlns',
    'InitiateMultipartUpload',
    async (world) => {
      const reply = await world.object('POST', { query: { uploads: '' }, key: 'a/b+c' })
      expect(reply.status).toBe(200)
      expect(reply.headers['content-type']).toBe('application/xml')
      expect(textsOf(reply, 'Key')).toEqual(['a/b+c'])
      expect(textsOf(reply, 'UploadId')[0]).toMatch(/^[0-9A-F]{32}$/)
      expect(reply.body.toString()).not.toContain('xmlns')
    },
  ),
  rule(
    'Under encoding-type=url a key has %2F, %2B and %20',
    'InitiateMultipartUpload',
    async (world) => {
      const query = { uploads: '', 'encoding-type': 'url' }
      const reply = await world.object('POST', { query, key: 'a/b+c d' })
      expect(textsOf(reply, 'Key')).toEqual(['a%2Fb%2Bc%20d'])
      expect(textsOf(reply, 'EncodingType')).toEqual(['url'])
    },
  ),
  rule('?uploads= is ?uploads', 'ali-oss 6.23', async (world) => {
    const reply = await world.object('POST', {
      query: { uploads: '' },
      path: '/bucket/key?uploads=',
    })
    expect(reply.status).toBe(200)
  }),
  rule('Initiate leaves an existing object alone', 'InitiateMultipartUpload', async (world) => {
    await world.put('old')
    await world.initiate()
    expect((await world.get()).body.toString()).toBe('old')
  }),
  rule(
    'Initiate with forbid-overwrite fails if the key exists',
    'InitiateMultipartUpload',
    async (world) => {
      await world.put('old')
      const headers = { 'x-oss-forbid-overwrite': 'true' }
      const reply = await world.object('POST', { query: { uploads: '' }, headers })
      expect(reply).toMatchObject({ status: 409, code: 'FileAlreadyExists' })
    },
  ),
  rule('UploadPart answers an upper-case quoted ETag and a CRC-64', 'UploadPart', async (world) => {
    const uploadId = await world.initiate()
    const { status, headers, body } = await world.part(uploadId, 1, 'part')
    expect([status, body.length]).toEqual([200, 0])
    expect(headers.etag).toMatch(/^"[0-9A-F]{32}"$/)
    expect(headers['x-oss-hash-crc64ecma']).toBe(String(crc64(Buffer.from('part'))))
    const md5 = createMd5()
    md5.update(Buffer.from('part'))
    expect(headers['content-md5']).toBe(md5Base64(md5.digest()))
  }),
  rule('A part may be empty', 'Limits: the last part has no minimum', async (world) => {
    const { uploadId, parts } = await world.upload('')
    expect((await world.complete(uploadId, parts)).status).toBe(200)
    expect((await world.get()).body).toHaveLength(0)
    expect(world.server.storedBodies).toBe(0)
  }),
  rule(
    'The encryption of Initiate is told by every step, and stays',
    'InitiateMultipartUpload',
    async (world) => {
      const encryption = {
        'x-oss-server-side-encryption': 'KMS',
        'x-oss-server-side-encryption-key-id': '9468da86',
      }
      const query = { uploads: '' }
      const initiated = await world.object('POST', { query, headers: encryption })
      const [uploadId = ''] = textsOf(initiated, 'UploadId')
      const part = await world.part(uploadId, 1, 'part')
      const etag = String(part.headers.etag)
      const completed = await world.complete(uploadId, [{ partNumber: 1, etag }])
      for (const { headers } of [initiated, part, completed, await world.object('HEAD')]) {
        expect(headers).toMatchObject(encryption)
      }
    },
  ),
  ...[
    [{ 'x-oss-storage-class': 'Cold' }, 'InvalidArgument'],
    [{ 'x-oss-server-side-encryption': 'ROT13' }, 'InvalidEncryptionAlgorithmError'],
    [{ 'x-oss-tagging': 'a=b=c' }, 'InvalidTag'],
    [{ 'x-oss-meta-a': 'x'.repeat(8192) }, 'InvalidArgument'],
    [{ 'x-oss-forbid-overwrite': 'maybe' }, 'InvalidArgument'],
  ].map(([headers, code]) =>
    rule(
      `Initiate with ${JSON.stringify(headers).slice(1, 50)} is ${code}, and begins nothing`,
      'InitiateMultipartUpload',
      async (world) => {
        const reply = await world.object('POST', {
          query: { uploads: '' },
          headers: headers as Record<string, string>,
        })
        expect(reply).toMatchObject({ status: 400, code })
        expect(world.server.uploads.list()).toEqual([])
      },
    ),
  ),
  rule('Initiate in a missing bucket is NoSuchBucket', 'EC 0015-00000101', async (world) => {
    const reply = await world.object('POST', { query: { uploads: '' }, bucket: 'missing' })
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchBucket', ec: '0015-00000101' })
  }),
  rule('A part with another CRC-64 is InvalidCRC64', 'Error codes', async (world) => {
    const uploadId = await world.initiate()
    const headers = { 'x-oss-hash-crc64ecma': '1' }
    expect(await world.part(uploadId, 1, 'x', { headers })).toMatchObject({ code: 'InvalidCRC64' })
    expect(world.server.storedBodies).toBe(0)
  }),
  ...['0', '10001', 'x', '-1', '1.5', ''].map((number) =>
    rule(`The part number ${number || '(none)'} is refused`, 'EC 0017-00000220', async (world) => {
      const uploadId = await world.initiate()
      const reply = await world.part(uploadId, number, 'part')
      expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument', ec: '0017-00000220' })
      expect(textsOf(reply, 'ArgumentName')).toEqual(['PartNumber'])
    }),
  ),
  rule('UploadPart of an unknown upload is NoSuchUpload', 'EC 0042-00000104', async (world) => {
    const reply = await world.part('0'.repeat(32), 1, 'part')
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchUpload', ec: '0042-00000104' })
    expect(world.server.storedBodies).toBe(0)
  }),
  rule("Another key's upload id is NoSuchUpload", 'UploadPart', async (world) => {
    const uploadId = await world.initiate()
    const reply = await world.part(uploadId, 1, 'part', { key: 'other' })
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchUpload' })
  }),
  rule('A part sent again replaces the first', 'UploadPart', async (world) => {
    const uploadId = await world.initiate()
    await world.part(uploadId, 1, 'first')
    const { headers } = await world.part(uploadId, 1, 'second')
    expect(world.server.storedBodies).toBe(1)
    await world.complete(uploadId, [{ partNumber: 1, etag: String(headers.etag) }])
    expect((await world.get()).body.toString()).toBe('second')
  }),
  rule('UploadPart with another Content-MD5 stores nothing', 'EC 0017-00000503', async (world) => {
    const uploadId = await world.initiate()
    const headers = { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }
    const reply = await world.part(uploadId, 1, 'part', { headers })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidDigest', ec: '0017-00000503' })
    expect(world.server.uploads.get(uploadId)?.parts).toEqual([])
  }),
  rule('UploadPart with an encryption header is InvalidArgument', 'UploadPart', async (world) => {
    const uploadId = await world.initiate()
    const headers = { 'x-oss-server-side-encryption': 'AES256' }
    expect(await world.part(uploadId, 1, 'x', { headers })).toMatchObject({ status: 400 })
  }),
  rule('UploadPartCopy takes a range of a source', 'UploadPartCopy', async (world) => {
    await world.put('0123456789', {}, 'source')
    const uploadId = await world.initiate()
    const headers = {
      'x-oss-copy-source': '/bucket/source',
      'x-oss-copy-source-range': 'bytes=2-4',
    }
    const reply = await world.part(uploadId, 1, '', { headers })
    expect(reply.headers['content-range']).toBe('bytes 2-4/10')
    const [etag = ''] = textsOf(reply, 'ETag')
    await world.complete(uploadId, [{ partNumber: 1, etag }])
    const got = await world.get()
    expect(got.body.toString()).toBe('234')
    expect(got.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(Buffer.from('234'))))
  }),
  rule('UploadPartCopy with an invalid range takes all', 'UploadPartCopy', async (world) => {
    await world.put('0123456789', {}, 'source')
    const uploadId = await world.initiate()
    const headers = {
      'x-oss-copy-source': '/bucket/source',
      'x-oss-copy-source-range': 'bytes=5-99',
    }
    const reply = await world.part(uploadId, 1, '', { headers })
    expect(reply.headers).not.toHaveProperty('content-range')
    expect(world.server.uploads.get(uploadId)?.parts[0]?.size).toBe(10)
  }),
  rule('UploadPartCopy obeys the conditions on its source', 'UploadPartCopy', async (world) => {
    const etag = String((await world.put()).headers.etag)
    const uploadId = await world.initiate()
    const copy = async (headers: Record<string, string>) => {
      const all = { 'x-oss-copy-source': '/bucket/key', ...headers }
      return (await world.part(uploadId, 1, '', { headers: all })).status
    }
    expect(await copy({ 'x-oss-copy-source-if-match': '"0"' })).toBe(412)
    expect(await copy({ 'x-oss-copy-source-if-none-match': etag })).toBe(304)
    expect(await copy({ 'x-oss-copy-source': '/bucket/none' })).toBe(404)
    expect(world.server.uploads.get(uploadId)?.parts).toEqual([])
    expect(await copy({ 'x-oss-copy-source-if-match': etag })).toBe(200)
  }),
  rule(
    'UploadPartCopy of an unknown upload has an EC of its own',
    'EC 0042-00000311',
    async (world) => {
      await world.put()
      const headers = { 'x-oss-copy-source': '/bucket/key' }
      expect(await world.part('X', 1, '', { headers })).toMatchObject({ ec: '0042-00000311' })
    },
  ),
  rule('ListParts of an unknown upload is NoSuchUpload', 'EC 0042-00000002', async (world) => {
    await world.put()
    const reply = await world.get({}, { uploadId: 'X' })
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchUpload', ec: '0042-00000002' })
    expect(textsOf(reply, 'UploadId')).toEqual(['X'])
  }),
  rule('ListParts lists in order, quoted, times in .000Z', 'ListParts', async (world) => {
    const uploadId = await world.initiate()
    for (const number of [3, 1, 10_000]) await world.part(uploadId, number, `part ${number}`)
    const reply = await world.get({}, { uploadId })
    expect(textsOf(reply, 'PartNumber')).toEqual(['1', '3', '10000'])
    expect(textsOf(reply, 'HashCrc64ecma')[0]).toBe(String(crc64(Buffer.from('part 1'))))
    expect(textsOf(reply, 'Size')).toEqual(['6', '6', '10'])
    for (const time of textsOf(reply, 'LastModified')) expect(time).toMatch(/:\d\d\.000Z$/)
    for (const etag of textsOf(reply, 'ETag')) expect(etag).toMatch(/^"[0-9A-F]{32}"$/)
    expect(textsOf(reply, 'IsTruncated')).toEqual(['false'])
  }),
  rule('ListParts pages by max-parts and part-number-marker', 'ListParts', async (world) => {
    const { uploadId } = await world.upload('1', '2', '3')
    const first = await world.get({}, { uploadId, 'max-parts': '2' })
    expect(textsOf(first, 'NextPartNumberMarker')).toEqual(['2'])
    expect(textsOf(first, 'IsTruncated')).toEqual(['true'])
    const second = await world.get({}, { uploadId, 'max-parts': '2', 'part-number-marker': '2' })
    expect(textsOf(second, 'PartNumber')).toEqual(['3'])
    expect(textsOf(second, 'IsTruncated')).toEqual(['false'])
  }),
  rule('ListParts without parts has the marker 0', 'ListParts', async (world) => {
    const reply = await world.get({}, { uploadId: await world.initiate() })
    expect(textsOf(reply, 'NextPartNumberMarker')).toEqual(['0'])
    expect(textsOf(reply, 'PartNumber')).toEqual([])
  }),
  rule('ListParts refuses max-parts above 1000', 'ListParts', async (world) => {
    const reply = await world.get({}, { uploadId: await world.initiate(), 'max-parts': '1001' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
]
