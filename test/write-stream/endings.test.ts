/** Every ending but success: nothing is published, nothing is left, and the error says what happened. */
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { UploadError } from '../../src/upload-errors.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import {
  ending,
  KEY,
  type Opened,
  openStream,
  stored,
  streamOptions,
} from '../helpers/open-stream.js'

const REASON = new Error('the reason')

function expectNothing({ server }: Opened): void {
  expect(server.objects.list()).toEqual([])
  expect(server.uploads.list()).toEqual([])
  expect(server.storedBodies).toBe(0)
}

function aborts({ server }: Opened): number {
  return server.requests.of('AbortMultipartUpload').length
}

/** A stream with two parts on the wire, which the server holds. */
async function withPartsHeld(opened: Opened) {
  const held = opened.server.faults.add({ operation: 'UploadPart', times: 2 }, { hold: 'arrival' })
  opened.out.write(bytes(2.5 * PART))
  await held.reached(2)
  return held
}

describe('the source', () => {
  it('that fails aborts; `settled` tells when that is done', async () => {
    const opened = await openStream()
    const source = Readable.from(
      (async function* () {
        yield bytes(2.5 * PART)
        throw REASON
      })(),
    )
    await expect(pipeline(source, opened.out)).rejects.toBe(REASON)
    await opened.out.settled
    expect(aborts(opened)).toBe(1)
    expectNothing(opened)
    expect(opened.out.outcome).toBe('absent')
    expect(REASON).not.toHaveProperty('abortError')
  })

  it('that is destroyed before its end aborts', async () => {
    const opened = await openStream()
    const source = new PassThrough()
    const done = pipeline(source, opened.out)
    source.write(bytes(2.5 * PART))
    await once(opened.out, 'uploadId')
    source.destroy()
    await expect(done).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    await opened.out.settled
    expect(aborts(opened)).toBe(1)
    expectNothing(opened)
  })

  it('that fails leaves an object of the same key as it was', async () => {
    const opened = await openStream()
    const before = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(opened.server))
    before.end('the backup of yesterday')
    await finished(before)
    opened.out.write(bytes(2.5 * PART))
    await once(opened.out, 'uploadId')
    opened.out.destroy(REASON)
    await ending(opened.out)
    expect((await stored(opened.server))?.toString()).toBe('the backup of yesterday')
  })

  it('that is idle does not keep a failing part from failing the stream', async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    opened.out.write(bytes(1.5 * PART))
    const error = await ending(opened.out)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation: 'UploadPart',
      partNumber: 1,
      status: 403,
      ossCode: 'AccessDenied',
      outcome: 'absent',
      uploadId: opened.out.uploadId,
    })
    expectNothing(opened)
  })
})

describe('the signal', () => {
  it('that is aborted already lets no request out', async () => {
    const opened = await openStream({ signal: AbortSignal.abort(REASON) })
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.server.requests.all).toEqual([])
    await expect(opened.out.completed).rejects.toBe(REASON)
  })

  it('acts while the source is idle', async () => {
    const controller = new AbortController()
    const opened = await openStream({ signal: controller.signal })
    await withPartsHeld(opened)
    controller.abort(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(aborts(opened)).toBe(1)
    expectNothing(opened)
  })

  it('of a pipeline acts, and the pipeline waits for the cleaning up', async () => {
    const controller = new AbortController()
    const opened = await openStream()
    const source = new PassThrough()
    const done = pipeline(source, opened.out, { signal: controller.signal })
    source.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    controller.abort()
    await expect(done).rejects.toMatchObject({ name: 'AbortError' })
    expect(aborts(opened)).toBe(1)
    expectNothing(opened)
  })

  it('has no listener left after a success', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const { out } = await openStream({ signal })
    out.end(bytes(5.5 * PART))
    await finished(out)
    await out.settled
    expect(listeners).toBe(0)
  })
})

describe('destroy', () => {
  it('before the first write asks nothing of the server', async () => {
    const opened = await openStream()
    opened.out.destroy()
    await ending(opened.out)
    expect(opened.server.requests.all).toEqual([])
    expect(opened.out.outcome).toBe('absent')
    await expect(opened.out.completed).rejects.toMatchObject({ code: 'ERR_OSS_DESTROYED' })
  })

  it('during Initiate waits for its answer and aborts what it began', async () => {
    const opened = await openStream()
    const held = opened.server.faults.add(
      { operation: 'InitiateMultipartUpload' },
      { hold: 'before-answer' },
    )
    opened.out.write(bytes(1.5 * PART))
    await held.reached()
    opened.out.destroy(REASON)
    held.release()
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.trail.slice(0, 2)).toEqual(['InitiateMultipartUpload', 'AbortMultipartUpload'])
    expectNothing(opened)
  })

  it('during parts cuts them short, lets them settle, aborts once and looks again', async () => {
    const opened = await openStream()
    const held = await withPartsHeld(opened)
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    held.release()
    expect(aborts(opened)).toBe(1)
    expect(opened.server.requests.operations().slice(-2)).toEqual([
      'AbortMultipartUpload',
      'ListParts',
    ])
    expectNothing(opened)
  })

  it('during Complete lets it land, and says so', async () => {
    const opened = await openStream()
    const held = opened.server.faults.add(
      { operation: 'CompleteMultipartUpload' },
      { hold: 'before-answer' },
    )
    opened.out.end(bytes(1.5 * PART))
    await held.reached()
    opened.out.destroy()
    held.release()
    await ending(opened.out)
    expect(opened.out.outcome).toBe('published')
    await expect(opened.out.completed).rejects.toMatchObject({ outcome: 'published' })
    expect(aborts(opened)).toBe(0)
    expect(opened.trail).not.toContain('finish')
  })

  it('during a Put cuts it short, and does not claim to know', async () => {
    const opened = await openStream()
    const held = opened.server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
    opened.out.end('small')
    await held.reached()
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.out.outcome).toBe('unknown')
  })

  it('before a Put is sent lets it not out, and knows that nothing is there', async () => {
    const opened = await openStream()
    opened.out.end('small')
    // The Put has begun, and has not got its credentials yet.
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.out.outcome).toBe('absent')
    expect(opened.server.requests.all).toEqual([])
  })

  it('before there is a connection knows that nothing was sent', async () => {
    let isAsked = () => {}
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve
    })
    // One that never comes about.
    const dispatcher = new Agent({ connect: () => isAsked() })
    onTestFinished(() => dispatcher.destroy())
    const opened = await openStream({ dispatcher })
    opened.out.end('small')
    await asked
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.out.outcome).toBe('absent')
  })

  it('before Initiate is sent lets it not out: there is nothing to abort', async () => {
    const opened = await openStream()
    opened.out.write(bytes(1.5 * PART))
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.server.requests.all).toEqual([])
    expectNothing(opened)
  })

  it('after the end does nothing', async () => {
    const opened = await openStream()
    opened.out.end(bytes(1.5 * PART))
    await finished(opened.out)
    opened.out.destroy(REASON)
    await opened.out.settled
    expect(opened.out.outcome).toBe('published')
    expect(opened.out.errored).toBeNull()
    expect(aborts(opened)).toBe(0)
  })

  it('is what leaving an `await using` block does: nothing is committed', async () => {
    const opened = await openStream()
    const work = async () => {
      await using out = opened.out
      out.write(bytes(1.5 * PART))
      await once(out, 'uploadId')
      throw REASON
    }
    await expect(work()).rejects.toBe(REASON)
    expect(aborts(opened)).toBe(1)
    expectNothing(opened)
  })
})

describe('a stream that is never ended', () => {
  it('uploads parts, and publishes nothing', async () => {
    const opened = await openStream()
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    expect(opened.server.objects.list()).toEqual([])
    opened.out.destroy()
    await opened.out.settled
    expectNothing(opened)
  })

  it('sends nothing at all before its first part is full', async () => {
    const opened = await openStream()
    await new Promise((resolve) => opened.out.write(bytes(PART), resolve))
    expect(opened.server.requests.all).toEqual([])
    opened.out.destroy()
    await opened.out.settled
  })
})

describe('cleaning up', () => {
  it('tries again when Abort fails twice', async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: 'AbortMultipartUpload', times: 2 }, { status: 503 })
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(aborts(opened)).toBe(3)
    expect(opened.out.abortError).toBeUndefined()
    expectNothing(opened)
  })

  it('keeps the first error when Abort never works, and tells what is left', async () => {
    const opened = await openStream()
    const { faults, uploads } = opened.server
    faults.add({ operation: 'AbortMultipartUpload', times: 99 }, { status: 503 })
    faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    opened.out.write(bytes(1.5 * PART))
    const error = await ending(opened.out)
    expect(error).toMatchObject({
      ossCode: 'AccessDenied',
      uploadId: opened.out.uploadId,
      abortError: { status: 503, operation: 'AbortMultipartUpload', attempts: 5 },
    })
    expect(opened.out.abortError).toMatchObject({ status: 503 })
    expect(uploads.list()).toHaveLength(1)
  })

  it("tells on the caller's own error, too, if something was left", async () => {
    const opened = await openStream()
    opened.server.faults.add({ operation: 'AbortMultipartUpload', times: 99 }, { status: 503 })
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    const own = new Error('mine')
    opened.out.destroy(own)
    expect(await ending(opened.out)).toBe(own)
    expect(own).toMatchObject({ abortError: { status: 503 }, uploadId: opened.out.uploadId })
  })

  it('takes NoSuchUpload for done', async () => {
    const opened = await openStream()
    opened.server.faults.add(
      { operation: 'AbortMultipartUpload' },
      { status: 404, code: 'NoSuchUpload' },
    )
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    expect(opened.out.abortError).toBeUndefined()
  })

  it('is bounded by `timeouts.abortMs`', async () => {
    const opened = await openStream({ timeouts: { abortMs: 1 } })
    const held = opened.server.faults.add(
      { operation: 'AbortMultipartUpload' },
      { hold: 'arrival' },
    )
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    opened.out.destroy(REASON)
    expect(await ending(opened.out)).toBe(REASON)
    held.release()
    expect(opened.out.abortError).toMatchObject({ code: 'ERR_OSS_TRANSPORT', kind: 'timeout' })
  })

  it('keeps the parts with `leavePartsOnError`', async () => {
    const opened = await openStream({ leavePartsOnError: true })
    opened.out.write(bytes(1.5 * PART))
    await once(opened.out, 'part')
    opened.out.destroy(REASON)
    await ending(opened.out)
    expect(aborts(opened)).toBe(0)
    expect(opened.server.uploads.list()).toMatchObject([
      { uploadId: opened.out.uploadId, parts: [{ partNumber: 1, size: PART }] },
    ])
  })
})

describe('exactSize', () => {
  it.each([
    ['shorter', 2.5 * PART - 1],
    ['longer', 2.5 * PART + 1],
  ])('publishes no stream that is %s than expectedSize', async (_name, length) => {
    const opened = await openStream({ expectedSize: 2.5 * PART, exactSize: true })
    const error = await pipeline(Readable.from([bytes(length)]), opened.out).catch(
      (reason: unknown) => reason,
    )
    await opened.out.settled
    expect(error).toMatchObject({
      code: 'ERR_OSS_SIZE_MISMATCH',
      expected: 2.5 * PART,
      actual: length,
      outcome: 'absent',
    })
    expectNothing(opened)
  })

  it('publishes the very length, and a wrong hint alone does not matter', async () => {
    const exact = await openStream({ expectedSize: 10, exactSize: true })
    await pipeline(Readable.from([bytes(10)]), exact.out)
    const hinted = await openStream({ expectedSize: 10 })
    await pipeline(Readable.from([bytes(2.5 * PART)]), hinted.out)
    expect([exact.out.result?.size, hinted.out.result?.size]).toEqual([10, 2.5 * PART])
  })
})

describe('a listener that throws', () => {
  it.each(['part', 'progress', 'uploadId'])(
    'of %s fails the upload, not the process',
    async (event) => {
      const opened = await openStream()
      opened.out.on(event, () => {
        throw REASON
      })
      opened.out.write(bytes(1.5 * PART))
      expect(await ending(opened.out)).toBe(REASON)
      expectNothing(opened)
    },
  )
})

describe('two streams on one key', () => {
  it('do not disturb each other: the last to finish is the object', async () => {
    const opened = await openStream()
    const second = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(opened.server))
    const [first, other] = [bytes(2.5 * PART, 1), bytes(1.5 * PART, 2)]
    opened.out.write(first)
    second.write(other)
    second.end()
    await finished(second)
    expect((await stored(opened.server))?.equals(other)).toBe(true)
    opened.out.end()
    await finished(opened.out)
    expect((await stored(opened.server))?.equals(first)).toBe(true)
    expect(opened.server.uploads.list()).toEqual([])
  })

  it('do not disturb each other when one is given up', async () => {
    const opened = await openStream()
    const second = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(opened.server))
    opened.out.write(bytes(1.5 * PART))
    second.write(bytes(1.5 * PART))
    await Promise.all([once(opened.out, 'part'), once(second, 'part')])
    second.destroy()
    await second.settled
    opened.out.end()
    await finished(opened.out)
    expect(opened.server.objects.get('bucket', KEY)?.size).toBe(1.5 * PART)
  })
})
