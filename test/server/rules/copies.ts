import { expect } from 'vitest'
import { crc64, createMd5, md5Hex } from '../../../src/protocol/digest.js'
import { type Rule, rule, textsOf } from './rule.js'

const CONTENT = Buffer.from('0123456789')

function md5(bytes: Uint8Array): Uint8Array {
  const hash = createMd5()
  hash.update(bytes)
  return hash.digest()
}

export const COPY_RULES: readonly Rule[] = [
  rule('CopyObject copies content and metadata', 'CopyObject', async (world) => {
    await world.put(CONTENT, { 'x-oss-meta-a': 'b', 'content-type': 'text/plain' }, 'ä +/src')
    const source = '/bucket/%C3%A4%20%2B/src'
    const copied = await world.object('PUT', { headers: { 'x-oss-copy-source': source }, body: '' })
    expect(copied.status).toBe(200)
    expect(textsOf(copied, 'ETag')).toEqual([`"${md5Hex(md5(CONTENT))}"`])
    const got = await world.get()
    expect(got.body.equals(CONTENT)).toBe(true)
    expect(got.headers).toMatchObject({ 'x-oss-meta-a': 'b', 'content-type': 'text/plain' })
  }),
  rule('CopyObject with REPLACE takes the metadata of the request', 'CopyObject', async (world) => {
    await world.put(CONTENT, { 'x-oss-meta-a': 'b' })
    const headers = {
      'x-oss-copy-source': '/bucket/key',
      'x-oss-metadata-directive': 'REPLACE',
      'x-oss-meta-c': 'd',
    }
    expect((await world.object('PUT', { headers, body: '' })).status).toBe(200)
    const got = await world.get()
    expect(got.body.equals(CONTENT)).toBe(true)
    expect(got.headers['x-oss-meta-c']).toBe('d')
    expect(got.headers).not.toHaveProperty('x-oss-meta-a')
  }),
  rule('CopyObject keeps the tags, or takes new ones', 'CopyObject', async (world) => {
    await world.put('', { 'x-oss-tagging': 'a=b' }, 'source')
    const copy = async (headers: Record<string, string>) => {
      const all = { 'x-oss-copy-source': '/bucket/source', 'x-oss-tagging': 'c=d', ...headers }
      await world.object('PUT', { headers: all, body: '' })
      return world.server.objects.get('bucket', 'key')?.tagging
    }
    expect(await copy({})).toEqual({ a: 'b' })
    expect(await copy({ 'x-oss-tagging-directive': 'REPLACE' })).toEqual({ c: 'd' })
  }),
  rule('A copy outlives its source', 'CopyObject', async (world) => {
    await world.put(CONTENT, {}, 'source')
    await world.object('PUT', { headers: { 'x-oss-copy-source': '/bucket/source' }, body: '' })
    await world.object('DELETE', { key: 'source' })
    expect((await world.get()).body.equals(CONTENT)).toBe(true)
    await world.object('DELETE')
    expect(world.server.storedBodies).toBe(0)
  }),
  rule(
    'CopyObject refuses by its own conditions and forbid-overwrite',
    'CopyObject',
    async (world) => {
      const etag = String((await world.put()).headers.etag)
      const copy = async (headers: Record<string, string>) => {
        const all = { 'x-oss-copy-source': '/bucket/key', ...headers }
        return (await world.object('PUT', { headers: all, body: '' })).status
      }
      expect(await copy({ 'x-oss-copy-source-if-match': '"0"' })).toBe(412)
      expect(await copy({ 'x-oss-copy-source-if-none-match': etag })).toBe(304)
      expect(await copy({ 'x-oss-forbid-overwrite': 'true' })).toBe(409)
      expect(await copy({ 'x-oss-copy-source': '/bucket/none' })).toBe(404)
      expect(await copy({ 'x-oss-copy-source': '/nobucket/key' })).toBe(404)
    },
  ),
  rule('AppendObject grows an object at its end', 'AppendObject', async (world) => {
    const append = (position: number, body: string) =>
      world.object('POST', { query: { append: '', position: String(position) }, body })
    const first = await append(0, 'abc')
    expect(first.headers['x-oss-next-append-position']).toBe('3')
    const second = await append(3, 'de')
    expect(second.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(Buffer.from('abcde'))))
    const got = await world.get()
    expect(got.body.toString()).toBe('abcde')
    expect(got.headers['x-oss-object-type']).toBe('Appendable')
    expect(got.headers).not.toHaveProperty('content-md5')
  }),
  rule('AppendObject elsewhere is PositionNotEqualToLength', 'EC 0026-00000016', async (world) => {
    const reply = await world.object('POST', { query: { append: '', position: '1' }, body: 'x' })
    expect(reply).toMatchObject({
      status: 409,
      code: 'PositionNotEqualToLength',
      ec: '0026-00000016',
    })
    expect(reply.headers['x-oss-next-append-position']).toBe('0')
  }),
  rule('AppendObject to another object is ObjectNotAppendable', 'AppendObject', async (world) => {
    await world.put()
    const reply = await world.object('POST', { query: { append: '', position: '7' }, body: 'x' })
    expect(reply).toMatchObject({ status: 409, code: 'ObjectNotAppendable' })
  }),
]
