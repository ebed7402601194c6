import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError, TransportError } from '../../src/errors.js'
import { planParts } from '../../src/protocol/part-plan.js'
import { PartLimitError, SizeMismatchError, UploadError } from '../../src/upload-errors.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

const REASON = new Error('given up')

function lost(): TransportError {
  const error = new TransportError('interrupted', 'socket hang up')
  error.uncertain = 'lost'
  return error
}

describe('finish', () => {
  it.each([
    ['an empty stream', 0],
    ['one byte', 1],
    ['a part less a byte', PART - 1],
    ['exactly one part', PART],
  ])('sends %s as one put', async (_name, length) => {
    const { upload, target } = newUpload()
    const input = bytes(length)
    await upload.append(input)
    const published = await upload.finish()
    expect(target.trail).toEqual(['put'])
    expect(target.object?.bytes.equals(input)).toBe(true)
    expect(published).toMatchObject({ size: length, parts: 1 })
    expect(upload).toMatchObject({ state: 'completed', progress: { heldBytes: 0 } })
  })

  it.each([
    ['a part and a byte', PART + 1, [PART, 1]],
    ['exactly three parts', 3 * PART, [PART, PART, PART]],
    ['three parts and a half', 3.5 * PART, [PART, PART, PART, PART / 2]],
  ])('sends %s in parts as planned, with no empty one', async (_name, length, sizes) => {
    const told: number[] = []
    const { upload, target } = newUpload({ hooks: { onPart: (row) => told.push(row.size) } })
    const input = bytes(length)
    await upload.append(input)
    const published = await upload.finish()
    expect(target.object?.bytes.equals(input)).toBe(true)
    expect(told.sort((a, b) => b - a)).toEqual(sizes)
    expect(published).toMatchObject({ size: length, parts: sizes.length })
    expect(published.crc64).toBe(published.object.crc64)
    expect(target.trail.filter((each) => !each.startsWith('part'))).toEqual([
      'initiate',
      `complete ${sizes.map((_, index) => index + 1).join(',')}`,
    ])
    expect(upload).toMatchObject({
      state: 'completed',
      progress: { heldBytes: 0, partsInFlight: 0 },
    })
  })

  it('completes in ascending order although parts are acknowledged out of order', async () => {
    const { upload, target } = newUpload({ concurrency: 3 })
    const gate = target.hold('uploadPart')
    await upload.append(bytes(2.5 * PART))
    const finishing = upload.finish()
    await gate.reached(3)
    gate.open()
    await finishing
    expect(target.trail.at(-1)).toBe('complete 1,2,3')
  })

  it('reports a combined CRC-64 that is not the one of the object, which is published', async () => {
    const { upload, target } = newUpload()
    const complete = target.complete.bind(target)
    target.complete = async (request) => ({ ...(await complete(request)), crc64: 1n })
    target.head = async () => ({ etag: 'E', size: 2 * PART, crc64: 1n })
    await upload.append(bytes(2 * PART))
    const error = await upload.finish().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({
      outcome: 'published',
      cause: { code: 'ERR_OSS_DIGEST_MISMATCH' },
    })
    expect(await upload.abort(error)).toEqual({ outcome: 'published' })
    expect(target.trail).not.toContain('abort')
  })

  it('takes a part answered without a CRC-64 for no failure', async () => {
    const { upload, target } = newUpload()
    const uploadPart = target.uploadPart.bind(target)
    target.uploadPart = async (request) => {
      const { crc64, ...rest } = await uploadPart(request)
      return { ...rest, crc64: request.partNumber === 1 ? undefined : crc64 }
    }
    await upload.append(bytes(2 * PART))
    const published = await upload.finish()
    expect(published.crc64).toBe(published.object.crc64)
    expect(target.object?.bytes.equals(bytes(2 * PART))).toBe(true)
  })

  it.each([
    ['shorter', PART, 2 * PART],
    ['shorter, after parts were sent', 2.5 * PART, 3 * PART],
  ])('publishes nothing that is %s than the exact size', async (_name, length, exactSize) => {
    const { upload, target } = newUpload({ exactSize })
    await upload.append(bytes(length))
    const error = await upload.finish().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SizeMismatchError)
    expect(error).toMatchObject({ expected: exactSize, actual: length })
    await upload.abort(error)
    expect(target.object).toBeUndefined()
    expect(target.uploads.size).toBe(0)
  })

  it('refuses the first byte beyond the exact size', () => {
    const { upload } = newUpload({ exactSize: 10 })
    upload.append(bytes(10))
    expect(() => upload.append(bytes(1))).toThrow(SizeMismatchError)
  })
})

describe('append', () => {
  it('reaches the given concurrency and never passes it', async () => {
    const { upload, target } = newUpload({
      concurrency: 3,
      plan: planParts({ partSize: PART, concurrency: 3, maxMemory: 20 * PART }),
    })
    const gate = target.hold('uploadPart')
    const appending = upload.append(bytes(10 * PART))
    await gate.reached(3)
    expect(upload.progress.partsInFlight).toBe(3)
    gate.open()
    await appending
    await upload.finish()
    expect(target.maxInFlight).toBe(3)
  })

  it('holds filling + sealed + in flight, and never more than the budget', async () => {
    const { upload, target } = newUpload({ concurrency: 2 })
    const gate = target.hold('uploadPart')
    const appending = upload.append(bytes(10 * PART))
    await gate.reached(2)
    expect(upload.progress.heldBytes).toBe(3 * PART)
    expect(target.trail).toEqual(['initiate', 'part 1', 'part 2'])
    gate.open()
    await appending
    await upload.finish()
    expect(upload.progress.heldBytes).toBe(0)
  })

  it('fails with PartLimitError at part 10,001', async () => {
    const plan = { partSize: 1, growAfter: 10_000, maxPartSize: 1, maxMemory: 20_000 }
    const { upload } = newUpload({ plan })
    await upload.append(bytes(10_000))
    expect(() => upload.append(bytes(1))).toThrow(PartLimitError)
  })

  it('warns once, when 80 % of what the plan can hold is used', async () => {
    const plan = { partSize: 1, growAfter: 10_000, maxPartSize: 1, maxMemory: 20_000 }
    const told: number[] = []
    const { upload } = newUpload({ plan, hooks: { onCapacity: (capacity) => told.push(capacity) } })
    await upload.append(bytes(8000))
    expect(told).toEqual([])
    await upload.append(bytes(1))
    await upload.append(bytes(1))
    await upload.append(bytes(100))
    expect(told).toEqual([10_000])
  })
})

describe('a failing part', () => {
  it('fails the upload while the source is idle, and stops its siblings', async () => {
    const { upload, target, failures } = newUpload()
    const gate = target.hold('uploadPart')
    await upload.append(bytes(2.5 * PART))
    await gate.reached(2)
    target.fail('uploadPart', new ServiceError({ status: 403, ossCode: 'AccessDenied' }))
    gate.open()
    const report = await untilFailed(upload, failures)
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({
      status: 403,
      ossCode: 'AccessDenied',
      uploadId: 'upload-1',
    })
    expect(report).toEqual({ outcome: 'absent' })
    expect(target.uploads.size).toBe(0)
    expect(upload).toMatchObject({ state: 'aborted', progress: { heldBytes: 0 } })
  })

  it('is reported once when two parts fail together; one abort is sent', async () => {
    const { upload, target, failures } = newUpload()
    const gate = target.hold('uploadPart')
    await upload.append(bytes(2.5 * PART))
    await gate.reached(2)
    target.fail('uploadPart', new TransportError('interrupted', 'reset'), { times: 2 })
    gate.open()
    await untilFailed(upload, failures)
    expect(failures).toHaveLength(1)
    expect(target.trail.filter((each) => each === 'abort')).toHaveLength(1)
  })

  it('rejects an append that waits for memory, with the failure', async () => {
    const { upload, target, failures } = newUpload()
    const gate = target.hold('uploadPart')
    const appending = upload.append(bytes(5 * PART))
    await gate.reached(2)
    target.fail('uploadPart', new TransportError('interrupted', 'reset'))
    gate.open()
    const error = await appending?.catch((reason: unknown) => reason)
    expect(error).toBe(failures[0])
    expect(error).toBeInstanceOf(UploadError)
    await upload.abort(error)
    expect(upload.progress.heldBytes).toBe(0)
  })

  it('fails finish with the same error', async () => {
    const { upload, target, failures } = newUpload()
    await upload.append(bytes(1.5 * PART))
    target.fail('initiate', new ServiceError({ status: 404, ossCode: 'NoSuchBucket' }))
    const other = newUpload({ target })
    await other.upload.append(bytes(1.5 * PART))
    const error = await other.upload.finish().catch((reason: unknown) => reason)
    expect(error).toBe(other.failures[0])
    expect(error).toMatchObject({ code: 'ERR_OSS_UPLOAD', ossCode: 'NoSuchBucket' })
    expect(failures).toEqual([])
    await upload.abort(REASON)
  })

  it.each(['onUploadId', 'onPart'] as const)('is made of what the hook %s throws', async (hook) => {
    const thrown = new Error('a listener threw')
    const { upload, target, failures } = newUpload({
      hooks: {
        [hook]: () => {
          throw thrown
        },
      },
    })
    await upload.append(bytes(1.5 * PART))
    await upload.finish().catch(() => {})
    expect(failures).toEqual([thrown])
    await upload.abort(thrown)
    expect(target.uploads.size).toBe(0)
    expect(target.object).toBeUndefined()
  })
})

describe('abort', () => {
  it('asks nothing of the server before the first part is full', async () => {
    const { upload, target } = newUpload()
    await upload.append(bytes(PART))
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent' })
    expect(target.trail).toEqual([])
    expect(upload).toMatchObject({ state: 'aborted', progress: { heldBytes: 0 } })
  })

  it('waits for a late answer of Initiate and aborts what it began', async () => {
    const { upload, target } = newUpload()
    const gate = target.hold('initiate')
    await upload.append(bytes(1.5 * PART))
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent' })
    expect(target.trail).toEqual(['initiate', 'abort'])
    expect(target.uploads.size).toBe(0)
    expect(upload).toMatchObject({ state: 'aborted', progress: { heldBytes: 0 } })
  })

  it('has nothing to abort when Initiate failed', async () => {
    const { upload, target } = newUpload()
    const gate = target.hold('initiate')
    target.fail('initiate', new TransportError('unsent', 'refused'))
    await upload.append(bytes(1.5 * PART))
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent' })
    expect(target.trail).toEqual(['initiate'])
  })

  it('lets the parts in flight settle before it aborts, and looks whether one came late', async () => {
    const { upload, target, failures } = newUpload()
    const gate = target.hold('uploadPart')
    await upload.append(bytes(2.5 * PART))
    await gate.reached(2)
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent' })
    expect(target.trail).toEqual(['initiate', 'part 1', 'part 2', 'abort', 'isAlive'])
    expect(failures).toEqual([])
    expect(upload).toMatchObject({ state: 'aborted', progress: { heldBytes: 0, partsInFlight: 0 } })
  })

  it('waits for Complete, and says so if the object has landed', async () => {
    const { upload, target } = newUpload()
    const gate = target.hold('complete')
    await upload.append(bytes(1.5 * PART))
    const finishing = upload.finish()
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'published' })
    expect(upload.state).toBe('completed')
    expect(target.trail).not.toContain('abort')
    await finishing
  })

  it('aborts after a Complete that failed meanwhile', async () => {
    const { upload, target } = newUpload()
    const gate = target.hold('complete')
    target.fail('complete', new ServiceError({ status: 400, ossCode: 'InvalidPart' }))
    await upload.append(bytes(1.5 * PART))
    const finishing = upload.finish().catch(() => {})
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent' })
    await finishing
    expect(target.trail.slice(-2)).toEqual(['abort', 'isAlive'])
  })

  it.each([
    ['had begun to go out: it does not claim to know', true, 'unknown'],
    ['never went out: it knows', false, 'absent'],
  ])('cuts a put short that %s', async (_name, sends, outcome) => {
    const { upload, target } = newUpload()
    const gate = target.hold('put')
    const put = target.put.bind(target)
    target.put = (request) => {
      if (sends) request.onSend?.()
      return put(request)
    }
    await upload.append(bytes(10))
    const finishing = upload.finish().catch((reason: unknown) => reason)
    await gate.reached()
    expect(await upload.abort(REASON)).toEqual({ outcome })
    expect(await finishing).toBe(REASON)
    expect(upload).toMatchObject({ state: 'aborted', progress: { heldBytes: 0 } })
  })

  it('is told by the first reason, however often it fails afterwards', async () => {
    const { upload, target, failures } = newUpload()
    target.fail('uploadPart', new TransportError('interrupted', 'reset'))
    await upload.append(bytes(1.5 * PART))
    await untilFailed(upload, failures)
    expect(() => upload.append(bytes(1))).toThrow(expect.objectContaining({ message: 'reset' }))
    await upload.abort(new Error('another'))
    await expect(upload.finish()).rejects.toBe(failures[0])
  })

  it('does nothing after a success', async () => {
    const { upload, target } = newUpload()
    await upload.append(bytes(1.5 * PART))
    await upload.finish()
    expect(await upload.abort(REASON)).toEqual({ outcome: 'published' })
    expect(target.trail).not.toContain('abort')
  })

  it('is the same when it is called twice', async () => {
    const { upload, target } = newUpload()
    await upload.append(bytes(1.5 * PART))
    expect(upload.abort(REASON)).toBe(upload.abort(new Error('another')))
    await upload.abort(REASON)
    expect(target.trail.filter((each) => each === 'abort')).toHaveLength(1)
  })

  it('keeps the parts if it is told to', async () => {
    const { upload, target } = newUpload({ leavePartsOnError: true })
    await upload.append(bytes(2 * PART))
    await upload.abort(REASON)
    expect(target.trail).not.toContain('abort')
    expect(target.uploads.size).toBe(1)
    expect(upload.state).toBe('suspended')
  })

  it('tells why cleaning up failed', async () => {
    const { upload, target } = newUpload()
    const failure = new ServiceError({ status: 503, ossCode: 'ServiceUnavailable' })
    target.fail('abort', failure)
    await upload.append(bytes(1.5 * PART))
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent', abortError: failure })
    expect(upload).toMatchObject({ state: 'aborted', uploadId: 'upload-1' })
  })

  it('ends when the deadline of cleaning up has passed', async () => {
    const target = new FakeTarget()
    target.hold('abort')
    const { upload } = newUpload({
      target,
      clock: { breathe: () => Promise.resolve(), sleep: () => Promise.resolve(), ticks: () => 0 },
    })
    await upload.append(bytes(1.5 * PART))
    const report = await upload.abort(REASON)
    expect(report.abortError).toMatchObject({ code: 'ERR_OSS_TRANSPORT', kind: 'timeout' })
  })

  it('takes an upload that the service no longer knows for cleaned up', async () => {
    const { upload, target } = newUpload()
    await upload.append(bytes(1.5 * PART))
    await untilUploaded(upload, 1)
    target.uploads.clear()
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent' })
  })
})

describe('the truth about Complete', () => {
  const marker = 'mine'

  async function publish(prepare: (target: FakeTarget) => void, options = {}) {
    const created = newUpload({ marker, ...options })
    created.target.marker = marker
    await created.upload.append(bytes(1.5 * PART))
    prepare(created.target)
    const outcome = await created.upload.finish().catch((reason: unknown) => reason)
    return { ...created, outcome }
  }

  it('is success when only the answer was lost', async () => {
    const { outcome, target } = await publish((fake) =>
      fake.fail('complete', lost(), { after: true }),
    )
    expect(outcome).toMatchObject({ size: 1.5 * PART, parts: 2 })
    expect(target.trail).not.toContain('abort')
  })

  it('is failure when Complete never took effect, which Abort proves', async () => {
    const { outcome, upload, target } = await publish((fake) => fake.fail('complete', lost()))
    expect(outcome).toMatchObject({ outcome: 'absent', uploadId: 'upload-1' })
    expect(await upload.abort(outcome)).toEqual({ outcome: 'absent' })
    expect(target.trail.filter((each) => each === 'abort')).toHaveLength(1)
    expect(target.object).toBeUndefined()
  })

  it('asks ListParts instead of Abort when the parts are to be kept', async () => {
    const { outcome, upload, target } = await publish((fake) => fake.fail('complete', lost()), {
      leavePartsOnError: true,
    })
    expect(outcome).toMatchObject({ outcome: 'unknown' })
    await upload.abort(outcome)
    expect(target.trail).not.toContain('abort')
    expect(target.uploads.size).toBe(1)
  })

  it('is unknown when something else stands at the key', async () => {
    const { outcome } = await publish((fake) => {
      fake.fail('complete', lost(), { after: true })
      const gate = fake.hold('head')
      void gate.reached().then(() => {
        fake.object = { bytes: bytes(1.5 * PART), marker: 'theirs' }
        gate.open()
      })
    })
    expect(outcome).toMatchObject({ outcome: 'unknown' })
  })

  it('is settled by Abort alone when HEAD is forbidden', async () => {
    const { outcome, target } = await publish((fake) => {
      fake.fail('complete', lost())
      fake.fail('head', new ServiceError({ status: 403, ossCode: 'AccessDenied' }), { times: 9 })
    })
    expect(outcome).toMatchObject({ outcome: 'absent' })
    expect(target.trail.filter((each) => each === 'abort')).toHaveLength(1)
  })

  it('is unknown when no question is answered; Abort is tried once more', async () => {
    const { outcome, upload, target } = await publish((fake) => {
      fake.fail('complete', lost())
      fake.fail('head', lost())
      fake.fail('abort', lost())
    })
    expect(outcome).toMatchObject({ outcome: 'unknown' })
    const report = await upload.abort(outcome)
    expect(report.abortError).toBeUndefined()
    expect(target.trail.filter((each) => each === 'abort')).toHaveLength(2)
    expect(target.uploads.size).toBe(0)
  })

  it('is success when the answer to a Put was lost', async () => {
    const target = new FakeTarget()
    target.marker = marker
    target.fail('put', lost(), { after: true })
    const { upload } = newUpload({ target, marker })
    await upload.append(bytes(10))
    expect(await upload.finish()).toMatchObject({ size: 10, parts: 1 })
    expect(upload.state).toBe('completed')
  })
})

describe('any upload', () => {
  it('is whole, or leaves nothing: no upload, no object, no buffer', async () => {
    const verbs = ['initiate', 'uploadPart', 'complete', 'put'] as const
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 * PART }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(
          fc.record({
            verb: fc.constantFrom(...verbs),
            after: fc.boolean(),
            skip: fc.integer({ min: 0, max: 4 }),
          }),
          { maxLength: 2 },
        ),
        fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
        async (lengths, concurrency, faults, abortAt) => {
          const target = new FakeTarget()
          target.marker = 'mine'
          const { upload } = newUpload({ target, concurrency, marker: 'mine' })
          for (const { verb, after, skip } of faults) {
            target.fail(verb, lost(), { after, skip })
          }
          const input: Buffer[] = []
          let published = false
          try {
            for (const [index, length] of lengths.entries()) {
              if (index === abortAt) throw REASON
              const chunk = bytes(length, index + 1)
              input.push(chunk)
              await upload.append(chunk)
            }
            await upload.finish()
            published = true
          } catch (error) {
            const report = await upload.abort(error)
            published = report.outcome === 'published'
          }
          expect(upload.progress.heldBytes).toBe(0)
          // An Initiate whose answer was lost leaves an id that nobody knows: it holds no parts.
          const unknown = faults.filter((fault) => fault.verb === 'initiate' && fault.after)
          expect(target.uploads.size).toBeLessThanOrEqual(unknown.length)
          for (const parts of target.uploads.values()) expect(parts.size).toBe(0)
          if (published) expect(target.object?.bytes.equals(Buffer.concat(input))).toBe(true)
          else expect(target.object).toBeUndefined()
        },
      ),
      { numRuns: 150 },
    )
  })
})

/** Lets an upload fail by itself, then aborts it as its owner would. */
async function untilFailed(
  upload: ReturnType<typeof newUpload>['upload'],
  failures: readonly unknown[],
) {
  while (failures.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
  return upload.abort(failures[0])
}

async function untilUploaded(upload: ReturnType<typeof newUpload>['upload'], parts: number) {
  while (upload.progress.partsUploaded < parts)
    await new Promise<void>((resolve) => setImmediate(resolve))
}
