import { describe, expect, it } from 'vitest'
import { mayRequest, rangeAt, spanWithin } from '../../src/download/ranges.js'

const ALL = { start: 0, end: Number.MAX_SAFE_INTEGER }

describe('the span of an object that is asked for', () => {
  it.each([
    [0, ALL, { start: 0, end: 0 }],
    [0, { start: 0, end: 5 }, { start: 0, end: 0 }],
    [0, { start: 1, end: 5 }, undefined],
    [10, ALL, { start: 0, end: 10 }],
    [10, { start: 9, end: 10 }, { start: 9, end: 10 }],
    [10, { start: 9, end: 99 }, { start: 9, end: 10 }],
    [10, { start: 3, end: 4 }, { start: 3, end: 4 }],
    [10, { start: 10, end: 11 }, undefined],
    [10, { start: 11, end: 12 }, undefined],
  ])('of %i bytes and %j is %j', (size, wanted, span) => {
    expect(spanWithin(size, wanted)).toEqual(span)
  })
})

describe('the range at a position', () => {
  it.each([
    [0, { start: 0, end: 4 }],
    [4, { start: 4, end: 8 }],
    [8, { start: 8, end: 10 }],
    [10, undefined],
    [11, undefined],
  ])('%i is %j', (position, range) => {
    expect(rangeAt(position, { start: 0, end: 10 }, 4)).toEqual(range)
  })
})

describe('a range', () => {
  const limits = { partSize: 8, concurrency: 2, maxMemory: 20 }
  const ALL_LANES = 2

  it.each([
    [{ bytes: 0, requests: 0, underWay: 0 }, true],
    [{ bytes: 12, requests: 1, underWay: 8 }, true],
    [{ bytes: 13, requests: 1, underWay: 8 }, false],
    [{ bytes: 0, requests: 2, underWay: 0 }, false],
  ])('is asked for with %j held: %s', (held, expected) => {
    expect(mayRequest({ start: 8, end: 16 }, held, limits, ALL_LANES)).toBe(expected)
  })

  it.each([
    [1, 0, true],
    [1, 1, true],
    [1, 2, false],
    [2, 9, true],
    [2, 10, false],
    [3, 17, true],
    [3, 18, false],
    [4, 24, true],
  ])(
    'in %i lanes is asked for with %i bytes of 8 each under way: %s',
    (lanes, underWay, expected) => {
      const held = { bytes: underWay, requests: 3, underWay }
      const wide = { ...limits, concurrency: 4, maxMemory: 100 }
      expect(mayRequest({ start: 8, end: 16 }, held, wide, lanes)).toBe(expected)
    },
  )

  it('that is shorter than the others fits where they do not', () => {
    const held = { bytes: 19, requests: 0, underWay: 0 }
    expect(mayRequest({ start: 8, end: 9 }, held, limits, ALL_LANES)).toBe(true)
  })
})
