import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignableRequest } from '../../src/protocol/signable-request.js'
import { presignV1, signV1, verifyV1 } from '../../src/protocol/signature-v1.js'
import type { Verdict, VerifiableRequest } from '../../src/protocol/signature-verdict.js'
import { contextAt, credentials, refusalOf, sts, text } from '../helpers/signatures.js'

const date = new Date('2025-03-09T08:07:06Z')
const request: SignableRequest = {
  method: 'PUT',
  bucket: 'my-bucket',
  key: 'a b/中.txt',
  query: { partNumber: '1', uploadId: 'U' },
  headers: { 'content-type': 'text/plain' },
}

function signed(changes: Partial<SignableRequest> = {}, by = credentials): VerifiableRequest {
  const changed = { ...request, ...changes }
  return { ...changed, headers: signV1(changed, { credentials: by, date }).headers }
}

const verify = (received: VerifiableRequest, now = date): Verdict =>
  verifyV1(received, contextAt(now))

describe('signV1', () => {
  it('replaces an earlier signature, an earlier token and an earlier Date', () => {
    const once = signV1(request, { credentials: sts, date })
    const later = new Date(date.getTime() + 60_000)
    const twice = signV1({ ...request, headers: once.headers }, { credentials, date: later })
    expect(twice).toEqual(signV1(request, { credentials, date: later }))
    expect(twice.headers.date).toBe('Sun, 09 Mar 2025 08:08:06 GMT')
  })

  it('sends no Date if the request has an x-oss-date', () => {
    const headers = { 'x-oss-date': 'Sun, 09 Mar 2025 08:00:00 GMT' }
    const { headers: sent, stringToSign } = signV1({ ...request, headers }, { credentials, date })
    expect(sent).not.toHaveProperty('date')
    expect(stringToSign).toContain('\nSun, 09 Mar 2025 08:00:00 GMT\nx-oss-date:')
  })

  it('signs the key as UTF-8 and header values as the Latin-1 bytes that travel', () => {
    const headers = { 'x-oss-meta-a': Buffer.from('砠').toString('latin1') }
    const verdict = refusalOf(
      verify({
        ...signed({ headers }),
        headers: {
          ...headers,
          date: date.toUTCString(),
          authorization: 'OSS LTAI5tExampleKeyId:x',
        },
      }),
    )
    const bytes = Buffer.from((verdict.details?.StringToSignBytes ?? '').replaceAll(' ', ''), 'hex')
    expect(bytes.toString()).toContain(
      'x-oss-meta-a:砠\n/my-bucket/a b/中.txt?partNumber=1&uploadId=U',
    )
  })
})

describe('presignV1', () => {
  it.each([0, -1, 1.5, Number.NaN])('refuses %s seconds', (expiresSeconds) => {
    expect(() => presignV1(request, { credentials, date, expiresSeconds })).toThrow(
      /`expiresSeconds`/,
    )
  })

  it('replaces an earlier signature and token', () => {
    const first = presignV1(request, { credentials: sts, date, expiresSeconds: 9 })
    const second = presignV1(
      { ...request, query: first.query },
      { credentials, date, expiresSeconds: 60 },
    )
    expect(second).toEqual(presignV1(request, { credentials, date, expiresSeconds: 60 }))
  })
})

describe('verifyV1', () => {
  it('accepts what signV1 makes', () => {
    expect(verify(signed())).toEqual({ ok: true, accessKeyId: credentials.accessKeyId })
    expect(verify(signed({}, sts))).toEqual({
      ok: true,
      accessKeyId: sts.accessKeyId,
      securityToken: sts.securityToken,
    })
  })

  it('signs sub-resources only', () => {
    const more = { ...request.query, 'encoding-type': 'url', 'max-parts': '3', prefix: 'x' }
    expect(verify({ ...signed(), query: more }).ok).toBe(true)
    expect(verify({ ...signed(), query: { ...request.query, 'x-oss-process': 'x' } }).ok).toBe(
      false,
    )
    expect(verify({ ...signed(), query: { ...request.query, restore: '' } }).ok).toBe(false)
  })

  it('signs the extra sub-resources that both sides name', () => {
    const query = { special: '1' }
    const extraSubresources = ['special']
    const { headers } = signV1({ ...request, query }, { credentials, date, extraSubresources })
    const received = { ...request, query, headers }
    expect(verify(received).ok).toBe(false)
    expect(verifyV1(received, contextAt(date, { extraSubresources })).ok).toBe(true)
  })

  it('takes the time of x-oss-date before that of Date', () => {
    const headers = { 'x-oss-date': date.toUTCString() }
    const received = signed({ headers })
    const stale = { ...received.headers, date: 'Sun, 09 Mar 2025 07:00:00 GMT' }
    expect(verify({ ...received, headers: stale }).ok).toBe(true)
  })

  it('does not take a token from the unsigned header security-token', () => {
    const received = signed({ headers: { 'security-token': 'T' } })
    expect(verify(received)).toEqual({ ok: true, accessKeyId: credentials.accessKeyId })
  })

  it('refuses an unknown access key', () => {
    const stranger = { accessKeyId: 'nobody', accessKeySecret: 'x' }
    expect(refusalOf(verify(signed({}, stranger)))).toMatchObject({
      status: 403,
      code: 'InvalidAccessKeyId',
      ec: '0002-00000902',
    })
  })

  it('passes on that the look-up refuses the token', () => {
    const context = { now: date, lookup: () => ({ rejected: 'SecurityTokenExpired' }) }
    expect(refusalOf(verifyV1(signed({}, sts), context))).toMatchObject({
      status: 403,
      code: 'SecurityTokenExpired',
      ec: '0002-00000007',
    })
  })

  it('shows what should have been signed when the signature is wrong', () => {
    const { stringToSign } = signV1(request, { credentials, date })
    const headers = { ...signed().headers, authorization: `OSS ${credentials.accessKeyId}:AAAA` }
    const verdict = refusalOf(verify({ ...request, headers }))
    expect(verdict).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      ec: '0002-00000040',
      details: {
        OSSAccessKeyId: credentials.accessKeyId,
        SignatureProvided: 'AAAA',
        StringToSign: stringToSign,
      },
    })
    const bytes = Buffer.from((verdict.details?.StringToSignBytes ?? '').replaceAll(' ', ''), 'hex')
    expect(bytes.toString()).toBe(stringToSign)
    expect(verdict.details).not.toHaveProperty('CanonicalRequest')
  })

  it.each([
    [900_000, true],
    [901_000, false],
    [-900_000, true],
    [-901_000, false],
  ])('lets a clock be %d ms off: %s', (offset, ok) => {
    const verdict = verify(signed(), new Date(date.getTime() + offset))
    expect(verdict.ok || verdict.code).toBe(ok || 'RequestTimeTooSkewed')
  })

  it.each(['OSS', 'OSS ', 'OSS ak', 'OSS ak:', 'OSS :x', 'OSS a:b:c d', 'AWS ak:x', 'oss ak:x'])(
    'refuses the Authorization %j as malformed',
    (authorization) => {
      const verdict = refusalOf(
        verify({ ...request, headers: { ...signed().headers, authorization } }),
      )
      expect(verdict).toMatchObject({ status: 400, code: 'InvalidArgument' })
    },
  )

  it.each([
    [undefined, '0002-00000503'],
    ['yesterday', '0002-00000502'],
    ['Sun, 9 Mar 2025 08:07:06 GMT', '0002-00000502'],
    ['Mon, 09 Mar 2025 08:07:06 GMT', '0002-00000502'],
    ['Mon, 31 Feb 2025 08:07:06 GMT', '0002-00000502'],
  ])('refuses the Date %j', (value, ec) => {
    const { date: _, ...headers } = signed().headers
    const received = {
      ...request,
      headers: value === undefined ? headers : { ...headers, date: value },
    }
    expect(refusalOf(verify(received))).toMatchObject({ status: 403, code: 'AccessDenied', ec })
  })

  it('accepts a presigned request until its end, and not after', () => {
    const { query } = presignV1(request, { credentials: sts, date, expiresSeconds: 3600 })
    const received = { ...request, query }
    const end = new Date(date.getTime() + 3_600_000)
    expect(verify(received, end)).toMatchObject({ ok: true, securityToken: sts.securityToken })
    expect(refusalOf(verify(received, new Date(end.getTime() + 1)))).toMatchObject({
      status: 403,
      code: 'AccessDenied',
      message: 'Request has expired.',
    })
  })

  it.each([
    ['OSSAccessKeyId', '', 400, 'InvalidArgument'],
    ['Signature', '', 400, 'InvalidArgument'],
    ['Expires', '', 403, 'AccessDenied'],
    ['Expires', 'abc', 403, 'AccessDenied'],
    ['Expires', '9'.repeat(30), 403, 'AccessDenied'],
  ])('refuses a presigned request with %s=%s', (name, value, status, code) => {
    const { query } = presignV1(request, { credentials, date, expiresSeconds: 60 })
    const received = { ...request, query: { ...query, [name]: value } }
    expect(refusalOf(verify(received))).toMatchObject({ status, code })
  })
})

describe('any V1 signature', () => {
  const requests = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
    key: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    uploadId: text({ minLength: 1 }),
    meta: text({ latin1: true }),
    token: fc.option(fc.stringMatching(/^[!-~]{1,20}$/), { nil: undefined }),
  })

  type Change = (received: VerifiableRequest) => VerifiableRequest
  const header =
    (name: string, change: (value: string) => string): Change =>
    (received) => ({
      ...received,
      headers: { ...received.headers, [name]: change(received.headers[name] ?? '') },
    })
  const parameter =
    (name: string, change: (value: string) => string): Change =>
    (received) => {
      const query = Object.fromEntries(Object.entries(received.query))
      return { ...received, query: { ...query, [name]: change(query[name] ?? '') } }
    }
  const flip = (value: string): string => value.replace(/^./, (c) => (c === '0' ? '1' : '0'))
  const everywhere: Record<string, Change> = {
    method: (received) => ({ ...received, method: received.method === 'GET' ? 'PUT' : 'GET' }),
    bucket: (received) => ({ ...received, bucket: `${received.bucket}x` }),
    key: (received) => ({ ...received, key: `${received.key}x` }),
    'changed parameter': parameter('uploadId', (value) => `${value}x`),
    'added parameter': parameter('acl', () => ''),
    'content type': header('content-type', (value) => `${value}x`),
    'content-md5': header('content-md5', () => '1B2M2Y8AsgTpgAmY7PhCfg=='),
    'changed metadata': header('x-oss-meta-a', (value) => `x${value}`),
    'added metadata': header('x-oss-meta-new', () => '1'),
  }
  const inHeaders: Record<string, Change> = {
    ...everywhere,
    signature: header('authorization', (value) =>
      value.replace(/:.*/, (all) => `:${flip(all.slice(1))}`),
    ),
    'access key': header('authorization', (value) => value.replace('OSS ', 'OSS x')),
    date: header('date', () => 'Sun, 09 Mar 2025 08:07:07 GMT'),
    'x-oss-date': header('x-oss-date', () => date.toUTCString()),
    token: header('x-oss-security-token', (value) => `${value}x`),
  }
  const inQuery: Record<string, Change> = {
    ...everywhere,
    signature: parameter('Signature', flip),
    'access key': parameter('OSSAccessKeyId', (value) => `${value}x`),
    validity: parameter('Expires', (value) => String(Number(value) + 1)),
    token: parameter('security-token', (value) => `${value}x`),
  }

  it.each(['header', 'query'])(
    'is accepted in the %s, and refused after any one change',
    (place) => {
      fc.assert(
        fc.property(requests, ({ method, key, uploadId, meta, token }) => {
          const plain: SignableRequest = {
            method,
            bucket: 'my-bucket',
            key,
            query: { uploadId },
            headers: { 'content-type': 'text/plain', 'x-oss-meta-a': meta },
          }
          const by = token === undefined ? credentials : { ...credentials, securityToken: token }
          const received: VerifiableRequest =
            place === 'header'
              ? { ...plain, headers: signV1(plain, { credentials: by, date }).headers }
              : {
                  ...plain,
                  query: presignV1(plain, { credentials: by, date, expiresSeconds: 60 }).query,
                }
          expect(verify(received)).toMatchObject({ ok: true, accessKeyId: by.accessKeyId })
          for (const [name, change] of Object.entries(place === 'header' ? inHeaders : inQuery)) {
            expect([name, verify(change(received)).ok]).toEqual([name, false])
          }
        }),
        { numRuns: 60 },
      )
    },
  )
})
