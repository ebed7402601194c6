import { describe, expect, it } from 'vitest'
import { partsMoveOn, uploadsMoveOn } from '../../src/client/page-order.js'

describe('partsMoveOn', () => {
  it.each([
    // numbers, isTruncated, next, marker, expected
    [[], false, 0, 0, true],
    [[1, 2, 3], false, 3, 0, true],
    [[1, 5, 10_000], false, 0, 0, true],
    [[1, 2], true, 2, 0, true],
    [[], true, 7, 3, true],
    [[4, 5], true, 5, 3, true],
    [[0], false, 0, 0, false],
    [[1, 1], false, 1, 0, false],
    [[2, 1], false, 1, 0, false],
    [[10_001], false, 0, 0, false],
    [[3, 4], false, 4, 3, false],
    [[1, 2], true, 0, 0, false],
    [[1, 2], true, 1, 0, false],
    [[], true, 3, 3, false],
    [[], true, 2, 3, false],
    [[4], true, 10_001, 3, false],
  ])(
    'of %o, truncated %s, next %i, behind %i is %s',
    (numbers, isTruncated, next, marker, expected) => {
      const parts = numbers.map((partNumber) => ({ partNumber }))
      const page = { parts, isTruncated, nextPartNumberMarker: next }
      expect(partsMoveOn(page, marker)).toBe(expected)
    },
  )
})

describe('uploadsMoveOn', () => {
  it.each([
    [false, '', '', 'a', 'U', true],
    [true, 'b', 'A', 'a', 'U', true],
    [true, 'a', 'V', 'a', 'U', true],
    [true, 'a', 'U', undefined, undefined, true],
    // UTF-8 order is not that of UTF-16.
    [true, '\u{1F600}', '', '\uFF61', '', true],
    [true, 'a', 'U', 'a', 'U', false],
    [true, 'a', 'T', 'a', 'U', false],
    [true, 'a', 'V', 'b', 'U', false],
    [true, '', '', undefined, undefined, false],
    [true, '', '', 'a', 'U', false],
  ])(
    'of truncated %s, next %s/%s, behind %s/%s is %s',
    (isTruncated, nextKeyMarker, nextUploadIdMarker, key, id, expected) => {
      expect(uploadsMoveOn({ isTruncated, nextKeyMarker, nextUploadIdMarker }, key, id)).toBe(
        expected,
      )
    },
  )
})
