import { describe, expect, it } from 'vitest'
import {
  DigestMismatchError,
  type Doubt,
  MalformedResponseError,
  type OssError,
  ServiceError,
  TransportError,
} from '../../src/errors.js'
import type { FoundObject } from '../../src/upload/upload-target.js'
import { isOurs, judgeAnswer, judgeError, mayHaveLanded } from '../../src/upload/verdict.js'

const SENT = { size: 10, crc64: 7n, marker: 'm1' }
const OURS: FoundObject = { etag: 'E', size: 10, crc64: 7n, marker: 'm1' }
const OLDER: FoundObject = { ...OURS, marker: 'm0' }

function uncertain<T extends OssError>(error: T, doubt: Doubt = 'answered'): T {
  error.uncertain = doubt
  return error
}
const lost = () => uncertain(new TransportError('interrupted', 'reset'), 'lost')

describe('mayHaveLanded', () => {
  it.each([
    ['a lost answer', lost(), true],
    ['500 after which the object may stand', uncertain(new ServiceError({ status: 500 })), true],
    [
      'a garbled answer',
      uncertain(new MalformedResponseError('?', { status: 200, snapshot: '' })),
      true,
    ],
    ['NoSuchUpload', new ServiceError({ status: 404, ossCode: 'NoSuchUpload' }), true],
    ['too late a copy', new ServiceError({ status: 403, ossCode: 'RequestTimeTooSkewed' }), true],
    ['a request that was never sent', new TransportError('unsent', 'refused'), false],
    ['InvalidPart', new ServiceError({ status: 400, ossCode: 'InvalidPart' }), false],
    ['something foreign', new Error('?'), false],
  ])('after %s: %#', (_name, error, expected) => {
    expect(mayHaveLanded(error)).toBe(expected)
  })
})

describe('isOurs', () => {
  it.each([
    ['the object as sent', OURS, SENT, true],
    ['nothing', undefined, SENT, false],
    ['another size', { ...OURS, size: 11 }, SENT, false],
    ['other bytes', { ...OURS, crc64: 8n }, SENT, false],
    ['an older object of equal bytes', OLDER, SENT, false],
    ['an object of another MD5', { ...OURS, md5: 'B' }, { ...SENT, md5: 'A' }, false],
    ['an object of the same MD5', { ...OURS, md5: 'A' }, { ...SENT, md5: 'A' }, true],
    ['an object whose ETag is no MD5', OURS, { ...SENT, md5: 'A' }, true],
    ['an object without a marker', { ...OURS, marker: undefined }, SENT, false],
    ['our marker, no CRC-64', { ...OURS, crc64: undefined }, SENT, true],
    ['equal bytes, the marker turned off', OLDER, { ...SENT, marker: undefined }, true],
    [
      'an equal MD5, no CRC-64, no marker',
      { etag: 'A', size: 10, md5: 'A', crc64: 7n },
      { size: 10, md5: 'A' },
      true,
    ],
    ['equal size only', { ...OLDER, crc64: undefined }, { ...SENT, marker: undefined }, false],
  ])('of %s', (_name, found, sent, expected) => {
    expect(isOurs(found, sent)).toBe(expected)
  })
})

describe('judgeAnswer', () => {
  it('accepts an object whose CRC-64 agrees or is not known', () => {
    expect(judgeAnswer({ etag: 'E', crc64: 7n }, SENT, 'o')).toEqual({
      object: { etag: 'E', crc64: 7n },
    })
    expect(judgeAnswer({ etag: 'E' }, SENT, 'o')).toEqual({ object: { etag: 'E' } })
    expect(judgeAnswer({ etag: 'E', crc64: 8n }, { size: 10 }, 'o')).toHaveProperty('object')
  })

  it('says that an object with another CRC-64 is published', () => {
    const verdict = judgeAnswer({ etag: 'E', crc64: 8n }, SENT, 'oss://b/k')
    expect(verdict).toMatchObject({ outcome: 'published', error: { expected: '7', actual: '8' } })
    expect('error' in verdict && verdict.error).toBeInstanceOf(DigestMismatchError)
  })
})

describe('judgeError', () => {
  type Answer<T> = T | Error
  const cases: [
    name: string,
    heads: Answer<FoundObject | undefined>[],
    end: Answer<'alive' | 'gone'> | undefined,
    expected: string,
  ][] = [
    ['the object is there', [OURS], undefined, 'object'],
    ['the upload was still alive', [undefined], 'alive', 'absent'],
    ['it was alive beside an older object', [OLDER], 'alive', 'absent'],
    ['it landed between the questions', [undefined, OURS], 'gone', 'object'],
    ['upload and object are gone', [undefined, undefined], 'gone', 'absent'],
    ['something else stands there', [OLDER, OLDER], 'gone', 'unknown'],
    ['HEAD fails', [new Error('403'), new Error('403')], 'gone', 'unknown'],
    ['HEAD fails, but the upload was alive', [new Error('403')], 'alive', 'absent'],
    ['HEAD fails once, and then finds it', [new Error('503'), OURS], 'gone', 'object'],
    ['ending the upload fails', [undefined], new Error('503'), 'unknown'],
    ['the second HEAD fails', [undefined, new Error('503')], 'gone', 'unknown'],
    ['a Put is not found', [undefined], undefined, 'unknown'],
    ['a Put found an older object', [OLDER], undefined, 'unknown'],
  ]

  it.each(cases)('when %s', async (_name, heads, end, expected) => {
    const error = lost()
    const answers = [...heads]
    const verdict = await judgeError(error, SENT, {
      head: async () => given(answers.shift()),
      ...(end !== undefined && { endUpload: async () => given(end) }),
    })
    if (expected === 'object') expect(verdict).toEqual({ object: OURS })
    else expect(verdict).toEqual({ error, outcome: expected })
    expect(answers).toEqual([])
  })

  it.each([
    ['nothing', undefined],
    ['an older object', OLDER],
  ])('trusts a HEAD that finds %s after a Put that was answered', async (_name, found) => {
    const error = uncertain(new ServiceError({ status: 500 }))
    const head = async () => found
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'absent' })
  })

  it.each([
    ['one that cannot be compared', { etag: 'E', size: 10 }, { size: 10, crc64: 7n }],
    ['our marker, another size, no digest', { etag: 'E', size: 9, marker: 'm1' }, SENT],
  ])('does not trust one that finds %s', async (_name, found, sent) => {
    const error = uncertain(new ServiceError({ status: 500 }))
    const head = async () => found
    expect(await judgeError(error, sent, { head })).toEqual({ error, outcome: 'unknown' })
  })

  it.each([
    ['crc64', { ...OURS, crc64: 8n }, SENT, '7', '8'],
    ['crc64', { ...OURS, size: 9, crc64: 8n }, SENT, '7', '8'],
    ['md5', { ...OURS, md5: 'B' }, { ...SENT, md5: 'A' }, 'A', 'B'],
  ] as const)(
    'tells that our own is published with other bytes, by its %s',
    async (algorithm, found, sent, expected, actual) => {
      for (const heads of [[found], [undefined, found]]) {
        const questions = {
          head: async () => heads.shift(),
          ...(heads.length > 1 && { endUpload: async () => 'gone' as const }),
        }
        const verdict = await judgeError(lost(), sent, questions)
        expect(verdict).toMatchObject({
          outcome: 'published',
          error: { code: 'ERR_OSS_DIGEST_MISMATCH', algorithm, expected, actual },
        })
      }
    },
  )

  it('never takes an object for ours that was answered with another digest', async () => {
    const error = uncertain(new DigestMismatchError('md5', 'A', 'B', 'the object'))
    const head = async () => OURS
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'published' })
  })

  it.each([
    ['lost', 'ours', OURS, SENT, 'object'],
    ['lost', 'ours, without a marker', OURS, { ...SENT, marker: undefined }, 'object'],
    ['lost', 'nothing', undefined, SENT, 'absent'],
    ['lost', 'something else', OLDER, SENT, 'unknown'],
    [undefined, 'ours', OURS, SENT, 'object'],
    [undefined, 'nothing', undefined, SENT, 'absent'],
    [undefined, 'something else', OLDER, SENT, 'absent'],
    [undefined, 'the same, without a marker', OURS, { ...SENT, marker: undefined }, 'unknown'],
    [
      undefined,
      'another, without a marker',
      OURS,
      { ...SENT, size: 9, marker: undefined },
      'absent',
    ],
  ] as const)(
    'does not end an upload that is gone, doubt %s: at the key stands %s',
    async (doubt, _name, found, sent, expected) => {
      const error = new ServiceError({ status: 404, ossCode: 'NoSuchUpload' })
      if (doubt !== undefined) uncertain(error, doubt)
      const verdict = await judgeError(error, sent, {
        head: async () => found,
        endUpload: () => Promise.reject(new Error('asked')),
      })
      expect(verdict).toEqual(
        expected === 'object' ? { object: OURS } : { error, outcome: expected },
      )
    },
  )

  it('does not call gone and unseen absent: a gateway may have asked twice', async () => {
    const error = new ServiceError({ status: 404, ossCode: 'NoSuchUpload' })
    const head = () => Promise.reject(new Error('403'))
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'unknown' })
  })

  const REFUSED = { status: 409, ossCode: 'FileAlreadyExists' }
  it.each([
    ['ours: a gateway has asked twice', OURS, SENT, 'object'],
    ['an older one of equal bytes', OLDER, SENT, 'absent'],
    ['nothing any more', undefined, SENT, 'absent'],
    ['an equal one, without a marker', OURS, { ...SENT, marker: undefined }, 'unknown'],
    [
      'another one, without a marker',
      { ...OURS, size: 9 },
      { ...SENT, marker: undefined },
      'absent',
    ],
    ['what nobody may look at', new Error('403'), SENT, 'unknown'],
  ])(
    'after a Put refused because an object stands there, finds %s',
    async (_, there, sent, expected) => {
      const error = new ServiceError(REFUSED)
      const verdict = await judgeError(error, sent, { head: async () => given(there) })
      expect(verdict).toEqual(
        expected === 'object' ? { object: OURS } : { error, outcome: expected },
      )
    },
  )

  it.each([
    ['ours stands there: another copy was in time', OURS, 'alive', 'object'],
    ['nothing does, and the upload lives', undefined, 'alive', 'absent'],
    ['an older one does, and the upload lives', OLDER, 'alive', 'absent'],
    ['nobody may look', new Error('403'), new Error('403'), 'unknown'],
  ] as const)('after a Complete that was too late, %s', async (_, there, upload, expected) => {
    const error = new ServiceError({ status: 403, ossCode: 'RequestTimeTooSkewed' })
    const endUpload = async () => {
      if (upload instanceof Error) throw upload
      return upload
    }
    const verdict = await judgeError(error, SENT, { head: async () => given(there), endUpload })
    expect(verdict).toEqual(expected === 'object' ? { object: OURS } : { error, outcome: expected })
  })

  it('knows that a Complete refused because an object stands there did nothing', async () => {
    const error = new ServiceError(REFUSED)
    const questions = { head: async () => OLDER, endUpload: async () => 'alive' as const }
    expect(await judgeError(error, SENT, questions)).toEqual({ error, outcome: 'absent' })
  })

  it('takes no other 203 for an object that is stored', async () => {
    const error = uncertain(new ServiceError({ status: 203, ossCode: 'InternalError' }))
    const head = async () => undefined
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'absent' })
  })

  it.each([
    ['lost', 'unknown'],
    ['answered', 'absent'],
  ] as const)(
    'with the parts kept, calls a living upload after a doubt %s %s',
    async (doubt, outcome) => {
      const error = uncertain(new ServiceError({ status: 500 }), doubt)
      const verdict = await judgeError(error, SENT, {
        head: async () => undefined,
        endUpload: async () => 'alive',
        keepsParts: true,
      })
      expect(verdict).toEqual({ error, outcome })
    },
  )

  it('asks nothing after an error that is certain', async () => {
    const error = new ServiceError({ status: 400, ossCode: 'InvalidPart' })
    const head = () => Promise.reject(new Error('asked'))
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'absent' })
  })

  it('knows that the object is stored when only its callback failed', async () => {
    const error = new ServiceError({ status: 203, ossCode: 'CallbackFailed' })
    const head = () => Promise.reject(new Error('asked'))
    expect(await judgeError(error, SENT, { head })).toEqual({ error, outcome: 'published' })
  })
})

function given<T>(answer: T | Error): T {
  if (answer instanceof Error) throw answer
  return answer
}
