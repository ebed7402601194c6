/** A file is in OSS as it was when it was opened, or not at all; real files, through the embedded server. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { OssWriteStreamOptions, UploadProgress } from '../src/options.js'
import { crc64 } from '../src/protocol/digest.js'
import { type OpenFile, uploadFile } from '../src/upload-file.js'
import { Gate } from './helpers/gate.js'
import { MemoryCheckpoint } from './helpers/memory-checkpoint.js'
import { bytes, PART } from './helpers/new-upload.js'
import { FAST } from './helpers/open-stream.js'
import { runChild } from './helpers/run-child.js'
import { startServer } from './helpers/start-server.js'

const TARGET = 'oss://bucket/key'
const INPUT = bytes(6 * PART + 77)

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-file-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  path = join(folder, 'file')
  await writeFile(path, INPUT)
})

async function start(more: OssWriteStreamOptions = {}) {
  const server = await startServer()
  const options = { ...server.options(), env: {}, retry: FAST, partSize: PART, ...more }
  return {
    server,
    options,
    upload: (file: string | URL | OpenFile = path, others: OssWriteStreamOptions = {}) =>
      uploadFile(file, TARGET, { ...options, ...others }),
    content: async () => server.objects.get('bucket', 'key')?.content(),
    async expectStored(input = INPUT) {
      const stored = await server.objects.get('bucket', 'key')?.content()
      expect(stored?.equals(input)).toBe(true)
      expect(server.uploads.list()).toEqual([])
    },
    expectNothing() {
      expect(server.objects.get('bucket', 'key')).toBeUndefined()
      expect(server.uploads.list()).toEqual([])
    },
  }
}

/** The file of the test, open; `positions` are where it was read, `onRead` may change things or wait. */
async function watched(onRead: (read: number) => unknown = () => {}) {
  const handle = await open(path)
  onTestFinished(() => handle.close())
  const positions: number[] = []
  let underWay = 0
  const file = {
    stat: (options: { bigint: true }) => handle.stat(options),
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      underWay++
      try {
        await onRead(positions.push(position))
        return await handle.read(buffer, offset, length, position)
      } finally {
        underWay--
      }
    },
  }
  return { file: file as OpenFile, positions, underWay: () => underWay }
}

/** How often the process has the file open; `undefined` where that cannot be seen. */
function timesOpen(name: string): number | undefined {
  if (!existsSync('/proc/self/fd')) return undefined
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return undefined
    }
  })
  return targets.filter((target) => target === name).length
}

function expectClosed(name = path): void {
  expect([0, undefined]).toContain(timesOpen(name))
}

describe('a file', () => {
  it.each([
    ['one byte', 1, 1],
    ['a byte less than a part', PART - 1, 1],
    ['exactly a part', PART, 1],
    ['a byte more than a part', PART + 1, 2],
    ['exactly three parts', 3 * PART, 3],
    ['three parts and some', 3 * PART + 7, 4],
  ])('of %s is stored', async (_name, size, parts) => {
    const input = INPUT.subarray(0, size)
    await writeFile(path, input)
    const { server, upload, expectStored } = await start()
    const result = await upload()
    expect(result).toMatchObject({ size, parts, crc64: String(crc64(input)) })
    await expectStored(input)
    expect(server.requests.of('PutObject')).toHaveLength(parts === 1 ? 1 : 0)
    expectClosed()
  })

  it.each(['path', 'handle'])('without a byte is stored (by its %s)', async (way) => {
    await writeFile(path, '')
    const { upload, expectStored } = await start()
    const { file } = await watched()
    expect(await upload(way === 'path' ? path : file)).toMatchObject({ size: 0, parts: 1 })
    await expectStored(Buffer.alloc(0))
  })

  it('tells whoever asks which stream it is', async () => {
    const { options, expectStored } = await start()
    const seen: (string | undefined)[] = []
    const result = await uploadFile(path, TARGET, options, (out) => {
      seen.push(out.key)
      out.on('uploadId', (uploadId) => seen.push(uploadId))
    })
    expect(seen).toEqual(['key', result.uploadId])
    await expectStored()
  })

  it('may be given as a URL', async () => {
    const { upload, expectStored } = await start()
    await upload(pathToFileURL(path))
    await expectStored()
  })

  it('may be given as a handle, which stays open and where it stands', async () => {
    const { upload, expectStored } = await start()
    const handle: FileHandle = await open(path)
    onTestFinished(() => handle.close())
    await handle.read(Buffer.alloc(10), 0, 10)
    await upload(handle)
    await expectStored()
    const { buffer } = await handle.read(Buffer.alloc(5), 0, 5)
    expect(buffer.equals(INPUT.subarray(10, 15))).toBe(true)
  })

  it('may go where the options say', async () => {
    const { options, expectStored } = await start()
    await uploadFile(path, { ...options, bucket: 'bucket', key: 'key' })
    await expectStored()
  })

  it('is planned by its size: no part is too small for it', async () => {
    const { upload, expectStored } = await start()
    const progress: UploadProgress[] = []
    await upload(path, { onProgress: (now) => progress.push(now) })
    expect(progress.at(-1)).toMatchObject({
      bytesWritten: INPUT.length,
      bytesUploaded: INPUT.length,
      expectedSize: INPUT.length,
    })
    await expectStored()
  })

  it('is seen whole, and in order, by whoever asks about its bytes', async () => {
    const { upload, expectStored } = await start()
    let tail: Buffer | undefined
    const { sha256 } = await upload(path, {
      sha256: true,
      expectedDigest: { crc64: String(crc64(INPUT)) },
      beforeComplete: (summary) => {
        tail = summary.tail
      },
    })
    expect(sha256).toBe(createHash('sha256').update(INPUT).digest('hex'))
    expect(tail?.equals(INPUT.subarray(-4096))).toBe(true)
    await expectStored()
  })

  it('is stored as it is, however its parts fall and whatever is computed', async () => {
    const { upload, expectStored } = await start()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: INPUT.length }),
        fc.integer({ min: PART, max: 2.5 * PART }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('md5' as const, 'md5+crc64' as const, 'crc64' as const, false as const),
        async (size, partSize, concurrency, integrity) => {
          const input = INPUT.subarray(0, size)
          await writeFile(path, input)
          const maxMemory = 2 * partSize
          await upload(path, { partSize, concurrency, integrity, maxMemory })
          await expectStored(input)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('larger than `maxMemory` is read within it', { timeout: 60_000 }, async () => {
    await truncate(path, 100 * 2 ** 20)
    const server = await startServer()
    const maxMemory = 20 * 2 ** 20
    const args = [path, String(maxMemory)]
    const { code, stdout, stderr } = await runChild('upload-file', server, args)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { size, mostHeld, mostBuffers } = JSON.parse(stdout)
    expect(size).toBe(100 * 2 ** 20)
    expect(mostHeld).toBeGreaterThan(2 ** 22)
    expect(mostHeld).toBeLessThanOrEqual(maxMemory)
    expect(mostBuffers).toBeLessThanOrEqual(maxMemory + 3 * 2 ** 20)
  })
})

describe('reads', () => {
  it('are of whole parts, and two at once', async () => {
    const gate = new Gate()
    const { file, positions } = await watched(() => gate.arrive())
    const { upload, expectStored } = await start()
    const uploading = upload(file)
    await gate.reached(2)
    expect(positions).toEqual([0, PART])
    gate.open()
    await uploading
    expect(positions).toEqual([0, 1, 2, 3, 4, 5, 6].map((part) => part * PART))
    await expectStored()
  })

  it('that bring less than was asked for are gone on with', async () => {
    const handle = await open(path)
    onTestFinished(() => handle.close())
    const { upload, expectStored } = await start()
    const read = (buffer: Uint8Array, offset: number, length: number, position: number) =>
      handle.read(buffer, offset, Math.min(length, 30_001), position)
    await upload({ stat: (options: { bigint: true }) => handle.stat(options), read } as OpenFile)
    await expectStored()
  })

  it('that fail are what it rejects with, when nothing is left', async () => {
    const failure = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
    const { file, underWay } = await watched((read) => {
      if (read === 4) throw failure
    })
    const { upload, expectNothing } = await start()
    await expect(upload(file)).rejects.toBe(failure)
    expectNothing()
    expect(underWay()).toBe(0)
  })

  it('under way are awaited before it rejects, so that nobody reads into memory of others', async () => {
    const gate = new Gate()
    const { file, positions, underWay } = await watched((read) => read > 2 && gate.arrive())
    const controller = new AbortController()
    const { server, upload, expectNothing } = await start()
    let isTold = false
    const reason = new Error('enough')
    const uploading = upload(file, { signal: controller.signal })
      .catch((error: unknown) => error)
      .finally(() => {
        isTold = true
      })
    await gate.reached(2)
    controller.abort(reason)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect([isTold, underWay()]).toEqual([false, 2])
    gate.open()
    expect(await uploading).toBe(reason)
    expect([underWay(), positions.length]).toEqual([0, 4])
    expect(server.requests.operations()).not.toContain('CompleteMultipartUpload')
    expectNothing()
  })
})

describe('a file that changes while it is read', () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['is cut short', () => truncate(path, 3 * PART), /nothing is left at byte \d+/],
    [
      'is cut short behind what was read',
      () => truncate(path, 6 * PART + 1),
      /nothing is left at byte 614401|it had 614477/,
    ],
    ['grows', () => appendFile(path, 'x'), /it had 614477 bytes, and has 614478 now/],
    ['is written to', () => utimes(path, 1, 1), /it was written to/],
  ])('%s: nothing is published', async (_name, change, text) => {
    const { file, underWay } = await watched((read) => (read === 3 ? change() : undefined))
    const { upload, expectNothing } = await start()
    await expect(upload(file)).rejects.toMatchObject({
      code: 'ERR_OSS_SOURCE_CHANGED',
      outcome: 'absent',
      message: expect.stringMatching(text),
    })
    expectNothing()
    expect(underWay()).toBe(0)
  })

  it('of one part is not put either', async () => {
    await writeFile(path, 'small')
    const { file } = await watched(() => appendFile(path, 'er'))
    const { server, upload } = await start()
    await expect(upload(file)).rejects.toMatchObject({ code: 'ERR_OSS_SOURCE_CHANGED' })
    expect(server.requests.all).toEqual([])
  })

  it('is replaced by another of its name: it is stored as it was opened', async () => {
    const other = join(folder, 'other')
    await writeFile(other, 'something else')
    const { file } = await watched((read) => (read === 2 ? rename(other, path) : undefined))
    const { upload, expectStored } = await start()
    await upload(file)
    await expectStored()
    expect(String(await readFile(path))).toBe('something else')
  })
})

describe('what is no file', () => {
  it('is told as Node tells it, and nothing is asked', async () => {
    const { server, upload } = await start()
    await expect(upload(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(server.requests.all).toEqual([])
  })

  it('or may not be read is told as Node tells it, and leaves nothing', async () => {
    const { upload, expectNothing } = await start()
    const handle = await open(path, 'a')
    onTestFinished(() => handle.close())
    await expect(upload(handle)).rejects.toMatchObject({ code: 'EBADF' })
    expectNothing()
  })

  it.each<[string, () => unknown, string]>([
    ['a folder', () => folder, 'a file, not a folder'],
    ['a number', () => 7, 'a path or a FileHandle'],
    ['nothing', () => undefined, 'a path or a FileHandle'],
  ])('%s is refused', async (_name, file, text) => {
    const { server, upload, options } = await start()
    const uploading = uploadFile(file() as string, TARGET, options)
    await expect(uploading).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
      option: 'file',
      message: expect.stringContaining(text),
    })
    expect(upload).toBeDefined()
    expect(server.requests.all).toEqual([])
    expectClosed(folder)
  })

  it('a pipe with a name is streamed', async () => {
    const fifo = join(folder, 'fifo')
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
    const { upload, expectStored } = await start()
    const uploading = upload(fifo)
    const writer = await open(fifo, 'w')
    await writer.writeFile(INPUT)
    await writer.close()
    expect(await uploading).toMatchObject({ size: INPUT.length, parts: 7 })
    await expectStored()
    expectClosed(fifo)
  })

  it('a pipe to which nobody writes is given up when it is told to', async () => {
    const fifo = join(folder, 'fifo')
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
    const controller = new AbortController()
    const { server, upload } = await start()
    const uploading = upload(fifo, { signal: controller.signal }).catch((error: unknown) => error)
    while (timesOpen(fifo) === 0) await new Promise(setImmediate)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await uploading).toBe(reason)
    expect(server.requests.all).toEqual([])
    expectClosed(fifo)
  })

  it('a pipe is not even read if the signal is aborted before', async () => {
    const fifo = join(folder, 'fifo')
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
    const reason = new Error('too late')
    const { upload } = await start()
    await expect(upload(fifo, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expectClosed(fifo)
  })

  it('a handle of a pipe is refused', async () => {
    const { upload } = await start()
    const stat = async () => statSync('/dev/null', { bigint: true })
    const file = { stat, read: () => expect.unreachable() } as unknown as OpenFile
    await expect(upload(file)).rejects.toThrow('the handle of a regular file')
  })

  it('but says to be empty is streamed', async () => {
    const { upload, content } = await start()
    // Where there is no /proc, an empty file is what it says.
    const name = existsSync('/proc/version') ? '/proc/version' : join(folder, 'empty')
    if (!existsSync(name)) await writeFile(name, '')
    await upload(name)
    expect(String(await content())).toBe(await readFile(name, 'utf8'))
  })
})

describe('a failure', () => {
  it('of a part leaves nothing', async () => {
    const { server, upload, expectNothing } = await start()
    server.faults.add({ operation: 'UploadPart', skip: 2 }, { status: 403, code: 'AccessDenied' })
    await expect(upload()).rejects.toMatchObject({ ossCode: 'AccessDenied', outcome: 'absent' })
    expectNothing()
    expectClosed()
  })

  it.each([
    ['a 503', { status: 503, code: 'ServiceUnavailable' }],
    ['a broken connection', { reset: 'mid-body' }],
  ] as const)('of two attempts by %s is made good', async (_name, fault) => {
    const { server, upload, expectStored } = await start()
    server.faults.add({ operation: 'UploadPart', skip: 1, times: 2 }, fault)
    await upload()
    await expectStored()
  })

  it('by an aborted signal makes no request', async () => {
    const { server, upload } = await start()
    const reason = new Error('too late')
    await expect(upload(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.requests.all).toEqual([])
    expectClosed()
  })

  it('by a veto publishes nothing', async () => {
    const { upload, expectNothing } = await start()
    const veto = new Error('no trailer')
    const beforeComplete = () => {
      throw veto
    }
    await expect(upload(path, { beforeComplete })).rejects.toBe(veto)
    expectNothing()
  })

  it('of a size that was to be another is told before anything is sent', async () => {
    const { server, upload } = await start()
    await expect(upload(path, { expectedSize: 7, exactSize: true })).rejects.toMatchObject({
      code: 'ERR_OSS_SIZE_MISMATCH',
      expected: 7,
      actual: INPUT.length,
      outcome: 'absent',
    })
    expect(server.requests.all).toEqual([])
    await upload(path, { expectedSize: 7 })
  })

  it.each<[string, object | null]>([
    ['partSize', { partSize: 5 }],
    ['expectedSize', { expectedSize: -1 }],
    ['exactSize', { exactSize: 'yes' }],
    ['options', null],
  ])('of the option `%s` is told, and the file closed', async (option, bad) => {
    const { server, options } = await start()
    const given = bad === null ? bad : { ...options, ...bad }
    await expect(uploadFile(path, TARGET, given as OssWriteStreamOptions)).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
      option,
    })
    expect(server.requests.all).toEqual([])
    expectClosed()
  })
})

describe('a file with a checkpoint', () => {
  const BROKEN = { operation: 'UploadPart', skip: 3, times: Number.POSITIVE_INFINITY } as const

  /** Stores the first three parts, and fails. */
  async function cutShort(store: MemoryCheckpoint, more: OssWriteStreamOptions = {}) {
    const started = await start({ checkpoint: store, concurrency: 1, ...more })
    started.server.faults.add(BROKEN, { reset: 'mid-body' })
    await expect(started.upload()).rejects.toMatchObject({ code: 'ERR_OSS_UPLOAD' })
    expect(started.server.uploads.list()[0]?.parts).toHaveLength(3)
    started.server.faults.clear()
    started.server.requests.clear()
    return started
  }

  it('is gone on with, and what is stored is neither read nor sent', async () => {
    const store = new MemoryCheckpoint()
    const { server, upload, expectStored } = await cutShort(store)
    const { file, positions } = await watched()
    await upload(file)
    expect(positions).toEqual([3, 4, 5, 6].map((part) => part * PART))
    const sent = server.requests.of('UploadPart').map(({ partNumber }) => partNumber)
    expect(sent.sort()).toEqual([4, 5, 6, 7])
    expect(server.requests.operations()).not.toContain('InitiateMultipartUpload')
    await expectStored()
    expect(store.text).toBeUndefined()
  })

  it('is read again, but not sent, where somebody asks about all its bytes', async () => {
    const store = new MemoryCheckpoint()
    const { server, upload, expectStored } = await cutShort(store, { sha256: true })
    const { file, positions } = await watched()
    await upload(file)
    expect(positions).toHaveLength(7)
    expect(server.requests.of('UploadPart')).toHaveLength(4)
    await expectStored()
  })

  it('is begun anew if it is not the file it was', async () => {
    const store = new MemoryCheckpoint()
    const { server, upload, expectStored } = await cutShort(store)
    const changed = bytes(INPUT.length, 2)
    await writeFile(path, changed)
    await utimes(path, 5, 5)
    await upload()
    expect(server.requests.of('UploadPart')).toHaveLength(7)
    await expectStored(changed)
  })

  it('is gone on with although its time is another, if the caller names its version', async () => {
    const store = new MemoryCheckpoint()
    const { server, upload, expectStored } = await cutShort(store, { sourceVersion: 'v1' })
    await utimes(path, 5, 5)
    await upload()
    expect(server.requests.of('UploadPart')).toHaveLength(4)
    await expectStored()
  })

  it('is gone on with after kill -9', { timeout: 60_000 }, async () => {
    const { server, expectStored } = await start()
    const checkpoint = join(folder, 'checkpoint')
    const held = server.faults.add({ operation: 'UploadPart', skip: 3 }, { hold: 'arrival' })
    const first = runChild('upload-file', server, [path, '0', checkpoint], (_stdout, child) => {
      // Its first output: it is about to begin.
      void held.reached().then(() => child.kill('SIGKILL'))
    })
    expect((await first).signal).toBe('SIGKILL')
    held.release()
    const stored = server.uploads.list()[0]?.parts.map(({ partNumber }) => partNumber) ?? []
    expect(stored.length).toBeGreaterThan(0)
    server.requests.clear()
    const { code, stderr } = await runChild('upload-file', server, [path, '0', checkpoint])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const again = server.requests.of('UploadPart').map(({ partNumber = 0 }) => partNumber)
    expect(again.filter((partNumber) => stored.includes(partNumber))).toEqual([])
    await expectStored()
    expect(existsSync(checkpoint)).toBe(false)
  })
})
