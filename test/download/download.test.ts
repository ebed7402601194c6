/** A download on a source of the test's own: versions, and memory at every moment. */
import { describe, expect, it } from 'vitest'
import { Download, type DownloadSettings } from '../../src/download/download.js'
import type {
  DownloadSource,
  OpenedObject,
  ReceiveRequest,
} from '../../src/download/download-source.js'
import { Pace } from '../../src/download/pace.js'
import { ServiceError } from '../../src/errors.js'
import { Gate } from '../helpers/gate.js'
import { bytes } from '../helpers/new-upload.js'

const INPUT = bytes(10_000)
const OBJECT: OpenedObject = {
  size: INPUT.length,
  etag: 'E',
  versionId: 'V1',
  meta: {},
  headers: {},
  requestId: 'R',
}

const refusal = (status: number) => new ServiceError({ status, ossCode: 'Code', requestId: 'R2' })

/** Answers as `answer` says, in pieces of 1,000 bytes, each a turn of its own. */
class FakeSource implements DownloadSource {
  readonly requests: ReceiveRequest[] = []
  readonly #answer: (request: ReceiveRequest, count: number) => Error | undefined

  constructor(
    answer: (request: ReceiveRequest, count: number) => Error | undefined = () => undefined,
  ) {
    this.#answer = answer
  }

  async receive(request: ReceiveRequest): Promise<void> {
    this.requests.push(request)
    const error = this.#answer(request, this.requests.length)
    if (error !== undefined) throw error
    request.onHead(OBJECT)
    const end = Math.min(request.end, INPUT.length)
    for (let at = request.start; at < end; at += 1000) {
      await Promise.resolve()
      request.signal.throwIfAborted()
      request.onData(INPUT.subarray(at, Math.min(at + 1000, end)))
    }
  }

  head(): Promise<OpenedObject> {
    return Promise.resolve(OBJECT)
  }
}

function open(
  source: DownloadSource,
  settings: Partial<DownloadSettings> = {},
  pace: Pace | undefined = undefined,
) {
  const chunks: Uint8Array[] = []
  let most = 0
  let resolve = (_output: Buffer) => {}
  let reject = (_error: unknown) => {}
  const output = new Promise<Buffer>((...settle) => {
    ;[resolve, reject] = settle
  })
  const download: Download = new Download(
    source,
    {
      bucket: 'b',
      key: 'k',
      wanted: { start: 0, end: Number.MAX_SAFE_INTEGER },
      etag: undefined,
      versionId: undefined,
      partSize: 2000,
      concurrency: 3,
      maxMemory: 4000,
      verify: true,
      expectedDigest: {},
      ...settings,
    },
    {
      onOpen: () => {},
      onRange: () => {},
      onFailure: (error) => {
        reject(error)
        void download.cancel(error)
      },
      onReadable: () => {
        most = Math.max(most, download.heldBytes)
        for (let next = download.take(); next !== undefined; next = download.take()) {
          chunks.push(next)
          most = Math.max(most, download.heldBytes)
        }
        if (download.isDone) resolve(Buffer.concat(chunks))
      },
      pace,
    },
  )
  download.start()
  return { download, output, most: () => most }
}

describe('a download', () => {
  it('holds no more than `maxMemory` at any moment', async () => {
    const { output, most } = open(new FakeSource())
    expect((await output).equals(INPUT)).toBe(true)
    expect(most()).toBeGreaterThan(2000)
    expect(most()).toBeLessThanOrEqual(4000)
  })

  it.each([
    [1, [1]],
    [0, [1, 2, 3]],
  ])('asks, under a load of %d, for so many ranges at once', async (load, expected) => {
    const counts = new Set<number>()
    let atOnce = 0
    const source = new FakeSource()
    const counted: DownloadSource = {
      head: source.head,
      async receive(request) {
        counts.add(++atOnce)
        await Promise.resolve()
        await source.receive(request)
        atOnce--
      },
    }
    const pace = new Pace({ most: 3, ticks: () => 0, newLoadMeter: () => () => load })
    const { output } = open(counted, { maxMemory: 10_000 }, pace)
    expect((await output).equals(INPUT)).toBe(true)
    expect([...counts]).toEqual(expected)
  })

  it('names no version of its own accord: reading one takes a permission more', async () => {
    const source = new FakeSource()
    await open(source).output
    expect(source.requests.map(({ versionId }) => versionId)).toEqual(Array(5).fill(undefined))
    expect(source.requests.map(({ etag }) => etag)).toEqual([undefined, 'E', 'E', 'E', 'E'])
  })

  it.each([
    [412, 'once another stands at the key'],
    [404, 'once it has been deleted'],
  ])('goes on with the version it began with (%i), %s', async (status) => {
    const source = new FakeSource(({ start, versionId }) =>
      start >= 4000 && versionId === undefined ? refusal(status) : undefined,
    )
    expect((await open(source, { concurrency: 1 }).output).equals(INPUT)).toBe(true)
    const asked = source.requests.map(({ start, versionId }) => [start, versionId])
    // The ranges after that name it at once.
    expect(asked.slice(2)).toEqual([
      [4000, undefined],
      [4000, 'V1'],
      [6000, 'V1'],
      [8000, 'V1'],
    ])
  })

  it.each([403, 404, 412])(
    'that may not read that version (%i) says it has changed',
    async (status) => {
      const source = new FakeSource(({ start, versionId }) =>
        start < 4000 ? undefined : refusal(versionId === undefined ? 412 : status),
      )
      await expect(open(source).output).rejects.toMatchObject({
        code: 'ERR_OSS_OBJECT_CHANGED',
        etag: 'E',
        versionId: 'V1',
        status,
        requestId: 'R2',
      })
    },
  )

  it('of a version that the caller names asks for no other', async () => {
    const source = new FakeSource(({ start }) => (start < 4000 ? undefined : refusal(412)))
    const { output } = open(source, { versionId: 'V1' })
    await expect(output).rejects.toMatchObject({ code: 'ERR_OSS_OBJECT_CHANGED', status: 412 })
    expect(new Set(source.requests.map(({ versionId }) => versionId))).toEqual(new Set(['V1']))
  })

  it('is a refusal, not a change, as long as nothing has come', async () => {
    const { output } = open(new FakeSource(() => refusal(404)))
    await expect(output).rejects.toMatchObject({ code: 'ERR_OSS_DOWNLOAD', status: 404 })
  })

  it.each([1, 2])('of which range %i comes to its end too early is none', async (short) => {
    const source: DownloadSource = new FakeSource()
    const receive = source.receive.bind(source)
    let count = 0
    source.receive = (request) =>
      receive({ ...request, end: request.end - (++count === short ? 500 : 0) })
    const { download, output } = open(source)
    expect((await output).byteLength).toBe(INPUT.length - 500)
    expect(() => download.verify()).toThrow(
      expect.objectContaining({
        code: 'ERR_OSS_DOWNLOAD',
        message: expect.stringContaining('9500 bytes came of 10000'),
      }),
    )
  })

  it('waits for its calls when it is cancelled', async () => {
    const gate = new Gate()
    const source: DownloadSource = {
      receive: () => gate.arrive(),
      head: () => Promise.resolve(OBJECT),
    }
    const { download } = open(source)
    let isOver = false
    const cancelled = download.cancel(new Error('enough')).then(() => {
      isOver = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).toBe(false)
    gate.open()
    await cancelled
    expect(download.heldBytes).toBe(0)
  })
})
