import { expect } from 'vitest'
import { formatQuery } from '../../../src/protocol/percent-encoding.js'
import { presignV1, signV1 } from '../../../src/protocol/signature-v1.js'
import { presignV4, signV4 } from '../../../src/protocol/signature-v4.js'
import { send } from '../caller.js'
import { type Rule, rule, textsOf, type World } from './rule.js'

const MINUTE = 60_000

/** One request, presigned or signed by hand, path style. */
function raw(
  world: World,
  method: string,
  query: Record<string, string>,
  headers: Record<string, string> = {},
  body?: string,
) {
  const path = `/bucket/key?${formatQuery(query)}`
  return send(world.server, { method, path, headers, body })
}

function presign(world: World, more: { expires?: number; date?: Date } = {}) {
  const { credentials, region } = world.server.options()
  const request = { method: 'GET', bucket: 'bucket', key: 'key', query: {}, headers: {} }
  const { expires: expiresSeconds = 60, date = new Date() } = more
  return {
    v1: presignV1(request, { credentials, date, expiresSeconds }).query,
    v4: presignV4(request, { credentials, date, region, expiresSeconds }).query,
  }
}

export const ACCESS_RULES: readonly Rule[] = [
  rule('An unknown key is InvalidAccessKeyId', 'EC 0002-00000902', async (world) => {
    const credentials = { accessKeyId: 'nobody', accessKeySecret: 'secret' }
    const reply = await world.object('GET', { credentials })
    expect(reply).toMatchObject({ status: 403, code: 'InvalidAccessKeyId', ec: '0002-00000902' })
  }),
  rule(
    'A wrong secret is SignatureDoesNotMatch, with the string to sign',
    'EC 0002-00000040',
    async (world) => {
      const credentials = { ...world.server.options().credentials, accessKeySecret: 'wrong' }
      const reply = await world.object('GET', { credentials })
      expect(reply).toMatchObject({
        status: 403,
        code: 'SignatureDoesNotMatch',
        ec: '0002-00000040',
      })
      expect(textsOf(reply, 'StringToSign')[0]).toMatch(/^OSS4-HMAC-SHA256\n/)
      expect(textsOf(reply, 'SignatureProvided')[0]).toMatch(/^[0-9a-f]{64}$/)
      expect(textsOf(reply, 'OSSAccessKeyId')).toEqual([credentials.accessKeyId])
      const [bytes = ''] = textsOf(reply, 'StringToSignBytes')
      const spelt = Buffer.from(bytes.replaceAll(' ', ''), 'hex').toString()
      expect(spelt).toBe(textsOf(reply, 'StringToSign')[0])
      expect(textsOf(reply, 'CanonicalRequest')[0]).toMatch(/^GET\n\/bucket\/key\n/)
      expect(reply.body.toString()).not.toContain('wrong')
    },
  ),
  rule('A request 16 minutes off is RequestTimeTooSkewed', 'EC 0002-00000504', async (world) => {
    for (const sign of [1, -1]) {
      const date = new Date(Date.now() + sign * 16 * MINUTE)
      const reply = await world.object('GET', { date })
      expect(reply).toMatchObject({ code: 'RequestTimeTooSkewed', ec: '0002-00000504' })
      expect(textsOf(reply, 'ServerTime')).toHaveLength(1)
    }
  }),
  rule('A request 14 minutes off is fine', 'EC 0002-00000504', async (world) => {
    await world.put()
    const date = new Date(Date.now() - 14 * MINUTE)
    expect((await world.object('GET', { date })).status).toBe(200)
  }),
  rule('A signature for another region is refused', 'EC 0002-00000226', async (world) => {
    const reply = await world.object('GET', { region: 'cn-beijing' })
    expect([400, 403]).toContain(reply.status)
    expect(reply.code).toMatch(/InvalidArgument|SignatureDoesNotMatch|AccessDenied/)
  }),
  rule('Authorization that cannot be read is InvalidArgument', 'Error responses', async (world) => {
    const reply = await raw(world, 'GET', {}, { authorization: 'Basic abc' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  }),
  rule(
    'V1 in the header is accepted, by Date or by x-oss-date',
    'Add a signature to the header',
    async (world) => {
      await world.put()
      const { credentials } = world.server.options()
      const request = { method: 'GET', bucket: 'bucket', key: 'key', query: {} }
      const date = new Date()
      const byDate = signV1({ ...request, headers: {} }, { credentials, date })
      expect((await raw(world, 'GET', {}, byDate.headers)).status).toBe(200)
      const headers = { 'x-oss-date': date.toUTCString() }
      const byOssDate = signV1({ ...request, headers }, { credentials, date })
      expect((await raw(world, 'GET', {}, byOssDate.headers)).status).toBe(200)
    },
  ),
  rule('A V1 signature without a date is AccessDenied', 'Error responses', async (world) => {
    const { credentials } = world.server.options()
    const request = { method: 'GET', bucket: 'bucket', key: 'key', query: {}, headers: {} }
    const { headers } = signV1(request, { credentials, date: new Date() })
    const { authorization = '' } = headers
    const reply = await raw(world, 'GET', {}, { authorization })
    expect(reply).toMatchObject({ status: 403, code: 'AccessDenied' })
  }),
  rule('An STS token opens by V1 and by presigned URLs too', 'STS', async (world) => {
    await world.put()
    const { region } = world.server.options()
    const credentials = world.server.issueToken(MINUTE)
    const request = { method: 'GET', bucket: 'bucket', key: 'key', query: {}, headers: {} }
    const date = new Date()
    const { headers } = signV1(request, { credentials, date })
    expect((await raw(world, 'GET', {}, headers)).status).toBe(200)
    const v1 = presignV1(request, { credentials, date, expiresSeconds: 60 })
    const v4 = presignV4(request, { credentials, date, region, expiresSeconds: 60 })
    for (const { query } of [v1, v4]) expect((await raw(world, 'GET', query)).status).toBe(200)
  }),
  rule('V4 with x-oss-date alone is accepted', 'Go SDK v2 signer/v4.go', async (world) => {
    await world.put()
    const { credentials, region } = world.server.options()
    const request = { method: 'GET', bucket: 'bucket', key: 'key', query: {}, headers: {} }
    const { headers } = signV4(request, { credentials, region, date: new Date() })
    delete headers.date
    expect((await raw(world, 'GET', {}, headers)).status).toBe(200)
  }),
  rule(
    'Presigned URLs of both versions are accepted',
    'Add a signature to a URL',
    async (world) => {
      await world.put()
      const { v1, v4 } = presign(world)
      expect((await raw(world, 'GET', v1)).body.toString()).toBe('content')
      expect((await raw(world, 'GET', v4)).body.toString()).toBe('content')
    },
  ),
  rule('A presigned URL expires', 'Add a signature to a URL', async (world) => {
    const { v1, v4 } = presign(world, { date: new Date(Date.now() - 2 * MINUTE) })
    for (const query of [v1, v4]) {
      const reply = await raw(world, 'GET', query)
      expect(reply).toMatchObject({ status: 403, code: 'AccessDenied' })
      expect(textsOf(reply, 'Message')).toEqual(['Request has expired.'])
    }
  }),
  rule('A presigned GET opens no PUT', 'Add a signature to a URL', async (world) => {
    for (const query of Object.values(presign(world))) {
      const reply = await raw(world, 'PUT', query, {}, 'x')
      expect(reply).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    }
  }),
  rule('An STS token opens what its pair signs', 'STS', async (world) => {
    const credentials = world.server.issueToken(MINUTE)
    expect((await world.object('PUT', { credentials, body: '' })).status).toBe(200)
  }),
  rule('An STS pair without its token is unknown', 'STS', async (world) => {
    const { accessKeyId, accessKeySecret } = world.server.issueToken(MINUTE)
    const reply = await world.object('GET', { credentials: { accessKeyId, accessKeySecret } })
    expect(reply.code).toBe('InvalidAccessKeyId')
  }),
  rule('An expired STS token is SecurityTokenExpired', 'STS', async (world) => {
    const credentials = world.server.issueToken(-1)
    const reply = await world.object('GET', { credentials })
    expect(reply).toMatchObject({ status: 403, code: 'SecurityTokenExpired' })
  }),
  rule('Another STS token is refused', 'STS', async (world) => {
    const mine = world.server.issueToken(MINUTE)
    const { securityToken } = world.server.issueToken(MINUTE)
    const swapped = await world.object('GET', { credentials: { ...mine, securityToken } })
    expect(swapped.code).toBe('AccessKeyIdAndSecurityTokenNotMatch')
    const forged = await world.object('GET', { credentials: { ...mine, securityToken: 'x' } })
    expect(forged.code).toBe('InvalidSecurityToken')
  }),
  rule('Nobody gets into a private bucket', 'Access control', async (world) => {
    await world.put()
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await world.object(method, { anonymous: true, body: '' })
      expect(reply).toMatchObject({ status: 403, code: 'AccessDenied' })
    }
    expect((await world.call({ method: 'GET', anonymous: true })).code).toBe('AccessDenied')
  }),
  rule('public-read opens reading and listing, not writing', 'PutBucketAcl', async (world) => {
    await world.put()
    await world.bucket('PUT', { acl: '' }, { headers: { 'x-oss-acl': 'public-read' }, body: '' })
    expect((await world.object('GET', { anonymous: true })).status).toBe(200)
    expect((await world.bucket('GET', {}, { anonymous: true })).status).toBe(200)
    expect((await world.object('PUT', { anonymous: true, body: '' })).status).toBe(403)
    expect((await world.bucket('GET', { acl: '' }, { anonymous: true })).status).toBe(403)
  }),
  rule('public-read-write opens uploading too', 'PutBucketAcl', async (world) => {
    const headers = { 'x-oss-acl': 'public-read-write' }
    await world.bucket('PUT', { acl: '' }, { headers, body: '' })
    expect((await world.object('PUT', { anonymous: true, body: '' })).status).toBe(200)
  }),
  rule("An object's own ACL goes before the bucket's", 'PutObjectAcl', async (world) => {
    await world.put('', { 'x-oss-object-acl': 'public-read' })
    expect((await world.object('GET', { anonymous: true })).status).toBe(200)
    await world.bucket('PUT', { acl: '' }, { headers: { 'x-oss-acl': 'public-read' }, body: '' })
    await world.put('', { 'x-oss-object-acl': 'private' })
    expect((await world.object('GET', { anonymous: true })).status).toBe(403)
  }),
  rule('response-* is not for nobody', 'GetObject', async (world) => {
    await world.put('', { 'x-oss-object-acl': 'public-read' })
    const query = { 'response-content-type': 'text/html' }
    expect((await world.object('GET', { anonymous: true, query })).status).toBe(400)
  }),
]
