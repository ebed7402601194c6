/** A later stream goes on with what an earlier one has stored: over real sockets, with real files. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { crc64 } from '../../src/protocol/digest.js'
import type { OssServer } from '../../src/server/server.js'
import type { ResumeNotice } from '../../src/upload/resumption.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, stored, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(5.5 * PART)

/** A stream with a checkpoint, and what it told of the earlier run. */
function open(server: OssServer, options: OssWriteStreamOptions) {
  const out = createOssWriteStream(`oss://bucket/${KEY}`, streamOptions(server, options))
  const notices: ResumeNotice[] = []
  out.on('resume', (notice: ResumeNotice) => notices.push(notice))
  return { out, notices }
}

/** Stores the first parts of INPUT, and is destroyed. */
async function interruptedRun(
  server: OssServer,
  options: OssWriteStreamOptions,
  parts = 3,
): Promise<string> {
  const { out } = open(server, options)
  out.write(INPUT.subarray(0, parts * PART + 1))
  while (out.partsUploaded < parts) await once(out, 'part')
  out.destroy()
  await out.settled
  expect(out.outcome).toBe('absent')
  const [upload] = server.uploads.list()
  expect(upload?.parts).toHaveLength(parts)
  server.requests.clear()
  return upload?.uploadId ?? ''
}

function partsSent(server: OssServer): (number | undefined)[] {
  return server.requests.of('UploadPart').map(({ partNumber }) => partNumber)
}

async function expectDone(server: OssServer, store: MemoryCheckpoint, input = INPUT) {
  expect((await stored(server))?.equals(input)).toBe(true)
  expect(server.uploads.list()).toEqual([])
  expect(store.text).toBeUndefined()
}

describe('a stream with a checkpoint', () => {
  it.each(['md5', 'crc64', 'md5+crc64'] as const)(
    'goes on after destroy(), and sends nothing again (integrity: %s)',
    async (integrity) => {
      const server = await startServer()
      const store = new MemoryCheckpoint()
      const options = { checkpoint: store, integrity }
      const uploadId = await interruptedRun(server, options)
      const { out, notices } = open(server, options)
      out.end(INPUT)
      await finished(out)
      expect(notices).toEqual([{ uploadId, partsStored: 3, bytesStored: 3 * PART }])
      expect(partsSent(server).sort()).toEqual([4, 5, 6])
      expect(out.result).toMatchObject({
        uploadId,
        size: INPUT.byteLength,
        parts: 6,
        crc64: String(crc64(INPUT)),
      })
      expect(server.requests.operations()).not.toContain('InitiateMultipartUpload')
      await expectDone(server, store)
    },
  )

  it('goes on after the network has gone away', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const options = { checkpoint: store }
    server.faults.add(
      { operation: 'UploadPart', skip: 2, times: Number.POSITIVE_INFINITY },
      { reset: 'mid-body' },
    )
    const first = open(server, options)
    first.out.end(INPUT)
    expect(await ending(first.out)).toMatchObject({ code: 'ERR_OSS_UPLOAD', outcome: 'absent' })
    const acknowledged = server.uploads.list()[0]?.parts.map(({ partNumber }) => partNumber)
    expect(acknowledged).toHaveLength(2)
    server.faults.clear()
    server.requests.clear()

    const { out } = open(server, options)
    out.end(INPUT)
    await finished(out)
    const all = [1, 2, 3, 4, 5, 6]
    expect(partsSent(server).sort()).toEqual(all.filter((one) => !acknowledged?.includes(one)))
    await expectDone(server, store)
  })

  it('goes on a third time', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    await interruptedRun(server, { checkpoint: store }, 2)
    await interruptedRun(server, { checkpoint: store }, 4)
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    await finished(out)
    expect(partsSent(server).sort()).toEqual([5, 6])
    await expectDone(server, store)
  })

  it('finds out what became of a Complete whose answer was lost', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    await interruptedRun(server, { checkpoint: store })
    server.faults.add(
      { operation: 'CompleteMultipartUpload', times: Number.POSITIVE_INFINITY },
      { drop: 'answer' },
    )
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    await finished(out)
    expect(out.outcome).toBe('published')
    expect(server.requests.operations()).toContain('HeadObject')
    await expectDone(server, store)
  })

  it('tells that the object is published if the Complete of a killed run lands meanwhile', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const uploadId = await interruptedRun(server, { checkpoint: store })
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const { out } = open(server, { checkpoint: store })
    const failing = ending(out)
    out.write(INPUT)
    await held.reached()
    const { client } = await cleaner(server)
    const upload = { bucket: 'bucket', key: KEY, uploadId }
    const { parts } = await client.listParts(upload)
    await client.completeMultipartUpload({ ...upload, parts: parts.slice(0, 3) })
    held.release()
    expect(await failing).toMatchObject({
      ossCode: 'NoSuchUpload',
      outcome: 'published',
      message: expect.stringContaining('an earlier run has published its object'),
    })
    expect(out.outcome).toBe('published')
    await expectDone(server, store, INPUT.subarray(0, 3 * PART))
  })

  it('begins anew if the upload was ended in the meantime', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const uploadId = await interruptedRun(server, { checkpoint: store })
    const { client } = await cleaner(server)
    await client.abortMultipartUpload({ bucket: 'bucket', key: KEY, uploadId })
    const { out, notices } = open(server, { checkpoint: store })
    out.end(INPUT)
    await finished(out)
    expect(notices).toEqual([{ uploadId, reason: 'gone', partsStored: 0, bytesStored: 0 }])
    expect(out.result?.uploadId).not.toBe(uploadId)
    await expectDone(server, store)
  })

  it('uploads anew what was published before its checkpoint could be removed', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const uploadId = await interruptedRun(server, { checkpoint: store })
    const { text } = store
    const second = open(server, { checkpoint: store })
    second.out.end(INPUT)
    await finished(second.out)
    store.text = text

    const other = bytes(2.5 * PART, 7)
    const { out, notices } = open(server, { checkpoint: store })
    out.end(other)
    await finished(out)
    expect(notices).toEqual([{ uploadId, reason: 'published', partsStored: 0, bytesStored: 0 }])
    await expectDone(server, store, other)
  })

  it.each<[string, OssWriteStreamOptions]>([
    ['plan', { partSize: 2 * PART }],
    ['headers', { meta: { job: 'another' } }],
    ['source', { sourceVersion: 'two' }],
  ])('ends the upload and begins anew if the %s is another', async (reason, change) => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const options = { checkpoint: store, sourceVersion: 'one', meta: { job: 'one' } }
    const uploadId = await interruptedRun(server, options)
    const { out, notices } = open(server, { ...options, ...change })
    out.end(INPUT)
    await finished(out)
    expect(notices).toEqual([{ uploadId, reason, partsStored: 0, bytesStored: 0 }])
    expect(server.requests.of('AbortMultipartUpload')).toMatchObject([{ uploadId }])
    await expectDone(server, store)
  })

  it('goes on although options were given in another order, or are of the connection', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    await interruptedRun(server, { checkpoint: store, meta: { a: '1', b: '2' } })
    const options = { meta: { b: '2', a: '1' }, concurrency: 1 }
    const { out, notices } = open(server, { ...options, checkpoint: store })
    out.end(INPUT)
    await finished(out)
    expect(notices).toMatchObject([{ partsStored: 3 }])
    expect(notices[0]).not.toHaveProperty('reason')
    await expectDone(server, store)
  })

  it('leaves nothing with `leavePartsOnError: false`', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const { out } = open(server, { checkpoint: store, leavePartsOnError: false })
    out.write(INPUT)
    await once(out, 'part')
    expect(store.text).toBeDefined()
    out.destroy()
    await out.settled
    expect(server.uploads.list()).toEqual([])
    expect(server.storedBodies).toBe(0)
    expect(store.text).toBeUndefined()
  })

  it('keeps no secret', async () => {
    const server = await startServer()
    const { accessKeyId, accessKeySecret } = server.options().credentials
    const { credentials } = { credentials: server.issueToken(3_600_000) }
    const store = new MemoryCheckpoint()
    await interruptedRun(server, { checkpoint: store, credentials })
    const text = store.text ?? ''
    expect(Object.keys(JSON.parse(text)).sort()).toEqual(
      ['bucket', 'format', 'headers', 'key', 'marker', 'plan', 'uploadId', 'version'].sort(),
    )
    for (const secret of [accessKeyId, accessKeySecret, ...Object.values(credentials)]) {
      if (typeof secret === 'string') expect(text).not.toContain(secret)
    }
  })

  it.each([
    ['malformed', 'no JSON'],
    ['foreign', '{"format":"osspipe-checkpoint","version":1,"bucket":"other"}'],
  ])('fails, with nothing sent, for one that is %s', async (reason, text) => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    if (reason === 'malformed') store.text = text
    else {
      await interruptedRun(server, { checkpoint: store })
      store.text = store.text?.replace(KEY, 'another')
    }
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    const error = await ending(out)
    expect(error).toMatchObject({ code: 'ERR_OSS_CHECKPOINT', reason, outcome: 'absent' })
    await expect(out.completed).rejects.toBe(error)
    expect(server.requests.all).toEqual([])
  })

  it('fails with an UploadError if it may not list the parts', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    await interruptedRun(server, { checkpoint: store })
    server.faults.add({ operation: 'ListParts' }, { status: 403, code: 'AccessDenied' })
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    expect(await ending(out)).toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      operation: 'ListParts',
      ossCode: 'AccessDenied',
    })
    expect(store.text).toBeDefined()
    expect(server.uploads.list()).toHaveLength(1)
  })

  it('warns if the checkpoint of a published object cannot be removed', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    store.fail('remove', new Error('EIO'))
    const warned = once(process, 'warning')
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    await finished(out)
    expect((await warned)[0]).toMatchObject({
      name: 'OssCheckpointWarning',
      code: 'OSS_CHECKPOINT',
    })
    expect(out.result?.size).toBe(INPUT.byteLength)
  })

  it('tells what is left if neither the checkpoint could be saved nor the upload be ended', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    store.fail('save', new Error('EIO'))
    server.faults.add(
      { operation: 'AbortMultipartUpload', times: Number.POSITIVE_INFINITY },
      { status: 403, code: 'AccessDenied' },
    )
    const { out } = open(server, { checkpoint: store })
    out.end(INPUT)
    const [upload] = [await ending(out), server.uploads.list()[0]?.uploadId]
    expect(upload).toMatchObject({
      code: 'ERR_OSS_CHECKPOINT',
      reason: 'store',
      uploadId: server.uploads.list()[0]?.uploadId,
      abortError: { ossCode: 'AccessDenied' },
    })
    expect(server.uploads.list()[0]?.parts).toEqual([])
  })
})

describe('skipStored', () => {
  const SEEKABLE = { sourceVersion: 'one' }

  it('lets a file be read from where it is missing', async () => {
    const server = await startServer()
    const folder = await mkdtemp(join(tmpdir(), 'osspipe-checkpoint-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'dump')
    await writeFile(path, INPUT)
    const store = new MemoryCheckpoint()
    const options = { checkpoint: store, ...SEEKABLE }
    await interruptedRun(server, options)

    const { out } = open(server, options)
    const start = await out.skipStored()
    expect(start).toBe(3 * PART)
    expect(out.bytesWritten).toBe(3 * PART)
    const source = createReadStream(path, { start })
    await pipeline(source, out)
    expect(source.bytesRead).toBe(INPUT.byteLength - 3 * PART)
    expect(partsSent(server).sort()).toEqual([4, 5, 6])
    expect(out.result).toMatchObject({ size: INPUT.byteLength, crc64: String(crc64(INPUT)) })
    await expectDone(server, store)
    expect(await readdir(folder)).toEqual(['dump'])
  })

  it.each<[string, OssWriteStreamOptions]>([
    ['nobody has named the version', {}],
    ['it is another version', { sourceVersion: 'two' }],
    ['the SHA-256 of all bytes is wanted', { ...SEEKABLE, sha256: true }],
    [
      'the digest of all bytes is checked',
      { ...SEEKABLE, expectedDigest: { crc64: String(crc64(INPUT)) } },
    ],
    ['beforeComplete wants to see all bytes', { ...SEEKABLE, beforeComplete: () => {} }],
    ['the service could not compare what it stored', { ...SEEKABLE, integrity: 'crc64' }],
  ])('is 0 if %s', async (_name, change) => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const { sourceVersion, ...same } = change
    const first = sourceVersion === undefined ? same : { ...same, ...SEEKABLE }
    await interruptedRun(server, { ...first, checkpoint: store })
    const { out } = open(server, { ...change, checkpoint: store })
    expect(await out.skipStored()).toBe(0)
    out.end(INPUT)
    await finished(out)
    await expectDone(server, store)
  })

  it('is 0 if the earlier run had the service compare nothing', async () => {
    const server = await startServer()
    const options = { checkpoint: new MemoryCheckpoint(), ...SEEKABLE }
    await interruptedRun(server, { ...options, integrity: 'crc64' })
    const { out, notices } = open(server, options)
    expect(await out.skipStored()).toBe(0)
    expect(notices).toMatchObject([{ reason: 'headers' }])
    out.end(INPUT)
    await finished(out)
    await expectDone(server, options.checkpoint)
  })

  it('is 0 without a checkpoint, and asks nobody', async () => {
    const server = await startServer()
    const { out } = open(server, {})
    expect(await out.skipStored()).toBe(0)
    expect(server.requests.all).toEqual([])
    out.end('small')
    await finished(out)
  })

  it.each<[string, (out: ReturnType<typeof open>['out']) => unknown]>([
    ['after a write', (out) => out.write(INPUT)],
    ['after a write that was taken', (out) => new Promise((resolve) => out.write(INPUT, resolve))],
  ])('%s is refused, and does no harm', async (_name, before) => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const options = { checkpoint: store, ...SEEKABLE }
    await interruptedRun(server, options)
    const { out } = open(server, options)
    await before(out)
    await expect(out.skipStored()).rejects.toBeInstanceOf(RangeError)
    out.end()
    await finished(out)
    await expectDone(server, store)
  })

  it('after end() is refused', async () => {
    const server = await startServer()
    const { out } = open(server, { checkpoint: new MemoryCheckpoint(), ...SEEKABLE })
    out.end('small')
    await expect(out.skipStored()).rejects.toBeInstanceOf(RangeError)
    await finished(out)
    expect((await stored(server))?.toString()).toBe('small')
  })

  it('rejects with what the stream fails with', async () => {
    const server = await startServer()
    const { out } = open(server, { checkpoint: new MemoryCheckpoint('no JSON'), ...SEEKABLE })
    const failing = ending(out)
    const error = await out.skipStored().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_OSS_CHECKPOINT', reason: 'malformed' })
    expect(await failing).toBe(error)
  })

  it('tells by its rejection alone what nobody listens for', async () => {
    const server = await startServer()
    const { out } = open(server, { checkpoint: new MemoryCheckpoint('no JSON'), ...SEEKABLE })
    await expect(out.skipStored()).rejects.toMatchObject({ reason: 'malformed' })
    // Without a listener its 'error' would be an uncaught exception, which fails the test run.
    await new Promise((resolve) => out.once('close', resolve))
    expect(out.errored).toMatchObject({ reason: 'malformed' })
  })

  it('keeps no failure from those who listen, or ought to', async () => {
    const server = await startServer()
    const { out } = open(server, { checkpoint: new MemoryCheckpoint(), ...SEEKABLE })
    expect(await out.skipStored()).toBe(0)
    expect(out.listenerCount('error')).toBe(0)
    out.write('x')
    await expect(out.skipStored()).rejects.toBeInstanceOf(RangeError)
    expect(out.listenerCount('error')).toBe(0)
    out.end()
    await finished(out)
  })

  it('rejects when the stream is destroyed meanwhile', async () => {
    const server = await startServer()
    const store = new MemoryCheckpoint()
    const options = { checkpoint: store, ...SEEKABLE }
    await interruptedRun(server, options)
    const { text } = store
    const held = server.faults.add({ operation: 'ListParts' }, { hold: 'arrival' })
    const { out } = open(server, options)
    const skipping = out.skipStored().catch((thrown: unknown) => thrown)
    await held.reached()
    out.destroy()
    await out.settled
    held.release()
    expect(await skipping).toMatchObject({ code: 'ERR_OSS_DESTROYED' })
    expect(store.text).toBe(text)
  })
})

/** A client of the server's, for what happens between two runs. */
async function cleaner(server: OssServer) {
  const { OssClient } = await import('../../src/client/client.js')
  return { client: new OssClient({ ...server.options(), env: {} }) }
}
