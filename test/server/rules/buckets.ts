import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { encodeDeleteRequest } from '../../../src/protocol/xml-objects.js'
import { type Rule, rule, textsOf, type World } from './rule.js'

const LIFECYCLE = `<LifecycleConfiguration><Rule><ID>r</ID><Prefix>tmp/</Prefix><Status>Enabled</Status>
<AbortMultipartUpload><Days>7</Days></AbortMultipartUpload></Rule></LifecycleConfiguration>`

async function putKeys(world: World, ...keys: string[]): Promise<void> {
  for (const key of keys) await world.put('', {}, key)
}

export const BUCKET_RULES: readonly Rule[] = [
  rule(
    'PutBucket creates a bucket, DeleteBucket removes it',
    'PutBucket, DeleteBucket',
    async (world) => {
      expect((await world.call({ method: 'PUT', bucket: 'fresh', body: '' })).status).toBe(200)
      expect((await world.call({ method: 'GET', bucket: 'fresh' })).status).toBe(200)
      expect((await world.call({ method: 'DELETE', bucket: 'fresh' })).status).toBe(204)
      const gone = await world.call({ method: 'GET', bucket: 'fresh' })
      expect(gone).toMatchObject({ status: 404, code: 'NoSuchBucket', ec: '0015-00000101' })
    },
  ),
  rule(
    'PutBucket of an own bucket again is fine, and changes only what it says',
    'PutBucket',
    async (world) => {
      await world.put()
      expect((await world.bucket('PUT', {}, { body: '' })).status).toBe(200)
      expect(world.server.objects.list()).toHaveLength(1)
    },
  ),
  ...['ab', 'UPPER', '-begin', 'end-', 'un_der', 'x'.repeat(64)].map((bucket) =>
    rule(
      `The bucket name ${bucket.slice(0, 8)} is InvalidBucketName`,
      'Bucket naming conventions',
      async (world) => {
        const reply = await world.call({ method: 'PUT', bucket, body: '' })
        expect(reply).toMatchObject({ status: 400, code: 'InvalidBucketName' })
      },
    ),
  ),
  rule('A bucket with an object is BucketNotEmpty', 'EC 0015-00000301', async (world) => {
    await world.put()
    const reply = await world.bucket('DELETE', {})
    expect(reply).toMatchObject({ status: 409, code: 'BucketNotEmpty', ec: '0015-00000301' })
  }),
  rule('A bucket with an unfinished upload is BucketNotEmpty', 'DeleteBucket', async (world) => {
    await world.initiate()
    expect((await world.bucket('DELETE', {})).code).toBe('BucketNotEmpty')
  }),
  rule('ListBuckets lists by name, in pages', 'ListBuckets', async (world) => {
    await world.call({ method: 'PUT', bucket: 'another', body: '' })
    const all = await world.call({ method: 'GET' })
    expect(textsOf(all, 'Name')).toEqual(['another', 'bucket'])
    const first = await world.call({ method: 'GET', query: { 'max-keys': '1' } })
    expect(textsOf(first, 'NextMarker')).toEqual(['another'])
    const second = await world.call({ method: 'GET', query: { marker: 'another' } })
    expect(textsOf(second, 'Name')).toEqual(['bucket'])
    const some = await world.call({ method: 'GET', query: { prefix: 'bu' } })
    expect(textsOf(some, 'Name')).toEqual(['bucket'])
  }),
  rule('GetBucketInfo tells location, endpoints and ACL', 'GetBucketInfo', async (world) => {
    const reply = await world.bucket('GET', { bucketInfo: '' })
    expect(textsOf(reply, 'Location')).toEqual(['oss-cn-hangzhou'])
    expect(textsOf(reply, 'ExtranetEndpoint')).toEqual(['oss-cn-hangzhou.aliyuncs.com'])
    expect(textsOf(reply, 'Grant')).toEqual(['private'])
  }),
  rule('GetBucketLocation tells the region', 'GetBucketLocation', async (world) => {
    const reply = await world.bucket('GET', { location: '' })
    expect(textsOf(reply, 'LocationConstraint')).toEqual(['oss-cn-hangzhou'])
  }),
  rule('A bucket ACL is stored and given back', 'PutBucketAcl', async (world) => {
    const headers = { 'x-oss-acl': 'public-read' }
    expect((await world.bucket('PUT', { acl: '' }, { headers, body: '' })).status).toBe(200)
    expect(textsOf(await world.bucket('GET', { acl: '' }), 'Grant')).toEqual(['public-read'])
  }),
  rule('ListObjects sorts by bytes, not by UTF-16', 'GetBucket (ListObjects)', async (world) => {
    await putKeys(world, '\u{1F600}', '\uFF5E', 'z', 'a')
    const keys = textsOf(await world.bucket('GET', {}), 'Key')
    expect(keys).toEqual(['a', 'z', '\uFF5E', '\u{1F600}'])
  }),
  rule(
    'ListObjects groups by delimiter below a prefix',
    'GetBucket (ListObjects)',
    async (world) => {
      await putKeys(world, 'fun/a', 'fun/movie/1', 'fun/movie/2', 'fun/z', 'other')
      const reply = await world.bucket('GET', { prefix: 'fun/', delimiter: '/' })
      expect(textsOf(reply, 'Key')).toEqual(['fun/a', 'fun/z'])
      expect(textsOf(reply, 'Prefix')).toEqual(['fun/', 'fun/movie/'])
    },
  ),
  rule(
    'ListObjects pages by marker and max-keys, groups included',
    'GetBucket (ListObjects)',
    async (world) => {
      await putKeys(world, 'a', 'b/1', 'b/2', 'c')
      const found: string[][] = []
      let marker: string | undefined = ''
      while (marker !== undefined) {
        const reply = await world.bucket('GET', { delimiter: '/', 'max-keys': '1', marker })
        found.push([...textsOf(reply, 'Key'), ...textsOf(reply, 'Prefix').slice(1)])
        marker = textsOf(reply, 'NextMarker')[0]
      }
      expect(found).toEqual([['a'], ['b/'], ['c']])
    },
  ),
  rule(
    'Under encoding-type=url keys are encoded, a plus as %2B',
    'GetBucket (ListObjects)',
    async (world) => {
      await putKeys(world, 'a b+c/\u0001')
      const reply = await world.bucket('GET', { 'encoding-type': 'url' })
      expect(textsOf(reply, 'Key')).toEqual(['a%20b%2Bc%2F%01'])
    },
  ),
  rule('max-keys above 1000 is refused', 'GetBucket (ListObjects)', async (world) => {
    const reply = await world.bucket('GET', { 'max-keys': '1001' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule('ListObjectsV2 pages by continuation tokens', 'ListObjectsV2', async (world) => {
    await putKeys(world, 'a', 'b', 'c')
    const query = { 'list-type': '2', 'max-keys': '2' }
    const first = await world.bucket('GET', query)
    expect([textsOf(first, 'Key'), textsOf(first, 'KeyCount')]).toEqual([['a', 'b'], ['2']])
    const [token = ''] = textsOf(first, 'NextContinuationToken')
    const second = await world.bucket('GET', { ...query, 'continuation-token': token })
    expect([textsOf(second, 'Key'), textsOf(second, 'IsTruncated')]).toEqual([['c'], ['false']])
  }),
  rule(
    'ListObjectsV2 starts after start-after, owners on demand',
    'ListObjectsV2',
    async (world) => {
      await putKeys(world, 'a', 'b')
      const reply = await world.bucket('GET', { 'list-type': '2', 'start-after': 'a' })
      expect([textsOf(reply, 'Key'), textsOf(reply, 'DisplayName')]).toEqual([['b'], []])
      const owned = await world.bucket('GET', { 'list-type': '2', 'fetch-owner': 'true' })
      expect(textsOf(owned, 'DisplayName')).toHaveLength(2)
    },
  ),
  rule(
    'ListMultipartUploads sorts by key, then id, and pages by both',
    'ListMultipartUploads',
    async (world) => {
      const b = [await world.initiate({}, 'b'), await world.initiate({}, 'b')].sort()
      const a = await world.initiate({}, 'a')
      const all = await world.bucket('GET', { uploads: '' })
      expect(textsOf(all, 'UploadId')).toEqual([a, ...b])
      const page = await world.bucket('GET', { uploads: '', 'max-uploads': '2' })
      expect([textsOf(page, 'NextKeyMarker'), textsOf(page, 'NextUploadIdMarker')]).toEqual([
        ['b'],
        [b[0]],
      ])
      const rest = await world.bucket('GET', {
        uploads: '',
        'key-marker': 'b',
        'upload-id-marker': b[0] ?? '',
      })
      expect(textsOf(rest, 'UploadId')).toEqual([b[1]])
    },
  ),
  rule('upload-id-marker without key-marker is ignored', 'ListMultipartUploads', async (world) => {
    await world.initiate()
    const reply = await world.bucket('GET', { uploads: '', 'upload-id-marker': 'F'.repeat(32) })
    expect(textsOf(reply, 'UploadId')).toHaveLength(1)
  }),
  rule(
    'DeleteMultipleObjects deletes, and names what it deleted',
    'DeleteMultipleObjects',
    async (world) => {
      await putKeys(world, 'a', 'b&<', 'c')
      const body = encodeDeleteRequest({ quiet: false, objects: [{ key: 'a' }, { key: 'b&<' }] })
      const reply = await deleteMany(world, body)
      expect(textsOf(reply, 'Key')).toEqual(['a', 'b&amp;&lt;'])
      expect(world.server.objects.list().map((object) => object.key)).toEqual(['c'])
    },
  ),
  rule(
    'DeleteMultipleObjects with a version deletes nothing',
    'Issue: never a wrong answer',
    async (world) => {
      await putKeys(world, 'a', 'b')
      const objects = [{ key: 'a' }, { key: 'b', versionId: 'CAEQ' }]
      const body = encodeDeleteRequest({ quiet: false, objects })
      const reply = await deleteMany(world, body)
      expect(reply).toMatchObject({ status: 400, code: 'NotImplemented' })
      expect(world.server.objects.list()).toHaveLength(2)
    },
  ),
  rule('A bucket ACL of default is refused', 'PutBucketAcl', async (world) => {
    const headers = { 'x-oss-acl': 'default' }
    const reply = await world.bucket('PUT', { acl: '' }, { headers, body: '' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule(
    'DeleteMultipleObjects in quiet mode answers nothing',
    'DeleteMultipleObjects',
    async (world) => {
      const body = encodeDeleteRequest({ quiet: true, objects: [{ key: 'a' }] })
      const reply = await deleteMany(world, body)
      expect([reply.status, reply.body.length]).toEqual([200, 0])
    },
  ),
  rule(
    'DeleteMultipleObjects without Content-MD5 deletes nothing',
    'EC 0016-00000606',
    async (world) => {
      await putKeys(world, 'a')
      const body = encodeDeleteRequest({ quiet: false, objects: [{ key: 'a' }] })
      const reply = await world.bucket('POST', { delete: '' }, { body })
      expect(reply).toMatchObject({ status: 400, code: 'MissingArgument', ec: '0016-00000606' })
      expect(world.server.objects.list()).toHaveLength(1)
    },
  ),
  rule(
    'DeleteMultipleObjects whose Content-MD5 is that of something else deletes nothing',
    'DeleteMultipleObjects',
    async (world) => {
      await putKeys(world, 'a')
      const body = encodeDeleteRequest({ quiet: false, objects: [{ key: 'a' }] })
      const reply = await deleteMany(world, body, 'another')
      expect(reply).toMatchObject({ status: 400, code: 'InvalidDigest' })
      expect(world.server.objects.list()).toHaveLength(1)
    },
  ),
  rule('DeleteMultipleObjects takes 1000 keys, and no more', 'EC 0016-00000609', async (world) => {
    const objects = Array.from({ length: 1001 }, (_, n) => ({ key: `${n}` }))
    const most = { quiet: false, objects: objects.slice(1) }
    const reply = await deleteMany(world, encodeDeleteRequest(most))
    expect(textsOf(reply, 'Key')).toHaveLength(1000)
    const refused = await deleteMany(world, encodeDeleteRequest({ quiet: false, objects }))
    expect(refused).toMatchObject({ status: 400, code: 'MalformedXML' })
  }),
  rule(
    'DeleteMultipleObjects encodes keys where it is asked to',
    'DeleteMultipleObjects',
    async (world) => {
      const body = encodeDeleteRequest({ quiet: false, objects: [{ key: 'a b+ü' }] })
      const reply = await deleteMany(world, body, body, { 'encoding-type': 'url' })
      expect([textsOf(reply, 'EncodingType'), textsOf(reply, 'Key')]).toEqual([
        ['url'],
        ['a%20b%2B%C3%BC'],
      ])
    },
  ),
  rule(
    'DeleteMultipleObjects in a bucket that is not there is NoSuchBucket',
    'DeleteMultipleObjects',
    async (world) => {
      const body = encodeDeleteRequest({ quiet: false, objects: [{ key: 'a' }] })
      const headers = { 'content-md5': md5Of(body) }
      const query = { delete: '' }
      const reply = await world.call({ method: 'POST', bucket: 'nowhere', query, headers, body })
      expect(reply).toMatchObject({ status: 404, code: 'NoSuchBucket' })
    },
  ),
  rule('Lifecycle rules are stored and given back', 'PutBucketLifecycle', async (world) => {
    const missing = await world.bucket('GET', { lifecycle: '' })
    expect(missing).toMatchObject({ status: 404, code: 'NoSuchLifecycle' })
    const put = await world.bucket('PUT', { lifecycle: '' }, { body: LIFECYCLE })
    expect(put.status).toBe(200)
    const got = await world.bucket('GET', { lifecycle: '' })
    expect([textsOf(got, 'Prefix'), textsOf(got, 'Days')]).toEqual([['tmp/'], ['7']])
    expect((await world.bucket('DELETE', { lifecycle: '' })).status).toBe(204)
    expect((await world.bucket('GET', { lifecycle: '' })).status).toBe(404)
  }),
  rule(
    'A lifecycle rule that cannot be carried out is NotImplemented',
    'Issue: never a wrong answer',
    async (world) => {
      const tag = '<Tag><Key>a</Key><Value>b</Value></Tag>'
      const body = LIFECYCLE.replace('<AbortMultipartUpload>', `${tag}<AbortMultipartUpload>`)
      const reply = await world.bucket('PUT', { lifecycle: '' }, { body })
      expect(reply).toMatchObject({ status: 400, code: 'NotImplemented' })
    },
  ),
  ...['cors', 'website', 'versioning', 'policy', 'logging', 'stat'].map((name) =>
    rule(`?${name} is NotImplemented, not a list of objects`, 'API overview', async (world) => {
      const reply = await world.bucket('GET', { [name]: '' })
      expect(reply).toMatchObject({ status: 400, code: 'NotImplemented' })
    }),
  ),
  ...['x-oss-process', 'symlink', 'restore', 'versions'].map((name) =>
    rule(
      `?${name} of an object is NotImplemented, not its content`,
      'API overview',
      async (world) => {
        await world.put()
        const reply = await world.get(
          {},
          { [name]: name === 'x-oss-process' ? 'image/resize' : '' },
        )
        expect(reply).toMatchObject({ status: 400, code: 'NotImplemented' })
      },
    ),
  ),
  rule('PutObject with ?restore does not overwrite the object', 'API overview', async (world) => {
    await world.put('old')
    await world.object('PUT', { query: { symlink: '' }, body: 'new' })
    expect((await world.get()).body.toString()).toBe('old')
  }),
]

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('base64')
}

function deleteMany(world: World, body: string, hashed = body, query: Record<string, string> = {}) {
  const headers = { 'content-md5': md5Of(hashed) }
  return world.bucket('POST', { delete: '', ...query }, { body, headers })
}
