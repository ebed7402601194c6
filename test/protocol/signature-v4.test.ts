import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import { canonicalHeaders, computeV4 } from '../../src/protocol/canonical-v4.js'
import type { SignableRequest } from '../../src/protocol/signable-request.js'
import { presignV4, signV4, verifyV4 } from '../../src/protocol/signature-v4.js'
import type { Verdict, VerifiableRequest } from '../../src/protocol/signature-verdict.js'
import { contextAt, credentials, refusalOf, sts, text } from '../helpers/signatures.js'

const date = new Date('2025-03-09T08:07:06Z')
const region = 'cn-hangzhou'
const request: SignableRequest = {
  method: 'PUT',
  bucket: 'my-bucket',
  key: 'a b/中.txt',
  query: { partNumber: '1', uploadId: 'U' },
  headers: { 'content-type': 'text/plain', 'content-length': '5' },
}

function signed(changes: Partial<SignableRequest> = {}, by = credentials): VerifiableRequest {
  const changed = { ...request, ...changes }
  return { ...changed, headers: signV4(changed, { credentials: by, date, region }).headers }
}

function presigned(expiresSeconds = 60): VerifiableRequest {
  const options = { credentials, date, region, expiresSeconds }
  return { ...request, query: presignV4(request, options).query }
}

function withHeaders(
  changes: Record<string, string | undefined>,
  of: VerifiableRequest = signed(),
): VerifiableRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...of.headers, ...changes })) {
    if (value !== undefined) headers[name] = value
  }
  return { ...of, headers }
}

const verify = (received: VerifiableRequest, now = date): Verdict =>
  verifyV4(received, contextAt(now, { region }))

describe('signV4', () => {
  it('replaces an earlier signature and an earlier token', () => {
    const once = signV4(request, { credentials: sts, date, region })
    const again = { ...request, headers: once.headers }
    const later = new Date(date.getTime() + 60_000)
    const twice = signV4(again, { credentials, date: later, region })
    expect(twice).toEqual(signV4(request, { credentials, date: later, region }))
    expect(twice.headers).not.toHaveProperty('x-oss-security-token')
  })

  it('changes nothing of the request it is given', () => {
    const before = structuredClone(request)
    signV4(request, { credentials: sts, date, region })
    expect(request).toEqual(before)
  })

  it('treats an empty security token as none', () => {
    const empty = { ...credentials, securityToken: '' }
    expect(signV4(request, { credentials: empty, date, region })).toEqual(
      signV4(request, { credentials, date, region }),
    )
  })

  it('signs a header value as the Latin-1 bytes that travel', () => {
    const headers = { 'x-oss-meta-a': Buffer.from('砠').toString('latin1') }
    const { canonicalRequest } = signV4({ ...request, headers }, { credentials, date, region })
    expect(Buffer.from(canonicalRequest ?? '', 'latin1').toString()).toContain('x-oss-meta-a:砠\n')
  })

  it('refuses a header value that HTTP cannot send', () => {
    const headers = { 'x-oss-meta-a': '中' }
    expect(() => signV4({ ...request, headers }, { credentials, date, region })).toThrow(
      InvalidOptionError,
    )
  })

  it('gives the same signature however many keys were derived in between', () => {
    const first = signV4(request, { credentials, date, region }).signature
    for (let day = 1; day <= 20; day++) {
      const later = new Date(date.getTime() + day * 86_400_000)
      signV4(request, { credentials, date: later, region })
      signV4(request, { credentials: { ...credentials, accessKeySecret: `s${day}` }, date, region })
    }
    expect(signV4(request, { credentials, date, region }).signature).toBe(first)
  })

  it('derives another key for another secret, day, region or product', () => {
    const options = { credentials, date, region }
    const signatures = [
      options,
      { ...options, credentials: { ...credentials, accessKeySecret: 'other' } },
      { ...options, date: new Date('2025-03-10T08:07:06Z') },
      { ...options, region: 'cn-beijing' },
      { ...options, product: 'oss-cloudbox' },
    ].map((each) => signV4(request, each).signature)
    expect(new Set(signatures).size).toBe(signatures.length)
  })
})

describe('presignV4', () => {
  it.each([0, -1, 604_801, 1.5, Number.NaN])('refuses %s seconds', (expiresSeconds) => {
    expect(() => presignV4(request, { credentials, date, region, expiresSeconds })).toThrow(
      /`expiresSeconds` to be an integer from 1 to 604800 \(seconds\)/,
    )
  })

  it('carries the security token in the query', () => {
    const { query } = presignV4(request, { credentials: sts, date, region, expiresSeconds: 1 })
    expect(query['x-oss-security-token']).toBe(sts.securityToken)
    expect(verify({ ...request, query })).toMatchObject({
      ok: true,
      securityToken: sts.securityToken,
    })
  })

  it('replaces an earlier signature', () => {
    const options = { credentials, date, region, expiresSeconds: 60 }
    const first = presignV4(request, { ...options, credentials: sts })
    expect(presignV4({ ...request, query: first.query }, options).query).toEqual(
      presignV4(request, options).query,
    )
  })
})

describe('verifyV4', () => {
  it('accepts what signV4 makes', () => {
    expect(verify(signed())).toEqual({ ok: true, accessKeyId: credentials.accessKeyId })
    expect(verify(signed({}, sts))).toEqual({
      ok: true,
      accessKeyId: sts.accessKeyId,
      securityToken: sts.securityToken,
    })
  })

  it('takes the query as a Map too', () => {
    const received = signed()
    expect(verify({ ...received, query: new Map(Object.entries(received.query)) }).ok).toBe(true)
  })

  it('accepts blanks after the commas of Authorization', () => {
    const { headers } = signV4(
      { ...request, headers: { host: 'h.example.com' } },
      { credentials, date, region, additionalHeaders: ['Host'] },
    )
    const authorization = headers.authorization?.replaceAll(',', ',  ') ?? ''
    expect(authorization).toContain(',  AdditionalHeaders=host,  Signature=')
    expect(verify({ ...request, headers: { ...headers, authorization } }).ok).toBe(true)
  })

  it('does not mind what is not signed', () => {
    expect(verify(withHeaders({ 'content-length': '7', range: 'bytes=0-1', host: 'x' })).ok).toBe(
      true,
    )
  })

  it('takes the time of x-oss-date before that of Date', () => {
    const stale = 'Sun, 09 Mar 2025 07:00:00 GMT'
    expect(verify(withHeaders({ date: stale })).ok).toBe(true)
  })

  it.each([
    ['Date alone', { date: date.toUTCString() }],
    ['x-oss-date in the form of Date', { 'x-oss-date': date.toUTCString() }],
  ])('accepts %s, with the time signed in the basic form', (_, time) => {
    const headers = { ...time, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' }
    const { signature } = computeV4(
      credentials.accessKeySecret,
      { day: '20250309', region, product: 'oss' },
      '20250309T080706Z',
      {
        request,
        query: Object.entries(request.query),
        headerLines: canonicalHeaders(headers, []),
        additionalLine: '',
      },
    )
    const authorization = `OSS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20250309/${region}/oss/aliyun_v4_request,Signature=${signature}`
    expect(verify({ ...request, headers: { ...headers, authorization } }).ok).toBe(true)
  })

  it.each([
    ['missing', undefined, '0002-00000503'],
    ['no time', 'yesterday', '0002-00000502'],
    ['no such day', '20250231T080706Z', '0002-00000502'],
    ['extended', '2025-03-09T08:07:06Z', '0002-00000502'],
  ])('refuses a date that is %s', (_, value, ec) => {
    const verdict = verify(withHeaders({ 'x-oss-date': value, date: undefined }))
    expect(verdict).toEqual({
      ok: false,
      status: 403,
      code: 'AccessDenied',
      message: 'OSS authentication requires a valid Date.',
      ec,
    })
  })

  it('refuses an unknown access key', () => {
    const stranger = { accessKeyId: 'nobody', accessKeySecret: 'x' }
    expect(verify(signed({}, stranger))).toEqual({
      ok: false,
      status: 403,
      code: 'InvalidAccessKeyId',
      message: 'The OSS Access Key Id you provided does not exist in our records.',
      ec: '0002-00000902',
      details: { OSSAccessKeyId: 'nobody' },
    })
  })

  it.each(['InvalidSecurityToken', 'SecurityTokenExpired', 'AccessKeyIdAndSecurityTokenNotMatch'])(
    'passes on that the look-up says %s',
    (rejected) => {
      const verdict = verifyV4(signed(), { now: date, lookup: () => ({ rejected }) })
      expect(refusalOf(verdict)).toMatchObject({ status: 403, code: rejected })
      expect(refusalOf(verdict).message).toMatch(/security token/)
    },
  )

  it('shows what should have been signed when the signature is wrong', () => {
    const received = signed()
    const authorization = received.headers.authorization?.replace(/.{4}$/, '0000') ?? ''
    const expected = signV4(request, { credentials, date, region })
    const verdict = refusalOf(verify(withHeaders({ authorization })))
    expect(verdict).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      ec: '0002-00000040',
      details: {
        OSSAccessKeyId: credentials.accessKeyId,
        SignatureProvided: `${expected.signature.slice(0, -4)}0000`,
        StringToSign: expected.stringToSign,
        CanonicalRequest: expected.canonicalRequest,
      },
    })
    const bytes = verdict.details?.StringToSignBytes ?? ''
    expect(bytes).toMatch(/^4F 53 53 34 2D( [0-9A-F]{2})+$/)
    expect(Buffer.from(bytes.replaceAll(' ', ''), 'hex').toString()).toBe(expected.stringToSign)
  })

  it.each([
    [15 * 60 * 1000, true],
    [15 * 60 * 1000 + 1000, false],
    [-15 * 60 * 1000, true],
    [-15 * 60 * 1000 - 1000, false],
  ])('lets a clock be %d ms off: %s', (offset, ok) => {
    const now = new Date(date.getTime() + offset)
    const verdict = verify(signed(), now)
    expect(verdict.ok).toBe(ok)
    if (verdict.ok) return
    expect(verdict).toEqual({
      ok: false,
      status: 403,
      code: 'RequestTimeTooSkewed',
      message: 'The difference between the request time and the current time is too large.',
      ec: '0002-00000504',
      details: {
        RequestTime: '2025-03-09T08:07:06.000Z',
        ServerTime: now.toISOString(),
        MaxAllowedSkewMilliseconds: '900000',
      },
    })
  })

  const good = `Credential=${credentials.accessKeyId}/20250309/${region}/oss/aliyun_v4_request`
  it.each([
    ['nothing after the algorithm', 'OSS4-HMAC-SHA256', undefined],
    ['another algorithm', `OSS4-HMAC-SHA1 ${good},Signature=0`, undefined],
    ['no Credential', 'OSS4-HMAC-SHA256 Signature=0', '0002-00000202'],
    ['an empty Credential', 'OSS4-HMAC-SHA256 Credential=,Signature=0', '0002-00000202'],
    ['no Signature', `OSS4-HMAC-SHA256 ${good}`, undefined],
    ['two Signatures', `OSS4-HMAC-SHA256 ${good},Signature=0,Signature=1`, undefined],
    ['an unknown field', `OSS4-HMAC-SHA256 ${good},Signature=0,Other=1`, undefined],
    ['a short Credential', 'OSS4-HMAC-SHA256 Credential=ak/20250309,Signature=0', undefined],
    ['a long Credential', `OSS4-HMAC-SHA256 ${good}/x,Signature=0`, undefined],
    [
      'another suffix',
      `OSS4-HMAC-SHA256 ${good.replace('aliyun', 'aws')},Signature=0`,
      '0002-00000213',
    ],
    [
      'another product',
      `OSS4-HMAC-SHA256 ${good.replace('/oss/', '/s3/')},Signature=0`,
      '0002-00000227',
    ],
    [
      'the old region spelling',
      `OSS4-HMAC-SHA256 ${good.replace('cn-', 'oss-cn-')},Signature=0`,
      '0002-00000226',
    ],
    ['another day', `OSS4-HMAC-SHA256 ${good.replace('0309', '0308')},Signature=0`, undefined],
  ])('refuses an Authorization with %s as malformed', (_, authorization, ec) => {
    const verdict = refusalOf(verify(withHeaders({ authorization })))
    expect(verdict).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(verdict.ec).toBe(ec)
  })

  it.each([undefined, '', 'e3b0c442'])('refuses x-oss-content-sha256: %s', (value) => {
    expect(refusalOf(verify(withHeaders({ 'x-oss-content-sha256': value })))).toMatchObject({
      status: 400,
      code: 'InvalidArgument',
      ec: '0002-00000214',
    })
  })

  it('asks for no particular region if the server names none', () => {
    expect(verifyV4(signed(), contextAt(date)).ok).toBe(true)
  })

  it('accepts a presigned request until its end, and not after', () => {
    expect(verify(presigned(3600), new Date(date.getTime() + 3_600_000)).ok).toBe(true)
    const now = new Date(date.getTime() + 3_601_000)
    expect(verify(presigned(3600), now)).toEqual({
      ok: false,
      status: 403,
      code: 'AccessDenied',
      message: 'Request has expired.',
      details: { Expires: '2025-03-09T09:07:06.000Z', ServerTime: now.toISOString() },
    })
  })

  it('refuses a presigned request from the future', () => {
    const now = new Date(date.getTime() - 901_000)
    expect(refusalOf(verify(presigned(), now)).code).toBe('RequestTimeTooSkewed')
  })

  it.each([
    ['x-oss-signature-version', 'OSS2', 400, undefined],
    ['x-oss-credential', '', 400, '0002-00000202'],
    ['x-oss-signature', '', 400, undefined],
    ['x-oss-additional-headers', '', 400, '0002-00000076'],
    ['x-oss-expires', '', 400, undefined],
    ['x-oss-expires', '0', 400, undefined],
    ['x-oss-expires', '604801', 400, undefined],
    ['x-oss-expires', '1e3', 400, undefined],
    ['x-oss-credential', `ak/20250309/cn-beijing/oss/aliyun_v4_request`, 400, '0002-00000228'],
    ['x-oss-date', '', 403, '0002-00000503'],
    ['x-oss-date', 'x', 403, '0002-00000502'],
  ])('refuses a presigned request with %s=%s', (name, value, status, ec) => {
    const received = presigned()
    const query = { ...Object.fromEntries(Object.entries(received.query)), [name]: value }
    const verdict = refusalOf(verify({ ...received, query }))
    expect(verdict.status).toBe(status)
    expect(verdict.ec).toBe(ec)
  })
})

describe('any V4 signature', () => {
  const requests = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
    bucket: fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,20}[a-z0-9]$/),
    key: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    query: fc.dictionary(text({ minLength: 1 }), text(), { maxKeys: 4 }),
    meta: text({ latin1: true }),
    token: fc.option(fc.stringMatching(/^[!-~]{1,20}$/), { nil: undefined }),
    date: fc.date({
      min: new Date('2001-01-01'),
      max: new Date('2099-01-01'),
      noInvalidDate: true,
    }),
  })

  type Change = (received: VerifiableRequest) => VerifiableRequest
  const header =
    (name: string, change: (value: string) => string): Change =>
    (received) => ({
      ...received,
      headers: { ...received.headers, [name]: change(received.headers[name] ?? '') },
    })
  const addQuery =
    (name: string, value: string): Change =>
    (received) => ({
      ...received,
      query: { ...Object.fromEntries(Object.entries(received.query)), [name]: value },
    })
  const flip = (value: string): string => value.replace(/.$/, (c) => (c === '0' ? '1' : '0'))
  const everywhere: Record<string, Change> = {
    method: (received) => ({ ...received, method: received.method === 'GET' ? 'PUT' : 'GET' }),
    bucket: (received) => ({ ...received, bucket: `${received.bucket}x` }),
    'no bucket': ({ bucket: _, ...received }) => received,
    key: (received) => ({ ...received, key: `${received.key}x` }),
    'key and slash': (received) => ({ ...received, key: `${received.key}/` }),
    'added parameter': addQuery('zz-new', ''),
    'changed content type': header('content-type', (value) => `${value}x`),
    'changed metadata': header('x-oss-meta-a', (value) => `x${value}`),
    'added metadata': header('x-oss-meta-new', () => '1'),
    'added content-md5': header('content-md5', () => '1B2M2Y8AsgTpgAmY7PhCfg=='),
    'changed host': header('host', (value) => `${value}x`),
  }
  const inHeaders: Record<string, Change> = {
    ...everywhere,
    signature: header('authorization', flip),
    'upper-case signature': header('authorization', (value) =>
      value.replace(/Signature=.*/, (all) => `Signature=${all.slice(10).toUpperCase()}0`),
    ),
    'list of headers': header('authorization', (value) => value.replace('=host', '=host;range')),
    'no list of headers': header('authorization', (value) =>
      value.replace(/AdditionalHeaders=host,/, ''),
    ),
    region: header('authorization', (value) => value.replace('cn-hangzhou', 'cn-beijing')),
    'access key': header('authorization', (value) => value.replace('Credential=', 'Credential=x')),
    time: header('x-oss-date', (value) =>
      value.replace(/(.)Z$/, (_, digit) => `${digit === '0' ? 1 : 0}Z`),
    ),
    'added signature in the query': addQuery('x-oss-signature', 'x'),
    'added token': header('x-oss-security-token', (value) => `${value}x`),
  }
  const inQuery: Record<string, Change> = {
    ...everywhere,
    signature: (received) =>
      addQuery(
        'x-oss-signature',
        flip(Object.fromEntries(Object.entries(received.query))['x-oss-signature'] ?? ''),
      )(received),
    'longer validity': addQuery('x-oss-expires', '61'),
    'list of headers': addQuery('x-oss-additional-headers', 'host;range'),
    // Longer than any token generated, so that it is another one.
    'added token': addQuery('x-oss-security-token', 'x'.repeat(1000)),
  }

  it.each(['header', 'query'])(
    'is accepted in the %s, and refused after any one change',
    (place) => {
      fc.assert(
        fc.property(requests, ({ method, bucket, key, query, meta, token, date: at }) => {
          const plain: SignableRequest = {
            method,
            bucket,
            key,
            query,
            headers: { host: 'h.example.com', 'content-type': 'text/plain', 'x-oss-meta-a': meta },
          }
          const by = token === undefined ? credentials : { ...credentials, securityToken: token }
          const options = { credentials: by, date: at, region, additionalHeaders: ['Host'] }
          const received: VerifiableRequest =
            place === 'header'
              ? { ...plain, headers: signV4(plain, options).headers }
              : { ...plain, query: presignV4(plain, { ...options, expiresSeconds: 60 }).query }
          expect(verify(received, at)).toMatchObject({ ok: true, accessKeyId: by.accessKeyId })
          for (const [name, change] of Object.entries(place === 'header' ? inHeaders : inQuery)) {
            expect([name, verify(change(received), at).ok]).toEqual([name, false])
          }
          for (const name of Object.keys(query)) {
            const changed = addQuery(name, `${query[name]}x`)(received)
            expect([name, verify(changed, at).ok]).toEqual([name, false])
          }
        }),
        { numRuns: 60 },
      )
    },
  )
})
