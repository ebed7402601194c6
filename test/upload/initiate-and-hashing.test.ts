/** Giving up while the first part waits for its digests and Initiate for its answer. */
import { describe, expect, it, vi } from 'vitest'
import type { Hashing } from '../../src/digest/process-hasher.js'
import { TransportError } from '../../src/errors.js'
import { crc64 } from '../../src/protocol/digest.js'
import { planParts } from '../../src/protocol/part-plan.js'
import { UploadError } from '../../src/upload-errors.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

const INPUT = bytes(20 * PART)
const REASON = new Error('given up')

const SOURCE = {
  size: INPUT.byteLength,
  read: async (buffer: Uint8Array, position: number) =>
    INPUT.copy(buffer, 0, position, position + buffer.byteLength),
  findChange: async () => undefined,
}

/** An upload of a source at hand, whose parts are all hashed in batches by `hash`. */
function batching(hash: () => Promise<never>) {
  const loaded = {
    hasher: { hash, modeFor: () => 'inline', usesWorker: () => false },
  } as unknown as Hashing
  return newUpload({
    plan: planParts({ partSize: PART, concurrency: 2, maxMemory: 8 * PART }),
    hashing: {
      mode: 'auto',
      isBusy: () => true,
      isPressed: () => false,
      loaded: () => loaded,
      load: async () => loaded,
    },
  })
}

describe('an upload whose first part never gets its digests', () => {
  it('ends what Initiate begins, though no part waits for it, when it is given up', async () => {
    const { upload, target } = batching(() => new Promise(() => {}))
    const gate = target.hold('initiate')
    upload.finish(SOURCE).catch(() => undefined)
    await gate.reached()
    const aborting = upload.abort(REASON)
    // Long enough for everything but Initiate to be over.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent', abortError: undefined })
    await new Promise((resolve) => setImmediate(resolve))
    expect(target.trail).toEqual(['initiate', 'abort'])
    expect(target.uploads.size).toBe(0)
  })

  it('ends what Initiate begins when the hashing fails', async () => {
    const { upload, target, failures } = batching(() => Promise.reject(new Error('out of memory')))
    const gate = target.hold('initiate')
    const finishing = upload.finish(SOURCE).catch((error: unknown) => error)
    await gate.reached()
    const error = await finishing
    const aborting = upload.abort(error)
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    gate.open()
    await aborting
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures).toEqual([error])
    expect(target.trail).toEqual(['initiate', 'abort'])
    expect(target.uploads.size).toBe(0)
  })
})

describe('an upload that cannot be begun', () => {
  it('fails with what Initiate failed with, though every part still waits for its digests', async () => {
    const { upload, target, failures } = batching(() => new Promise(() => {}))
    const refused = new TransportError('unsent', 'no connection')
    target.fail('initiate', refused)
    const error: unknown = await upload.finish(SOURCE).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({ cause: refused, outcome: 'absent', bucket: 'bucket' })
    expect(failures).toEqual([error])
    expect(await upload.abort(error)).toMatchObject({ outcome: 'absent' })
    expect([target.trail, upload.state]).toEqual([['initiate'], 'aborted'])
  })
})

describe('an object of one part, with the kernels there', () => {
  it.each([
    ['md5', { md5: true, crc64: true }],
    ['no md5', { md5: false, crc64: true }],
  ])('is put with its CRC-64 (%s)', async (_, digests) => {
    const hash = () => Promise.reject(new Error('not asked'))
    const loaded = { hasher: { hash, modeFor: () => 'inline', usesWorker: () => false } }
    const hashing = loaded as unknown as Hashing
    const { upload, target } = newUpload({
      plan: planParts({ partSize: PART, concurrency: 2, maxMemory: 8 * PART }),
      digests,
      hashing: {
        mode: 'auto',
        isBusy: () => false,
        isPressed: () => false,
        loaded: () => hashing,
        load: async () => hashing,
      },
    })
    const puts = vi.spyOn(target, 'put')
    await upload.finish({ ...SOURCE, size: PART })
    const [request] = puts.mock.calls[0] ?? []
    const expected = crc64(INPUT.subarray(0, PART))
    expect([request?.digests.crc64, request?.digests.md5 !== undefined]).toEqual([
      expected,
      digests.md5,
    ])
    expect(target.trail).toEqual(['put'])
  })
})
