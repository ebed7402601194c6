// Holds our signers to those of ali-oss on generated requests, where the two are known to agree:
// ali-oss sorts raw query names by locale, so names here are lower-case letters.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signV1 } from '../../src/protocol/signature-v1.js'
import { presignV4, signV4 } from '../../src/protocol/signature-v4.js'
import { text } from '../helpers/signatures.js'

interface AliSigner {
  buildCanonicalString(
    method: string,
    resource: string,
    request: { headers: Record<string, string>; parameters: Record<string, string> },
  ): string
  authorization(id: string, secret: string, canonical: string, headerEncoding: string): string
  authorizationV4(
    id: string,
    secret: string,
    region: string,
    method: string,
    request: { headers: Record<string, string>; queries: Record<string, string | null> },
    bucket: string | undefined,
    key: string | undefined,
    additionalHeaders: string[],
    headerEncoding: string,
  ): string
}

const ali: AliSigner = createRequire(import.meta.url)('ali-oss/lib/common/signUtils.js')

const word = fc.stringMatching(/^[a-z]{1,8}$/)
const ascii = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/)
const utf8 = text({ minLength: 1 })
  .filter((value) => !/\p{Cc}|\s|\ufeff/u.test(value))
  .map((value) => Buffer.from(value).toString('latin1'))
  // In V1 ali-oss trims a final byte A0, which it takes for a no-break space.
  .filter((value) => !value.endsWith('\u00a0'))

const requests = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
  bucket: fc.stringMatching(/^[a-z0-9]{3,10}$/),
  key: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  query: fc.dictionary(word, fc.string({ unit: 'binary', maxLength: 10 }), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  meta: fc.dictionary(word, fc.oneof(ascii, utf8), { maxKeys: 3, noNullPrototype: true }),
  contentType: fc.option(ascii, { nil: undefined }),
  contentMd5: fc.option(fc.base64String({ minLength: 24, maxLength: 24 }), { nil: undefined }),
  host: ascii,
  accessKeySecret: ascii,
  date: fc.date({ min: new Date('2001-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }),
  region: fc.constantFrom('cn-hangzhou', 'us-west-1'),
  securityToken: fc.option(ascii, { nil: undefined }),
})

type Given = typeof requests extends fc.Arbitrary<infer T> ? T : never

function headersOf(given: Given): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given.meta)) headers[`x-oss-meta-${name}`] = value
  if (given.contentType !== undefined) headers['content-type'] = given.contentType
  if (given.contentMd5 !== undefined) headers['content-md5'] = given.contentMd5
  return headers
}

function credentialsOf({ accessKeySecret, securityToken }: Given) {
  return { accessKeyId: 'ak', accessKeySecret, securityToken }
}

function unsigned(headers: Record<string, string>): Record<string, string> {
  const { authorization: _, ...rest } = headers
  return rest
}

describe('ali-oss', () => {
  it('signs as signV4 does', () => {
    fc.assert(
      fc.property(requests, (given) => {
        const { method, bucket, key, query, date, region } = given
        const headers = { ...headersOf(given), host: given.host }
        const ours = signV4(
          { method, bucket, key, query, headers },
          { credentials: credentialsOf(given), date, region, additionalHeaders: ['Host'] },
        )
        const queries = Object.fromEntries(
          Object.entries(query).map(([name, value]) => [name, value === '' ? null : value]),
        )
        const theirs = ali.authorizationV4(
          'ak',
          given.accessKeySecret,
          region,
          method,
          { headers: unsigned(ours.headers), queries },
          bucket,
          key,
          ['Host'],
          'latin1',
        )
        expect(ours.headers.authorization).toBe(theirs)
      }),
    )
  })

  it('signs as presignV4 does', () => {
    fc.assert(
      fc.property(requests, (given) => {
        const { method, bucket, key, date, region } = given
        const headers = headersOf(given)
        const ours = presignV4(
          { method, bucket, key, query: {}, headers },
          { credentials: credentialsOf(given), date, region, expiresSeconds: 60 },
        )
        const { 'x-oss-signature': signature, ...queries } = ours.query
        const theirs = ali.authorizationV4(
          'ak',
          given.accessKeySecret,
          region,
          method,
          { headers, queries },
          bucket,
          key,
          [],
          'latin1',
        )
        expect(theirs.endsWith(`,Signature=${signature}`)).toBe(true)
      }),
    )
  })

  it('signs as signV1 does', () => {
    const subresources = fc.record(
      { uploadId: word, partNumber: word, uploads: fc.constant(''), acl: fc.constant('') },
      { requiredKeys: [], noNullPrototype: true },
    )
    fc.assert(
      fc.property(requests, subresources, word, (given, query, key) => {
        const { method, bucket, date } = given
        // ali-oss takes all of the text as Latin-1 if it takes headers so: keys are ASCII here.
        const headers = { ...headersOf(given), 'x-oss-date': date.toUTCString() }
        const ours = signV1(
          { method, bucket, key, query: { ...query, prefix: 'unsigned' }, headers },
          { credentials: credentialsOf(given), date },
        )
        const canonical = ali.buildCanonicalString(method, `/${bucket}/${key}`, {
          headers: unsigned(ours.headers),
          parameters: { ...query },
        })
        const theirs = ali.authorization('ak', given.accessKeySecret, canonical, 'latin1')
        expect(ours.headers.authorization).toBe(theirs)
      }),
    )
  })

  it('signs any key as signV1 does', () => {
    fc.assert(
      fc.property(requests, (given) => {
        const { method, bucket, key, date } = given
        const headers = { 'x-oss-date': date.toUTCString() }
        const ours = signV1(
          { method, bucket, key, query: {}, headers },
          { credentials: { ...credentialsOf(given), securityToken: undefined }, date },
        )
        const canonical = ali.buildCanonicalString(method, `/${bucket}/${key}`, {
          headers,
          parameters: {},
        })
        expect(ours.stringToSign).toBe(canonical)
        const theirs = ali.authorization('ak', given.accessKeySecret, canonical, 'utf-8')
        expect(ours.headers.authorization).toBe(theirs)
      }),
    )
  })
})
