/** What the page says of a PassThrough between a pipeline and an SDK, with ali-oss; and the same with ours. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { spawnSource } from '../../src/child-process-source.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

/** What of ali-oss is used here; the package has no types. */
type AliOss = new (options: object) => { putStream(name: string, body: Readable): Promise<unknown> }

/** More than all buffers on the way hold. */
function* manyChunks() {
  for (let i = 0; i < 200; i++) yield bytes(65_536)
}

const HALF_A_DUMP = ['-c', 'head -c 300000 /dev/zero; exit 1']

async function open() {
  const server = await startServer()
  const { endpoint, credentials } = server.options()
  const AliOss: AliOss = createRequire(import.meta.url)('ali-oss')
  const region = 'oss-cn-hangzhou'
  const store = new AliOss({ ...credentials, endpoint, region, bucket: 'bucket' })
  const options = { ...server.options(), env: {}, retry: FAST }
  return {
    server,
    theirs(pass: PassThrough) {
      const stored = store.putStream('key', pass)
      // Each test looks at it when it wants to.
      stored.catch(() => undefined)
      return stored
    },
    ours: () => createOssWriteStream('oss://bucket/key', options),
  }
}

describe('a pipeline that has resolved', () => {
  it('with a PassThrough has published nothing yet', async () => {
    const { server, theirs } = await open()
    const held = server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
    const pass = new PassThrough()
    const stored = theirs(pass)
    await pipeline(Readable.from(['abc']), pass)
    await held.reached()
    expect(server.objects.list()).toEqual([])
    held.release()
    await stored
  })

  it('with ours has', async () => {
    const { server, ours } = await open()
    await pipeline(Readable.from(['abc']), ours())
    expect(server.objects.list()).toHaveLength(1)
  })
})

describe('an upload that is refused', () => {
  it('with a PassThrough lets the pipeline succeed', async () => {
    const { server, theirs } = await open()
    server.faults.add({ operation: 'PutObject' }, { status: 403, code: 'AccessDenied' })
    const pass = new PassThrough()
    const stored = theirs(pass)
    await pipeline(Readable.from(['abc']), pass)
    await expect(stored).rejects.toMatchObject({ code: 'AccessDenied' })
  })

  it('with ours fails it', async () => {
    const { server, ours } = await open()
    server.faults.add({ operation: 'PutObject' }, { status: 403, code: 'AccessDenied' })
    const failing = pipeline(Readable.from(['abc']), ours())
    await expect(failing).rejects.toMatchObject({ ossCode: 'AccessDenied' })
  })
})

describe('a connection that breaks', () => {
  it('with a PassThrough fails, and the pipeline does not say why', async () => {
    const { server, theirs } = await open()
    server.faults.add({ operation: 'PutObject' }, { reset: 'mid-body' })
    const pass = new PassThrough()
    const stored = theirs(pass)
    const failing = pipeline(Readable.from(manyChunks()), pass)
    await expect(failing).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    await expect(stored).rejects.toThrow()
    expect(server.objects.list()).toEqual([])
  })

  it('with ours is not noticed', async () => {
    const { server, ours } = await open()
    server.faults.add({ operation: 'UploadPart' }, { reset: 'mid-body' })
    await pipeline(Readable.from(manyChunks()), ours())
    expect(server.objects.get('bucket', 'key')?.size).toBe(200 * 65_536)
  })
})

describe('half a dump', () => {
  it('is published with a PassThrough', async () => {
    const { server, theirs } = await open()
    const pass = new PassThrough()
    const stored = theirs(pass)
    await pipeline(spawn('sh', HALF_A_DUMP).stdout, pass)
    await stored
    expect(server.objects.get('bucket', 'key')?.size).toBe(300_000)
  })

  it('is not with spawnSource() and ours', async () => {
    const { server, ours } = await open()
    const out = ours()
    const failing = pipeline(spawnSource('sh', HALF_A_DUMP), out)
    await expect(failing).rejects.toMatchObject({ code: 'ERR_OSS_CHILD_PROCESS', exitCode: 1 })
    await out.settled
    expect(server.objects.list()).toEqual([])
  })
})

describe('a byte that is damaged', () => {
  it('is stored with a PassThrough', async () => {
    const { server, theirs } = await open()
    server.faults.add({ operation: 'PutObject' }, { corrupt: 'stored' })
    const pass = new PassThrough()
    const stored = theirs(pass)
    await pipeline(Readable.from(['abc']), pass)
    await stored
    expect(String(await server.objects.get('bucket', 'key')?.content())).not.toBe('abc')
  })
})
