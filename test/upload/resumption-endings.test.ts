/** Giving up while an earlier run is asked after, and stores that fail: nothing is lost or left. */
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.js'
import { decodeCheckpoint } from '../../src/upload/checkpoint.js'
import { CheckpointError } from '../../src/upload-errors.js'
import { EARLIER, earlierRun, partsOf, resumingUpload } from '../helpers/earlier-run.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { Gate } from '../helpers/gate.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { bytes, PART } from '../helpers/new-upload.js'

const INPUT = bytes(3.5 * PART)
const REASON = new Error('given up')

/** What a promise rejects with. */
function failureOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function firstRun() {
  const target = new FakeTarget()
  return { target, store: new MemoryCheckpoint(undefined, target.trail) }
}

/** A clock whose every deadline passes when `pass` is opened. */
function deadlineClock(pass: Gate) {
  return {
    breathe: () => Promise.resolve(),
    sleep: (_ms: number, signal?: AbortSignal) => pass.arrive(signal),
    ticks: () => 0,
  }
}

describe('giving up', () => {
  it.each([true, false])(
    'while the checkpoint is loaded asks nothing (parts kept: %s)',
    async (leavePartsOnError) => {
      const run = earlierRun(partsOf(INPUT, [1, 2]))
      const { text } = run.store
      const gate = run.store.hold('load')
      const { upload } = resumingUpload(run, { leavePartsOnError })
      const writing = failureOf(upload.append(INPUT))
      await gate.reached()
      // The store never answers: that keeps nobody.
      expect(await upload.abort(REASON)).toEqual({ outcome: 'absent' })
      expect(await writing).toBe(REASON)
      gate.open()
      expect(run.target.trail).toEqual(['load'])
      expect(run.store.text).toBe(text)
      expect(run.target.uploads.has(EARLIER)).toBe(true)
      expect(upload.progress.heldBytes).toBe(0)
    },
  )

  it.each(['listParts', 'head'] as const)('during %s leaves what there is', async (verb) => {
    const run = earlierRun(verb === 'head' ? undefined : partsOf(INPUT, [1, 2]))
    const { text } = run.store
    const gate = run.target.hold(verb)
    const opened = resumingUpload(run, { leavePartsOnError: false })
    const writing = failureOf(opened.upload.append(INPUT))
    await gate.reached()
    expect(await opened.upload.abort(REASON)).toEqual({ outcome: 'absent' })
    expect(await writing).toBe(REASON)
    expect(run.store.text).toBe(text)
    expect(opened.notices).toEqual([])
    expect(run.target.trail.at(-1)).toBe(verb)
  })

  it('while the old upload is ended waits for that, and begins no other', async () => {
    const run = earlierRun(partsOf(INPUT, [1]), { source: 'version 0' })
    const gate = run.target.hold('abort')
    const { upload } = resumingUpload(run)
    const writing = failureOf(upload.append(INPUT))
    await gate.reached()
    let isOver = false
    const aborting = upload.abort(REASON).then(() => {
      isOver = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).toBe(false)
    gate.open()
    await aborting
    expect(await writing).toBe(REASON)
    expect(run.target.uploads.size).toBe(0)
    expect(run.store.text).toBeUndefined()
    expect(run.target.trail).not.toContain('initiate')
    expect(upload.state).toBe('aborted')
  })

  it.each([true, false])(
    'while an empty stream ends the old upload waits for that, too (parts kept: %s)',
    async (leavePartsOnError) => {
      const run = earlierRun(partsOf(INPUT, [1]))
      const gate = run.target.hold('abort')
      const { upload } = resumingUpload(run, { leavePartsOnError })
      const finishing = failureOf(upload.finish())
      await gate.reached()
      const aborting = upload.abort(REASON)
      gate.open()
      await aborting
      expect(await finishing).toBe(REASON)
      expect(run.target.trail.filter((each) => each === 'abort')).toEqual(['abort'])
      expect(run.target.uploads.size).toBe(0)
      expect(run.store.text).toBeUndefined()
      expect(run.target.object).toBeUndefined()
      expect(upload.state).toBe('aborted')
    },
  )

  it('during Initiate leaves an upload that a later run finds', async () => {
    const run = firstRun()
    const gate = run.target.hold('initiate')
    const { upload } = resumingUpload(run)
    await upload.append(INPUT.subarray(0, 1.5 * PART))
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent' })
    expect(upload.state).toBe('suspended')
    expect(run.target.trail).toEqual(['load', 'initiate', 'save'])
    const [uploadId] = run.target.uploads.keys()
    expect(decodeCheckpoint(run.store.text ?? '')?.uploadId).toBe(uploadId)

    const next = resumingUpload(run)
    await next.upload.append(INPUT)
    await next.upload.finish()
    expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    expect(run.target.uploads.size).toBe(0)
  })

  it('during Initiate leaves nothing where parts are not kept', async () => {
    const run = firstRun()
    const gate = run.target.hold('initiate')
    const { upload } = resumingUpload(run, { leavePartsOnError: false })
    await upload.append(INPUT.subarray(0, 1.5 * PART))
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'absent' })
    expect(run.target.uploads.size).toBe(0)
    expect(run.store.text).toBeUndefined()
  })

  it('while the checkpoint is saved sends no part', async () => {
    const run = firstRun()
    const gate = run.store.hold('save')
    const { upload } = resumingUpload(run)
    await upload.append(INPUT.subarray(0, 1.5 * PART))
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    await aborting
    expect(run.target.trail).toEqual(['load', 'initiate', 'save'])
    expect(run.store.text).toBeDefined()
    expect(upload.state).toBe('suspended')
  })

  it('during Complete, which lands, removes the checkpoint before it is over', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 3]))
    const gate = run.target.hold('complete')
    const { upload } = resumingUpload(run)
    await upload.append(INPUT)
    const finishing = failureOf(upload.finish())
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'published' })
    expect(run.store.text).toBeUndefined()
    expect(run.target.trail.filter((each) => each === 'remove')).toEqual(['remove'])
    await finishing
  })

  it('while the checkpoint of the published object is removed waits for that', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 3]))
    const gate = run.store.hold('remove')
    const { upload } = resumingUpload(run)
    await upload.append(INPUT)
    const finishing = upload.finish()
    await gate.reached()
    const aborting = upload.abort(REASON)
    gate.open()
    expect(await aborting).toEqual({ outcome: 'published' })
    expect(run.store.text).toBeUndefined()
    await finishing
  })

  it('on a resumed upload keeps its parts and its checkpoint', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const { text } = run.store
    const gate = run.target.hold('uploadPart')
    const { upload } = resumingUpload(run)
    const writing = failureOf(upload.append(INPUT))
    await gate.reached()
    await upload.abort(REASON)
    await writing
    expect(upload.state).toBe('suspended')
    expect(run.target.trail).not.toContain('abort')
    expect(run.target.uploads.get(EARLIER)?.size).toBe(2)
    expect(run.store.text).toBe(text)
  })

  it('on a resumed upload ends it and removes the checkpoint where parts are not kept', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 3]))
    const { upload } = resumingUpload(run, { leavePartsOnError: false })
    await upload.append(INPUT)
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent' })
    expect(upload.state).toBe('aborted')
    expect(run.target.uploads.size).toBe(0)
    expect(run.store.text).toBeUndefined()
  })

  it('keeps the checkpoint of an upload that could not be ended', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 3]))
    const { text } = run.store
    const denied = new ServiceError({ status: 403, ossCode: 'AccessDenied' })
    run.target.fail('abort', denied)
    const { upload } = resumingUpload(run, { leavePartsOnError: false })
    await upload.append(INPUT)
    expect(await upload.abort(REASON)).toEqual({ outcome: 'absent', abortError: denied })
    expect(run.store.text).toBe(text)
  })

  it('before the first byte asks nothing', async () => {
    const run = earlierRun(partsOf(INPUT, [1]))
    const { upload } = resumingUpload(run, { leavePartsOnError: false })
    await upload.abort(REASON)
    expect(run.target.trail).toEqual([])
    await expect(upload.skipStored()).rejects.toBe(REASON)
  })

  it('during skipStored() ends it', async () => {
    const run = earlierRun(partsOf(INPUT, [1]))
    const gate = run.target.hold('listParts')
    const { upload } = resumingUpload(run)
    const skipping = failureOf(upload.skipStored())
    await gate.reached()
    await upload.abort(REASON)
    expect(await skipping).toBe(REASON)
  })
})

describe('a resumed upload that is there no more', () => {
  const NOTHING = undefined
  const OURS = { bytes: INPUT.subarray(0, 2 * PART), marker: 'earlier marker' }
  const THEIRS = { bytes: INPUT, marker: 'marker of another' }
  const UNMARKED = { bytes: INPUT, marker: undefined }

  /** One whose upload ends while its first part is under way; then this stands at the key. */
  async function ended(
    object: FakeTarget['object'],
    leavePartsOnError: boolean,
    found: { marker?: string | undefined } = {},
  ) {
    const run = earlierRun(partsOf(INPUT, [1, 2]), found)
    const gate = run.target.hold('uploadPart')
    const opened = resumingUpload(run, { leavePartsOnError })
    await opened.upload.append(INPUT)
    await gate.reached()
    run.target.uploads.clear()
    run.target.object = object
    return { ...run, ...opened, gate }
  }

  it.each([
    ['published', 'its object', OURS, true, {}],
    ['published', 'its object', OURS, false, {}],
    ['absent', 'nothing', NOTHING, true, {}],
    ['absent', 'nothing', NOTHING, false, {}],
    ['absent', 'that of another', THEIRS, true, {}],
    ['absent', 'that of another', THEIRS, false, {}],
    ['unknown', 'one without a marker', UNMARKED, true, { marker: undefined }],
    ['unknown', 'one without a marker', UNMARKED, false, { marker: undefined }],
  ])(
    'fails, and tells `%s` if %s stands there',
    async (outcome, _what, object, leavePartsOnError, found) => {
      const { upload, gate, failures, target } = await ended(object, leavePartsOnError, found)
      gate.open()
      while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
      expect(failures).toMatchObject([{ ossCode: 'NoSuchUpload' }])
      expect(await upload.abort(failures[0])).toMatchObject({ outcome })
      expect(target.trail.filter((each) => each === 'head')).toEqual(['head'])
      expect(target.object).toBe(object)
    },
  )

  it('tells so though it is given up for another reason', async () => {
    const { upload, store } = await ended(OURS, false)
    expect(await upload.abort(REASON)).toEqual({
      outcome: 'published',
      aftermath: '; an earlier run has published its object',
    })
    expect(upload.state).toBe('completed')
    expect(store.text).toBeUndefined()
  })

  it('leaves no checkpoint if its object stands there', async () => {
    const { upload, store, gate, failures } = await ended(OURS, true)
    gate.open()
    while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await upload.abort(failures[0])
    expect(store.text).toBeUndefined()
  })

  it('tells `unknown` if it may not look', async () => {
    const { upload, target } = await ended(OURS, false)
    target.fail('head', new ServiceError({ status: 403, ossCode: 'AccessDenied' }))
    expect(await upload.abort(REASON)).toEqual({ outcome: 'unknown' })
  })

  it('does not take the whole object of the earlier run for damage, nor delete it', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    run.target.marker = 'earlier marker'
    const gate = run.target.hold('complete')
    const { upload } = resumingUpload(run, { onMismatch: 'delete' })
    // This time the source ends earlier, at what was stored already.
    await upload.append(INPUT.subarray(0, PART))
    const finishing = failureOf(upload.finish())
    await gate.reached()
    run.target.uploads.clear()
    run.target.object = OURS
    gate.open()
    const error = await finishing
    expect(error).toMatchObject({ ossCode: 'NoSuchUpload', outcome: 'published' })
    expect(String(error)).toContain('with other bytes than those of this run')
    expect(await upload.abort(error)).toMatchObject({ outcome: 'published' })
    expect(run.target.object).toBe(OURS)
  })
})

describe('a store', () => {
  const BROKEN = new Error('EIO: i/o error')

  it.each<[string, () => never | Promise<never>]>([
    ['throws', () => thrown(BROKEN)],
    ['rejects', () => Promise.reject(BROKEN)],
  ])('whose load %s fails the upload before anything is sent', async (_name, load) => {
    const run = firstRun()
    const store = Object.assign(run.store, { load })
    const { upload, failures } = resumingUpload({ ...run, store })
    const error = await failureOf(upload.append(INPUT))
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error).toMatchObject({ reason: 'store', cause: BROKEN })
    expect(failures).toEqual([error])
    await upload.abort(error)
    expect(run.target.trail).toEqual([])
  })

  it.each<[string, () => never | Promise<never>]>([
    ['throws', () => thrown(BROKEN)],
    ['rejects', () => Promise.reject(BROKEN)],
  ])(
    'whose save %s fails the upload, and leaves no parts that nobody would find',
    async (_name, save) => {
      const run = firstRun()
      const store = Object.assign(run.store, { save })
      const { upload, failures } = resumingUpload({ ...run, store })
      const writing = Promise.resolve(upload.append(INPUT))
      const error = await failureOf(writing.then(() => upload.finish()))
      expect(error).toBeInstanceOf(CheckpointError)
      expect(error).toMatchObject({ reason: 'store', cause: BROKEN, uploadId: 'upload-1' })
      expect(failures).toEqual([error])
      expect(await upload.abort(error)).toEqual({ outcome: 'absent' })
      expect(run.target.uploads.size).toBe(0)
      expect(run.target.trail.filter((each) => each.startsWith('part'))).toEqual([])
    },
  )

  it('that cannot remove makes a warning of it, not a failure', async () => {
    const run = earlierRun(partsOf(INPUT, [1]))
    run.store.fail('remove', BROKEN)
    const { upload, failures, stale } = resumingUpload(run)
    await upload.append(INPUT)
    await upload.finish()
    expect(upload.state).toBe('completed')
    expect(failures).toEqual([])
    expect(stale).toEqual([expect.objectContaining({ reason: 'store', cause: BROKEN })])
    expect(await upload.abort(REASON)).toEqual({ outcome: 'published' })
    expect(stale).toHaveLength(1)
  })

  it('that cannot remove tells so in `abortError` after a failure', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2, 3]))
    run.store.fail('remove', BROKEN)
    const { upload } = resumingUpload(run, { leavePartsOnError: false })
    await upload.append(INPUT)
    const { abortError } = await upload.abort(REASON)
    expect(abortError).toMatchObject({ reason: 'store', cause: BROKEN })
    expect(run.target.uploads.size).toBe(0)
  })

  it('that cannot forget an upload that was ended fails the next', async () => {
    const run = earlierRun(partsOf(INPUT, [1]), { headers: 'other' })
    run.store.fail('remove', BROKEN)
    const { upload } = resumingUpload(run)
    const error = await failureOf(upload.append(INPUT))
    expect(error).toMatchObject({ reason: 'store', cause: BROKEN })
    await upload.abort(error)
    expect(run.target.uploads.size).toBe(0)
    expect(run.target.trail).not.toContain('initiate')
  })

  it.each(['load', 'save', 'remove'] as const)('whose %s hangs has a deadline', async (verb) => {
    const run = firstRun()
    const gate = run.store.hold(verb)
    const pass = new Gate()
    const { upload, stale } = resumingUpload(run, { clock: deadlineClock(pass) })
    const ending = failureOf(Promise.resolve(upload.append(INPUT)).then(() => upload.finish()))
    await gate.reached()
    pass.open()
    const error = await ending
    const hangs = { reason: 'store', cause: { kind: 'timeout' } }
    if (verb === 'remove') {
      expect(error).toBeUndefined()
      expect(stale).toEqual([expect.objectContaining({ reason: 'store' })])
      expect(run.target.object?.bytes.equals(INPUT)).toBe(true)
    } else {
      expect(error).toMatchObject(hangs)
      expect(String(error)).toContain('could not be loaded, saved or removed')
    }
    await upload.abort(error)
    gate.open()
    expect(run.target.trail.some((each) => each.startsWith('part'))).toBe(verb === 'remove')
  })

  it('that answers after its deadline has nobody who listens, and harms nobody', async () => {
    const run = firstRun()
    const late = new Gate()
    const pass = new Gate()
    const store = Object.assign(run.store, {
      load: async () => {
        await late.arrive()
        throw BROKEN
      },
    })
    const { upload } = resumingUpload({ ...run, store }, { clock: deadlineClock(pass) })
    const ending = failureOf(upload.append(INPUT))
    await late.reached()
    pass.open()
    expect(await ending).toMatchObject({ cause: { kind: 'timeout' } })
    late.open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(run.target.trail).toEqual([])
  })
})

describe('a hook', () => {
  it('that throws when it is told of the earlier run fails this one, and leaves what there is', async () => {
    const run = earlierRun(partsOf(INPUT, [1, 2]))
    const { text } = run.store
    const thrownByUser = new Error('a listener')
    const onResume = () => thrown(thrownByUser)
    const { upload, failures } = resumingUpload(run, { hooks: { onResume } })
    expect(await failureOf(upload.append(INPUT))).toBe(thrownByUser)
    expect(failures).toEqual([thrownByUser])
    await upload.abort(thrownByUser)
    expect(run.store.text).toBe(text)
    expect(run.target.uploads.get(EARLIER)?.size).toBe(2)
    expect(run.target.trail).toEqual(['load', 'listParts'])
  })
})

function thrown(error: unknown): never {
  throw error
}
