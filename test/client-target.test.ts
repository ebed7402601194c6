/** What the client's answers are made into for an upload. */
import { describe, expect, it } from 'vitest'
import { clientTarget } from '../src/client-target.js'
import { startServer, type TestAnswer } from './helpers/http-server.js'
import { refusal, testClient } from './helpers/test-client.js'

const MD5 = '5D41402ABC4B2A76B9719D911017C592'

/** What `head` tells of an object whose HeadObject is answered with these headers. */
async function found(headers: Record<string, string>) {
  await using server = await startServer(() => ({
    headers: { 'content-length': '5', etag: `"${MD5}"`, 'x-oss-object-type': 'Normal', ...headers },
  }))
  const { client } = testClient(server.origin)
  const target = clientTarget(client, {
    bucket: 'bucket',
    key: 'key',
    headers: {},
    onRetry: () => {},
  })
  return await target.head({ signal: new AbortController().signal })
}

describe('the MD5 of an object', () => {
  it.each([
    ['in upper case', { etag: `"${MD5}"` }],
    ['in lower case', { etag: `"${MD5.toLowerCase()}"` }],
    ['encrypted with AES256', { 'x-oss-server-side-encryption': 'AES256' }],
  ])('is the ETag of one put at once, %s', async (_, headers) => {
    expect(await found(headers)).toMatchObject({ size: 5, md5: MD5 })
  })

  it.each([
    ['encrypted with KMS', { 'x-oss-server-side-encryption': 'KMS' }],
    ['encrypted with KMS, in any case', { 'x-oss-server-side-encryption': 'kms' }],
    ['of several parts', { 'x-oss-object-type': 'Multipart' }],
    ['of an unknown kind', { 'x-oss-object-type': '' }],
    ['with an ETag that looks like none', { etag: `"${MD5}-1"` }],
  ])('is not known of one %s', async (_, headers) => {
    const object = await found(headers)
    expect(object).toMatchObject({ size: 5 })
    expect(object?.md5).toBeUndefined()
  })
})

/** How often a part's first answers count as a push, and are told as a retry. */
async function pushesOf(answer: (count: number) => TestAnswer | Promise<TestAnswer>) {
  const retries: unknown[] = []
  await using server = await startServer((_, count) => answer(count))
  const { client } = testClient(server.origin, { timeouts: { responseMs: 100 } })
  const onRetry = (notice: unknown) => retries.push(notice)
  const target = clientTarget(client, { bucket: 'bucket', key: 'key', headers: {}, onRetry })
  let pushes = 0
  await target.uploadPart({
    uploadId: 'id',
    partNumber: 1,
    body: [Buffer.from('hello')],
    size: 5,
    digests: {},
    signal: new AbortController().signal,
    onPushBack: () => pushes++,
  })
  return { pushes, retries: retries.length }
}

const STORED: TestAnswer = { headers: { etag: `"${MD5}"` } }

describe('a part that is to be sent again', () => {
  it.each([
    ['503', refusal(503, 'ServiceUnavailable'), 1],
    ['429', refusal(429, 'TooManyRequests'), 1],
    ['500', refusal(500, 'InternalError'), 0],
    ['400 RequestTimeout', refusal(400, 'RequestTimeout'), 0],
  ])(
    'after %s is told of, and whether the service has too much to do',
    async (_, answer, pushes) => {
      const told = await pushesOf((count) => (count === 1 ? answer : STORED))
      expect(told).toEqual({ pushes, retries: 1 })
    },
  )

  it('because no answer came in time counts as too much', async () => {
    const silent = new Promise<TestAnswer>(() => {})
    const told = await pushesOf((count) => (count === 1 ? silent : STORED))
    expect(told).toEqual({ pushes: 1, retries: 1 })
  })
})
