/**
 * Whatever is asked for, however it is cut, and whatever goes wrong: the bytes are those of the range,
 * or there is an error, and what was handed over by then is a beginning of them.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { createOssReadStream } from '../../src/read-stream.js'
import { createOssServer, type FaultAction, type OssServer } from '../../src/server/server.js'
import { bytes } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'

const FAULTS: readonly FaultAction[] = [
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 500 },
  { status: 403, code: 'AccessDenied' },
  { status: 412, code: 'PreconditionFailed' },
  { status: 502, body: '<html>502 Bad Gateway</html>' },
  { reset: 'before-body' },
  { drop: 'answer' },
  { breakAfter: 0 },
  { breakAfter: 1 },
  { breakAfter: 700 },
  { breakAfter: 5000 },
  { drip: { bytes: 1500, everyMs: 0 } },
  { corrupt: 'crc64' },
  { corrupt: 'etag' },
  { dropHeader: 'x-oss-hash-crc64ecma' },
  { dropHeader: 'content-range' },
  { setHeader: { 'content-range': 'bytes 0-9/10' } },
]

const fault = fc.record({
  action: fc.constantFrom(...FAULTS),
  skip: fc.integer({ min: 0, max: 8 }),
  times: fc.constantFrom(1, 1, 2, 5),
})

const scene = fc
  .record({
    size: fc.oneof(fc.constantFrom(0, 1, 1024, 2048), fc.integer({ min: 0, max: 20_000 })),
    partSize: fc.integer({ min: 1024, max: 6000 }),
    parts: fc.integer({ min: 1, max: 5 }),
    // Without it the event loop decides.
    concurrency: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    highWaterMark: fc.constantFrom(0, 1, 1000, 100_000),
    start: fc.option(fc.nat({ max: 20_000 }), { nil: undefined }),
    length: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    stopAfter: fc.option(fc.nat({ max: 20_000 }), { nil: undefined, freq: 4 }),
  })
  .map(({ parts, length, start, ...rest }) => ({
    ...rest,
    start,
    maxMemory: parts * rest.partSize,
    end: length === undefined ? undefined : (start ?? 0) + length - 1,
  }))

describe('reading', () => {
  let server: OssServer
  let client: OssClient
  let failures: unknown[]

  beforeAll(async () => {
    failures = []
    server = await createOssServer({
      buckets: ['bucket'],
      onError: (error) => failures.push(error),
    })
    client = new OssClient({ ...server.options(), bucket: 'bucket', env: {}, retry: FAST })
  })

  afterAll(async () => {
    await server.close()
    expect(failures).toEqual([])
  })

  async function play(given: typeof scene extends fc.Arbitrary<infer T> ? T : never) {
    const { size, stopAfter, ...options } = given
    const input = bytes(size, size + 1)
    const key = `object-${size}`
    await client.putObject({ key, body: input })
    const source = createOssReadStream({ client, key, ...options })
    const chunks: Uint8Array[] = []
    let received = 0
    let most = 0
    let error: unknown
    try {
      for await (const chunk of source) {
        chunks.push(chunk)
        received += chunk.length
        most = Math.max(most, source.progress.heldBytes)
        if (stopAfter !== undefined && received > stopAfter) break
      }
    } catch (thrown) {
      error = thrown
    }
    if (!source.closed) await new Promise<void>((resolve) => source.once('close', resolve))
    const { start = 0, end = size } = options
    const wanted = input.subarray(start, end + 1)
    const output = Buffer.concat(chunks)
    // Never anything but a beginning of what was asked for.
    expect(output.equals(wanted.subarray(0, output.length))).toBe(true)
    expect(most).toBeLessThanOrEqual(options.maxMemory)
    expect(source.progress).toMatchObject({ rangesInFlight: 0, heldBytes: 0 })
    return { error, isWhole: output.length === wanted.length, source }
  }

  it('gives the bytes of the range, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (given) => {
        const { error, isWhole } = await play(given)
        const { start = 0, size } = given
        if (start >= size && start > 0)
          expect(error).toMatchObject({ code: 'ERR_OSS_RANGE', start })
        else {
          expect(error).toBeUndefined()
          expect(isWhole || given.stopAfter !== undefined).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('gives them whatever goes wrong, or an error', async () => {
    await fc.assert(
      fc.asyncProperty(scene, fc.array(fault, { maxLength: 4 }), async (given, faults) => {
        for (const { action, skip, times } of faults) {
          server.faults.add({ operation: 'GetObject', skip, times }, action)
        }
        try {
          const { error, isWhole } = await play(given)
          if (error === undefined) expect(isWhole || given.stopAfter !== undefined).toBe(true)
          else expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_OSS_/) })
        } finally {
          server.faults.clear()
        }
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})
