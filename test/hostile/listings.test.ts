/** Lists that never end, go back, or tell what is not so. */
import { describe, expect, it } from 'vitest'
import { encodeListPartsResult, encodeListUploadsResult } from '../../src/protocol/xml.js'
import { testClient } from '../helpers/test-client.js'
import { startEvilServer } from './evil-server.js'
import { written } from './good-answers.js'

const BASE = { bucket: 'bucket', key: 'k', uploadId: 'U', maxParts: 1000 }

function partsPage(numbers: readonly number[], isTruncated: boolean, next: number): string {
  const parts = numbers.map((partNumber) => ({ partNumber, etag: 'E', size: 1 }))
  const markers = { partNumberMarker: 0, nextPartNumberMarker: next }
  return page(encodeListPartsResult({ ...BASE, ...markers, isTruncated, parts }))
}

function uploadsPage(nextKeyMarker: string, nextUploadIdMarker: string): string {
  return page(
    encodeListUploadsResult({
      bucket: 'bucket',
      keyMarker: '',
      uploadIdMarker: '',
      nextKeyMarker,
      nextUploadIdMarker,
      maxUploads: 1000,
      isTruncated: true,
      uploads: [{ key: 'a', uploadId: 'U' }],
      commonPrefixes: [],
    }),
  )
}

function page(body: string): string {
  return written({ status: 200, headers: [], body })
}

async function counted(listing: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of listing) count++
  return count
}

describe('a list of parts', () => {
  it.each([
    ['has the same marker for ever', () => partsPage([1], true, 1)],
    ['goes back', (count: number) => partsPage([], true, 10 - count)],
    ['goes round', (count: number) => partsPage([], true, (count % 3) + 1)],
    ['tells a part twice', () => partsPage([1, 1], false, 1)],
    ['is not in order', () => partsPage([2, 1], false, 1)],
    ['has a part 0', () => partsPage([0], false, 0)],
    ['has a part 10,001', () => partsPage([10_001], false, 0)],
    ['has a part beyond all numbers', () => partsPage([2 ** 53 - 1], false, 0)],
    ['goes on behind the last part', () => partsPage([10_000], true, 10_000)],
  ])('that %s is refused, and not asked for again and again', async (_, answer) => {
    const server = await startEvilServer(() => [answer(server.requests.length)])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 2 } })
    const listing = counted(client.iterateParts({ key: 'k', uploadId: 'U' }))
    await expect(listing).rejects.toMatchObject({ code: 'ERR_OSS_MALFORMED_RESPONSE' })
    expect(server.requests.length).toBeLessThan(8)
  })

  it('that has a page for each part has an end all the same', async () => {
    const server = await startEvilServer(() => {
      const { length } = server.requests
      return [partsPage([length * 100], length < 100, length * 100)]
    })
    const { client } = testClient(server.origin)
    expect(await counted(client.iterateParts({ key: 'k', uploadId: 'U' }))).toBe(100)
  })
})

describe('a list of uploads', () => {
  it.each([
    ['has the same marker for ever', () => uploadsPage('a', 'U')],
    ['has no marker', () => uploadsPage('', '')],
    ['goes back', (count: number) => uploadsPage(String(10 - count), '')],
    ['goes round', (count: number) => uploadsPage(String(count % 3), '')],
    ['goes round within a key', (count: number) => uploadsPage('a', String(count % 3))],
  ])('that %s is refused, and not asked for again and again', async (_, answer) => {
    const server = await startEvilServer(() => [answer(server.requests.length)])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 2 } })
    await expect(counted(client.listUploads())).rejects.toMatchObject({
      code: 'ERR_OSS_MALFORMED_RESPONSE',
    })
    expect(server.requests.length).toBeLessThan(8)
  })

  it('of a million on a page is refused', async () => {
    const body = '<U/>'.repeat(1_000_000)
    const server = await startEvilServer(() => [
      page(`<ListMultipartUploadsResult>${body}</ListMultipartUploadsResult>`),
    ])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    await expect(counted(client.listUploads())).rejects.toMatchObject({
      code: 'ERR_OSS_MALFORMED_RESPONSE',
      message: expect.stringContaining('more than 100000 elements'),
    })
  })
})
