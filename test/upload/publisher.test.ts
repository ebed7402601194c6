/** What becomes of an object that was published with other bytes than ours. */
import { describe, expect, it } from 'vitest'
import { Cancellation } from '../../src/cancellation.js'
import { DigestMismatchError, ServiceError, TransportError } from '../../src/errors.js'
import { CleanUp } from '../../src/upload/clean-up.js'
import { type OnMismatch, Publisher } from '../../src/upload/publisher.js'
import type { FoundObject, StoredObject, UploadTarget } from '../../src/upload/upload-target.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { neverWakes } from '../helpers/new-upload.js'

const SENT = { size: 10, crc64: 7n, isCrc64Own: true, marker: 'm1' }
const DAMAGED = { etag: 'E', crc64: 8n }
const FOUND: FoundObject = { ...DAMAGED, size: 10, md5: 'B', marker: 'm1' }
const OTHERS = { crc64: 5n, marker: 'm2' }
const WHOLE: FoundObject = { ...FOUND, crc64: 7n }

/** A target whose answers are given; everything else is as the fake has it. */
class Script extends FakeTarget {
  answer: (StoredObject & { readonly crc64?: bigint }) | Error = DAMAGED
  found: FoundObject | undefined | Error = FOUND
  removal: Error | undefined
  /** What stands at the key under each version. */
  versions: Readonly<Record<string, FoundObject | undefined>> = {}
  readonly removed: (string | undefined)[] = []

  override async complete() {
    return { crc64: 0n, ...(await given(this.answer)) }
  }

  override put() {
    return this.complete()
  }

  override head({ versionId }: Parameters<UploadTarget['head']>[0]) {
    this.trail.push(versionId === undefined ? 'head' : `head ${versionId}`)
    return given(versionId === undefined ? this.found : this.versions[versionId])
  }

  override async remove({ versionId }: Parameters<UploadTarget['remove']>[0]) {
    this.trail.push('remove')
    if (this.removal !== undefined) throw this.removal
    this.removed.push(versionId)
  }
}

function open(onMismatch: OnMismatch, changes: Partial<Script> = {}) {
  const target = Object.assign(new Script(), changes)
  const settings = {
    bucket: 'bucket',
    key: 'key',
    onMismatch,
    leavePartsOnError: false,
    cleanUp: new CleanUp(target, { abortMs: 1000, clock: { sleep: neverWakes } }),
  }
  const publisher = new Publisher(target, settings, new Cancellation())
  return {
    target,
    complete: (sent: Parameters<Publisher['complete']>[1] = SENT) =>
      publisher.complete({ uploadId: 'u', parts: [] }, sent, true),
    put: () => publisher.put({ body: [], size: 10, digests: {} }, SENT),
  }
}

describe('a damaged object', () => {
  it.each([
    ['is there', FOUND],
    ['is there no more', undefined],
    ['cannot be asked after', new ServiceError({ status: 403 })],
    ["is somebody else's by now", { ...FOUND, crc64: 5n, marker: 'm2' }],
  ])('stays with `keep`, and the first answer stands if it %s', async (_name, found) => {
    const { target, complete } = open('keep', { found })
    const verdict = await complete()
    expect(verdict).toMatchObject({ outcome: 'published' })
    expect(verdict).not.toHaveProperty('abortError')
    expect(target.trail).toEqual(['head'])
  })

  it('is deleted with `delete`, after a look whether it still is ours', async () => {
    const { target, complete } = open('delete')
    expect(await complete()).toMatchObject({
      error: { code: 'ERR_OSS_DIGEST_MISMATCH', expected: '7', actual: '8' },
      outcome: 'absent',
      aftermath: '; the object was published, and has been deleted',
    })
    expect(target.trail).toEqual(['head', 'remove'])
    expect(target.removed).toEqual([undefined])
  })

  it.each([
    ['the version of the answer', 'v7', FOUND, 'v7', ['head v7', 'remove']],
    [
      'the version that is found',
      undefined,
      { ...FOUND, versionId: 'v8' },
      'v8',
      ['head', 'remove'],
    ],
    ['what has no version but `null`', 'null', FOUND, undefined, ['head', 'remove']],
  ] as const)('goes for good: %s', async (_name, versionId, found, removed, trail) => {
    const answer = { ...DAMAGED, versionId }
    const { target, complete } = open('delete', { answer, found, versions: { v7: FOUND } })
    expect(await complete()).toMatchObject({ outcome: 'absent' })
    expect(target.trail).toEqual(trail)
    expect(target.removed).toEqual([removed])
  })

  it("of a version of its own goes although somebody else's stands at the key by now", async () => {
    const { target, complete } = open('delete', {
      answer: { ...DAMAGED, versionId: 'v7' },
      found: { ...FOUND, marker: 'm2' },
      versions: { v7: FOUND },
    })
    await complete()
    expect(target.removed).toEqual(['v7'])
  })

  it('is looked for at the key where nobody knows the version of the answer', async () => {
    const { target, complete } = open('delete', {
      answer: { ...DAMAGED, versionId: 'v6' },
      found: { ...FOUND, versionId: 'v7' },
    })
    await complete()
    expect(target.trail).toEqual(['head v6', 'head', 'remove'])
    expect(target.removed).toEqual(['v7'])
  })

  it.each([
    ["somebody else's", { ...FOUND, ...OTHERS }],
    ['one without a marker', { ...FOUND, ...OTHERS, marker: undefined }],
    ['nothing', undefined],
    ["somebody else's, of no version", { ...FOUND, ...OTHERS, versionId: 'null' }],
  ])('is not looked for behind what stands there by now: %s', async (_name, found) => {
    const { target, complete } = open('delete', { found })
    expect(await complete()).toMatchObject({
      outcome: 'absent',
      aftermath: '; the object was published, and is there no more',
    })
    expect(target.removed).toEqual([])
  })

  it.each([
    ['looking fails', { found: new ServiceError({ status: 403 }) }],
    ['deleting fails', { removal: new ServiceError({ status: 403 }) }],
  ])('is told to be there still if %s', async (_name, changes) => {
    const { complete } = open('delete', changes)
    expect(await complete()).toMatchObject({
      error: { code: 'ERR_OSS_DIGEST_MISMATCH' },
      outcome: 'published',
      aftermath: '; the object is published, and could not be deleted',
      abortError: { status: 403 },
    })
  })

  const lost = (uncertain: 'lost' | undefined) =>
    Object.assign(new TransportError('timeout', 'no answer'), { uncertain })

  it.each([
    ['it was not', FOUND, 'published', ['head', 'remove', 'head', 'remove', 'head']],
    ['it was', undefined, 'absent', ['head', 'remove', 'head']],
    [
      'somebody has written there since',
      { ...FOUND, ...OTHERS },
      'absent',
      ['head', 'remove', 'head'],
    ],
    ['nobody answers', new ServiceError({ status: 502 }), 'unknown', ['head', 'remove', 'head']],
  ] as const)('whose deletion was not answered is looked at again: %s', async (...row) => {
    const [, then, outcome, trail] = row
    for (const removal of [lost('lost'), lost(undefined)]) {
      const { target, complete } = open('delete', { removal })
      target.head = async () => {
        target.trail.push('head')
        return given<FoundObject | undefined>(target.trail.length === 1 ? FOUND : then)
      }
      const verdict = await complete()
      expect(verdict).toMatchObject({ outcome, error: { code: 'ERR_OSS_DIGEST_MISMATCH' } })
      expect('abortError' in verdict).toBe(outcome !== 'absent')
      expect(target.trail).toEqual(trail)
    }
  })

  it('may be ours though its marker is not', async () => {
    const { target, complete } = open('delete', { found: { ...FOUND, marker: 'm2' } })
    expect(await complete()).toMatchObject({ outcome: 'unknown' })
    expect(target.removed).toEqual([])
  })

  it('as the CRC-64s of its parts, which nobody has computed here, have it stays', async () => {
    const { target, complete } = open('delete')
    const sent = { ...SENT, isCrc64Own: false }
    expect(await complete(sent)).toMatchObject({
      outcome: 'published',
      aftermath: expect.stringMatching(/two answers contradict one another$/),
    })
    expect(target.removed).toEqual([])
  })

  it('without a marker is never deleted', async () => {
    const { target, complete } = open('delete')
    const sent = { ...SENT, marker: undefined }
    expect(await complete(sent)).toMatchObject({ outcome: 'published' })
    expect(target.trail).toEqual(['head'])
  })

  it('of a Put is deleted, too', async () => {
    const answer = new DigestMismatchError('md5', 'A', 'B', 'the object')
    const { target, put } = open('delete', { answer })
    expect(await put()).toMatchObject({ error: answer, outcome: 'absent' })
    expect(target.trail).toEqual(['head', 'remove'])
  })

  it('that is found after a lost answer is deleted, too', async () => {
    const answer = new TransportError('interrupted', 'reset')
    answer.uncertain = 'lost'
    const { target, complete } = open('delete', { answer })
    expect(await complete()).toMatchObject({
      error: { code: 'ERR_OSS_DIGEST_MISMATCH' },
      outcome: 'absent',
    })
    expect(target.removed).toEqual([undefined])
  })
})

describe('an object that one answer calls damaged', () => {
  it.each([
    ['what stands at the key', undefined, ['head']],
    ['the version that was told of', 'v7', ['head v7']],
  ])('is a success if %s is whole', async (_name, versionId, trail) => {
    const answer = { ...DAMAGED, versionId }
    for (const onMismatch of ['delete', 'keep'] as const) {
      const versions = { v7: WHOLE }
      const { target, complete } = open(onMismatch, { answer, found: WHOLE, versions })
      expect(await complete()).toEqual({
        object: versionId === undefined ? WHOLE : { ...WHOLE, versionId },
      })
      expect(target.trail).toEqual(trail)
    }
  })

  it('is a success of Put if what stands at the key is whole', async () => {
    const answer = new DigestMismatchError('md5', 'A', 'C', 'the object')
    const found = { ...WHOLE, md5: 'A' }
    const { target, put } = open('delete', { answer, found })
    expect(await put()).toEqual({ object: found })
    expect(target.removed).toEqual([])
  })

  it('is left alone if the next one tells of other damage', async () => {
    const { target, complete } = open('delete', { found: { ...FOUND, crc64: 9n } })
    expect(await complete()).toMatchObject({
      error: { code: 'ERR_OSS_DIGEST_MISMATCH' },
      outcome: 'published',
      aftermath: expect.stringMatching(/was not deleted: two answers contradict one another$/),
    })
    expect(target.removed).toEqual([])
  })

  it('after a lost answer is a success if the next one finds it whole', async () => {
    const answer = new TransportError('interrupted', 'reset')
    answer.uncertain = 'lost'
    const { target, complete } = open('delete', { answer })
    target.head = async () => {
      target.trail.push('head')
      return target.trail.length === 1 ? FOUND : WHOLE
    }
    expect(await complete()).toEqual({ object: WHOLE })
    expect(target.trail).toEqual(['head', 'head'])
  })
})

const FAILED_CALLBACK = { status: 203, ossCode: 'CallbackFailed' }

describe('an object that is not damaged', () => {
  it.each([
    ['is as it was sent', { etag: 'E', crc64: 7n }, 'object'],
    ['has failed only with its callback', new ServiceError(FAILED_CALLBACK), 'published'],
    ['was refused', new ServiceError({ status: 403 }), 'absent'],
  ] as const)('is never deleted: it %s', async (_name, answer, expected) => {
    const { target, complete } = open('delete', { answer })
    const verdict = await complete()
    expect('object' in verdict ? 'object' : verdict.outcome).toBe(expected)
    expect(target.trail).not.toContain('remove')
  })
})

async function given<T>(answer: T | Error): Promise<T> {
  if (answer instanceof Error) throw answer
  return answer
}
