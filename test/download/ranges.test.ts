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
  const limits = { partSize: 4, concurrency: 2, maxMemory: 10 }
  it.each([
    [{ bytes: 0, requests: 0 }, 2, true],
    [{ bytes: 6, requests: 1 }, 2, true],
    [{ bytes: 7, requests: 1 }, 2, false],
    [{ bytes: 0, requests: 2 }, 2, false],
    [{ bytes: 0, requests: 2 }, 3, false],
    [{ bytes: 6, requests: 0 }, 1, true],
    [{ bytes: 6, requests: 1 }, 1, false],
  ])('is asked for with %j held, in %i lanes: %s', (held, lanes, expected) => {
    expect(mayRequest({ start: 8, end: 12 }, held, limits, lanes)).toBe(expected)
  })

  it('that is shorter than the others fits where they do not', () => {
    const held = { bytes: 9, requests: 0 }
    expect(mayRequest({ start: 8, end: 9 }, held, limits, 2)).toBe(true)
  })
})
