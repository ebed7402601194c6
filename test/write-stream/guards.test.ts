/** Never half a dump: what is asked before an object is published, through the embedded server. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { DEFAULT_RETRY } from '../../src/client/retry.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { crc64 } from '../../src/protocol/digest.js'
import type { UploadSummary } from '../../src/publish-guard.js'
import { UnexpectedDigestError, UploadError } from '../../src/upload-errors.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { Gate } from '../helpers/gate.js'
import { bytes, PART } from '../helpers/new-upload.js'
import {
  ending,
  KEY,
  type Opened,
  openStream,
  stored,
  streamOptions,
} from '../helpers/open-stream.js'

const TRAILER = '--\n-- PostgreSQL database dump complete\n--\n\n'
const DUMP = Buffer.concat([bytes(3.5 * PART), Buffer.from(TRAILER)])
const REASON = new Error('the dump has no trailer')

/** Inputs of every way to publish, and the requests that publish them. */
const INPUTS = [
  ['an empty object', Buffer.alloc(0), 'PutObject'],
  ['one Put', Buffer.from(`a small dump\n${TRAILER}`), 'PutObject'],
  ['many parts', DUMP, 'CompleteMultipartUpload'],
] as const

const WRONG = { md5: 'a'.repeat(32), sha256: 'b'.repeat(64), crc64: '1' } as const

function digestsOf(input: Buffer) {
  return {
    md5: createHash('md5').update(input).digest('hex'),
    sha256: createHash('sha256').update(input).digest('hex'),
    crc64: crc64(input).toString(),
  } as const
}

/** A stream to a key at which an older object stands. */
async function openOverOlder(options: OssWriteStreamOptions = {}): Promise<Opened> {
  const opened = await openStream(options)
  const client = new OssClient({ ...opened.server.options(), bucket: 'bucket', env: {} })
  await client.putObject({ key: KEY, body: 'the dump of yesterday' })
  opened.server.requests.clear()
  return opened
}

/** Nothing of this upload is there, and the older object is as it was. */
async function expectUntouched({ server, out }: Opened): Promise<void> {
  expect((await stored(server))?.toString()).toBe('the dump of yesterday')
  expect(server.uploads.list()).toEqual([])
  expect(server.storedBodies).toBe(1)
  expect(server.requests.of('CompleteMultipartUpload')).toEqual([])
  expect(server.requests.of('PutObject')).toEqual([])
  expect(server.requests.of('AbortMultipartUpload')).toHaveLength(out.uploadId ? 1 : 0)
  expect(out.outcome).toBe('absent')
  expect(out.result).toBeUndefined()
  expect(out.progress.heldBytes).toBe(0)
}

async function meta({ server }: Opened): Promise<Readonly<Record<string, string>>> {
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  return (await client.headObject({ key: KEY })).meta
}

describe.each(INPUTS)('expectedDigest of %s', (_name, input, operation) => {
  const right = digestsOf(input)

  it.each(['md5', 'sha256', 'crc64'] as const)('passes with the right %s', async (algorithm) => {
    const opened = await openStream({ expectedDigest: { [algorithm]: right[algorithm] } })
    await finished(opened.out.end(input))
    expect((await stored(opened.server))?.equals(input)).toBe(true)
    expect(opened.server.requests.of(operation)).toHaveLength(1)
    expect(opened.out.result?.[algorithm]).toBe(right[algorithm])
  })

  it.each(['md5', 'sha256', 'crc64'] as const)(
    'publishes nothing with a wrong %s',
    async (algorithm) => {
      const expectedDigest = { ...right, [algorithm]: WRONG[algorithm] }
      const opened = await openOverOlder({ expectedDigest })
      opened.out.end(input)
      const error = await ending(opened.out)
      expect(error).toBeInstanceOf(UnexpectedDigestError)
      expect(error).toMatchObject({
        code: 'ERR_OSS_UNEXPECTED_DIGEST',
        algorithm,
        expected: WRONG[algorithm],
        actual: right[algorithm],
        outcome: 'absent',
        bucket: 'bucket',
        key: KEY,
      })
      expect(Reflect.get(Object(error), 'uploadId')).toBe(opened.out.uploadId)
      await expectUntouched(opened)
    },
  )

  it('goes together with `exactSize`: either fails, both pass', async () => {
    const sizes = { exactSize: true, expectedSize: input.length }
    const good = await openStream({ ...sizes, expectedDigest: right })
    await finished(good.out.end(input))
    expect(good.out.result?.size).toBe(input.length)

    const wrong = await openOverOlder({ ...sizes, expectedDigest: { ...right, md5: WRONG.md5 } })
    wrong.out.end(input)
    expect(await ending(wrong.out)).toMatchObject({ code: 'ERR_OSS_UNEXPECTED_DIGEST' })
    await expectUntouched(wrong)

    const longer = { ...sizes, expectedSize: input.length + 1 }
    const short = await openOverOlder({ ...longer, expectedDigest: right })
    short.out.end(input)
    expect(await ending(short.out)).toMatchObject({ code: 'ERR_OSS_SIZE_MISMATCH' })
    await expectUntouched(short)
  })
})

describe('the SHA-256', () => {
  it.each(INPUTS)('is in the result if it was asked for: %s', async (_name, input) => {
    const { out } = await openStream({ sha256: true })
    await finished(out.end(input))
    const { sha256 } = digestsOf(input)
    expect(out.result).toMatchObject({ sha256 })
    expect(out.result).not.toHaveProperty('md5')
  })

  it('is not where nobody asked', async () => {
    const opened = await openStream()
    await finished(opened.out.end('small'))
    expect(opened.out.result).not.toHaveProperty('sha256')
    expect(await meta(opened)).not.toHaveProperty('osspipe-sha256')
  })

  it.each([
    ['a Put, if it was asked for', INPUTS[1][1], true, false, true],
    ['a Put, if it was expected', INPUTS[1][1], false, true, true],
    ['an empty object', INPUTS[0][1], true, false, true],
    ['a multipart upload, if it was expected', DUMP, false, true, true],
    ['a multipart upload, if it was both', DUMP, true, true, true],
    // Metadata goes out with Initiate, when nobody knows the digest yet.
    ['no multipart upload that only asked for it', DUMP, true, false, false],
  ] as const)('is stored with %s', async (_name, input, sha256, isExpected, isStored) => {
    const right = digestsOf(input).sha256
    const opened = await openStream({
      sha256,
      ...(isExpected && { expectedDigest: { sha256: right.toUpperCase() } }),
      meta: { other: 'kept' },
    })
    await finished(opened.out.end(input))
    expect(opened.out.result?.sha256).toBe(right)
    const found = await meta(opened)
    expect(found['osspipe-sha256']).toBe(isStored ? right : undefined)
    expect(found).toMatchObject({ other: 'kept', 'osspipe-upload': expect.any(String) })
  })
})

describe('a damage that only the service can tell of', () => {
  it('is seen before Complete where somebody asks about the bytes', async () => {
    const opened = await openOverOlder({ expectedDigest: digestsOf(DUMP) })
    opened.server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { corrupt: 'crc64' })
    opened.out.end(DUMP)
    const error = await ending(opened.out)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({
      outcome: 'absent',
      uploadId: opened.out.uploadId,
      cause: { code: 'ERR_OSS_DIGEST_MISMATCH', algorithm: 'crc64' },
    })
    await expectUntouched(opened)
  })
})

describe('beforeComplete', () => {
  it.each(INPUTS)(
    'sees everything, once, before %s is published',
    async (_name, input, operation) => {
      const summaries: UploadSummary[] = []
      const asked: string[][] = []
      const opened = await openStream({
        sha256: true,
        expectedDigest: { md5: digestsOf(input).md5 },
        beforeComplete: (summary) => {
          summaries.push(summary)
          asked.push(opened.server.requests.operations())
        },
      })
      await finished(opened.out.end(input))
      const parts = operation === 'PutObject' ? 1 : 4
      expect(summaries).toHaveLength(1)
      expect(summaries[0]).toMatchObject({
        bucket: 'bucket',
        key: KEY,
        size: input.length,
        parts,
        ...digestsOf(input),
      })
      expect(summaries[0]?.tail.equals(input.subarray(-4096))).toBe(true)
      expect(summaries[0]?.signal.aborted).toBe(false)
      // All parts are acknowledged by then, and nothing is published.
      const [before = []] = asked
      expect(before.filter((name) => name === 'UploadPart')).toHaveLength(parts === 1 ? 0 : parts)
      expect(before).not.toContain(operation)
      expect(opened.server.requests.of(operation)).toHaveLength(1)
      expect((await stored(opened.server))?.equals(input)).toBe(true)
    },
  )

  it('waits for the last part to be acknowledged', async () => {
    const calls: number[] = []
    const opened = await openStream({
      beforeComplete: () => void calls.push(opened.out.partsUploaded),
    })
    const held = opened.server.faults.add(
      { operation: 'UploadPart', partNumber: 4 },
      { hold: 'before-answer' },
    )
    opened.out.end(DUMP)
    await held.reached(1)
    expect(calls).toEqual([])
    held.release()
    await finished(opened.out)
    expect(calls).toEqual([4])
  })

  it('tells a dump that is complete by its trailer', async () => {
    const isComplete = ({ tail }: UploadSummary) => {
      if (!tail.includes('-- PostgreSQL database dump complete')) throw REASON
    }
    const whole = await openStream({ beforeComplete: isComplete })
    await finished(whole.out.end(DUMP))
    expect(whole.out.result?.size).toBe(DUMP.length)
    for (const half of [DUMP.subarray(0, 2.5 * PART), Buffer.from('a small du')]) {
      const opened = await openOverOlder({ beforeComplete: isComplete })
      opened.out.end(half)
      expect(await ending(opened.out)).toBe(REASON)
      await expectUntouched(opened)
    }
  })

  const vetoes = [
    [
      'throws',
      () => {
        throw REASON
      },
    ],
    ['rejects', () => Promise.reject(REASON)],
    [
      'rejects after a while',
      async () => {
        await new Promise(setImmediate)
        throw REASON
      },
    ],
  ] as const
  for (const [name, input] of INPUTS) {
    it.each(vetoes)(`that %s keeps ${name} from being published`, async (_how, beforeComplete) => {
      const opened = await openOverOlder({ beforeComplete })
      await expect(pipeline(Readable.from([input]), opened.out)).rejects.toBe(REASON)
      await expect(opened.out.completed).rejects.toBe(REASON)
      await opened.out.settled
      await expectUntouched(opened)
      expect(opened.trail).not.toContain('finish')
    })

    it.each([['text'], [undefined], [null], [0], [''], [false], [{ reason: 'object' }]])(
      `that throws what is no Error (%j) keeps ${name} from being published, too`,
      async (reason) => {
        const opened = await openOverOlder({ beforeComplete: () => Promise.reject(reason) })
        opened.out.end(input)
        const error = await ending(opened.out)
        expect(error).toBeInstanceOf(Error)
        expect(error).toMatchObject({ cause: reason })
        await expect(opened.out.completed).rejects.toBe(error)
        await expectUntouched(opened)
        expect(opened.trail).not.toContain('finish')
      },
    )
  }

  it('that fails twice over is told with what was left behind', async () => {
    const reason = new Error('no trailer')
    const opened = await openStream({ beforeComplete: () => Promise.reject(reason) })
    opened.server.faults.add({ operation: 'AbortMultipartUpload', times: 99 }, { status: 403 })
    opened.out.end(DUMP)
    expect(await ending(opened.out)).toBe(reason)
    expect(reason).toMatchObject({ uploadId: opened.out.uploadId, abortError: { status: 403 } })
  })

  it.each(INPUTS)('that is slow is waited for: %s', async (_name, input) => {
    const gate = new Gate()
    const opened = await openOverOlder({ beforeComplete: () => gate.arrive() })
    opened.out.end(input)
    await gate.reached()
    expect((await stored(opened.server))?.toString()).toBe('the dump of yesterday')
    gate.open()
    await finished(opened.out)
    expect((await stored(opened.server))?.equals(input)).toBe(true)
  })

  describe.each(INPUTS)('while %s waits for it', (_name, input) => {
    it.each(['destroy', 'signal'] as const)('%s ends it, and nothing comes later', async (how) => {
      const gate = new Gate()
      const stop = new AbortController()
      const summaries: UploadSummary[] = []
      const opened = await openOverOlder({
        signal: stop.signal,
        beforeComplete: (summary) => {
          summaries.push(summary)
          return gate.arrive()
        },
      })
      opened.out.end(input)
      await gate.reached()
      expect(summaries[0]?.signal.aborted).toBe(false)
      if (how === 'destroy') opened.out.destroy(REASON)
      else stop.abort(REASON)
      expect(summaries[0]?.signal.aborted).toBe(true)
      expect(summaries[0]?.signal.reason).toBe(REASON)
      expect(await ending(opened.out)).toBe(REASON)
      await opened.out.settled
      await expectUntouched(opened)
      const { length } = opened.server.requests.all
      gate.open()
      await new Promise(setImmediate)
      expect(opened.server.requests.all).toHaveLength(length)
      await expectUntouched(opened)
      expect(summaries).toHaveLength(1)
    })

    it('a veto that comes after the end changes nothing', async () => {
      const gate = new Gate()
      const opened = await openOverOlder({
        beforeComplete: async () => {
          await gate.arrive()
          throw new Error('too late')
        },
      })
      opened.out.end(input)
      await gate.reached()
      opened.out.destroy(REASON)
      expect(await ending(opened.out)).toBe(REASON)
      gate.open()
      await new Promise(setImmediate)
      await expect(opened.out.completed).rejects.toBe(REASON)
      await expectUntouched(opened)
    })
  })

  it('is not asked when the source fails, is destroyed, or a part fails', async () => {
    let asked = 0
    const beforeComplete = () => {
      asked += 1
    }
    const failing = await openStream({ beforeComplete })
    const source = Readable.from(
      (async function* () {
        yield DUMP
        throw REASON
      })(),
    )
    await expect(pipeline(source, failing.out)).rejects.toBe(REASON)
    await failing.out.settled

    const destroyed = await openStream({ beforeComplete })
    destroyed.out.write(DUMP)
    await once(destroyed.out, 'part')
    destroyed.out.destroy()
    await destroyed.out.settled

    const refused = await openStream({ beforeComplete })
    refused.server.faults.add(
      { operation: 'UploadPart', partNumber: 4 },
      { status: 403, code: 'AccessDenied' },
    )
    refused.out.end(DUMP)
    await ending(refused.out)

    const small = await openStream({ beforeComplete, exactSize: true, expectedSize: 6 })
    small.out.end('small')
    await ending(small.out)
    expect(asked).toBe(0)
  })

  it('is asked once although Complete is repeated', async () => {
    let asked = 0
    const opened = await openStream({
      beforeComplete: () => {
        asked += 1
      },
    })
    opened.server.faults.add({ operation: 'CompleteMultipartUpload', times: 2 }, { status: 503 })
    await finished(opened.out.end(DUMP))
    expect([asked, opened.out.result?.retries]).toEqual([1, 2])
  })
})

describe('an object that is published with other bytes', () => {
  type Publishing = 'PutObject' | 'CompleteMultipartUpload'

  /** Makes the service tell of other bytes than ours: after Complete, or after every Put. */
  function misreport({ server }: Opened, operation: Publishing): void {
    const isPut = operation === 'PutObject'
    const corrupt = isPut ? 'etag' : 'crc64'
    server.faults.add({ operation, times: isPut ? DEFAULT_RETRY.maxAttempts : 1 }, { corrupt })
  }

  /** Makes it tell so whenever it is asked: it has stored other bytes than ours. */
  function damage(opened: Opened, operation: Publishing): void {
    misreport(opened, operation)
    const corrupt = operation === 'PutObject' ? 'etag' : 'crc64'
    opened.server.faults.add({ operation: 'HeadObject', times: 99 }, { corrupt })
  }
  const ways = [
    ['Complete', DUMP, 'CompleteMultipartUpload'],
    ['a Put', Buffer.from('small'), 'PutObject'],
  ] as const

  it.each(ways)(
    'by %s stays with `keep`, and the error says so',
    async (_name, input, operation) => {
      for (const onMismatch of [undefined, 'keep'] as const) {
        const opened = await openStream({ onMismatch })
        damage(opened, operation)
        opened.out.end(input)
        const error = await ending(opened.out)
        expect(error).toMatchObject({
          code: 'ERR_OSS_UPLOAD',
          operation,
          outcome: 'published',
          cause: { code: 'ERR_OSS_DIGEST_MISMATCH' },
          message: expect.stringMatching(/; the object is published nevertheless$/),
        })
        expect(opened.out.outcome).toBe('published')
        expect(opened.server.objects.list()).toHaveLength(1)
        expect(opened.server.requests.of('DeleteObject')).toEqual([])
      }
    },
  )

  it.each(ways)('by %s is deleted with `delete`, once', async (_name, input, operation) => {
    const opened = await openStream({ onMismatch: 'delete' })
    damage(opened, operation)
    opened.out.end(input)
    const error = await ending(opened.out)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation,
      outcome: 'absent',
      cause: { code: 'ERR_OSS_DIGEST_MISMATCH' },
      message: expect.stringMatching(/; the object was published, and has been deleted$/),
    })
    expect(error).not.toHaveProperty('abortError')
    expect(opened.out).toMatchObject({ outcome: 'absent', result: undefined })
    expect(opened.server.objects.list()).toEqual([])
    expect(opened.server.uploads.list()).toEqual([])
    expect(opened.server.storedBodies).toBe(0)
    expect(opened.server.requests.of('DeleteObject')).toHaveLength(1)
  })

  it('by a Put without an MD5 is deleted by its CRC-64', async () => {
    const { server, out } = await openStream({ onMismatch: 'delete', integrity: 'crc64' })
    server.faults.add({ operation: 'PutObject', times: 99 }, { corrupt: 'crc64' })
    server.faults.add({ operation: 'HeadObject' }, { corrupt: 'crc64' })
    out.end('small')
    expect(await ending(out)).toMatchObject({ outcome: 'absent', operation: 'PutObject' })
    expect(server.objects.list()).toEqual([])
  })

  it.each(ways)('by %s only as one answer has it is a success', async (_name, input, operation) => {
    const opened = await openStream({ onMismatch: 'delete' })
    misreport(opened, operation)
    await finished(opened.out.end(input))
    expect(opened.out).toMatchObject({ outcome: 'published', result: { size: input.length } })
    expect((await stored(opened.server))?.equals(input)).toBe(true)
    expect(opened.server.requests.of('HeadObject')).toHaveLength(1)
    expect(opened.server.requests.of('DeleteObject')).toEqual([])
  })

  it.each([
    ['is deleted', undefined, 'absent', 0],
    ['is not deleted', 'md5', 'published', 1],
  ] as const)(
    'by Complete %s with `integrity` %s, which has a say in whose CRC-64 is compared',
    async (_name, integrity, outcome, left) => {
      const opened = await openStream({ onMismatch: 'delete', integrity })
      damage(opened, 'CompleteMultipartUpload')
      opened.out.end(DUMP)
      expect(await ending(opened.out)).toMatchObject({ outcome })
      expect(opened.server.objects.list()).toHaveLength(left)
    },
  )

  it.each(['md5', 'md5+crc64', undefined, false] as const)(
    'it seems, by one digit in the answer to one part, is not deleted: integrity %s',
    async (integrity) => {
      const opened = await openStream({ onMismatch: 'delete', integrity })
      opened.server.faults.add({ operation: 'UploadPart', times: 1 }, { corrupt: 'crc64' })
      opened.out.end(DUMP)
      await ending(opened.out)
      expect((await stored(opened.server))?.equals(DUMP)).toBe(true)
      expect(opened.out.outcome).toBe('published')
      expect(opened.server.requests.of('DeleteObject')).toEqual([])
    },
  )

  it('by Complete is deleted although the stream was given up', async () => {
    const opened = await openStream({ onMismatch: 'delete' })
    damage(opened, 'CompleteMultipartUpload')
    const held = opened.server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'before-answer' },
    )
    opened.out.end(DUMP)
    await held.reached(1)
    opened.out.destroy(REASON)
    held.release()
    expect(await ending(opened.out)).toBe(REASON)
    await opened.out.settled
    expect(opened.out.outcome).toBe('absent')
    expect(opened.server.objects.list()).toEqual([])
  })

  it.each(ways)(
    "by %s is not deleted if it is somebody else's by now",
    async (_n, input, operation) => {
      const opened = await openStream({ onMismatch: 'delete' })
      const { server, out } = opened
      damage(opened, operation)
      // It looks before it deletes: the other one writes while that question is on its way.
      const looking = server.faults.add({ operation: 'HeadObject' }, { hold: 'arrival' })
      out.end(input)
      await looking.reached(1)
      const other = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server))
      await finished(other.end("somebody else's"))
      looking.release()
      expect(await ending(out)).toMatchObject({
        code: 'ERR_OSS_UPLOAD',
        outcome: 'absent',
        message: expect.stringMatching(/; the object was published, and is there no more$/),
      })
      expect(server.requests.of('DeleteObject')).toEqual([])
      expect((await stored(server))?.toString()).toBe("somebody else's")
    },
  )

  it.each(ways)(
    'by %s that cannot be deleted is told to be there',
    async (_name, input, operation) => {
      const opened = await openStream({ onMismatch: 'delete' })
      damage(opened, operation)
      opened.server.faults.add(
        { operation: 'DeleteObject', times: 99 },
        { status: 403, code: 'AccessDenied' },
      )
      opened.out.end(input)
      const error = await ending(opened.out)
      const abortError = { operation: 'DeleteObject', ossCode: 'AccessDenied' }
      expect(error).toMatchObject({
        outcome: 'published',
        abortError,
        message: expect.stringMatching(/; the object is published, and could not be deleted$/),
      })
      expect(opened.out).toMatchObject({ outcome: 'published', abortError })
      expect(opened.server.objects.list()).toHaveLength(1)
    },
  )

  it('is gone although that was not answered; what stands there since is left alone', async () => {
    const opened = await openStream({ onMismatch: 'delete' })
    const { server, out } = opened
    server.faults.add({ operation: 'CompleteMultipartUpload' }, { corrupt: 'crc64' })
    server.faults.add({ operation: 'HeadObject' }, { corrupt: 'crc64' })
    const deletion = server.faults.add({ operation: 'DeleteObject' }, { hold: 'before-answer' })
    server.faults.add({ operation: 'DeleteObject' }, { drop: 'answer' })
    out.end(DUMP)
    await deletion.reached(1)
    const other = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server))
    await finished(other.end("somebody else's"))
    deletion.release()
    expect(await ending(out)).toMatchObject({ outcome: 'absent' })
    expect((await stored(server))?.toString()).toBe("somebody else's")
    expect(server.requests.of('DeleteObject')).toHaveLength(1)
  })

  it('is known again after a lost answer, and deleted, too', async () => {
    const opened = await openStream({ onMismatch: 'delete' })
    const { faults } = opened.server
    faults.add({ operation: 'CompleteMultipartUpload', times: 99 }, { drop: 'answer' })
    faults.add({ operation: 'HeadObject', times: 99 }, { corrupt: 'crc64' })
    opened.out.end(DUMP)
    const error = await ending(opened.out)
    expect(error).toMatchObject({ outcome: 'absent', cause: { code: 'ERR_OSS_DIGEST_MISMATCH' } })
    expect(opened.server.objects.list()).toEqual([])
  })
})
