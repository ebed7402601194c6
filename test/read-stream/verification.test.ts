/** Digests: what is compared, with what, and that a difference comes in place of `end`. */
import { createHash } from 'node:crypto'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { loadSparseCrc64 } from '../../src/digest/stream-crc64.js'
import { crc64 } from '../../src/protocol/digest.js'
import type { OssReadStreamOptions } from '../../src/read-options.js'
import { createOssReadStream } from '../../src/read-stream.js'
import { bytes } from '../helpers/new-upload.js'
import { failing, KEY, openRead, RANGE, read, readOptions, store } from '../helpers/open-read.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(2.5 * RANGE)
const MD5 = createHash('md5').update(INPUT).digest('hex')
const SHA256 = createHash('sha256').update(INPUT).digest('hex')
const CRC64 = crc64(INPUT)
const WRONG = '0'.repeat(64)

/** An object of which one byte has changed since its digests were computed. */
async function openDamaged(options: OssReadStreamOptions = {}, body: Uint8Array = INPUT) {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  server.faults.add({ operation: 'PutObject' }, { corrupt: 'stored' })
  await client.putObject({ key: KEY, body })
  return createOssReadStream(`oss://bucket/${KEY}`, readOptions(server, options))
}

describe('the CRC-64 of the service', () => {
  it('is compared: another byte is an error in place of `end`', async () => {
    const source = await openDamaged()
    const error = await failing(source)
    expect(error).toMatchObject({
      name: 'CorruptDownloadError',
      code: 'ERR_OSS_CORRUPT_DOWNLOAD',
      algorithm: 'crc64',
      expected: String(CRC64),
      source: 'service',
      bucket: 'bucket',
      key: KEY,
      operation: 'GetObject',
      requestId: source.object?.requestId,
      bytesRead: INPUT.length,
      message: expect.stringMatching(
        /^The 163840 bytes read of oss:\/\/bucket\/dir\/object have the CRC-64 \d+, not \d+ as the service has it$/,
      ),
    })
  })

  it('is compared of a long object, for which the kernels take over', async () => {
    expect(await loadSparseCrc64()).toBe(true)
    const long = bytes(10 * 1024 * 1024)
    const { source } = await openRead(long, { partSize: 1024 * 1024 })
    expect((await read(source)).equals(long)).toBe(true)
    const damaged = await openDamaged({ partSize: 1024 * 1024 }, long)
    expect(await failing(damaged)).toMatchObject({
      algorithm: 'crc64',
      expected: String(crc64(long)),
      bytesRead: long.length,
    })
  })

  it('is compared in a pipeline: what it ends in does not finish', async () => {
    const source = await openDamaged()
    let hasFinished = false
    const target = new Writable({
      write: (_chunk, _encoding, callback) => callback(),
      final(callback) {
        hasFinished = true
        callback()
      },
    })
    await expect(pipeline(source, target)).rejects.toMatchObject({
      code: 'ERR_OSS_CORRUPT_DOWNLOAD',
    })
    expect(hasFinished).toBe(false)
  })

  it('is not compared with `verify: false`', async () => {
    const output = await read(await openDamaged({ verify: false }))
    expect(output.length).toBe(INPUT.length)
    expect(output.equals(INPUT)).toBe(false)
  })

  it('is that of the whole object: a range cannot be compared with it', async () => {
    const { source } = await openRead(INPUT, { start: 1 })
    expect((await read(source)).equals(INPUT.subarray(1))).toBe(true)
  })

  it('is compared if a range turns out to be the whole', async () => {
    expect(await failing(await openDamaged({ start: 0, end: 10 * RANGE }))).toMatchObject({
      source: 'service',
    })
  })

  it('is no failure if the service does not send it', async () => {
    const { server, source } = await openRead(INPUT)
    server.faults.add({ times: 9 }, { dropHeader: 'x-oss-hash-crc64ecma' })
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect(source.object).not.toHaveProperty('crc64')
  })

  it('of an empty object is compared', async () => {
    const { server, source } = await openRead('')
    server.faults.add({ operation: 'HeadObject' }, { corrupt: 'crc64' })
    expect(await failing(source)).toMatchObject({ expected: '1', actual: '0' })
  })

  it('is compared over all ranges and resumptions', async () => {
    const { server, source } = await openRead(INPUT)
    server.faults.add({ times: 3 }, { breakAfter: 10_001 })
    expect((await read(source)).equals(INPUT)).toBe(true)
    expect(source.object?.crc64).toBe(String(CRC64))
  })
})

describe('the SHA-256 in the metadata', () => {
  async function openMarked(sha256: string, options: OssReadStreamOptions = {}) {
    const server = await startServer()
    await store(server, INPUT, { 'osspipe-sha256': sha256 })
    return createOssReadStream(`oss://bucket/${KEY}`, readOptions(server, options))
  }

  it.each([SHA256, SHA256.toUpperCase()])('agrees: %s', async (sha256) => {
    expect((await read(await openMarked(sha256))).equals(INPUT)).toBe(true)
  })

  it.each([WRONG, 'nonsense'])('does not agree: %s', async (expected) => {
    const error = await failing(await openMarked(expected))
    expect(error).toMatchObject({
      code: 'ERR_OSS_CORRUPT_DOWNLOAD',
      algorithm: 'sha256',
      expected,
      actual: SHA256,
      source: 'metadata',
      message: expect.stringContaining('as its metadata says'),
    })
  })

  it('is not compared with `verify: false`, nor with a range', async () => {
    expect((await read(await openMarked(WRONG, { verify: false }))).equals(INPUT)).toBe(true)
    expect(await read(await openMarked(WRONG, { start: 1 }))).toHaveLength(INPUT.length - 1)
  })
})

describe('`expectedDigest`', () => {
  it('agrees, in any spelling', async () => {
    for (const expectedDigest of [
      { md5: MD5, sha256: SHA256, crc64: CRC64 },
      { md5: MD5.toUpperCase(), sha256: SHA256.toUpperCase(), crc64: String(CRC64) },
    ]) {
      const { source } = await openRead(INPUT, { expectedDigest })
      expect((await read(source)).equals(INPUT)).toBe(true)
    }
  })

  it.each([
    ['md5', WRONG.slice(32), MD5],
    ['sha256', WRONG, SHA256],
    ['crc64', '7', String(CRC64)],
  ] as const)('refuses another %s, with `verify: false`, too', async (algorithm, wrong, actual) => {
    for (const verify of [true, false]) {
      const expectedDigest = { [algorithm]: wrong }
      const { source } = await openRead(INPUT, { expectedDigest, verify })
      expect(await failing(source)).toMatchObject({
        code: 'ERR_OSS_CORRUPT_DOWNLOAD',
        algorithm,
        expected: wrong,
        actual,
        source: 'expectedDigest',
        message: expect.stringContaining('as `expectedDigest` says'),
      })
    }
  })

  it('is that of the range, if one is read', async () => {
    const part = INPUT.subarray(100, 201)
    const expectedDigest = { sha256: createHash('sha256').update(part).digest('hex') }
    const { source } = await openRead(INPUT, { start: 100, end: 200, expectedDigest })
    expect((await read(source)).equals(part)).toBe(true)
    const whole = await openRead(INPUT, { expectedDigest })
    expect(await failing(whole.source)).toMatchObject({ source: 'expectedDigest' })
  })
})
