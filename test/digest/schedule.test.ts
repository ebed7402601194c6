import { describe, expect, it } from 'vitest'
import {
  batchedOf,
  hashesAsItFills,
  hashesIn,
  lanesFor,
  partsToHash,
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
    ['the first part of a stream', {}, true],
    ['a part that can be sent at once', { ahead: 3 }, true],
    ['a part behind as many as can be sent', { ahead: 4 }, false],
    ['a part behind many', { ahead: 8 }, false],
    ['any part while the loop is busy', { ahead: 1, busy: true }, false],
    ['any part where nothing is batched', { lanes: 1, ahead: 8, busy: true }, true],
  ])('hashes %s as it fills or not', (_, change, expected) => {
    const now = { lanes: 4, ahead: 0, concurrency: 4, busy: false, ...change }
    expect(hashesAsItFills(now)).toBe(expected)
  })

  const quiet = { waiting: 0, lanes: 4, out: 0, concurrency: 4, ended: false, stalled: false }
  const busy = { ...quiet, busy: true }
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
    ['connections are idle and so is the loop', { waiting: 3, out: 3, busy: false }, 3],
    ['all connections are used', { waiting: 3, out: 4, busy: false }, 0],
    ['the source is silent and nothing is out', { waiting: 3, stalled: true }, 3],
    ['one part waits and nothing is out', { waiting: 1, stalled: true }, 1],
    ['the stream has ended', { waiting: 3, ended: true }, 3],
    ['the stream has ended while others are sent', { waiting: 1, out: 4, ended: true }, 1],
    ['the stream has ended with more than a batch', { waiting: 6, ended: true }, 4],
  ])('when %s', (_, change, expected) => {
    expect(partsToHash({ ...busy, ...change })).toBe(expected)
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

describe('batchedOf', () => {
  const md5 = { md5: true, crc64: false }
  it.each([
    [1, md5, 1],
    [4, md5, 4],
    [5, md5, 4],
    [6, md5, 6],
    [8, md5, 8],
    [30, md5, 8],
    [8, { md5: true, crc64: true }, 4],
    [3, { md5: false, crc64: true }, 3],
    [8, { md5: false, crc64: true }, 4],
  ])('of %d parts that wait for %j takes %d', (waiting, wish, expected) => {
    expect(batchedOf(waiting, wish)).toBe(expected)
  })
})
