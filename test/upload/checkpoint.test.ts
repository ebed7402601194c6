import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planParts } from '../../src/protocol/part-plan.js'
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isForeign,
  whyFresh,
} from '../../src/upload/checkpoint.js'

const CHECKPOINT: Checkpoint = {
  bucket: 'bucket',
  key: 'dir/object',
  uploadId: 'upload-1',
  marker: 'marker',
  plan: { partSize: 102_400, growAfter: 1000, maxPartSize: 204_800 },
  headers: 'a digest',
  source: 'version 1',
}

const text = fc.string({ minLength: 1, unit: 'binary' })
const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const checkpoints: fc.Arbitrary<Checkpoint> = fc.record({
  bucket: text,
  key: text,
  uploadId: text,
  marker: fc.option(text, { nil: undefined }),
  plan: fc.record({ partSize: count, growAfter: count, maxPartSize: count }),
  headers: text,
  source: fc.option(text, { nil: undefined }),
})

describe('a checkpoint', () => {
  it('comes back as it was, whatever is in it', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
      }),
    )
  })

  it.each([
    ['of unknown length', {}],
    ['of a TiB', { expectedSize: 2 ** 40 }],
    ['of exactly a GiB', { expectedSize: 2 ** 30, exactSize: true }],
    ['of no bytes', { expectedSize: 0 }],
    ['of the least memory', { maxMemory: 204_800 }],
  ])('holds the plan of a stream %s', (_name, options) => {
    const { partSize, growAfter, maxPartSize } = planParts({ concurrency: 4, ...options })
    const plan = { partSize, growAfter, maxPartSize }
    expect(decodeCheckpoint(encodeCheckpoint({ ...CHECKPOINT, plan }))?.plan).toEqual(plan)
  })

  it('is one line of text that says what it is', () => {
    const encoded = encodeCheckpoint(CHECKPOINT)
    expect(encoded).toMatch(/^\{"format":"osspipe-checkpoint","version":1,.*\}\n$/)
    expect(encoded.length).toBeLessThan(400)
  })

  it('cut off anywhere is none', () => {
    const whole = encodeCheckpoint(CHECKPOINT).trimEnd()
    for (let length = 0; length < whole.length; length++) {
      expect(decodeCheckpoint(whole.slice(0, length))).toBeUndefined()
    }
    expect(decodeCheckpoint(whole)).toEqual(CHECKPOINT)
  })

  it('never throws, whatever it reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
        expect(decodeCheckpoint(any)).toBeUndefined()
      }),
    )
  })

  it.each<[string, (value: Record<string, unknown>) => unknown]>([
    ['null', () => null],
    ['a list', (value) => [value]],
    ['a text', () => 'osspipe-checkpoint'],
    ['no format', ({ format: _, ...rest }) => rest],
    ['another format', (value) => ({ ...value, format: 'ali-oss' })],
    ['no version', ({ version: _, ...rest }) => rest],
    ['an older version', (value) => ({ ...value, version: 0 })],
    ['a newer version', (value) => ({ ...value, version: 2 })],
    ['a version as text', (value) => ({ ...value, version: '1' })],
    ...['bucket', 'key', 'uploadId', 'headers', 'plan'].flatMap(
      (name): Malformations => [
        [`no ${name}`, (value) => ({ ...value, [name]: undefined })],
        [`${name} null`, (value) => ({ ...value, [name]: null })],
        [`an empty ${name}`, (value) => ({ ...value, [name]: '' })],
        [`${name} as a number`, (value) => ({ ...value, [name]: 1 })],
        [`${name} as a list`, (value) => ({ ...value, [name]: ['a'] })],
      ],
    ),
    ...['marker', 'source'].flatMap(
      (name): Malformations => [
        [`${name} null`, (value) => ({ ...value, [name]: null })],
        [`an empty ${name}`, (value) => ({ ...value, [name]: '' })],
        [`${name} as a number`, (value) => ({ ...value, [name]: 1 })],
      ],
    ),
    ...['partSize', 'growAfter', 'maxPartSize'].flatMap(
      (name): Malformations =>
        [undefined, null, 0, -1, 1.5, 2 ** 53, '102400'].map((size) => [
          `${name} ${JSON.stringify(size)}`,
          (value) => ({ ...value, plan: { ...CHECKPOINT.plan, [name]: size } }),
        ]),
    ),
  ])('with %s is none', (_name, spoil) => {
    const value = JSON.parse(encodeCheckpoint(CHECKPOINT))
    expect(decodeCheckpoint(JSON.stringify(value))).toEqual(CHECKPOINT)
    expect(decodeCheckpoint(JSON.stringify(spoil(value)))).toBeUndefined()
  })

  it('ignores what it does not know', () => {
    const value = { ...JSON.parse(encodeCheckpoint(CHECKPOINT)), note: 'by hand' }
    expect(decodeCheckpoint(JSON.stringify(value))).toEqual(CHECKPOINT)
  })
})

describe('isForeign', () => {
  it.each([
    ['the same object', {}, false],
    ['another key', { key: 'dir/other' }, true],
    ['another bucket', { bucket: 'bucket2' }, true],
    ['other part sizes of the same object', { plan: { ...CHECKPOINT.plan, partSize: 1 } }, false],
  ])('of %s', (_name, change, expected) => {
    expect(isForeign(CHECKPOINT, { ...CHECKPOINT, ...change })).toBe(expected)
  })
})

describe('whyFresh', () => {
  const { plan } = CHECKPOINT
  it.each([
    ['nothing has changed', {}, undefined],
    ['the part size has', { plan: { ...plan, partSize: 1 } }, 'plan'],
    ['the parts grow later', { plan: { ...plan, growAfter: 1 } }, 'plan'],
    ['the largest part has', { plan: { ...plan, maxPartSize: 1 } }, 'plan'],
    ['the headers have', { headers: 'another' }, 'headers'],
    ['the source has', { source: 'version 2' }, 'source'],
    ['the source is not named any more', { source: undefined }, 'source'],
    ['plan, headers and source have', { plan: { ...plan, partSize: 1 }, headers: 'x' }, 'plan'],
    ['headers and source have', { headers: 'x', source: 'x' }, 'headers'],
  ])('when %s', (_name, change, expected) => {
    expect(whyFresh(CHECKPOINT, { ...CHECKPOINT, ...change })).toBe(expected)
  })

  it('takes a source that is now named for another', () => {
    const found = { ...CHECKPOINT, source: undefined }
    expect(whyFresh(found, CHECKPOINT)).toBe('source')
    expect(whyFresh(found, found)).toBeUndefined()
  })
})

type Malformations = [string, (value: Record<string, unknown>) => unknown][]
