/** What comes of an upload that an earlier run has begun, as it is found. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServiceError, TransportError } from '../../src/errors.js'
import { crc64 } from '../../src/protocol/digest.js'
import type { Checkpoint } from '../../src/upload/checkpoint.js'
import { CheckpointError, UploadError } from '../../src/upload-errors.js'
import { EARLIER, earlierRun, partsOf, resumingUpload } from '../helpers/earlier-run.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

const INPUT = bytes(5.5 * PART)
const OTHER = bytes(5.5 * PART, 2)

async function send(opened: ReturnType<typeof resumingUpload>, input: Buffer) {
  await opened.upload.append(input)
  return opened.upload.finish()
}

describe('the first run', () => {
  it('saves its checkpoint once, before the first part goes out, and removes it at the end', async () => {
    const target = new FakeTarget()
    const opened = resumingUpload({ target, store: new MemoryCheckpoint(undefined, target.trail) })
    await send(opened, INPUT)
    expect(target.trail).toEqual([
      'load',
      'initiate',
      'save',
      ...['part 1', 'part 2', 'part 3', 'part 4', 'part 5', 'part 6'],
      'complete 1,2,3,4,5,6',
      'remove',
    ])
    expect(opened.store.text).toBeUndefined()
    expect(opened.notices).toEqual([])
  })

  it('of one part is a Put', async () => {
    const target = new FakeTarget()
    const opened = resumingUpload({ target, store: new MemoryCheckpoint(undefined, target.trail) })
    await send(opened, INPUT.subarray(0, PART))
    expect(target.trail).toEqual(['load', 'put', 'remove'])
  })

  it.each([
    ['null', null],
    ['nothing', undefined],
  ])('takes %s for no checkpoint', async (_name, nothing) => {
    const store = { load: () => nothing, save: () => {}, remove: () => {} }
    const { upload, target } = newUpload({ checkpoint: { store, headers: 'x', source: undefined } })
    await upload.append(INPUT)
    await upload.finish()
    expect(target.object?.bytes.equals(INPUT)).toBe(true)
  })
})

describe('a later run', () => {
  it('sends only what is not stored, and keeps the marker of the upload', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 4]))
    const opened = resumingUpload(run)
    const published = await send(opened, INPUT)
    expect(run.target.trail).toEqual([
      'load',
      'listParts',
      ...['part 3', 'part 5', 'part 6'],
      'complete 1,2,3,4,5,6',
      'remove',
    ])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(published).toMatchObject({ size: INPUT.byteLength, parts: 6, crc64: crc64(INPUT) })
    expect(opened.notices).toEqual([{ uploadId: EARLIER, partsStored: 3, bytesStored: 3 * PART }])
    expect(opened.upload).toMatchObject({
      uploadId: EARLIER,
      state: 'completed',
      progress: { partsUploaded: 6, bytesUploaded: INPUT.byteLength, heldBytes: 0 },
    })
    expect(run.target.uploads.size).toBe(0)
  })

  it('sends nothing if all is stored', async () => {
    const run = earlierRun({
      ...partsOf(INPUT, [1, 2, 3, 4, 5]),
      6: INPUT.subarray(5 * PART),
    })
    await send(resumingUpload(run), INPUT)
    expect(run.target.trail).toEqual(['load', 'listParts', 'complete 1,2,3,4,5,6', 'remove'])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('sends a part that differs again, into the same upload, and compares each later one', async () => {
    const run = earlierRun({ ...partsOf(INPUT, [1, 2, 4, 5]), 3: OTHER.subarray(0, PART) })
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(run.target.trail.filter((each) => each.startsWith('part'))).toEqual(['part 3', 'part 6'])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(opened.notices.slice(1)).toEqual([
      {
        uploadId: EARLIER,
        reason: 'differs',
        partNumber: 3,
        partsStored: 5,
        bytesStored: 5 * PART,
      },
    ])
  })

  it('tells only of the first part that differs', async () => {
    const run = earlierRun(partsOf(OTHER, [1, 2, 3]))
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(opened.notices.map(({ reason, partNumber }) => [reason, partNumber])).toEqual([
      [undefined, undefined],
      ['differs', 1],
    ])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('sends the short last part of a stream that has become longer again', async () => {
    const run = earlierRun({ ...partsOf(INPUT, [1, 2]), 3: INPUT.subarray(2 * PART, 2.5 * PART) })
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(run.target.trail.filter((each) => each.startsWith('part'))).toEqual(
      [3, 4, 5, 6].map((number) => `part ${number}`),
    )
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(opened.notices.at(-1)).toMatchObject({ reason: 'differs', partNumber: 3 })
  })

  it.each([
    ['in several parts', 2.5],
    ['in one part', 0.5],
    ['of exactly one part', 1],
  ])(
    'of a stream that has become shorter, %s, leaves the other parts out',
    async (_name, parts) => {
      const run = earlierRun(partsOf(INPUT, [1, 2, 3, 4, 5]))
      const input = INPUT.subarray(0, parts * PART)
      await send(resumingUpload(run), input)
      const numbers = Array.from({ length: Math.ceil(parts) }, (_, index) => index + 1)
      expect(run.target.trail).toContain(`complete ${numbers}`)
      expect(run.target.object?.bytes.equals(input)).toBe(true)
      expect(run.target.uploads.size).toBe(0)
    },
  )

  it('of an empty stream ends the old upload and puts', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    run.target.marker = 'new marker'
    const opened = resumingUpload(run)
    await send(opened, bytes(0))
    expect(run.target.trail).toEqual([
      ...['load', 'listParts', 'abort', 'isAlive', 'remove'],
      ...['put', 'remove'],
    ])
    expect(run.target.object?.bytes.byteLength).toBe(0)
    expect(opened.upload).toMatchObject({ uploadId: undefined, state: 'completed' })
  })

  it.each<[string, Partial<Checkpoint>]>([
    ['plan', { plan: { partSize: 2 * PART, growAfter: 1000, maxPartSize: 2 * PART } }],
    ['headers', { headers: 'other' }],
    ['source', { source: 'version 0' }],
  ])('ends an upload of another %s and begins anew', async (reason, found) => {
    const run = earlierRun(partsOf(INPUT, [1, 2]), found)
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(run.target.trail.slice(0, 7)).toEqual([
      'load',
      'listParts',
      'abort',
      'isAlive',
      'remove',
      'initiate',
      'save',
    ])
    expect(run.target.trail).toContain('part 1')
    expect(opened.notices).toEqual([{ uploadId: EARLIER, reason, partsStored: 0, bytesStored: 0 }])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(run.target.uploads.size).toBe(0)
  })

  it.each([
    ['published', 'earlier marker'],
    ['source', 'marker of another'],
  ])(
    'tells `%s` of one that was completed before it could be ended: %s stands there',
    async (reason, marker) => {
      const run = earlierRun(partsOf(INPUT, [1, 2]), { source: 'version 0' })
      const gate = run.target.hold('abort')
      const opened = resumingUpload(run)
      const sending = send(opened, INPUT)
      await gate.reached()
      run.target.uploads.clear()
      run.target.object = { bytes: OTHER, marker }
      gate.open()
      await sending
      expect(opened.notices).toEqual([
        { uploadId: EARLIER, reason, partsStored: 0, bytesStored: 0 },
      ])
      expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    },
  )

  it('leaves the old upload to be found again if it cannot be ended', async () => {
    const run = earlierRun(partsOf(INPUT, [1]), { source: 'version 0' })
    const { text } = run.store
    run.target.fail('abort', new ServiceError({ status: 403, ossCode: 'AccessDenied' }))
    const { upload, failures } = resumingUpload(run)
    await expect(upload.append(INPUT)).rejects.toMatchObject({
      code: 'ERR_OSS_UPLOAD',
      ossCode: 'AccessDenied',
    })
    expect(failures).toHaveLength(1)
    await upload.abort(failures[0])
    expect(run.store.text).toBe(text)
    expect(run.target.uploads.has(EARLIER)).toBe(true)
    expect(run.target.trail).not.toContain('initiate')
  })

  it.each([
    ['gone', undefined, 'earlier marker'],
    ['gone', 'marker of another', 'earlier marker'],
    ['gone', undefined, undefined],
    ['published', 'earlier marker', 'earlier marker'],
  ])('begins anew if it is %s: %s stands there', async (reason, standing, marker) => {
    const run = earlierRun(undefined, { marker })
    if (standing !== undefined) run.target.object = { bytes: OTHER, marker: standing }
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(opened.notices).toEqual([{ uploadId: EARLIER, reason, partsStored: 0, bytesStored: 0 }])
    expect(run.target.trail).not.toContain('abort')
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(run.store.text).toBeUndefined()
  })

  it('goes on without knowing whether it is gone or published, if it may not look', async () => {
    const run = earlierRun(undefined)
    run.target.fail('head', new ServiceError({ status: 403, ossCode: 'AccessDenied' }))
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(opened.notices[0]?.reason).toBe('gone')
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('recognises the object of the resumed upload by its marker after a lost answer', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    run.target.marker = 'earlier marker'
    const lost = new TransportError('interrupted', 'socket hang up')
    lost.uncertain = 'lost'
    run.target.fail('complete', lost, { after: true })
    const opened = resumingUpload(run)
    await send(opened, INPUT)
    expect(run.target.trail.slice(-3)).toEqual(['complete 1,2,3,4,5,6', 'head', 'remove'])
  })

  it.each([
    ['its MD5', { md5: true, crc64: false }],
    ['its CRC-64', { md5: false, crc64: true }],
    ['both', { md5: true, crc64: true }],
  ])('recognises a part by %s', async (_name, digests) => {
    const run = earlierRun({ ...partsOf(INPUT, [1, 2, 4]), 3: OTHER.subarray(0, PART) })
    await send(resumingUpload(run, { digests }), INPUT)
    expect(run.target.trail.filter((each) => each.startsWith('part'))).toEqual([
      ...['part 3', 'part 5', 'part 6'],
    ])
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it.each([
    ['the MD5 agrees and the CRC-64 is not told', { md5: true, crc64: true }, {}, []],
    ['only the CRC-64 is known here and it is not told', { md5: false, crc64: true }, {}, [1, 2]],
    ['the MD5 agrees and the CRC-64 does not', { md5: true, crc64: true }, { crc64: 1n }, [1, 2]],
    ['the CRC-64 agrees and the MD5 does not', { md5: true, crc64: true }, { etag: 'X' }, [1, 2]],
    ['the size does not agree', { md5: true, crc64: true }, { size: 1 }, [1, 2]],
  ])('when %s', async (_name, digests, listed, sent) => {
    const input = INPUT.subarray(0, 2 * PART)
    const run = earlierRun(partsOf(input, [1, 2]))
    const listParts = run.target.listParts.bind(run.target)
    run.target.listParts = async (request) =>
      (await listParts(request))?.map((part) => ({
        ...part,
        crc64: 'etag' in listed || 'size' in listed ? part.crc64 : undefined,
        ...listed,
      }))
    const published = await send(resumingUpload(run, { digests }), input)
    const parts = run.target.trail.filter((each) => each.startsWith('part'))
    expect(parts).toEqual(sent.map((number) => `part ${number}`))
    expect(published.crc64).toBe(crc64(input))
  })

  it('goes on wherever the earlier one stopped, whatever it had stored', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('1', '2', '3', '4', '5', '6', '7'), fc.constantFrom(1, 2)),
        fc.constantFrom(0, 0.5, 1, 2, 3.25, 5.5, 6),
        fc.integer({ min: 1, max: 3 * PART }),
        async (seeds, parts, chunk) => {
          const input = bytes(6 * PART).subarray(0, parts * PART)
          const stored = Object.entries(seeds).map(([number, seed]) => [
            number,
            partsOf(bytes(7 * PART, seed), [Number(number)])[Number(number)],
          ])
          const run = earlierRun(Object.fromEntries(stored))
          const { upload } = resumingUpload(run)
          for (let from = 0; from < input.byteLength; from += chunk) {
            await upload.append(input.subarray(from, from + chunk))
          }
          await upload.finish()
          expect(run.target.object?.bytes.equals(input)).toBe(true)
          expect(run.target.uploads.size).toBe(0)
          expect(run.store.text).toBeUndefined()
          const sent = run.target.trail.filter((each) => each.startsWith('part '))
          for (const [number, seed] of Object.entries(seeds)) {
            const isWhole = Number(number) <= parts
            if (seed === 1 && isWhole) expect(sent).not.toContain(`part ${number}`)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a checkpoint that cannot be used', () => {
  it.each([
    ['malformed', 'no JSON'],
    ['malformed', ''],
    ['foreign', earlierRun({}, { key: 'other' }).store.text],
    ['foreign', earlierRun({}, { bucket: 'other' }).store.text],
  ])('because it is %s fails the upload before anything is sent', async (reason, text) => {
    const run = earlierRun(partsOf(INPUT, [1]))
    run.store.text = text
    const { upload, failures } = resumingUpload(run, { leavePartsOnError: false })
    const error = await Promise.resolve(upload.append(INPUT)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error).toMatchObject({ reason, bucket: 'bucket', key: 'key', outcome: 'absent' })
    expect(failures).toEqual([error])
    expect(await upload.abort(error)).toEqual({ outcome: 'absent' })
    expect(run.target.trail).toEqual(['load'])
    expect(run.store.text).toBe(text)
    await expect(upload.finish()).rejects.toBe(error)
  })

  it.each([[42], [{}], [Buffer.from('{}')], [true]])('such as %s is malformed', async (text) => {
    const target = new FakeTarget()
    const store = { load: () => text, save: () => {}, remove: () => {} }
    const checkpoint = { store, headers: 'digest', source: undefined }
    // @ts-expect-error: a store written in JavaScript
    const { upload } = newUpload({ target, checkpoint })
    await expect(upload.append(INPUT)).rejects.toMatchObject({ reason: 'malformed' })
    expect(target.trail).toEqual([])
  })

  it('is told at the end, too, if there was no byte', async () => {
    const run = earlierRun({})
    run.store.text = 'no JSON'
    const { upload } = resumingUpload(run)
    await expect(upload.finish()).rejects.toMatchObject({ reason: 'malformed' })
  })
})

describe('listing the parts', () => {
  it('fails the upload if it fails, and leaves what there is', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const { text } = run.store
    const denied = new ServiceError({ status: 403, ossCode: 'AccessDenied' })
    run.target.fail('listParts', denied)
    const { upload, failures } = resumingUpload(run)
    const error = await Promise.resolve(upload.append(INPUT)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UploadError)
    expect(error).toMatchObject({ ossCode: 'AccessDenied', cause: denied })
    expect(failures).toEqual([error])
    await upload.abort(error)
    expect(run.target.trail).toEqual(['load', 'listParts'])
    expect(run.store.text).toBe(text)
  })
})

describe('skipStored', () => {
  it.each([
    ['all parts', [1, 2, 3, 4, 5], 5],
    ['those before the first gap', [1, 2, 4], 2],
    ['none if the first is missing', [2, 3], 0],
    ['none if there are none', [], 0],
  ])('adopts %s', async (_name, numbers, count) => {
    const told: number[] = []
    const run = earlierRun(partsOf(INPUT, numbers))
    const opened = resumingUpload(run, { hooks: { onPart: (row) => told.push(row.partNumber) } })
    expect(await opened.upload.skipStored()).toBe(count * PART)
    expect(opened.upload.progress).toMatchObject({
      bytesWritten: count * PART,
      bytesUploaded: count * PART,
      partsUploaded: count,
    })
    expect(told).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    const published = await send(opened, INPUT.subarray(count * PART))
    const sent = run.target.trail.filter((each) => each.startsWith('part'))
    expect(sent).toHaveLength(6 - numbers.length)
    expect(published).toMatchObject({ size: INPUT.byteLength, parts: 6, crc64: crc64(INPUT) })
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('publishes a stream of which all is stored without a further byte', async () => {
    const input = INPUT.subarray(0, 4 * PART)
    const run = earlierRun(partsOf(input, [1, 2, 3, 4]))
    const { upload } = resumingUpload(run, { exactSize: 4 * PART })
    expect(await upload.skipStored()).toBe(4 * PART)
    await upload.finish()
    expect(run.target.trail).toEqual(['load', 'listParts', 'complete 1,2,3,4', 'remove'])
    expect(run.target.object?.bytes.equals(input)).toBe(true)
  })

  it('does not adopt a part that is not as long as the plan says', async () => {
    const run = earlierRun({ ...partsOf(INPUT, [1]), 2: INPUT.subarray(PART, 1.5 * PART) })
    const opened = resumingUpload(run)
    expect(await opened.upload.skipStored()).toBe(PART)
    await send(opened, INPUT.subarray(PART))
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it.each<[string, Partial<Checkpoint>]>([
    ['of another version', { source: 'version 0' }],
    ['of other headers', { headers: 'other' }],
  ])('is 0 for a source %s', async (_name, found) => {
    const run = earlierRun(partsOf(INPUT, [1, 2]), found)
    const opened = resumingUpload(run)
    expect(await opened.upload.skipStored()).toBe(0)
    await send(opened, INPUT)
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('counts towards the exact size', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const { upload } = resumingUpload(run, { exactSize: 3 * PART })
    await upload.skipStored()
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_OSS_SIZE_MISMATCH' })
  })

  it('refuses to come after a byte, or a second time, and the upload goes on', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const opened = resumingUpload(run)
    expect(await opened.upload.skipStored()).toBe(2 * PART)
    await expect(opened.upload.skipStored()).rejects.toBeInstanceOf(RangeError)
    await opened.upload.append(INPUT.subarray(2 * PART))
    await expect(opened.upload.skipStored()).rejects.toBeInstanceOf(RangeError)
    await opened.upload.finish()
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('at the same time as a write skips nothing', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const gate = run.store.hold('load')
    const { upload } = resumingUpload(run)
    const skipping = upload.skipStored()
    const writing = upload.append(INPUT)
    gate.open()
    await expect(skipping).rejects.toBeInstanceOf(RangeError)
    await writing
    await upload.finish()
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })

  it('twice at the same time adopts the parts once', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const { upload } = resumingUpload(run)
    const [one, other] = await Promise.allSettled([upload.skipStored(), upload.skipStored()])
    expect(one).toEqual({ status: 'fulfilled', value: 2 * PART })
    expect(other.status).toBe('rejected')
    await upload.append(INPUT.subarray(2 * PART))
    await upload.finish()
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
  })
})
