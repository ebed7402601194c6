/** Every byte is vouched for: by MD5 on the way in, by CRC-64 from end to end, and by us if asked to. */
import { createHash } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import { DigestMismatchError } from '../../src/errors.js'
import type { Integrity, OssWriteStreamOptions } from '../../src/options.js'
import { crc64 } from '../../src/protocol/digest.js'
import { UploadError } from '../../src/upload-errors.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, type Opened, openStream, stored } from '../helpers/open-stream.js'

const INPUT = bytes(2.5 * PART)
const SMALL = bytes(1000, 2)
const CRC64 = 'x-oss-hash-crc64ecma'
const PARTS = [INPUT.subarray(0, PART), INPUT.subarray(PART, 2 * PART), INPUT.subarray(2 * PART)]

const SECOND = { operation: 'UploadPart', partNumber: 2 } as const

const md5 = (content: Uint8Array) => createHash('md5').update(content)

/** A stream whose retries are watched. */
async function watched(options: OssWriteStreamOptions = {}) {
  const opened = await openStream(options)
  const notices: RetryNotice[] = []
  opened.out.on('retry', (notice) => notices.push(notice))
  return { ...opened, notices }
}

async function failed({ out }: Opened): Promise<UploadError> {
  const error = await ending(out)
  if (!(error instanceof UploadError)) throw new Error('no UploadError', { cause: error })
  return error
}

async function expectWhole({ server }: Opened, input: Buffer): Promise<void> {
  expect((await stored(server))?.equals(input)).toBe(true)
  expect(server.uploads.list()).toEqual([])
}

describe('Content-MD5', () => {
  it.each([undefined, 'md5', 'md5+crc64'] as const)(
    'goes with every part and tells its bytes, with `integrity: %s`',
    async (integrity) => {
      const { server, out } = await openStream({ integrity })
      await finished(out.end(INPUT))
      const sent = new Map(
        server.requests
          .of('UploadPart')
          .map(({ partNumber, headers }) => [partNumber, headers['content-md5']]),
      )
      expect(sent.size).toBe(3)
      for (const [index, part] of PARTS.entries()) {
        expect(sent.get(index + 1)).toBe(md5(part).digest('base64'))
      }
    },
  )

  it('goes with a Put, also with that of no bytes', async () => {
    for (const input of [SMALL, Buffer.alloc(0)]) {
      const { server, out } = await openStream()
      await finished(out.end(input))
      const [put] = server.requests.of('PutObject')
      expect(put?.headers['content-md5']).toBe(md5(input).digest('base64'))
    }
  })

  it.each(['crc64', false] as const)(
    'is left out with `integrity: %s`; the object is whole all the same',
    async (integrity) => {
      for (const input of [INPUT, SMALL]) {
        const opened = await openStream({ integrity })
        await finished(opened.out.end(input))
        const { requests } = opened.server
        const uploads = [...requests.of('UploadPart'), ...requests.of('PutObject')]
        expect(uploads).not.toEqual([])
        for (const { headers } of uploads) expect(headers).not.toHaveProperty('content-md5')
        await expectWhole(opened, input)
        expect(opened.out.result?.crc64).toBe(String(crc64(input)))
      }
    },
  )
})

describe('a bit that flips on the way', () => {
  it.each([
    ['a part', SECOND, INPUT],
    ['a Put', { operation: 'PutObject' }, SMALL],
    ['the list of parts', { operation: 'CompleteMultipartUpload' }, INPUT],
  ] as const)('in %s is refused by the service, and sent again', async (_name, which, input) => {
    const opened = await watched()
    const { server, out, notices } = opened
    const wire = server.faults.add(which, { corrupt: 'received' })
    await finished(out.end(input))
    expect(wire.hits).toBe(1)
    expect(notices).toMatchObject([
      { operation: which.operation, error: { status: 400, ossCode: 'InvalidDigest' } },
    ])
    await expectWhole(opened, input)
    expect(out.result?.retries).toBe(1)
  })

  it('every time fails the upload, with nothing published', async () => {
    const { server, out } = await openStream()
    server.faults.add({ ...SECOND, times: Infinity }, { corrupt: 'received' })
    out.end(INPUT)
    expect(await ending(out)).toMatchObject({
      operation: 'UploadPart',
      partNumber: 2,
      ossCode: 'InvalidDigest',
      attempts: 5,
      outcome: 'absent',
    })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it.each(['crc64', 'md5+crc64'] as const)(
    'is seen without the service, too, with `integrity: %s`',
    async (integrity) => {
      const opened = await openStream({ integrity })
      const { server, out } = opened
      const wire = server.faults.add(SECOND, { corrupt: 'received' })
      await finished(out.end(INPUT))
      expect(wire.hits).toBe(1)
      await expectWhole(opened, INPUT)
      expect(out.result).toMatchObject({ retries: 1, crc64: String(crc64(INPUT)) })
    },
  )
})

describe("an ETag that is not the bytes' MD5", () => {
  it.each([
    ['UploadPart', INPUT, 2],
    ['PutObject', SMALL, undefined],
  ] as const)('makes %s be sent again', async (operation, input, partNumber) => {
    const opened = await watched()
    opened.server.faults.add(
      { operation, ...(partNumber !== undefined && { partNumber }) },
      { corrupt: 'etag' },
    )
    await finished(opened.out.end(input))
    await expectWhole(opened, input)
    expect(opened.notices).toHaveLength(1)
    expect(opened.notices[0]).toMatchObject({ operation, attempt: 1 })
    expect(opened.notices[0]?.error).toBeInstanceOf(DigestMismatchError)
  })

  it('every time fails the upload and names the part', async () => {
    const opened = await openStream()
    opened.server.faults.add(
      { operation: 'UploadPart', partNumber: 2, times: 99 },
      { corrupt: 'etag' },
    )
    opened.out.end(INPUT)
    const error = await failed(opened)
    const expected = md5(PARTS[1] ?? SMALL)
      .digest('hex')
      .toUpperCase()
    expect(error).toMatchObject({ operation: 'UploadPart', partNumber: 2, attempts: 5 })
    expect(error).toMatchObject({ outcome: 'absent', uploadId: opened.out.uploadId })
    expect(error.cause).toBeInstanceOf(DigestMismatchError)
    expect(error.cause).toMatchObject({ algorithm: 'md5', expected, partNumber: 2 })
    expect(error.message).toContain(`MD5 of part 2 is ${expected}, the service has `)
    expect(opened.server.objects.list()).toEqual([])
    expect(opened.server.uploads.list()).toEqual([])
  })

  it('is no failure where nobody asked for MD5', async () => {
    const opened = await watched({ integrity: 'crc64' })
    opened.server.faults.add({ operation: 'PutObject' }, { corrupt: 'etag' })
    await finished(opened.out.end(SMALL))
    await expectWhole(opened, SMALL)
    expect(opened.notices).toEqual([])
  })

  it('is none where the service encrypts with KMS', async () => {
    const opened = await watched({ serverSideEncryption: 'KMS' })
    const { faults } = opened.server
    faults.add({ operation: 'PutObject' }, { corrupt: 'etag' })
    faults.add({ operation: 'PutObject' }, { setHeader: { 'x-oss-server-side-encryption': 'KMS' } })
    await finished(opened.out.end(SMALL))
    expect(opened.notices).toEqual([])
  })
})

describe("a part's CRC-64 that is not the bytes'", () => {
  it('comes out when Complete is answered: the object is published, and the error says so', async () => {
    const opened = await watched()
    opened.server.faults.add(SECOND, { corrupt: 'crc64' })
    opened.out.end(INPUT)
    const error = await failed(opened)
    expect(error).toMatchObject({ code: 'ERR_OSS_UPLOAD', outcome: 'published' })
    expect(error.cause).toBeInstanceOf(DigestMismatchError)
    expect(error.cause).toMatchObject({ algorithm: 'crc64', actual: String(crc64(INPUT)) })
    expect(error.message).toMatch(
      /^CRC-64 of oss:\/\/bucket\/dir\/object is \d+, the service has \d+; the object is published nevertheless$/,
    )
    expect(opened.out.outcome).toBe('published')
    expect(opened.out.result).toBeUndefined()
    expect(opened.server.requests.of('AbortMultipartUpload')).toEqual([])
    expect(opened.server.objects.get('bucket', KEY)?.size).toBe(INPUT.length)
    expect(opened.notices).toEqual([])
  })

  it.each(['crc64', 'md5+crc64'] as const)(
    'makes the part be sent again with `integrity: %s`',
    async (integrity) => {
      const opened = await watched({ integrity })
      opened.server.faults.add(SECOND, { corrupt: 'crc64' })
      await finished(opened.out.end(INPUT))
      await expectWhole(opened, INPUT)
      expect(opened.notices).toMatchObject([
        { operation: 'UploadPart', partNumber: 2, error: { algorithm: 'crc64' } },
      ])
      expect(opened.server.requests.of('UploadPart')).toHaveLength(4)
    },
  )

  it('every time fails the upload with `integrity: md5+crc64`', async () => {
    const opened = await openStream({ integrity: 'md5+crc64' })
    opened.server.faults.add({ operation: 'UploadPart', times: 99 }, { corrupt: 'crc64' })
    opened.out.end(INPUT)
    const error = await failed(opened)
    expect(error).toMatchObject({ operation: 'UploadPart', attempts: 5, outcome: 'absent' })
    expect(error.cause).toMatchObject({ code: 'ERR_OSS_DIGEST_MISMATCH', algorithm: 'crc64' })
    expect(opened.server.objects.list()).toEqual([])
  })

  it('is a success where only the answer to Complete has it so', async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: 'CompleteMultipartUpload' }, { corrupt: 'crc64' })
    await finished(opened.out.end(INPUT))
    await expectWhole(opened, INPUT)
    expect(opened.out.result?.crc64).toBe(String(crc64(INPUT)))
    expect(opened.server.requests.of('HeadObject')).toHaveLength(1)
  })

  it('is seen in the answer to Complete, and in the next one', async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: 'HeadObject' }, { corrupt: 'crc64' })
    opened.server.faults.add({ operation: 'CompleteMultipartUpload' }, { corrupt: 'crc64' })
    opened.out.end(INPUT)
    const error = await failed(opened)
    expect(error).toMatchObject({ outcome: 'published' })
    expect(error.cause).toMatchObject({ expected: String(crc64(INPUT)) })
  })

  it('is seen in the answer to a Put, if we compute it', async () => {
    const opened = await watched({ integrity: 'md5+crc64' })
    opened.server.faults.add({ operation: 'PutObject' }, { corrupt: 'crc64' })
    await finished(opened.out.end(SMALL))
    expect(opened.notices).toMatchObject([
      { operation: 'PutObject', error: { algorithm: 'crc64' } },
    ])
    await expectWhole(opened, SMALL)
  })
})

describe('an answer without a CRC-64', () => {
  const whole = String(crc64(INPUT))
  const small = String(crc64(SMALL))
  const rows: [
    string,
    Integrity,
    'UploadPart' | 'CompleteMultipartUpload' | 'PutObject',
    number,
    string | undefined,
  ][] = [
    ["of one part is no failure: Complete's tells", 'md5', 'UploadPart', 1, whole],
    ["of all parts is no failure: Complete's tells", 'md5', 'UploadPart', 9, whole],
    ["of Complete is no failure: the parts' tell", 'md5', 'CompleteMultipartUpload', 1, whole],
    ['of a Put is no failure: nobody knows it', 'md5', 'PutObject', 1, undefined],
    ['of a Put is no failure: ours tells', 'md5+crc64', 'PutObject', 1, small],
    ['of all parts is no failure: ours tell', 'crc64', 'UploadPart', 9, whole],
  ]
  it.each(rows)('%s (integrity %s)', async (_name, integrity, operation, times, expected) => {
    const opened = await watched({ integrity })
    opened.server.faults.add({ operation, times }, { dropHeader: CRC64 })
    const input = operation === 'PutObject' ? SMALL : INPUT
    await finished(opened.out.end(input))
    await expectWhole(opened, input)
    expect(opened.out.result?.crc64).toBe(expected)
    expect('crc64' in (opened.out.result ?? {})).toBe(expected !== undefined)
    expect(opened.notices).toEqual([])
  })

  it.each([
    ['md5', undefined],
    ['md5+crc64', whole],
    [false, undefined],
  ] as const)('of anything is no failure (integrity %s)', async (integrity, expected) => {
    const opened = await watched({ integrity })
    opened.server.faults.add({ times: 99 }, { dropHeader: CRC64 })
    await finished(opened.out.end(INPUT))
    await expectWhole(opened, INPUT)
    expect(opened.out.result?.crc64).toBe(expected)
  })
})

describe('an answer without an ETag', () => {
  it.each([
    ['UploadPart', INPUT],
    ['PutObject', SMALL],
  ] as const)('to %s is no answer, and is asked for again', async (operation, input) => {
    const opened = await watched()
    opened.server.faults.add({ operation }, { dropHeader: 'etag' })
    await finished(opened.out.end(input))
    await expectWhole(opened, input)
    expect(opened.notices).toMatchObject([
      { operation, error: { code: 'ERR_OSS_MALFORMED_RESPONSE' } },
    ])
  })
})
