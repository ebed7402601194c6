/** Credentials that change, fail or run out while a stream is uploading. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import { OssClient } from '../../src/client/client.js'
import type { CredentialsSource } from '../../src/credentials.js'
import { CredentialsError } from '../../src/errors.js'
import type { OssServer } from '../../src/server/server.js'
import { UploadError } from '../../src/upload-errors.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { Gate } from '../helpers/gate.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, FAST, KEY, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(10.5 * PART)
const TEN_MINUTES = 600_000

/** A server whose clock can be moved past the end of a token. */
async function clockedServer() {
  let ahead = 0
  const server = await startServer({ now: () => Date.now() + ahead })
  return {
    server,
    expireAll: () => {
      ahead += TEN_MINUTES
    },
  }
}

/** A provider of new keys at each call, that counts them; it does not tell when they expire. */
function provider(server: OssServer) {
  const calls: AbortSignal[] = []
  const source: CredentialsSource = ({ signal }) => {
    if (signal !== undefined) calls.push(signal)
    const { accessKeyId, accessKeySecret, securityToken } = server.issueToken(TEN_MINUTES / 2)
    return { accessKeyId, accessKeySecret, securityToken }
  }
  return { calls, source }
}

function openWith(server: OssServer, credentials: CredentialsSource) {
  const options = streamOptions(server, { credentials, concurrency: 10, maxMemory: 12 * PART })
  const out = createOssWriteStream(`oss://bucket/${KEY}`, options)
  const notices: RetryNotice[] = []
  out.on('retry', (notice) => notices.push(notice))
  return { out, notices }
}

async function expectWhole(server: OssServer, out: OssWriteStream, input: Buffer): Promise<void> {
  await finished(out)
  expect((await server.objects.get('bucket', KEY)?.content())?.equals(input)).toBe(true)
  expect(server.uploads.list()).toEqual([])
}

describe('a token that expires with ten parts in flight', () => {
  it('makes the provider be asked once more, and the same parts be sent again', async () => {
    const { server, expireAll } = await clockedServer()
    const { calls, source } = provider(server)
    const { out, notices } = openWith(server, source)
    const held = server.faults.add({ operation: 'UploadPart', times: 10 }, { hold: 'arrival' })
    out.end(INPUT)
    await held.reached(10)
    expect(calls).toHaveLength(1)
    expireAll()
    held.release()
    await expectWhole(server, out, INPUT)
    expect(calls).toHaveLength(2)
    expect(notices).toHaveLength(10)
    expect(out.result?.retries).toBe(10)
    for (const notice of notices) {
      expect(notice).toMatchObject({ operation: 'UploadPart', attempt: 1, delayMs: 0 })
      expect(notice.error).toMatchObject({ status: 403, ossCode: 'SecurityTokenExpired' })
    }
    const requests = server.requests.of('UploadPart')
    for (const partNumber of Array.from({ length: 10 }, (_, index) => index + 1)) {
      const [first, second, ...more] = requests.filter((one) => one.partNumber === partNumber)
      expect([first?.status, second?.status, more.length]).toEqual([403, 200, 0])
      expect(second?.headers['content-md5']).toBe(first?.headers['content-md5'])
    }
    expect(out.progress.heldBytes).toBe(0)
  })

  it('does so for all streams of a client together', async () => {
    const { server, expireAll } = await clockedServer()
    const { calls, source } = provider(server)
    const { endpoint, region } = server.options()
    const client = new OssClient({ endpoint, region, credentials: source, env: {}, retry: FAST })
    const streams = ['a', 'b', 'c'].map((key) =>
      createOssWriteStream(`oss://bucket/${key}`, { client, partSize: PART, concurrency: 3 }),
    )
    const held = server.faults.add({ operation: 'UploadPart', times: 9 }, { hold: 'arrival' })
    for (const out of streams) out.end(bytes(3 * PART))
    await held.reached(9)
    expireAll()
    held.release()
    await Promise.all(streams.map((out) => finished(out)))
    expect(calls).toHaveLength(2)
    expect(server.objects.list()).toHaveLength(3)
  })

  it('is renewed as often as it expires between parts', async () => {
    const { server, expireAll } = await clockedServer()
    const { calls, source } = provider(server)
    const { out } = openWith(server, source)
    out.write(bytes(0.5 * PART))
    for (let round = 0; round < 3; round++) {
      out.write(bytes(PART))
      await once(out, 'part')
      expireAll()
    }
    out.end()
    await finished(out)
    expect(calls).toHaveLength(4)
    expect(out.result).toMatchObject({ size: 3.5 * PART, parts: 4 })
  })
})

describe('a token that is made to expire', () => {
  it.each(['InitiateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const)(
    'by %s is renewed there',
    async (operation) => {
      const server = await startServer()
      const { calls, source } = provider(server)
      const { out } = openWith(server, source)
      server.faults.add({ operation }, { expireToken: true })
      out.end(INPUT)
      await expectWhole(server, out, INPUT)
      expect(calls).toHaveLength(2)
    },
  )

  it('by a Put is renewed there', async () => {
    const server = await startServer()
    const { calls, source } = provider(server)
    const { out } = openWith(server, source)
    server.faults.add({ operation: 'PutObject' }, { expireToken: true })
    out.end('small')
    await expectWhole(server, out, Buffer.from('small'))
    expect(calls).toHaveLength(2)
    expect(server.requests.of('PutObject')).toHaveLength(2)
  })

  it('by Abort does not keep the upload from being cleaned up', async () => {
    const server = await startServer()
    const { calls, source } = provider(server)
    const { out } = openWith(server, source)
    server.faults.add({ operation: 'AbortMultipartUpload' }, { expireToken: true })
    out.write(bytes(1.5 * PART))
    await once(out, 'part')
    out.destroy()
    await out.settled
    expect(out.abortError).toBeUndefined()
    expect(server.uploads.list()).toEqual([])
    expect(calls).toHaveLength(2)
  })

  it('every time fails, and not for ever', async () => {
    const server = await startServer()
    const { calls, source } = provider(server)
    const { out } = openWith(server, source)
    server.faults.add({ operation: 'PutObject', times: 99 }, { expireToken: true })
    out.end('small')
    expect(await ending(out)).toMatchObject({
      operation: 'PutObject',
      ossCode: 'SecurityTokenExpired',
      outcome: 'absent',
    })
    expect(calls.length).toBeLessThanOrEqual(5)
  })
})

describe('a provider', () => {
  it('that rejects fails the stream before a byte is sent', async () => {
    const server = await startServer()
    const reason = new Error('metadata service: 500')
    let asked = 0
    const { out } = openWith(server, () => {
      asked += 1
      return Promise.reject(reason)
    })
    out.end(INPUT)
    const error = await ending(out)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation: 'InitiateMultipartUpload',
      attempts: 5,
      outcome: 'absent',
      cause: { code: 'ERR_OSS_CREDENTIALS', cause: reason },
    })
    expect(asked).toBe(5)
    expect(server.requests.all).toEqual([])
    expect(out.progress.heldBytes).toBe(0)
  })

  it('that rejects for a while only delays', async () => {
    const server = await startServer()
    const { source } = provider(server)
    let failures = 2
    const { out, notices } = openWith(server, (context) => {
      if (failures-- > 0) throw new Error('metadata service: 500')
      return typeof source === 'function' ? source(context) : Promise.reject(new Error('never'))
    })
    out.end('small')
    await expectWhole(server, out, Buffer.from('small'))
    expect(notices.map(({ error }) => error)).toEqual([
      expect.any(CredentialsError),
      expect.any(CredentialsError),
    ])
  })

  it('that gives nonsense is asked once', async () => {
    const server = await startServer()
    let asked = 0
    const { out } = openWith(server, {
      getCredential: () => {
        asked += 1
        return { accessKeyId: 'id', accessKeySecret: '' }
      },
    })
    out.end('small')
    const error = await ending(out)
    expect(error).toMatchObject({ attempts: 1, cause: { code: 'ERR_OSS_CREDENTIALS' } })
    expect(error).toMatchObject({ message: expect.stringContaining('`accessKeySecret`') })
    expect(asked).toBe(1)
    expect(server.requests.all).toEqual([])
  })

  it('is not asked by a stream that is never written to', async () => {
    const server = await startServer()
    const { calls, source } = provider(server)
    const { out } = openWith(server, source)
    out.destroy()
    await out.settled
    expect(calls).toEqual([])
  })

  it('that never answers does not hold back a stream that is destroyed', async () => {
    const server = await startServer()
    const gate = new Gate()
    const { out } = openWith(server, async () => {
      await gate.arrive()
      throw new Error('never')
    })
    out.end('small')
    await gate.reached()
    const reason = new Error('enough')
    out.destroy(reason)
    expect(await ending(out)).toBe(reason)
    await out.settled
    expect(server.requests.all).toEqual([])
  })
})

describe('fixed credentials', () => {
  it('that have expired fail at once, and say so', async () => {
    const { server, expireAll } = await clockedServer()
    const { out } = openWith(server, server.issueToken(TEN_MINUTES / 2))
    expireAll()
    out.end(INPUT)
    const error = await ending(out)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation: 'InitiateMultipartUpload',
      status: 403,
      ossCode: 'SecurityTokenExpired',
      attempts: 1,
      outcome: 'absent',
    })
    expect(error).toMatchObject({ message: expect.stringContaining('SecurityTokenExpired: The ') })
    expect(server.requests.all).toHaveLength(1)
  })

  it('that expire on the way fail, and tell what cannot be cleaned up with them', async () => {
    const { server, expireAll } = await clockedServer()
    const { out } = openWith(server, server.issueToken(TEN_MINUTES / 2))
    out.write(bytes(1.5 * PART))
    await once(out, 'part')
    expireAll()
    out.end(bytes(PART))
    const error = await ending(out)
    expect(error).toMatchObject({
      operation: 'UploadPart',
      ossCode: 'SecurityTokenExpired',
      attempts: 1,
      outcome: 'absent',
      uploadId: out.uploadId,
      abortError: { operation: 'AbortMultipartUpload', ossCode: 'SecurityTokenExpired' },
    })
    expect(server.uploads.list()).toHaveLength(1)
  })

  it('that nobody knows fail at once', async () => {
    const server = await startServer()
    const { out } = openWith(server, { accessKeyId: 'nobody', accessKeySecret: 'nothing' })
    out.end('small')
    expect(await ending(out)).toMatchObject({ ossCode: 'InvalidAccessKeyId', attempts: 1 })
    expect(server.requests.all).toHaveLength(1)
  })
})
