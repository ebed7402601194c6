/** What the client's answers are made into for an upload. */
import { createHash } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Cancellation } from '../src/cancellation.js'
import { OssClient } from '../src/client/client.js'
import type { UploadPartOptions } from '../src/client/multipart.js'
import type { PutObjectOptions } from '../src/client/objects.js'
import { ClientTarget } from '../src/client-target.js'
import type { OperationName } from '../src/protocol/operations.js'
import type { FaultAction, OssServer } from '../src/server/server.js'
import { createOssWriteStream } from '../src/write-stream.js'
import { begin, openClient } from './helpers/open-client.js'
import { ending } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

const MIB = 1024 * 1024

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

describe('a client that sends bytes in a way of its own', () => {
  class Counting extends OssClient {
    puts = 0
    parts = 0

    override putObject(options: PutObjectOptions) {
      this.puts++
      return super.putObject(options)
    }

    override uploadPart(options: UploadPartOptions) {
      this.parts++
      return super.uploadPart(options)
    }
  }

  const CHANGING = ['authorization', 'x-oss-date', 'x-oss-content-sha256']

  /** The headers of all requests of an operation, without those that differ from one to the next. */
  const headersOf = (server: OssServer, operation: OperationName) =>
    server.requests
      .of(operation)
      .map(({ headers }) =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => !CHANGING.includes(name))),
      )

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
    const [own, ours] = headersOf(server, 'PutObject')
    expect(own).toEqual(ours)
    expect(own).toMatchObject({ 'x-oss-meta-owner': 'ops', 'content-type': 'application/json' })
  })

  it('sends the same parts as ours', async () => {
    const { server, client } = await openCounting()
    const plain = new OssClient({ ...server.options(), env: {} })
    const headers = { 'x-oss-request-payer': 'requester' }
    const options = { partSize: MIB, concurrency: 1, trafficLimit: 819_200, headers }
    for (const each of [client, plain]) {
      const out = createOssWriteStream('oss://bucket/k', { client: each, ...options })
      out.end(Buffer.alloc(MIB + 1))
      await finished(out)
    }
    expect(client.parts).toBe(2)
    const sent = headersOf(server, 'UploadPart')
    expect(sent).toHaveLength(4)
    expect(sent.slice(0, 2)).toEqual(sent.slice(2))
    expect(sent[0]).toMatchObject({
      'content-length': String(MIB),
      'content-md5': createHash('md5').update(Buffer.alloc(MIB)).digest('base64'),
      'x-oss-traffic-limit': '819200',
      'x-oss-request-payer': 'requester',
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

  it('is cut short by a signal in the middle of a part', async () => {
    const { server, client } = await openCounting()
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const out = createOssWriteStream('oss://bucket/k', { client, partSize: MIB })
    out.end(Buffer.alloc(2 * MIB))
    await held.reached()
    const reason = new Error('enough')
    out.destroy(reason)
    expect(await ending(out)).toBe(reason)
    expect([client.parts, out.outcome]).toEqual([2, 'absent'])
  })
})

it('sends bytes through a client that calls something of its own `perform`', async () => {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), env: {} })
  // As a class that extends ours, and knows nothing of it, may do.
  Object.defineProperty(client, 'perform', { value: () => Promise.resolve('something else') })
  for (const size of [1, 2 * MIB]) {
    const out = createOssWriteStream('oss://bucket/k', { client, partSize: MIB })
    out.end(Buffer.alloc(size))
    await finished(out)
    const { body } = await client.getObject({ bucket: 'bucket', key: 'k' })
    expect(Buffer.concat(await body.toArray())).toHaveLength(size)
  }
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

it('sends a part by way of a method that somebody has wrapped', async () => {
  const { client } = await openClient()
  const send = vi.spyOn(OssClient.prototype, 'uploadPart')
  onTestFinished(() => send.mockRestore())
  const out = createOssWriteStream('oss://bucket/k', { client, partSize: MIB })
  out.end(Buffer.alloc(2 * MIB))
  await finished(out)
  expect(send).toHaveBeenCalledTimes(2)
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
    cancellation: new Cancellation(),
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
