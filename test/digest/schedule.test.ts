import { describe, expect, it } from 'vitest'
import {
  hashesAsItFills,
  hashesIn,
  lanesFor,
  partsToHash,
  startsOver,
} from '../../src/digest/schedule.js'

describe('how parts are hashed', () => {
  it.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
    [8, 4],
    [9, 4],
    [1000, 4],
  ])('with %d parts in memory takes %d together', (parts, lanes) => {
    expect(lanesFor(parts)).toBe(lanes)
  })

  it.each([
    ['the first part of a stream', 4, 0, true],
    ['a part behind a single one', 4, 1, true],
    ['a part behind two', 4, 2, false],
    ['a part behind many', 4, 8, false],
    ['any part where nothing is batched', 1, 8, true],
  ])('hashes %s as it fills or not', (_, lanes, ahead, expected) => {
    expect(hashesAsItFills({ lanes, ahead })).toBe(expected)
  })

  it.each([
    ['nothing hashed, one other', 0, 2, true],
    ['nothing hashed, alone', 0, 1, false],
    ['a quarter hashed, one other', 25, 2, true],
    ['half hashed, one other', 50, 2, false],
    ['half hashed, three others', 50, 4, true],
    ['most hashed, three others', 75, 4, false],
    ['all hashed', 100, 4, false],
  ])('with %s starts over in a batch or not', (_, hashed, parts, expected) => {
    expect(startsOver({ hashed, size: 100, parts })).toBe(expected)
  })

  const idle = { waiting: 0, lanes: 4, out: 0, ended: false, stalled: false }
  it.each([
    ['nothing waits', {}, 0],
    ['nothing waits at the end', { ended: true }, 0],
    ['a batch is full', { waiting: 4 }, 4],
    ['more than a batch waits', { waiting: 7 }, 4],
    ['a batch is full while others are sent', { waiting: 4, out: 4 }, 4],
    ['a batch of two is full', { waiting: 2, lanes: 2 }, 2],
    ['part of a batch waits while others are sent', { waiting: 3, out: 1 }, 0],
    ['the buffers have run out while others are sent', { waiting: 3, out: 5, stalled: true }, 0],
    ['part of a batch waits and bytes come', { waiting: 3 }, 0],
    ['the source is silent and nothing is out', { waiting: 3, stalled: true }, 3],
    ['one part waits and nothing is out', { waiting: 1, stalled: true }, 1],
    ['the stream has ended', { waiting: 3, ended: true }, 3],
    ['the stream has ended while others are sent', { waiting: 1, out: 4, ended: true }, 1],
    ['the stream has ended with more than a batch', { waiting: 6, ended: true }, 4],
  ])('when %s', (_, change, expected) => {
    expect(partsToHash({ ...idle, ...change })).toBe(expected)
  })

  const calm = { cores: 2, failed: false, running: false, busyBatches: 0 }
  it.each([
    ['auto, nothing known yet', 'auto', {}, 'inline'],
    ['auto, one busy batch', 'auto', { busyBatches: 1 }, 'inline'],
    ['auto, two busy batches', 'auto', { busyBatches: 2 }, 'worker'],
    ['auto, a worker that runs', 'auto', { running: true }, 'worker'],
    ['auto, one processor', 'auto', { cores: 1, busyBatches: 9 }, 'inline'],
    ['auto, a worker that died', 'auto', { failed: true, busyBatches: 9 }, 'inline'],
    ['inline, however busy', 'inline', { running: true, busyBatches: 9 }, 'inline'],
    ['worker, at once', 'worker', { cores: 1 }, 'worker'],
    ['worker, but it died', 'worker', { failed: true }, 'inline'],
  ] as const)('with %s', (_, mode, change, expected) => {
    expect(hashesIn({ ...calm, mode, ...change })).toBe(expected)
  })
})
