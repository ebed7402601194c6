/** What a bucket tells of itself. */
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { openClient } from '../helpers/open-client.js'
import { startServer } from '../helpers/start-server.js'
import { testClient } from '../helpers/test-client.js'

async function bucketOf(keys: readonly string[]) {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  for (const key of keys) await client.putObject({ key, body: Buffer.from(key) })
  return { server, client }
}

describe('listObjects', () => {
  it('tells of each object its key, size, ETag, type, class and time', async () => {
    const { client } = await bucketOf(['a b/&中.txt'])
    const { objects, isTruncated, bucket } = await client.listObjects()
    expect({ bucket, isTruncated }).toEqual({ bucket: 'bucket', isTruncated: false })
    expect(objects).toEqual([
      expect.objectContaining({
        key: 'a b/&中.txt',
        size: Buffer.byteLength('a b/&中.txt'),
        etag: expect.stringMatching(/^[0-9A-F]{32}$/),
        type: 'Normal',
        storageClass: 'Standard',
        lastModified: expect.stringMatching(/^\d{4}-.*\.000Z$/),
      }),
    ])
  })

  it('goes on behind a page with its token', async () => {
    const { client } = await bucketOf(['1', '2', '3'])
    const first = await client.listObjects({ maxKeys: 2 })
    expect(first.objects.map(({ key }) => key)).toEqual(['1', '2'])
    const { nextContinuationToken: continuationToken } = first
    const second = await client.listObjects({ maxKeys: 2, continuationToken })
    expect(second.objects.map(({ key }) => key)).toEqual(['3'])
    expect(second).toMatchObject({ isTruncated: false })
    expect(second.nextContinuationToken).toBeUndefined()
  })

  it('takes a prefix, a delimiter and a key to begin behind', async () => {
    const { client } = await bucketOf(['dir/a', 'dir/b', 'dir/sub/c', 'other'])
    const page = await client.listObjects({ prefix: 'dir/', delimiter: '/', startAfter: 'dir/a' })
    expect(page.objects.map(({ key }) => key)).toEqual(['dir/b'])
    expect(page.commonPrefixes).toEqual(['dir/sub/'])
  })

  it.each([0, 1001, 1.5, '5'])('refuses %j keys a page', async (maxKeys) => {
    const { client } = testClient('http://127.0.0.1:1')
    await expect(client.listObjects({ maxKeys: maxKeys as number })).rejects.toMatchObject({
      option: 'maxKeys',
    })
  })

  it('refuses an option that it does not have', async () => {
    const { client } = testClient('http://127.0.0.1:1')
    const misspelt = { prefix: '', prefx: 'a' }
    await expect(client.listObjects(misspelt)).rejects.toMatchObject({ option: 'prefx' })
  })
})

describe('getBucketInfo', () => {
  it('tells where the bucket is and its ACL', async () => {
    const { client } = await bucketOf([])
    expect(await client.getBucketInfo()).toMatchObject({
      name: 'bucket',
      location: 'oss-cn-hangzhou',
      acl: 'private',
      requestId: expect.stringMatching(/^[0-9A-F]{24}$/),
    })
  })

  it('rejects for a bucket that does not exist', async () => {
    const { client } = await bucketOf([])
    await expect(client.getBucketInfo({ bucket: 'no-such' })).rejects.toMatchObject({
      ossCode: 'NoSuchBucket',
      operation: 'GetBucketInfo',
    })
  })
})

describe('getBucketLifecycle', () => {
  it('tells the rules', async () => {
    const xml =
      '<LifecycleConfiguration><Rule><ID>r</ID><Prefix>tmp/</Prefix><Status>Enabled</Status>' +
      '<AbortMultipartUpload><Days>3</Days></AbortMultipartUpload></Rule></LifecycleConfiguration>'
    const { server, client } = await openClient()
    server.faults.add({ operation: 'GetBucketLifecycle' }, { status: 200, body: xml })
    expect((await client.getBucketLifecycle()).rules).toMatchObject([
      { id: 'r', prefix: 'tmp/', enabled: true, abortMultipartUpload: { days: 3 } },
    ])
    expect(server.requests.all).toMatchObject([{ bucket: 'bucket', query: { lifecycle: '' } }])
  })

  it('rejects if there are none', async () => {
    const { client } = await openClient()
    await expect(client.getBucketLifecycle()).rejects.toMatchObject({ ossCode: 'NoSuchLifecycle' })
  })
})
