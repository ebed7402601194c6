/** Listings. The first of each kind shows what is asked for, byte for byte, to a bare server. */
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import { encodeListPartsResult, encodeListUploadsResult } from '../../src/protocol/xml.js'
import { startServer } from '../helpers/http-server.js'
import { openClient } from '../helpers/open-client.js'
import { testClient } from '../helpers/test-client.js'

function partsPage(numbers: readonly number[], more: boolean, next = numbers.at(-1) ?? 0): string {
  return encodeListPartsResult({
    bucket: 'bucket',
    key: 'a b',
    uploadId: 'U',
    partNumberMarker: 0,
    nextPartNumberMarker: next,
    maxParts: 1000,
    isTruncated: more,
    parts: numbers.map((partNumber) => ({
      partNumber,
      etag: `E${partNumber}`,
      size: 5,
      crc64: 2n ** 64n - 1n,
      lastModified: '2026-11-24T10:00:00.000Z',
    })),
    encodingType: 'url',
  })
}

function uploadsPage(keys: readonly string[], more: boolean): string {
  return encodeListUploadsResult({
    bucket: 'bucket',
    keyMarker: '',
    uploadIdMarker: '',
    nextKeyMarker: keys.at(-1) ?? '',
    nextUploadIdMarker: more ? 'U' : '',
    maxUploads: 1000,
    isTruncated: more,
    uploads: keys.map((key) => ({ key, uploadId: 'U' })),
    commonPrefixes: ['dir/'],
    encodingType: 'url',
  })
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe('parts', () => {
  it('are listed page by page', async () => {
    await using server = await startServer(() => ({ body: partsPage([1, 3], true) }))
    const { client } = testClient(server.origin)
    const page = await client.listParts({
      key: 'a b',
      uploadId: 'U',
      maxParts: 2,
      partNumberMarker: 0,
    })
    expect(page).toMatchObject({
      bucket: 'bucket',
      key: 'a b',
      uploadId: 'U',
      isTruncated: true,
      nextPartNumberMarker: 3,
      requestId: '5F00',
    })
    expect(page.parts[1]).toEqual({
      partNumber: 3,
      etag: 'E3',
      size: 5,
      crc64: '18446744073709551615',
      lastModified: '2026-11-24T10:00:00.000Z',
    })
    expect(server.requests[0]?.path).toBe(
      '/bucket/a%20b?uploadId=U&encoding-type=url&max-parts=2&part-number-marker=0',
    )
  })

  it('are listed to the last page', async () => {
    const { server, client } = await openClient()
    const pages = [partsPage([1, 2], true), partsPage([5], true), partsPage([], false)]
    for (const [skip, body] of pages.entries()) server.faults.add({ skip }, { status: 200, body })
    const parts = await all(client.iterateParts({ key: 'k', uploadId: 'U' }))
    expect(parts.map(({ partNumber }) => partNumber)).toEqual([1, 2, 5])
    const asked = server.requests.of('ListParts').map(({ query }) => query['part-number-marker'])
    expect(asked).toEqual([undefined, '2', '5'])
  })

  it('are neither listed for ever nor believed to be all when the marker stands still', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    server.faults.add({ times: Infinity }, { status: 200, body: partsPage([1], true, 1) })
    const listing = all(client.iterateParts({ key: 'k', uploadId: 'U' }))
    await expect(listing).rejects.toMatchObject({ code: 'ERR_OSS_MALFORMED_RESPONSE' })
    expect(server.requests.all).toHaveLength(3)
  })

  it.each([
    { maxParts: 0 },
    { maxParts: 1001 },
    { partNumberMarker: -1 },
    { partNumberMarker: 0.5 },
  ])('are not listed with %o', async (options) => {
    const { server, client } = await openClient()
    const call = client.listParts({ key: 'k', uploadId: 'U', ...options })
    await expect(call).rejects.toThrow(InvalidOptionError)
    expect(server.requests.all).toHaveLength(0)
  })
})

describe('uploads', () => {
  it('are listed page by page', async () => {
    await using server = await startServer(() => ({ body: uploadsPage(['a b', '中'], false) }))
    const { client } = testClient(server.origin)
    const page = await client.listMultipartUploads({
      prefix: 'a&b',
      delimiter: '/',
      keyMarker: 'k',
      uploadIdMarker: 'U',
      maxUploads: 7,
    })
    expect(page.uploads).toEqual([
      { key: 'a b', uploadId: 'U' },
      { key: '中', uploadId: 'U' },
    ])
    expect(page).toMatchObject({ isTruncated: false, commonPrefixes: ['dir/'], bucket: 'bucket' })
    expect(server.requests[0]?.path).toBe(
      '/bucket/?uploads&encoding-type=url&prefix=a%26b&delimiter=%2F&key-marker=k' +
        '&upload-id-marker=U&max-uploads=7',
    )
  })

  it('are listed to the last page', async () => {
    const { server, client } = await openClient()
    server.faults.add({}, { status: 200, body: uploadsPage(['a', 'b'], true) })
    server.faults.add({ skip: 1 }, { status: 200, body: uploadsPage(['c'], false) })
    const uploads = await all(client.listUploads())
    expect(uploads.map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    expect(server.requests.all[1]?.query).toMatchObject({
      'key-marker': 'b',
      'upload-id-marker': 'U',
    })
  })

  it('are neither listed for ever nor believed to be all when the marker stands still', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    server.faults.add({ times: Infinity }, { status: 200, body: uploadsPage(['a'], true) })
    await expect(all(client.listUploads())).rejects.toMatchObject({
      code: 'ERR_OSS_MALFORMED_RESPONSE',
    })
    expect(server.requests.all).toHaveLength(3)
  })

  it('need a bucket', async () => {
    const { server, client } = await openClient({ bucket: undefined })
    await expect(client.listMultipartUploads()).rejects.toMatchObject({ option: 'bucket' })
    expect(server.requests.all).toHaveLength(0)
  })
})
