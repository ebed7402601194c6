import { expect } from 'vitest'
import { crc64, multipartEtag, unquoteEtag } from '../../../src/protocol/digest.js'
import { MIN_PART, type Rule, rule, textsOf, type World } from './rule.js'

const BIG = Buffer.alloc(MIN_PART, 1)

const partXml = (partNumber: number | string, etag: string): string =>
  `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`
const completeXml = (...parts: string[]): string =>
  `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`

/** ETags as clients have been seen to spell them in Complete. */
const SPELLINGS: readonly [string, (etag: string) => string][] = [
  ['quoted', (etag) => `"${etag}"`],
  ['bare', (etag) => etag],
  ['escaped by name', (etag) => `&quot;${etag}&quot;`],
  ['escaped by number', (etag) => `&#34;${etag}&#34;`],
  ['in lower case', (etag) => etag.toLowerCase()],
]

async function refusedComplete(world: World, document: string) {
  const { uploadId } = await world.upload(BIG, 'tail')
  const reply = await world.complete(uploadId, document)
  // The upload stays valid after a failed Complete.
  expect(world.server.uploads.get(uploadId)?.parts).toHaveLength(2)
  expect(world.server.objects.list()).toEqual([])
  return reply
}

export const COMPLETE_RULES: readonly Rule[] = [
  rule(
    'Complete joins the parts; its ETag is the MD5 over theirs',
    'CompleteMultipartUpload',
    async (world) => {
      const { uploadId, parts } = await world.upload(BIG, 'tail')
      const reply = await world.complete(uploadId, parts)
      const etag = `"${multipartEtag(parts.map((part) => part.etag))}"`
      expect(reply).toMatchObject({ status: 200, headers: { etag } })
      expect(textsOf(reply, 'ETag')).toEqual([etag])
      expect(textsOf(reply, 'Location')).toEqual([
        `http://127.0.0.1:${world.server.port}/bucket/key`,
      ])
      const { headers } = await world.object('HEAD')
      expect(headers).toMatchObject({ etag, 'x-oss-object-type': 'Multipart' })
      expect(headers).not.toHaveProperty('content-md5')
      expect(headers['x-oss-hash-crc64ecma']).toBe(
        String(crc64(Buffer.concat([BIG, Buffer.from('tail')]))),
      )
    },
  ),
  ...SPELLINGS.map(([how, spell]) =>
    rule(
      `Complete takes an ETag that is ${how}`,
      'CompleteMultipartUpload; Go SDK v2',
      async (world) => {
        const { uploadId, parts } = await world.upload('only')
        const etag = spell(unquoteEtag(parts[0]?.etag ?? ''))
        expect((await world.complete(uploadId, completeXml(partXml(1, etag)))).status).toBe(200)
      },
    ),
  ),
  rule(
    'Complete takes a subset and drops the other parts',
    'CompleteMultipartUpload',
    async (world) => {
      const { uploadId, parts } = await world.upload(BIG, BIG, 'tail')
      const chosen = parts.filter((part) => part.partNumber !== 2)
      expect((await world.complete(uploadId, chosen)).status).toBe(200)
      expect(world.server.objects.get('bucket', 'key')?.size).toBe(MIN_PART + 4)
      expect(world.server.storedBodies).toBe(2)
    },
  ),
  rule('Metadata of the object are those of Initiate', 'InitiateMultipartUpload', async (world) => {
    const uploadId = await world.initiate({ 'x-oss-meta-a': 'b', 'content-type': 'text/plain' })
    const etag = String((await world.part(uploadId, 1, 'x')).headers.etag)
    await world.complete(uploadId, [{ partNumber: 1, etag }], {
      'x-oss-meta-a': 'other',
      'x-oss-object-acl': 'public-read',
    })
    const object = world.server.objects.get('bucket', 'key')
    expect(object).toMatchObject({ meta: { a: 'b' }, acl: 'public-read' })
    expect(object?.headers['content-type']).toBe('text/plain')
  }),
  rule('Parts out of order are InvalidPartOrder', 'EC 0042-00000209', async (world) => {
    const reply = await refusedComplete(world, completeXml(partXml(2, 'A'), partXml(1, 'B')))
    expect(reply).toMatchObject({ status: 400, code: 'InvalidPartOrder', ec: '0042-00000209' })
  }),
  rule('A part named twice is InvalidPartOrder', 'CompleteMultipartUpload', async (world) => {
    const reply = await refusedComplete(world, completeXml(partXml(1, 'A'), partXml(1, 'A')))
    expect(reply.code).toBe('InvalidPartOrder')
  }),
  rule('A part that was not uploaded is InvalidPart', 'CompleteMultipartUpload', async (world) => {
    const reply = await refusedComplete(world, completeXml(partXml(7, 'A')))
    expect(reply).toMatchObject({ status: 400, code: 'InvalidPart' })
  }),
  rule('Another ETag is InvalidPart', 'CompleteMultipartUpload', async (world) => {
    const reply = await refusedComplete(world, completeXml(partXml(1, '"0"')))
    expect(reply).toMatchObject({ status: 400, code: 'InvalidPart' })
  }),
  rule('A part number above 10000 is refused', 'CompleteMultipartUpload', async (world) => {
    const reply = await refusedComplete(world, completeXml(partXml(10_001, 'A')))
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  ...[
    ['no part', completeXml()],
    ['nothing', ''],
    ['another root', '<Complete/>'],
    ['half a document', '<CompleteMultipartUpload><Part>'],
    ['a DTD', `<!DOCTYPE a [<!ENTITY e "x">]>${completeXml(partXml(1, '&e;'))}`],
    ['a number that is none', completeXml(partXml('one', 'A'))],
  ].map(([what = '', document = '']) =>
    rule(`Complete with ${what} is MalformedXML`, 'EC 0042-00000205', async (world) => {
      const reply = await refusedComplete(world, document)
      expect(reply).toMatchObject({ status: 400, code: 'MalformedXML', ec: '0042-00000205' })
    }),
  ),
  rule('A small part that is not the last is EntityTooSmall', 'EC 0042-00000213', async (world) => {
    const { uploadId, parts } = await world.upload('small', 'tail')
    const reply = await world.complete(uploadId, parts)
    expect(reply).toMatchObject({ status: 400, code: 'EntityTooSmall', ec: '0042-00000213' })
  }),
  rule('complete-all takes every part, in order', 'CompleteMultipartUpload', async (world) => {
    const uploadId = await world.initiate()
    await world.part(uploadId, 9, 'tail')
    await world.part(uploadId, 2, BIG)
    const reply = await world.complete(uploadId, '', { 'x-oss-complete-all': 'yes' })
    expect(reply.status).toBe(200)
    const content = await world.server.objects.get('bucket', 'key')?.content()
    expect(content?.equals(Buffer.concat([BIG, Buffer.from('tail')]))).toBe(true)
  }),
  rule('complete-all with a body is InvalidArgument', 'EC 0042-00000216', async (world) => {
    const { uploadId, parts } = await world.upload('x')
    const reply = await world.complete(uploadId, parts, { 'x-oss-complete-all': 'yes' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument', ec: '0042-00000216' })
  }),
  rule('complete-all without parts is refused', 'CompleteMultipartUpload', async (world) => {
    const uploadId = await world.initiate()
    const reply = await world.complete(uploadId, '', { 'x-oss-complete-all': 'yes' })
    expect(reply).toMatchObject({ status: 400, code: 'MalformedXML' })
  }),
  rule(
    'Complete with forbid-overwrite keeps both object and upload',
    'EC 0042-00000214',
    async (world) => {
      const { uploadId, parts } = await world.upload('new')
      await world.put('old')
      const reply = await world.complete(uploadId, parts, { 'x-oss-forbid-overwrite': 'true' })
      expect(reply).toMatchObject({ status: 409, code: 'FileAlreadyExists', ec: '0042-00000214' })
      expect((await world.get()).body.toString()).toBe('old')
      expect(world.server.uploads.get(uploadId)?.parts).toHaveLength(1)
    },
  ),
  rule('Complete with another Content-MD5 is InvalidDigest', 'EC 0017-00000503', async (world) => {
    const { uploadId, parts } = await world.upload('x')
    const headers = { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }
    expect(await world.complete(uploadId, parts, headers)).toMatchObject({ code: 'InvalidDigest' })
  }),
  rule('A second Complete is NoSuchUpload', 'CompleteMultipartUpload', async (world) => {
    const { uploadId, parts } = await world.upload('x')
    expect((await world.complete(uploadId, parts)).status).toBe(200)
    expect(await world.complete(uploadId, parts)).toMatchObject({
      status: 404,
      code: 'NoSuchUpload',
    })
  }),
  rule('Of two Completes at once one wins', 'CompleteMultipartUpload', async (world) => {
    const { uploadId, parts } = await world.upload('x')
    const both = [world.complete(uploadId, parts), world.complete(uploadId, parts)]
    const statuses = (await Promise.all(both)).map((reply) => reply.status)
    expect(statuses.sort()).toEqual([200, 404])
  }),
  rule('Of a Complete and an Abort at once one wins', 'AbortMultipartUpload', async (world) => {
    for (let round = 0; round < 10; round += 1) {
      const { uploadId, parts } = await world.upload('x')
      const both = [
        world.complete(uploadId, parts),
        world.object('DELETE', { query: { uploadId } }),
      ]
      if (round % 2 === 1) both.reverse()
      const statuses = (await Promise.all(both)).map((reply) => reply.status).sort()
      const there = world.server.objects.get('bucket', 'key') !== undefined
      expect(statuses).toEqual(there ? [200, 404] : [204, 404])
      expect(world.server.uploads.list()).toEqual([])
      expect(world.server.storedBodies).toBe(there ? 1 : 0)
      await world.object('DELETE')
    }
  }),
  rule(
    'A part sent again too late for Complete is refused, and changes nothing',
    'CompleteMultipartUpload',
    async (world) => {
      const { uploadId, parts } = await world.upload('first')
      const late = world.server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
      const again = world.part(uploadId, 1, 'again')
      await late.reached()
      expect((await world.complete(uploadId, parts)).status).toBe(200)
      late.release()
      expect(await again).toMatchObject({ status: 404, code: 'NoSuchUpload' })
      expect((await world.get()).body.toString()).toBe('first')
      expect(world.server.storedBodies).toBe(1)
    },
  ),
  rule('A value of complete-all other than yes is refused', 'Complete', async (world) => {
    const { uploadId } = await world.upload('x')
    const reply = await world.complete(uploadId, '', { 'x-oss-complete-all': 'no' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule('Complete encodes the key if asked to', 'CompleteMultipartUpload', async (world) => {
    const uploadId = await world.initiate({}, 'a b')
    const query = { uploadId, 'encoding-type': 'url' }
    await world.part(uploadId, 1, 'x', { key: 'a b' })
    const headers = { 'x-oss-complete-all': 'yes' }
    const reply = await world.object('POST', { key: 'a b', query, headers })
    expect([textsOf(reply, 'Key'), textsOf(reply, 'EncodingType')]).toEqual([['a%20b'], ['url']])
  }),
  rule('Complete of an unknown upload is NoSuchUpload', 'Complete', async (world) => {
    const reply = await world.complete('X', completeXml(partXml(1, 'A')))
    expect(reply).toMatchObject({ status: 404, code: 'NoSuchUpload', ec: '0042-00000002' })
  }),
  rule(
    'Two uploads of one key both complete; the last is the object',
    'CompleteMultipartUpload',
    async (world) => {
      const [one, two] = [await world.upload('one'), await world.upload('two')]
      expect((await world.complete(two.uploadId, two.parts)).status).toBe(200)
      expect((await world.complete(one.uploadId, one.parts)).status).toBe(200)
      expect((await world.get()).body.toString()).toBe('one')
      expect(world.server.storedBodies).toBe(1)
    },
  ),
  rule(
    'Abort answers 204 and removes the parts; again it is NoSuchUpload',
    'AbortMultipartUpload',
    async (world) => {
      const { uploadId } = await world.upload(BIG, 'tail')
      expect((await world.object('DELETE', { query: { uploadId } })).status).toBe(204)
      expect(world.server.storedBodies).toBe(0)
      const again = await world.object('DELETE', { query: { uploadId } })
      expect(again).toMatchObject({ status: 404, code: 'NoSuchUpload', ec: '0042-00000002' })
    },
  ),
  rule(
    'Abort never touches an object that was completed',
    'AbortMultipartUpload',
    async (world) => {
      const { uploadId, parts } = await world.upload('x')
      await world.complete(uploadId, parts)
      expect((await world.object('DELETE', { query: { uploadId } })).status).toBe(404)
      expect((await world.get()).body.toString()).toBe('x')
    },
  ),
  rule(
    'A part that arrives while the upload is aborted is gone too',
    'AbortMultipartUpload',
    async (world) => {
      const uploadId = await world.initiate()
      const late = world.server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
      const part = world.part(uploadId, 1, 'late')
      await late.reached()
      await world.object('DELETE', { query: { uploadId } })
      late.release()
      expect(await part).toMatchObject({ status: 404, code: 'NoSuchUpload' })
      expect(world.server.storedBodies).toBe(0)
    },
  ),
]
