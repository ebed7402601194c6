/** What the client's answers are made into for an upload. */
import { finished } from 'node:stream/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OssClient } from '../src/client/client.js'
import type { PutObjectOptions } from '../src/client/objects.js'
import { ClientTarget } from '../src/client-target.js'
import type { FaultAction } from '../src/server/server.js'
import { createOssWriteStream } from '../src/write-stream.js'
import { begin, openClient } from './helpers/open-client.js'
import { ending } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

const MD5 = '5D41402ABC4B2A76B9719D911017C592'

/** What `head` tells of `hello`, put at once, when HeadObject is answered with these headers. */
async function found(headers: Record<string, string>) {
  const { server, client } = await openClient()
  await client.putObject({ key: 'k', body: 'hello' })
  server.faults.add({ operation: 'HeadObject' }, { setHeader: headers })
  const target = new ClientTarget(client, {
    bucket: 'bucket',
    key: 'k',
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

describe('a version of an object', () => {
  async function ask(versionId: string | undefined, status: number, code: string) {
    const { server, client } = await openClient()
    server.faults.add({ operation: 'HeadObject' }, { status, code })
    const call = { bucket: 'bucket', key: 'k', headers: {}, onRetry: () => {} }
    const { signal } = new AbortController()
    const answer = new ClientTarget(client, call).head({ versionId, signal })
    const outcome = await answer.catch((error: unknown) => error)
    return { outcome, query: server.requests.of('HeadObject')[0]?.query }
  }

  it('is asked for by its id, and may be gone', async () => {
    expect(await ask('v+7', 404, 'NoSuchVersion')).toEqual({
      outcome: undefined,
      query: { versionId: 'v+7' },
    })
  })

  it('may be refused', async () => {
    expect((await ask('v7', 403, 'AccessDenied')).outcome).toMatchObject({ status: 403 })
  })
})

it('takes no page without a request id for an object, though it has an ETag', async () => {
  const { server, client } = await openClient()
  await client.putObject({ key: 'k', body: 'hello' })
  server.faults.add({ operation: 'HeadObject' }, { dropHeader: 'x-oss-request-id' })
  const call = { bucket: 'bucket', key: 'k', headers: {}, onRetry: () => {} }
  const target = new ClientTarget(client, call)
  await expect(target.head({ signal: new AbortController().signal })).rejects.toMatchObject({
    code: 'ERR_OSS_MALFORMED_RESPONSE',
  })
})

describe('a client that puts objects in a way of its own', () => {
  class Counting extends OssClient {
    puts = 0

    override putObject(options: PutObjectOptions) {
      this.puts++
      return super.putObject(options)
    }
  }

  async function openCounting() {
    const server = await startServer()
    const client = new Counting({ ...server.options(), env: {} })
    return { server, client }
  }

  it('sends the same headers as ours', async () => {
    const { server, client } = await openCounting()
    const plain = new OssClient({ ...server.options(), env: {} })
    const options = {
      key: 'a.json',
      meta: { Owner: 'ops' },
      acl: 'private',
      headers: { 'Content-Language': 'de' },
      sha256: true,
      marker: false,
    } as const
    for (const each of [client, plain]) {
      const out = createOssWriteStream({ bucket: 'bucket', client: each, ...options })
      out.end('hello')
      await finished(out)
    }
    expect(client.puts).toBe(1)
    const changing = ['authorization', 'x-oss-date']
    const [own, ours] = server.requests.of('PutObject').map(({ headers }) =>
      Object.entries(headers)
        .filter(([name]) => !changing.includes(name))
        .sort(),
    )
    expect(own).toEqual(ours)
    expect(Object.fromEntries(own ?? [])).toMatchObject({
      'x-oss-meta-owner': 'ops',
      'content-type': 'application/json',
    })
  })

  it('is cut short by a signal', async () => {
    const { server, client } = await openCounting()
    const held = server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
    const out = createOssWriteStream('oss://bucket/k', { client })
    out.end('hello')
    await held.reached()
    const reason = new Error('enough')
    out.destroy(reason)
    expect(await ending(out)).toBe(reason)
    expect([client.puts, out.outcome]).toEqual([1, 'unknown'])
  })
})

it('puts an object by way of a method that somebody has wrapped', async () => {
  const { client } = await openClient()
  const put = vi.spyOn(OssClient.prototype, 'putObject')
  onTestFinished(() => put.mockRestore())
  const out = createOssWriteStream('oss://bucket/k', { client })
  out.end('hello')
  await finished(out)
  expect(put).toHaveBeenCalledOnce()
})

it.each([
  ['what stands at the key', undefined, 1],
  ['what has no version of its own', 'null', 1],
  ['a version', 'v7', 5],
])('repeats the deletion of %s by itself only if it can take nothing else', async (...row) => {
  const [, versionId, attempts] = row
  const { server, client } = await openClient()
  server.faults.add({ operation: 'DeleteObject', times: 9 }, { drop: 'answer' })
  const call = { bucket: 'bucket', key: 'k', headers: {}, onRetry: () => {} }
  const removal = new ClientTarget(client, call).remove({
    versionId,
    signal: new AbortController().signal,
  })
  await expect(removal).rejects.toMatchObject({ code: 'ERR_OSS_TRANSPORT', uncertain: 'lost' })
  expect(server.requests.of('DeleteObject')).toHaveLength(attempts)
})

/** How often what befalls a part's first attempt counts as a push, and is told as a retry. */
async function pushesOf(action: FaultAction, responseMs = 60_000) {
  const retries: unknown[] = []
  const { server, client } = await openClient({ timeouts: { responseMs } })
  const { key, uploadId } = await begin(client)
  server.faults.add({ operation: 'UploadPart' }, action)
  const onRetry = (notice: unknown) => retries.push(notice)
  const target = new ClientTarget(client, { bucket: 'bucket', key, headers: {}, onRetry })
  let pushes = 0
  await target.uploadPart({
    uploadId,
    partNumber: 1,
    body: [Buffer.from('hello')],
    size: 5,
    digests: {},
    signal: new AbortController().signal,
    onPushBack: () => pushes++,
  })
  return { pushes, retries: retries.length }
}

describe('a part that is to be sent again', () => {
  it.each([
    ['503', { status: 503 }, 1],
    ['429', { status: 429, code: 'TooManyRequests' }, 1],
    ['500', { status: 500 }, 0],
    ['400 RequestTimeout', { status: 400, code: 'RequestTimeout' }, 0],
  ])(
    'after %s is told of, and whether the service has too much to do',
    async (_, answer, pushes) => {
      expect(await pushesOf(answer)).toEqual({ pushes, retries: 1 })
    },
  )

  it('because no answer came in time counts as too much', async () => {
    const told = await pushesOf({ hold: 'arrival' }, 500)
    expect(told).toEqual({ pushes: 1, retries: 1 })
  })
})
