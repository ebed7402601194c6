/** The ledger itself: what it calls a lie, and what it lets pass. */
import { describe, expect, it } from 'vitest'
import { type Claim, type Intent, liesOf, orphansOf, type Truth } from './ledger.js'

const INTENT: Intent = {
  size: 3,
  sha256: 'new',
  crc64: '7',
  hasMarker: true,
  knowsCrc64: true,
  mustFail: false,
  keepsParts: false,
  before: undefined,
}
const OLD = { size: 9, sha256: 'old', marker: undefined, isOld: true }
const OURS = { size: 3, sha256: 'new', marker: 'm1', isOld: false }
const SUCCESS: Claim = {
  success: true,
  outcome: 'published',
  codes: [],
  saidNotCleaned: false,
  uploadId: 'U',
  result: { size: 3, crc64: '7' },
}
const FAILURE: Claim = { ...SUCCESS, success: false, outcome: 'absent', result: undefined }
const NOTHING: Truth = { object: undefined, uploads: [], markers: [] }
const THERE: Truth = { object: OURS, uploads: [], markers: ['m1'] }
const parts = (count: number, uploadId = 'U'): Truth => ({
  ...NOTHING,
  uploads: [{ uploadId, parts: count }],
})

describe('is the truth:', () => {
  it.each<[string, Intent, Claim, Truth]>([
    ['a success that stands there', INTENT, SUCCESS, THERE],
    ['a failure that left nothing', INTENT, FAILURE, NOTHING],
    [
      'a failure that left what was there',
      { ...INTENT, before: OLD },
      FAILURE,
      { ...THERE, object: OLD },
    ],
    ['unknown, and it stands there', INTENT, { ...FAILURE, outcome: 'unknown' }, THERE],
    ['unknown, and nothing does', INTENT, { ...FAILURE, outcome: 'unknown' }, NOTHING],
    ['a failure that is published', INTENT, { ...FAILURE, outcome: 'published' }, THERE],
    ['parts that were to be kept', { ...INTENT, keepsParts: true }, FAILURE, parts(2)],
    ['parts that it told of', INTENT, { ...FAILURE, saidNotCleaned: true }, parts(2)],
    ['an upload without parts that nobody knows', INTENT, FAILURE, parts(0, 'lost')],
    [
      'damage that it told of',
      INTENT,
      { ...FAILURE, outcome: 'published', codes: ['ERR_OSS_DIGEST_MISMATCH'] },
      { ...THERE, object: { ...OURS, sha256: 'damaged' } },
    ],
  ])('%s', (_, intent, claim, truth) => {
    expect(liesOf(intent, claim, truth)).toEqual([])
  })
})

describe('is a lie or a leak:', () => {
  it.each<[string, Intent, Claim, Truth, RegExp]>([
    ['a success without an object', INTENT, SUCCESS, NOTHING, /no object/],
    [
      'a success of other bytes',
      INTENT,
      SUCCESS,
      { ...THERE, object: { ...OURS, sha256: 'x' } },
      /differ/,
    ],
    [
      'a success of an older object',
      INTENT,
      SUCCESS,
      { ...THERE, object: { ...OLD, sha256: 'new' } },
      /not of this/,
    ],
    ['a success of somebody else', INTENT, SUCCESS, { ...THERE, markers: ['m2'] }, /not of this/],
    ['a success against a veto', { ...INTENT, mustFail: true }, SUCCESS, THERE, /had to fail/],
    ['a wrong size', INTENT, { ...SUCCESS, result: { size: 4, crc64: '7' } }, THERE, /4 bytes/],
    ['a wrong CRC-64', INTENT, { ...SUCCESS, result: { size: 3, crc64: '8' } }, THERE, /CRC-64 8/],
    ['absent, but it stands there', INTENT, FAILURE, THERE, /has changed/],
    [
      'absent, but the old one is gone',
      { ...INTENT, before: OLD },
      FAILURE,
      NOTHING,
      /has changed/,
    ],
    [
      'absent, but the old one is overwritten',
      { ...INTENT, before: OLD },
      FAILURE,
      THERE,
      /has changed/,
    ],
    [
      'published, but it is not',
      INTENT,
      { ...FAILURE, outcome: 'published' },
      NOTHING,
      /it is not/,
    ],
    [
      'damage that it did not tell of',
      INTENT,
      { ...FAILURE, outcome: 'published' },
      { ...THERE, object: { ...OURS, sha256: 'damaged' } },
      /does not say so/,
    ],
    [
      'unknown, and the old one is gone',
      { ...INTENT, before: OLD },
      { ...FAILURE, outcome: 'unknown' },
      NOTHING,
      /neither/,
    ],
    [
      'no outcome at all',
      INTENT,
      { ...FAILURE, outcome: undefined },
      NOTHING,
      /without an outcome/,
    ],
    ['two outcomes', INTENT, { ...FAILURE, errorOutcome: 'unknown' }, NOTHING, /its error unknown/],
    ['parts after a failure', INTENT, FAILURE, parts(2), /2 parts of U/],
    [
      'parts after a success',
      { ...INTENT, keepsParts: true },
      SUCCESS,
      { ...THERE, uploads: parts(1, 'V').uploads },
      /1 parts of V/,
    ],
    ['its own upload left unfinished', INTENT, FAILURE, parts(0), /left unfinished/],
  ])('%s', (_, intent, claim, truth, expected) => {
    expect(liesOf(intent, claim, truth).join('; ')).toMatch(expected)
  })
})

it('counts apart what an Initiate with a lost answer leaves', () => {
  const uploads = [...parts(0, 'lost').uploads, ...parts(0).uploads, ...parts(3, 'V').uploads]
  expect(orphansOf(FAILURE, { ...NOTHING, uploads })).toBe(1)
})
