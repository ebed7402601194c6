import { describe, expect, it } from 'vitest'
import { isLineFast, partMsAfter } from '../../src/upload/line-speed.js'

describe('isLineFast', () => {
  it.each([
    ['nothing has been sent', { partMs: undefined }, false],
    ['all parts are sent in 50 ms', {}, true],
    ['a part takes longer', { partMs: 26 }, false],
    ['there are more parts', { parts: 9 }, false],
    ['fewer are sent at once', { concurrency: 3 }, false],
    ['a slower one sends more at once', { partMs: 50, concurrency: 8 }, true],
    ['a part takes no time at all', { partMs: 0 }, true],
  ])('%s', (_, change, expected) => {
    expect(isLineFast({ partMs: 25, parts: 8, concurrency: 4, ...change })).toBe(expected)
  })
})

describe('partMsAfter', () => {
  it('begins with the first part', () => {
    expect(partMsAfter(undefined, 40)).toBe(40)
  })

  it('follows what parts take, and is not thrown by one of them', () => {
    expect(partMsAfter(40, 80)).toBe(50)
    let ms = 40
    for (let part = 0; part < 20; part++) ms = partMsAfter(ms, 80)
    expect(ms).toBeCloseTo(80, 0)
  })
})
