/** Many objects in one request, and what is done where that does not tell, or cannot carry a key. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { survivesXml } from '../../src/client/delete-objects.js'
import { InvalidOptionError, ServiceError } from '../../src/errors.js'
import { verifyV1 } from '../../src/protocol/signature-v1.js'
import { verifyV4 } from '../../src/protocol/signature-v4.js'
import { encodeDeleteResult } from '../../src/protocol/xml-objects.js'
import { startServer } from '../helpers/http-server.js'
import { openClient } from '../helpers/open-client.js'
import { KEYS, testClient } from '../helpers/test-client.js'

async function withObjects(...keys: readonly string[]) {
  const opened = await openClient()
  for (const key of keys) await opened.client.putObject({ key, body: 'x' })
  opened.server.requests.clear()
  const left = () => opened.server.objects.list().map(({ key }) => key)
  return { ...opened, left }
}

const keysOf = (list: readonly { readonly key: string }[]) => list.map(({ key }) => key)

/** An answer that names these keys. */
const naming = (...keys: readonly string[]) => ({
  status: 200,
  process: true,
  body: encodeDeleteResult({ deleted: keys.map((key) => ({ key })), encodingType: 'url' }),
})

describe('deleteObjects', () => {
  it('deletes in one request, in the order given, whether or not there were such objects', async () => {
    const { client, server, left } = await withObjects('a', 'b&<c>"\'', 'ü/😀 +%2B', 'other')
    const keys = ['ü/😀 +%2B', 'nothing', 'a', 'b&<c>"\'', 'a']
    expect(await client.deleteObjects({ keys })).toEqual({
      bucket: 'bucket',
      deleted: keys.map((key) => ({ key, deleteMarker: false })),
      failed: [],
    })
    expect(server.requests.operations()).toEqual(['DeleteMultipleObjects'])
    expect(left()).toEqual(['other'])
  })

  it.each(['v4', 'v1'] as const)(
    'says with %s what shall be deleted, and its MD5',
    async (version) => {
      await using server = await startServer(() => ({
        body: encodeDeleteResult({ deleted: [{ key: 'a' }] }),
      }))
      const { client } = testClient(server.origin, { signatureVersion: version })
      await client.deleteObjects({ keys: ['a'], bucket: 'other' })
      const [request] = server.requests
      expect(request).toMatchObject({ method: 'POST', path: '/other/?delete&encoding-type=url' })
      expect(request?.headers).toMatchObject({
        'content-type': 'application/xml',
        'content-md5': expect.stringMatching(/^[\w+/]{22}==$/),
      })
      expect(request?.body.toString()).toMatch(
        /<Delete>\s*<Quiet>false<\/Quiet>\s*<Object>\s*<Key>a<\/Key>\s*<\/Object>\s*<\/Delete>/,
      )
      const headers = Object.fromEntries(
        Object.entries(request?.headers ?? {}).map(([name, value]) => [name, String(value)]),
      )
      const signable = {
        method: 'POST',
        bucket: 'other',
        headers,
        query: { delete: '', 'encoding-type': 'url' },
      }
      const context = {
        now: new Date(),
        region: 'cn-hangzhou',
        lookup: () => ({ accessKeySecret: KEYS.accessKeySecret }),
      }
      const verify = version === 'v4' ? verifyV4 : verifyV1
      expect(verify(signable, context)).toMatchObject({ ok: true })
    },
  )

  it('tells the delete markers of a bucket with versioning', async () => {
    const { client, server } = await withObjects('a')
    const marked = { key: 'a', deleteMarker: true, deleteMarkerVersionId: 'V' }
    server.faults.add({}, { status: 200, body: encodeDeleteResult({ deleted: [marked] }) })
    const { deleted } = await client.deleteObjects({ keys: ['a'] })
    expect(deleted).toEqual([{ key: 'a', deleteMarker: true, versionId: 'V' }])
  })

  it('asks again, by itself, for what the answer does not name', async () => {
    const { client, server, left } = await withObjects('a', 'b', 'c')
    server.faults.add(
      { operation: 'DeleteMultipleObjects' },
      { ...naming('a', 'foreign'), process: false },
    )
    server.faults.add(
      { operation: 'DeleteObject', key: 'b' },
      { status: 403, code: 'AccessDenied' },
    )
    const { deleted, failed } = await client.deleteObjects({ keys: ['a', 'b', 'c'] })
    expect(keysOf(deleted)).toEqual(['a', 'c'])
    expect(failed).toEqual([{ key: 'b', error: expect.any(ServiceError) }])
    expect(failed[0]?.error).toMatchObject({ ossCode: 'AccessDenied', operation: 'DeleteObject' })
    expect(server.requests.operations()).toEqual([
      'DeleteMultipleObjects',
      'DeleteObject',
      'DeleteObject',
    ])
    // The answer has lied about it: the service deleted nothing.
    expect(left()).toEqual(['a', 'b'])
  })

  it('takes an answer without a body for none', async () => {
    const { client, server, left } = await withObjects('a', 'b')
    server.faults.add({ operation: 'DeleteMultipleObjects' }, { status: 200, body: '' })
    const { deleted } = await client.deleteObjects({ keys: ['a', 'b'] })
    expect([keysOf(deleted), left()]).toEqual([['a', 'b'], []])
    expect(server.requests.of('DeleteObject')).toHaveLength(2)
  })

  it('deletes one by one what a document cannot carry', async () => {
    const odd = ['a\u0001', 'a\nb', 'a\rb', 'tab\t', ' a', 'a ', '\u00a0a', 'a\ufffe', 'a\u007f']
    const { client, server, left } = await withObjects('a', 'b', ...odd)
    const { deleted, failed } = await client.deleteObjects({ keys: ['b', ...odd] })
    expect([keysOf(deleted), failed]).toEqual([['b', ...odd], []])
    expect(left()).toEqual(['a'])
    expect(server.requests.of('DeleteMultipleObjects')).toHaveLength(1)
    expect(server.requests.of('DeleteObject').map(({ key }) => key)).toEqual(odd)
  })

  it('sends no document where it could carry no key', async () => {
    const { client, server } = await withObjects('a\n')
    await client.deleteObjects({ keys: ['a\n'] })
    expect(server.requests.operations()).toEqual(['DeleteObject'])
  })

  it('deletes exactly what it is told to', async () => {
    const key = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 12 })
      .filter((text) => !/\p{Surrogate}|^[/\\]/u.test(text))
    const { client, server } = await openClient()
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { minLength: 1, maxLength: 8 }),
        fc.nat(7),
        async (all, n) => {
          for (const each of all) await client.putObject({ key: each, body: '' })
          const [first = '', ...rest] = all
          const keys = [first, ...rest.slice(0, n)]
          const { deleted, failed } = await client.deleteObjects({ keys })
          expect([keysOf(deleted), failed]).toEqual([keys, []])
          const left = server.objects.list().map((object) => object.key)
          expect(new Set(left)).toEqual(new Set(rest.slice(n)))
          for (const each of left) await client.deleteObject({ key: each })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('divides what is longer than a request may be', async () => {
    const { client, server } = await openClient()
    // Five bytes each in a document.
    const keys = Array.from({ length: 1000 }, (_, n) => `${n}`.padEnd(600, '&'))
    const { deleted } = await client.deleteObjects({ keys })
    expect(keysOf(deleted)).toEqual(keys)
    const requests = server.requests.of('DeleteMultipleObjects')
    expect(requests).toHaveLength(2)
    for (const { contentLength } of requests) expect(contentLength).toBeLessThanOrEqual(2_000_000)
  })

  it.each([
    ['no keys', []],
    ['1001 keys', Array.from({ length: 1001 }, (_, n) => `${n}`)],
    ['no array', 'key'],
    ['an empty key', ['a', '']],
    ['no text', ['a', 5]],
    ['a key that is none', ['a', '/b']],
  ])('refuses %s, and deletes nothing', async (_name, keys) => {
    const { client, server, left } = await withObjects('a')
    const error = await client.deleteObjects({ keys: keys as string[] }).catch((reason) => reason)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ option: 'keys' })
    expect([server.requests.all, left()]).toEqual([[], ['a']])
  })

  it('fails as a whole where the request does, after its retries', async () => {
    const { client, server, notices, left } = await withObjects('a')
    server.faults.add({}, { status: 503 })
    server.faults.add({ skip: 1 }, { status: 403, code: 'AccessDenied' })
    await expect(client.deleteObjects({ keys: ['a', 'b\n'] })).rejects.toMatchObject({
      ossCode: 'AccessDenied',
      operation: 'DeleteMultipleObjects',
      attempts: 2,
    })
    expect([notices.length, left()]).toEqual([1, ['a']])
    expect(server.requests.of('DeleteObject')).toEqual([])
  })

  it.each([
    ['a log-in page', '<html>Log in, please</html>'],
    ['an error', '<Error><Code>InternalError</Code></Error>'],
    ['a list of nothing', '<DeleteResult><Deleted></Deleted></DeleteResult>'],
  ])('does not take a 200 with %s for objects that are gone', async (_name, body) => {
    const { client, server } = await withObjects('a')
    server.faults.add({ times: Infinity }, { status: 200, body })
    await expect(client.deleteObjects({ keys: ['a'] })).rejects.toThrow()
  })

  it('is given up with the reason of its signal', async () => {
    const { client, server } = await withObjects('a\n', 'b')
    const reason = new Error('enough')
    const giving = new AbortController()
    server.faults.add({ operation: 'DeleteObject' }, { status: 503 })
    const call = client.deleteObjects({
      keys: ['b', 'a\n'],
      signal: giving.signal,
      onRetry: () => giving.abort(reason),
    })
    await expect(call).rejects.toBe(reason)
  })
})

it.each([
  [true, 'a b/ü😀+%20&<>"\''],
  [true, 'a\u2028b'],
  [false, 'a\u0000b'],
  [false, 'a\u001f'],
  [false, 'a\u0085b'],
  [false, 'a\uffffb'],
  [false, ' a'],
  [false, 'a\u3000'],
])('%s: a document carries %j', (expected, key) => {
  expect(survivesXml(key)).toBe(expected)
})
