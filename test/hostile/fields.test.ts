/** Single fields of an answer made of what nobody expects: none is believed too far, none injected. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OssError } from '../../src/errors.js'
import { crc64 } from '../../src/protocol/digest.js'
import { encodeError } from '../../src/protocol/xml.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { KEYS, testClient } from '../helpers/test-client.js'
import { startEvilServer } from './evil-server.js'
import { BODY, ETAG, headOf, OPERATIONS, written } from './good-answers.js'

const INITIATE = 'InitiateMultipartUploadResult'
const COMPLETED = '<CompleteMultipartUploadResult><ETag>"E"</ETag></CompleteMultipartUploadResult>'
const GONE = written({ status: 204, headers: [], body: '' })

function document(root: string, fields: string): string {
  const body = Buffer.from(`<${root}>${fields}</${root}>`).toString('latin1')
  return written({ status: 200, headers: [], body })
}

function stored(...headers: [string, string][]): string {
  return written({ status: 200, headers: [['ETag', `"${ETAG}"`], ...headers], body: '' })
}

function refused(status: number, code: string, headers: [string, string][]): string {
  const body = encodeError({ code, message: 'No.', requestId: '5F' })
  return written({ status, headers, body })
}

async function failureOf(call: Promise<unknown>): Promise<OssError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof OssError) return error
  throw new Error('Expected an OssError', { cause: error })
}

describe('an upload id', () => {
  it.each([
    ['x&partNumber=1', 'x&amp;partNumber=1', 'x%26partNumber%3D1'],
    ['../..', '../..', '..%2F..'],
    ['a b#c?d', 'a b#c?d', 'a%20b%23c%3Fd'],
    ['%2e%2E/%00', '%2e%2E/%00', '%252e%252E%2F%2500'],
    ['with line ends', 'a&#13;&#10;X-Injected: 1', 'a%0D%0AX-Injected%3A%201'],
    ['with quotes', '&quot;&apos;&lt;&gt;', '%22%27%3C%3E'],
    ['of other alphabets', '中\u{1F600}é', '%E4%B8%AD%F0%9F%98%80%C3%A9'],
    ['__proto__', '__proto__', '__proto__'],
    ['constructor', 'constructor', 'constructor'],
  ])('%s is what later requests name, byte for byte', async (_, sent, expected) => {
    const server = await startEvilServer(({ line }) => {
      if (line.includes('uploads')) return [document(INITIATE, `<UploadId>${sent}</UploadId>`)]
      if (line.startsWith('PUT')) return [stored()]
      if (line.startsWith('POST')) return [written({ status: 200, headers: [], body: COMPLETED })]
      return [GONE]
    })
    const { client } = testClient(server.origin)
    const key = 'k'
    const { uploadId } = await client.initiateMultipartUpload({ key })
    await client.uploadPart({ key, uploadId, partNumber: 1, body: BODY })
    await client.completeMultipartUpload({ key, uploadId, parts: [{ partNumber: 1, etag: ETAG }] })
    await client.abortMultipartUpload({ key, uploadId })
    expect(server.requests.slice(1).map(({ line }) => line)).toEqual([
      `PUT /bucket/k?partNumber=1&uploadId=${expected} HTTP/1.1`,
      `POST /bucket/k?uploadId=${expected}&encoding-type=url HTTP/1.1`,
      `DELETE /bucket/k?uploadId=${expected} HTTP/1.1`,
    ])
    for (const { head } of server.requests) expect(head).not.toMatch(/x-injected:/i)
  })

  it.each([
    ['of 1 MiB', '<UploadId>'.concat('x'.repeat(1024 ** 2), '</UploadId>')],
    ['of blanks', '<UploadId> \n\t</UploadId>'],
    ['there twice', '<UploadId>a</UploadId><UploadId>b</UploadId>'],
    ['with elements', '<UploadId>a<b/></UploadId>'],
    ['with NUL', '<UploadId>a&#0;b</UploadId>'],
    ['with half a character', '<UploadId>a&#xD800;b</UploadId>'],
    ['under another name', '<__proto__><UploadId>a</UploadId></__proto__>'],
  ])('%s is none', async (_, fields) => {
    const server = await startEvilServer(() => [document(INITIATE, fields)])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    const error = await failureOf(client.initiateMultipartUpload({ key: 'k' }))
    expect(error.code).toBe('ERR_OSS_MALFORMED_RESPONSE')
  })
})

describe('an ETag', () => {
  it('of markup is repeated in a document as text', async () => {
    const etag = '</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&amp;'
    const server = await startEvilServer(({ line }) =>
      line.startsWith('PUT')
        ? [written({ status: 200, headers: [['ETag', `"${etag}"`]], body: '' })]
        : [written({ status: 200, headers: [], body: COMPLETED })],
    )
    const { client } = testClient(server.origin)
    const upload = { key: 'k', uploadId: 'U' }
    const part = await client.uploadPart({ ...upload, partNumber: 1, body: BODY })
    await client.completeMultipartUpload({ ...upload, parts: [part] })
    const { body = '' } = server.requests[1] ?? {}
    expect(body.match(/<Part>/g)).toHaveLength(1)
    expect(body).toContain('&lt;/ETag&gt;&lt;/Part&gt;')
  })

  it.each([
    ['of control characters', '\x01\x7f'],
    ['beyond ASCII', '\xe9\xff'],
    ['with a blank', 'a b'],
    ['of 10 KiB', 'x'.repeat(10 * 1024)],
    ['that is empty', ''],
  ])('%s is none, whatever was asked', async (_, etag) => {
    const server = await startEvilServer(({ line }) => [
      headOf({
        status: 200,
        headers: [
          ['ETag', `"${etag}"`],
          ['Content-Length', '5'],
        ],
      }) + (line.startsWith('HEAD') ? '' : BODY),
    ])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    for (const name of ['PutObject', 'UploadPart', 'HeadObject', 'GetObject']) {
      const { call } = OPERATIONS.find((operation) => operation.name === name) ?? {}
      const { code } = await failureOf(call?.(client) ?? Promise.resolve())
      expect(code).toMatch(/^ERR_OSS_(MALFORMED_RESPONSE|TRANSPORT)$/)
    }
  })
})

describe('a version id', () => {
  it.each([
    ['v&versionId=w#x?y', 'v%26versionId%3Dw%23x%3Fy'],
    ['../../other', '..%2F..%2Fother'],
    ['\xe9', '%C3%A9'],
  ])('of %s is what later requests name', async (versionId, expected) => {
    const server = await startEvilServer(({ line }) => [
      line.startsWith('PUT') ? stored(['x-oss-version-id', versionId]) : GONE,
    ])
    const { client } = testClient(server.origin)
    const put = await client.putObject({ key: 'k', body: BODY })
    await client.deleteObject({ key: 'k', versionId: put.versionId })
    expect(server.requests[1]?.line).toBe(`DELETE /bucket/k?versionId=${expected} HTTP/1.1`)
  })
})

describe('a CRC-64', () => {
  it.each([
    'abc',
    '-1',
    '+1',
    '0x1',
    '1e3',
    '1.0',
    '18446744073709551616',
    '9'.repeat(1000),
    '\xef\xbc\x91',
  ])('of %s is none: neither believed nor a mismatch', async (value) => {
    const server = await startEvilServer(() => [stored(['x-oss-hash-crc64ecma', value])])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    const digests = { crc64: crc64(Buffer.from(BODY)) }
    const result = await client.putObject({ key: 'k', body: BODY, digests })
    expect(result).not.toHaveProperty('crc64')
  })
})

describe('a date', () => {
  it.each([
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Fri, 31 Dec 275761 23:59:59 GMT',
    '-1',
    'x'.repeat(1000),
  ])('of %s corrects no clock', async (date) => {
    const clock = new FakeClock(Date.UTC(2026, 10, 24, 12))
    const server = await startEvilServer(() => [
      refused(403, 'RequestTimeTooSkewed', [
        ['Date', date],
        ['x-oss-server-time', date],
      ]),
    ])
    const { client } = testClient(server.origin, { clock })
    for (let call = 0; call < 2; call++) await failureOf(client.headObject({ key: 'k' }))
    await failureOf(client.deleteObject({ key: 'k' }))
    const dates = server.requests.map(({ head }) => /x-oss-date: (\w+)/i.exec(head)?.[1])
    expect(dates).toEqual(['20261124T120000Z', '20261124T120000Z', '20261124T120000Z'])
  })
})

describe('a wish to wait', () => {
  const calls = async (value: string, maxElapsedMs: number) => {
    const clock = new FakeClock()
    const header: [string, string] = ['Retry-After', value]
    const server = await startEvilServer(({ connection: _ }) =>
      server.requests.length === 1 ? [refused(503, 'ServiceUnavailable', [header])] : [stored()],
    )
    const { client, notices } = testClient(server.origin, { clock, retry: { maxElapsedMs } })
    let isOver = false
    const done = client
      .putObject({ key: 'k', body: BODY })
      .then(
        () => 'done',
        (error: unknown) => (error instanceof OssError ? error.code : error),
      )
      .finally(() => {
        isOver = true
      })
    const began = clock.ticks()
    while (!isOver) {
      await clock.breathe()
      if (notices.length > 0) await clock.advance(60_000)
    }
    return [await done, notices.map(({ delayMs }) => delayMs), clock.ticks() - began < 3_800_000]
  }

  it.each(['1e300', '-1', '-Infinity', 'NaN', 'x'.repeat(1000), ' '])(
    'of %s is none',
    async (value) => {
      expect(await calls(value, 600_000)).toEqual(['done', [0], true])
    },
  )

  it.each(['999999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'of %s ends a call that has no such patience, and is an hour for one that has',
    async (value) => {
      expect(await calls(value, 600_000)).toEqual(['ERR_OSS_SERVICE', [], true])
      expect(await calls(value, Number.POSITIVE_INFINITY)).toEqual(['done', [3_600_000], true])
    },
  )
})

describe('a request id', () => {
  it('that repeats the token is told to nobody: neither as a result nor to diagnostics', async () => {
    const securityToken = 'tOkEn+of/nobody='
    const told: unknown[] = []
    const listen = (trace: unknown) => void told.push(trace && Reflect.get(trace, 'requestId'))
    subscribe('tracing:osspipe:request:asyncEnd', listen)
    onTestFinished(() => void unsubscribe('tracing:osspipe:request:asyncEnd', listen))
    const server = await startEvilServer(({ head }) => {
      const token = /^x-oss-security-token: (.*)$/im.exec(head)?.[1] ?? ''
      return [stored(['x-oss-request-id', `5F-${token}`])]
    })
    const { client } = testClient(server.origin, { credentials: { ...KEYS, securityToken } })
    const { requestId } = await client.putObject({ key: 'k', body: BODY })
    expect([requestId, ...told]).toEqual(['5F-[redacted]', '5F-[redacted]'])
  })
})

describe('the text of an error', () => {
  const long = 'x'.repeat(1024 ** 2)
  it.each([
    ['a message of 1 MiB', `<Code>A</Code><Message>${long}</Message>`],
    ['a code of 1 MiB', `<Code>${long}</Code>`],
    ['ids of 1 MiB', `<Code>A</Code><RequestId>${long}</RequestId><EC>${long}</EC>`],
    ['10,000 details', `<Code>A</Code>${'<D>x</D>'.repeat(10_000)}`],
    [
      'names like `__proto__`',
      '<Code>A</Code><__proto__>x</__proto__><constructor>y</constructor>',
    ],
    ['escape sequences', '<Code>A</Code><Message>&#10;&#13;\u2028\x9b31m</Message>'],
  ])('stays short and in one line with %s', async (_, fields) => {
    const body = Buffer.from(`<Error>${fields}</Error>`).toString('latin1')
    const server = await startEvilServer(() => [written({ status: 400, headers: [], body })])
    const { client } = testClient(server.origin, { retry: { maxAttempts: 1 } })
    const error = await failureOf(client.putObject({ key: 'k', body: BODY }))
    expect(error.code).toBe('ERR_OSS_SERVICE')
    expect(error.message).toMatch(/^[^\p{Cc}\u2028]{1,2000}$/u)
    expect(JSON.stringify(error).length).toBeLessThan(10_000)
    expect(Object.getPrototypeOf(error).constructor.name).toBe('ServiceError')
  })
})
