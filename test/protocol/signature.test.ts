import { describe, expect, it } from 'vitest'
import { verify, whichVersion } from '../../src/protocol/signature.js'
import { presignV1, signV1 } from '../../src/protocol/signature-v1.js'
import { presignV4, signV4 } from '../../src/protocol/signature-v4.js'
import { contextAt, credentials, refusalOf } from '../helpers/signatures.js'

const date = new Date('2025-03-09T08:07:06Z')
const options = { credentials, date, region: 'cn-hangzhou', expiresSeconds: 60 }
const request = { method: 'GET', bucket: 'my-bucket', key: 'k', query: {}, headers: {} }
const context = contextAt(date, { region: 'cn-hangzhou' })

describe('whichVersion and verify', () => {
  it.each([
    ['v4', { ...request, headers: signV4(request, options).headers }],
    ['v4-query', { ...request, query: presignV4(request, options).query }],
    ['v1', { ...request, headers: signV1(request, options).headers }],
    ['v1-query', { ...request, query: presignV1(request, options).query }],
  ])('find and accept %s', (version, received) => {
    expect(whichVersion(received)).toBe(version)
    expect(verify(received, context)).toEqual({ ok: true, accessKeyId: credentials.accessKeyId })
    const asMap = { ...received, query: new Map(Object.entries(received.query)) }
    expect(whichVersion(asMap)).toBe(version)
    expect(verify(asMap, context).ok).toBe(true)
    expect(verify({ ...received, key: 'other' }, context).ok).toBe(false)
  })

  it('refuse an anonymous request with 403', () => {
    expect(whichVersion(request)).toBe('none')
    expect(verify(request, context)).toEqual({
      ok: false,
      status: 403,
      code: 'AccessDenied',
      message: 'You have no right to access this object because of bucket acl.',
    })
  })

  it.each(['', 'Basic abc', 'AWS4-HMAC-SHA256 Credential=a,Signature=b', 'OSS4', 'OSS2 a:b'])(
    'refuse the Authorization %j with 400',
    (authorization) => {
      const received = { ...request, headers: { authorization } }
      expect(whichVersion(received)).toBe('none')
      expect(refusalOf(verify(received, context))).toMatchObject({
        status: 400,
        code: 'InvalidArgument',
      })
    },
  )

  it('do not fall back to the query when the Authorization header is wrong', () => {
    const query = presignV4(request, options).query
    const received = { ...request, query, headers: { authorization: 'OSS ak:x' } }
    expect(whichVersion(received)).toBe('v1')
    expect(verify(received, context).ok).toBe(false)
  })

  it.each([
    ['x-oss-signature-version', 'v4-query'],
    ['x-oss-credential', 'v4-query'],
    ['x-oss-signature', 'v4-query'],
    ['OSSAccessKeyId', 'v1-query'],
    ['Signature', 'v1-query'],
    ['Expires', 'none'],
    ['x-oss-process', 'none'],
  ])('go by the parameter %s: %s', (name, version) => {
    const received = { ...request, query: { [name]: 'x' } }
    expect(whichVersion(received)).toBe(version)
    expect(verify(received, context).ok).toBe(false)
  })
})
