/**
 * The operations of a multipart upload. What goes wrong is played by the embedded server's fault
 * script; the tests of a request's very bytes, and of answers with versions, have bare servers.
 */
import { describe, expect, it } from 'vitest'
import {
  DigestMismatchError,
  InvalidOptionError,
  MalformedResponseError,
  ServiceError,
} from '../../src/errors.js'
import { crc64, createMd5, md5Base64, md5Hex } from '../../src/protocol/digest.js'
import { encodeCompleteResult, encodeInitiateResult } from '../../src/protocol/xml.js'
import { startServer, type TestAnswer } from '../helpers/http-server.js'
import { begin, openClient } from '../helpers/open-client.js'
import { refusal, testClient } from '../helpers/test-client.js'

const COMPLETED = encodeCompleteResult({
  bucket: 'bucket',
  key: 'k',
  etag: 'B864-3',
  location: 'http://bucket.oss/k',
})
const PARTS = [
  { partNumber: 1, etag: 'A1' },
  { partNumber: 3, etag: 'A3' },
]
const upload = { key: 'k', uploadId: 'U' }
const ALWAYS = { times: Infinity }
const UPLOAD_PART = { operation: 'UploadPart', ...ALWAYS } as const
const COMPLETE = { operation: 'CompleteMultipartUpload', ...ALWAYS } as const

function md5(body: string): Uint8Array {
  const digest = createMd5()
  digest.update(Buffer.from(body))
  return digest.digest()
}

/** What the service answers to a part. */
function stored(body: string, headers: Record<string, string> = {}): TestAnswer {
  const etag = `"${md5Hex(md5(body))}"`
  const crc = String(crc64(Buffer.from(body)))
  return { headers: { etag, 'x-oss-hash-crc64ecma': crc, ...headers } }
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}

describe('initiateMultipartUpload', () => {
  it('sends what the object shall be stored with, and gives the id', async () => {
    await using server = await startServer(() => ({
      body: encodeInitiateResult({
        bucket: 'bucket',
        key: 'a b.tar',
        uploadId: '0004B9',
        encodingType: 'url',
      }),
    }))
    const { client } = testClient(server.origin)
    const result = await client.initiateMultipartUpload({
      key: 'a b.tar',
      meta: { owner: 'ops' },
      storageClass: 'IA',
      acl: 'private',
      forbidOverwrite: true,
      trafficLimit: 819_200,
    })
    expect(result).toEqual({
      bucket: 'bucket',
      key: 'a b.tar',
      uploadId: '0004B9',
      requestId: '5F00',
    })
    const [request] = server.requests
    expect([request?.method, request?.path]).toEqual([
      'POST',
      '/bucket/a%20b.tar?uploads&encoding-type=url',
    ])
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-tar',
      'x-oss-meta-owner': 'ops',
      'x-oss-storage-class': 'IA',
      'x-oss-forbid-overwrite': 'true',
      'content-length': '0',
    })
    expect(request?.headers).not.toHaveProperty('x-oss-object-acl')
    expect(request?.headers).not.toHaveProperty('x-oss-traffic-limit')
  })

  it('is repeated when the answer is no document: the id nobody knows holds no parts', async () => {
    const { server, client, notices } = await openClient()
    server.faults.add({}, { status: 200, body: '<html>welcome</html>' })
    const { uploadId } = await client.initiateMultipartUpload({ key: 'k' })
    expect(server.uploads.list()).toMatchObject([{ uploadId }])
    expect(notices[0]?.error).toBeInstanceOf(MalformedResponseError)
  })

  it.each([
    ['a bad key', { key: '/k' }, 'key'],
    ['no key', { key: '' }, 'key'],
    ['a bad bucket', { key: 'k', bucket: 'B' }, 'bucket'],
    ['a bad header', { key: 'k', meta: { a: 'b\r\nc: d' } }, 'meta'],
  ])('refuses %s before anything is sent', async (_, options, option) => {
    const { server, client } = await openClient()
    const error = await rejection(client.initiateMultipartUpload(options))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error instanceof InvalidOptionError && error.option).toContain(option)
    expect(server.requests.all).toHaveLength(0)
  })
})

describe('uploadPart', () => {
  it('sends the MD5 and gives what the service acknowledged', async () => {
    await using server = await startServer(() => stored('hello'))
    const { client } = testClient(server.origin)
    const result = await client.uploadPart({
      ...upload,
      partNumber: 10_000,
      body: [Buffer.from('he'), Buffer.from('llo')],
      trafficLimit: 819_200,
    })
    expect(result).toEqual({
      partNumber: 10_000,
      etag: md5Hex(md5('hello')),
      crc64: String(crc64(Buffer.from('hello'))),
      size: 5,
      requestId: '5F00',
    })
    const [request] = server.requests
    expect([request?.method, request?.path]).toEqual([
      'PUT',
      '/bucket/k?partNumber=10000&uploadId=U',
    ])
    expect(request?.headers['content-md5']).toBe(md5Base64(md5('hello')))
    expect(request?.headers['x-oss-traffic-limit']).toBe('819200')
    expect(request?.headers).not.toHaveProperty('content-type')
  })

  it.each([0, 10_001, 1.5, Number.NaN])('refuses part number %d', async (partNumber) => {
    const { server, client } = await openClient()
    const error = await rejection(client.uploadPart({ ...upload, partNumber, body: 'x' }))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(String(error)).toContain('`partNumber` to be a part number: an integer from 1 to 10000')
    expect(server.requests.all).toHaveLength(0)
  })

  it('refuses an empty upload id, which would ask for another operation', async () => {
    const { server, client } = await openClient()
    const calls = [
      client.uploadPart({ key: 'k', uploadId: '', partNumber: 1, body: 'x' }),
      client.abortMultipartUpload({ key: 'k', uploadId: '' }),
      client.listParts({ key: 'k', uploadId: '' }),
      client.completeMultipartUpload({ key: 'k', uploadId: '', parts: PARTS }),
    ]
    for (const call of calls) await expect(call).rejects.toThrow('`uploadId` to be an upload id')
    expect(server.requests.all).toHaveLength(0)
  })

  it('sends the part again when the ETag is not its MD5', async () => {
    const { server, client, notices } = await openClient()
    const { key, uploadId } = await begin(client)
    server.faults.add({ operation: 'UploadPart' }, { corrupt: 'etag' })
    await client.uploadPart({ key, uploadId, partNumber: 1, body: 'hello' })
    expect(notices[0]?.error).toBeInstanceOf(DigestMismatchError)
    expect(server.requests.of('UploadPart')).toHaveLength(2)
  })

  it('fails, uncertain, when the ETag never is its MD5', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    const { key, uploadId } = await begin(client)
    server.faults.add(UPLOAD_PART, { setHeader: { etag: `"${md5Hex(md5('other'))}"` } })
    const part = { key, uploadId, partNumber: 4, body: 'hello' }
    const error = await rejection(client.uploadPart(part))
    expect(error).toBeInstanceOf(DigestMismatchError)
    expect(error).toMatchObject({
      algorithm: 'md5',
      expected: md5Hex(md5('hello')),
      actual: md5Hex(md5('other')),
      partNumber: 4,
      attempts: 2,
      uncertain: 'answered',
    })
  })

  it.each([
    ['in lower case', { etag: `"${md5Hex(md5('hello')).toLowerCase()}"` }],
    ['that is no MD5', { etag: '"5B3C1A2E053D763E1B002CC607C5A0FE1-KMS"' }],
    [
      'of KMS encryption',
      { etag: `"${md5Hex(md5('cipher'))}"`, 'x-oss-server-side-encryption': 'KMS' },
    ],
  ])('accepts an ETag %s', async (_, headers) => {
    const { server, client } = await openClient({ retry: { maxAttempts: 1 } })
    const { key, uploadId } = await begin(client)
    server.faults.add(UPLOAD_PART, { setHeader: { ...headers } })
    server.faults.add(UPLOAD_PART, { dropHeader: 'x-oss-hash-crc64ecma' })
    const part = await client.uploadPart({ key, uploadId, partNumber: 1, body: 'hello' })
    expect(`"${part.etag}"`).toBe(headers.etag)
    expect(part).not.toHaveProperty('crc64')
  })

  it('refuses a success without ETag', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 1 } })
    const { key, uploadId } = await begin(client)
    server.faults.add(UPLOAD_PART, { dropHeader: 'etag' })
    const call = client.uploadPart({ key, uploadId, partNumber: 1, body: 'hello' })
    await expect(call).rejects.toThrow(MalformedResponseError)
    await expect(call).rejects.toThrow('200 with no ETag')
  })

  it('takes digests from the caller, and computes none', async () => {
    const { server, client } = await openClient({ retry: { maxAttempts: 1 } })
    const { key, uploadId } = await begin(client)
    const part = { key, uploadId, partNumber: 1, body: 'hello' }
    await client.uploadPart({ ...part, digests: {} })
    await client.uploadPart({ ...part, digests: { md5: md5('hello') } })
    const sent = server.requests.of('UploadPart').map(({ headers }) => headers['content-md5'])
    expect(sent).toEqual([undefined, md5Base64(md5('hello'))])
    const call = client.uploadPart({ ...part, digests: { crc64: 1n } })
    await expect(call).rejects.toMatchObject({ algorithm: 'crc64', expected: '1' })
  })

  it('sends a Content-MD5 of the caller as it is, and does not repeat what that brings', async () => {
    const { server, client } = await openClient()
    const { key, uploadId } = await begin(client)
    const contentMd5 = md5Base64(md5('something else'))
    const part = { key, uploadId, partNumber: 1, body: 'hello' }
    const error = await rejection(client.uploadPart({ ...part, contentMd5 }))
    expect(error).toMatchObject({ ossCode: 'InvalidDigest', attempts: 1 })
    const sent = server.requests.of('UploadPart').map(({ headers }) => headers['content-md5'])
    expect(sent).toEqual([contentMd5])
  })

  it('repeats what arrived damaged', async () => {
    const { server, client } = await openClient()
    const { key, uploadId } = await begin(client)
    server.faults.add({ operation: 'UploadPart' }, { corrupt: 'received' })
    await client.uploadPart({ key, uploadId, partNumber: 1, body: 'hello' })
    const codes = server.requests.of('UploadPart').map(({ ossCode }) => ossCode)
    expect(codes).toEqual(['InvalidDigest', undefined])
  })
})

describe('completeMultipartUpload', () => {
  it('sends the parts and gives the object', async () => {
    await using server = await startServer(() => ({
      headers: { 'x-oss-hash-crc64ecma': '17', 'x-oss-version-id': 'V' },
      body: COMPLETED,
    }))
    const { client } = testClient(server.origin)
    const result = await client.completeMultipartUpload({
      ...upload,
      parts: PARTS,
      acl: 'private',
      forbidOverwrite: true,
    })
    expect(result).toEqual({
      bucket: 'bucket',
      key: 'k',
      etag: 'B864-3',
      location: 'http://bucket.oss/k',
      crc64: '17',
      versionId: 'V',
      requestId: '5F00',
    })
    const [request] = server.requests
    expect([request?.method, request?.path]).toEqual([
      'POST',
      '/bucket/k?uploadId=U&encoding-type=url',
    ])
    const body = request?.body.toString() ?? ''
    expect(body).toMatch(/<PartNumber>1<.*A1.*<PartNumber>3<.*A3/s)
    expect(request?.headers).toMatchObject({
      'content-type': 'application/xml',
      'content-md5': md5Base64(md5(body)),
      'x-oss-object-acl': 'private',
      'x-oss-forbid-overwrite': 'true',
    })
  })

  it('lets the service take all parts', async () => {
    const { server, client } = await openClient()
    const { key, uploadId } = await begin(client, 'hello')
    await client.completeMultipartUpload({ key, uploadId, completeAll: true })
    const [request] = server.requests.of('CompleteMultipartUpload')
    expect(request?.headers['x-oss-complete-all']).toBe('yes')
    expect(request?.contentLength).toBe(0)
    expect(String(await server.objects.get('bucket', key)?.content())).toBe('hello')
  })

  it.each<[string, object, string]>([
    ['descending', { parts: [...PARTS].reverse() }, 'got part 1 after part 3'],
    ['repeated', { parts: [PARTS[0], PARTS[0]] }, 'got part 1 after part 1'],
    ['no', { parts: [] }, 'an array of one part or more'],
    ['missing', {}, 'an array of one part or more'],
    ['impossible', { parts: [{ partNumber: 0, etag: 'A' }] }, 'integer from 1 to 10000'],
    ['unknown', { parts: [{ partNumber: 1, etag: '' }] }, '`etag` for part 1'],
    ['both kinds of', { parts: PARTS, completeAll: true }, 'only one of `parts` and `completeAll`'],
  ])('refuses %s parts before anything is sent', async (_, options, message) => {
    const { server, client } = await openClient()
    const call = client.completeMultipartUpload({ ...upload, ...options })
    await expect(call).rejects.toThrow(InvalidOptionError)
    await expect(call).rejects.toThrow(message)
    expect(server.requests.all).toHaveLength(0)
  })

  it('takes an error document under 200 for the error that it is', async () => {
    const { server, client } = await openClient()
    server.faults.add(COMPLETE, refusal(200, 'InvalidPart'))
    const error = await rejection(client.completeMultipartUpload({ ...upload, parts: PARTS }))
    expect(error).toBeInstanceOf(ServiceError)
    expect(error).toMatchObject({
      status: 200,
      ossCode: 'InvalidPart',
      attempts: 1,
      uncertain: 'answered',
    })
  })

  it('repeats a transient error under 200', async () => {
    const { server, client } = await openClient()
    const begun = await begin(client, 'hello')
    server.faults.add({ operation: 'CompleteMultipartUpload' }, refusal(200, 'InternalError'))
    await client.completeMultipartUpload(begun)
    expect(server.requests.of('CompleteMultipartUpload')).toHaveLength(2)
    expect(String(await server.objects.get('bucket', 'k')?.content())).toBe('hello')
  })

  it.each([
    ['nothing', ''],
    ['half a document', COMPLETED.slice(0, 60)],
    ['half an error', '<Error><Code>Internal'],
    ['HTML', '<html>ok</html>'],
  ])('does not take %s for success', async (_, body) => {
    const { server, client } = await openClient({ retry: { maxAttempts: 2 } })
    server.faults.add(COMPLETE, { status: 200, body })
    const error = await rejection(client.completeMultipartUpload({ ...upload, parts: PARTS }))
    expect(error).toMatchObject({ status: 200, uncertain: 'answered' })
  })

  const callback = { url: 'http://app.test/cb', body: 'from=oss' }

  it('gives with a callback what the application answered', async () => {
    const { server, client } = await openClient()
    const headers = { etag: '"B864-3"', 'x-oss-hash-crc64ecma': '17' }
    server.faults.add(COMPLETE, { status: 200, headers, body: '{"ok":true}' })
    const result = await client.completeMultipartUpload({ ...upload, parts: PARTS, callback })
    expect(result).toMatchObject({ etag: 'B864-3', crc64: '17' })
    expect(result.callbackBody?.toString()).toBe('{"ok":true}')
    expect(server.requests.all[0]?.headers).toHaveProperty('x-oss-callback')
  })

  it('fails with CallbackFailed, once, when only the callback did', async () => {
    const { server, client } = await openClient()
    server.faults.add(COMPLETE, { status: 203, code: 'CallbackFailed' })
    const call = client.completeMultipartUpload({ ...upload, parts: PARTS, callback })
    const error = await rejection(call)
    expect(error).toMatchObject({ status: 203, ossCode: 'CallbackFailed', attempts: 1 })
  })
})

describe('abortMultipartUpload', () => {
  it('drops the upload', async () => {
    await using server = await startServer(() => 204)
    const { client } = testClient(server.origin)
    expect(await client.abortMultipartUpload(upload)).toEqual({ requestId: '5F00' })
    expect([server.requests[0]?.method, server.requests[0]?.path]).toEqual([
      'DELETE',
      '/bucket/k?uploadId=U',
    ])
  })

  it('does not take the 200 of a log-in page for an upload that is gone', async () => {
    const { server, client } = await openClient()
    server.faults.add(ALWAYS, { status: 200, body: '<html>Log in, please</html>' })
    const error = await rejection(client.abortMultipartUpload(upload))
    expect(error).toMatchObject({ code: 'ERR_OSS_MALFORMED_RESPONSE', status: 200, attempts: 5 })
  })

  it('leaves it to the caller what NoSuchUpload means', async () => {
    const { client } = await openClient()
    const error = await rejection(client.abortMultipartUpload(upload))
    expect(error).toMatchObject({ status: 404, ossCode: 'NoSuchUpload', attempts: 1 })
  })
})
