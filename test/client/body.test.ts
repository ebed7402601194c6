import { truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareBody } from '../../src/client/body.js'
import { systemClock } from '../../src/client/clock.js'
import { InvalidOptionError } from '../../src/errors.js'
import { createMd5, md5Base64, md5Hex } from '../../src/protocol/digest.js'
import { begin, openClient } from '../helpers/open-client.js'

const CONTENT = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => i % 251))
let folder = ''
let path = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'body-'))
  path = join(folder, 'file')
})

afterAll(() => rm(folder, { recursive: true }))

function digestOf(bytes: Uint8Array): Uint8Array {
  const digest = createMd5()
  digest.update(bytes)
  return digest.digest()
}

const md5 = (bytes: Uint8Array) => md5Base64(digestOf(bytes))

describe('a body', () => {
  it.each([
    ['a string', '中文', Buffer.from('中文')],
    ['bytes', new Uint8Array([1, 2]), Buffer.from([1, 2])],
    ['a list', [Buffer.from('a'), new Uint8Array(0), Buffer.from('b')], Buffer.from('ab')],
    ['9 MB', Buffer.alloc(9_000_000, 'x'), Buffer.alloc(9_000_000, 'x')],
  ])('may be %s', async (_, body, expected) => {
    const prepared = await prepareBody(body, {}, systemClock)
    expect(prepared.size).toBe(expected.byteLength)
    expect(prepared.contentMd5).toBe(md5(expected))
  })

  it('in memory is not copied', async () => {
    const body = [Buffer.from('a'), Buffer.from('b')]
    const { source } = await prepareBody(body, {}, systemClock)
    expect(source).toBe(body)
  })

  it.each([undefined, null, 5, {}, ['text'], { path: 5 }])('may not be %o', async (body) => {
    const wrong: never = body as never
    const prepare = async () => prepareBody(wrong, {}, systemClock)
    await expect(prepare).rejects.toThrow(InvalidOptionError)
  })

  it.each([
    [{}, 0, CONTENT.byteLength],
    [{ start: 1_000_000 }, 1_000_000, CONTENT.byteLength],
    [{ start: 10, end: 700_010 }, 10, 700_010],
    [{ start: 7, end: 7 }, 7, 7],
  ])('may be the stretch %o of a file', async (range, start, end) => {
    await writeFile(path, CONTENT)
    const { server, client } = await openClient()
    const { key, uploadId } = await begin(client)
    server.faults.add({ operation: 'UploadPart' }, { drop: 'answer' })
    const body = { path, ...range }
    // What each attempt has stored.
    const stored = () => server.uploads.get(uploadId)?.parts.map(({ etag, size }) => [etag, size])
    let first: ReturnType<typeof stored>
    const onRetry = () => {
      first = stored()
    }
    const part = await client.uploadPart({ key, uploadId, partNumber: 1, body, onRetry })
    const expected = CONTENT.subarray(start, end)
    expect(part.size).toBe(expected.byteLength)
    expect(first).toEqual([[md5Hex(digestOf(expected)), expected.byteLength]])
    expect(stored()).toEqual(first)
    const sent = server.requests.of('UploadPart').map(({ headers }) => headers['content-md5'])
    expect(sent).toEqual([md5(expected), md5(expected)])
  })

  it.each([
    [{ path: '/nowhere/at/all' }, 'Cannot read `body.path`: ENOENT'],
    [{ path: tmpdir() }, 'Expected `body.path` to be a file'],
  ])('may not be %o', async (body, message) => {
    await expect(prepareBody(body, {}, systemClock)).rejects.toThrow(message)
  })

  it.each([{ start: -1 }, { end: CONTENT.byteLength + 1 }, { start: 5, end: 4 }, { start: 0.5 }])(
    'may not reach beyond a file: %o',
    async (range) => {
      await writeFile(path, CONTENT)
      const preparing = prepareBody({ path, ...range }, {}, systemClock)
      await expect(preparing).rejects.toThrow('to lie within the 1500000 bytes')
    },
  )

  it('that is a file which gets shorter between attempts is an error', async () => {
    await writeFile(path, CONTENT)
    const { server, client } = await openClient({ onRetry: () => truncateSync(path, 1_000_000) })
    server.faults.add({ times: Infinity }, { status: 503 })
    const error = await client.putObject({ key: 'k', body: { path } }).catch((reason) => reason)
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ operation: 'PutObject', attempts: 2 })
    expect(error.message).toContain('ended after 1000000')
  })

  it('that is a file which changes between attempts keeps its first MD5, for the service to notice', async () => {
    await writeFile(path, CONTENT)
    const { server, client } = await openClient({
      retry: { maxAttempts: 2 },
      onRetry: () => writeFileSync(path, Buffer.alloc(CONTENT.byteLength)),
    })
    server.faults.add({}, { status: 503 })
    const call = client.putObject({ key: 'k', body: { path } })
    await expect(call).rejects.toMatchObject({ ossCode: 'InvalidDigest', attempts: 2 })
    const sent = server.requests.all.map(({ headers }) => headers['content-md5'])
    expect(sent).toEqual([md5(CONTENT), md5(CONTENT)])
  })
})
