/** Whole uploads and downloads against a server that lies about what it has. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { createMd5, md5Hex } from '../../src/protocol/digest.js'
import { encodeListPartsResult } from '../../src/protocol/xml.js'
import { createOssReadStream } from '../../src/read-stream.js'
import type { OssServer } from '../../src/server/server.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'
import { testClient } from '../helpers/test-client.js'
import { startEvilServer } from './evil-server.js'
import { headOf, written } from './good-answers.js'

const INPUT = bytes(5.5 * PART)

interface Told {
  readonly partNumber: number
  readonly etag: string
  readonly size: number
}

function md5(partNumber: number): string {
  const digest = createMd5()
  digest.update(INPUT.subarray((partNumber - 1) * PART, partNumber * PART))
  return md5Hex(digest.digest())
}

function part(partNumber: number, change: Partial<Told> = {}): Told {
  return { partNumber, etag: md5(partNumber), size: PART, ...change }
}

/** An upload of an earlier run with parts 1 and 2, about which ListParts now tells something else. */
async function resumed(told: readonly Told[]) {
  const server = await startServer()
  const checkpoint = new MemoryCheckpoint()
  const open = () =>
    createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, { checkpoint }))
  const first = open()
  first.write(INPUT.subarray(0, 2 * PART + 1))
  while (first.partsUploaded < 2) await once(first, 'part')
  first.destroy()
  await first.settled
  server.requests.clear()
  const body = encodeListPartsResult({
    ...{ bucket: 'bucket', key: KEY, uploadId: server.uploads.list()[0]?.uploadId ?? '' },
    ...{ partNumberMarker: 0, nextPartNumberMarker: 0, maxParts: 1000, isTruncated: false },
    parts: told,
  })
  server.faults.add({ operation: 'ListParts' }, { status: 200, body })
  return { server, out: open() }
}

function sent(server: OssServer): (number | undefined)[] {
  const numbers = server.requests.of('UploadPart').map(({ partNumber }) => partNumber)
  return numbers.sort((a = 0, b = 0) => a - b)
}

describe('an upload that is gone on with', () => {
  it.each([
    ['of other bytes', [part(1), part(2, { etag: md5(3) })], [2, 3, 4, 5, 6]],
    ['of another size', [part(1), part(2, { size: PART - 1 })], [2, 3, 4, 5, 6]],
    ['without a digest', [part(1, { etag: 'none' }), part(2)], [1, 3, 4, 5, 6]],
    ['beyond the end of the source', [part(1), part(2), part(9)], [3, 4, 5, 6]],
    ['of more bytes than there are', [part(1, { size: 2 ** 53 - 1 })], [1, 2, 3, 4, 5, 6]],
  ])('sends again what is told to be there %s', async (_, told, expected) => {
    const { server, out } = await resumed(told)
    await finished(out.end(INPUT))
    expect(sent(server)).toEqual(expected)
    expect((await stored(server))?.equals(INPUT)).toBe(true)
    expect(server.uploads.list()).toEqual([])
  })

  it('publishes nothing where a part that was never sent is told to be there', async () => {
    const { server, out } = await resumed([part(1), part(2), part(4)])
    out.end(INPUT)
    expect(await ending(out)).toMatchObject({ code: 'ERR_OSS_UPLOAD', outcome: 'absent' })
    expect(sent(server)).toEqual([3, 5, 6])
    expect(stored(server)).toBeUndefined()
  })
})

describe('a download', () => {
  const MIB = 1024 ** 2
  const ETAG: [string, string] = ['ETag', '"A"']

  /** The head of a range of 1 MiB. */
  function range(contentRange: string, length = MIB, ...more: [string, string][]): string {
    const headers: [string, string][] = [
      ['Content-Range', contentRange],
      ['Content-Length', String(length)],
    ]
    return headOf({ status: 206, headers: [...(more.length > 0 ? more : [ETAG]), ...headers] })
  }

  it.each([
    ['of more bytes than numbers count', range('bytes 0-1048575/9007199254740993'), MIB],
    ['of 2^53 - 1 bytes, of which one MiB comes', range('bytes 0-1048575/9007199254740991'), MIB],
    ['of less than nothing', range('bytes 5-2/10', 5), 0],
    ['of another range', range('bytes 1-1048576/9000000'), 0],
    ['of more than was asked for', range('bytes 0-2097151/9000000', 2 * MIB), 0],
    ['of a range that is no number', range('bytes 0-1e6/9000000'), 0],
    ['of a range of letters', range('letters a-z/26', 26), 0],
    ['of a range without a whole', range('bytes 0-1048575/*'), 0],
    ['of a range without an ETag', range('bytes 0-1048575/9000000', MIB, ['X', 'x']), 0],
    ['without a length', headOf({ status: 200, headers: [ETAG] }), 0],
    ['without a range', headOf({ status: 206, headers: [ETAG, ['Content-Length', '5']] }), 0],
  ])('%s ends with an error, and takes no more than it has room for', async (_, head, most) => {
    const server = await startEvilServer(function* (_request, socket) {
      if (server.requests.length > 1) {
        yield written({ status: 404, headers: [], body: '' })
        return
      }
      yield head
      for (let i = 0; i < 64 && !socket.destroyed; i++) yield Buffer.alloc(MIB / 16)
    })
    const { client } = testClient(server.origin, { retry: { maxAttempts: 2 } })
    const partSize = MIB
    const source = createOssReadStream('oss://bucket/k', { client, partSize, concurrency: 1 })
    let received = 0
    const reading = async () => {
      for await (const chunk of source) received += chunk.byteLength
    }
    await expect(reading()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_OSS_(DOWNLOAD|OBJECT_CHANGED|RANGE|CORRUPT_DOWNLOAD)$/),
    })
    expect(received).toBeLessThanOrEqual(most)
    expect(server.requests.length).toBeLessThan(6)
  })
})
