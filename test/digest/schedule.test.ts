import { describe, expect, it } from 'vitest'
import {
  batchedOf,
  hashesAsItFills,
  hashesIn,
  jointKernelOf,
  lanesFor,
  modeFor,
  partsToHash,
} from '../../src/digest/schedule.js'

const MD5 = { md5: true, crc64: false }
const BOTH = { md5: true, crc64: true }

describe('how parts are hashed', () => {
  it.each([
    ['few parts in memory', { partsInMemory: 3 }, 1],
    ['two where it holds four', { partsInMemory: 4 }, 2],
    ['half of five', { partsInMemory: 5 }, 2],
    ['half of eight', {}, 4],
    ['half of thirteen', { partsInMemory: 13 }, 6],
    ['half of many, up to eight', { partsInMemory: 1000 }, 8],
    ['four of many with CRC-64', { partsInMemory: 1000, wish: BOTH }, 4],
    ['one for CRC-64 alone', { partsInMemory: 1000, wish: { md5: false, crc64: true } }, 1],
    ['few parts in memory, pressed', { partsInMemory: 3, pressed: true }, 1],
    ['all four of them', { partsInMemory: 4, pressed: true }, 4],
    ['all five', { partsInMemory: 5, pressed: true }, 5],
    ['all eight', { pressed: true }, 8],
    ['half of eight, pressed, on a slow line', { pressed: true, isLineFast: false }, 4],
    ['eight of many, pressed', { partsInMemory: 30, pressed: true }, 8],
    ['four with CRC-64, pressed', { pressed: true, wish: BOTH }, 4],
    ['three of four, worker', { partsInMemory: 4, pressed: true, inWorker: true }, 3],
    ['four of five, worker', { partsInMemory: 5, pressed: true, inWorker: true }, 4],
    ['four of eight, worker', { pressed: true, inWorker: true }, 4],
    ['half of twelve, worker', { partsInMemory: 12, pressed: true, inWorker: true }, 6],
    ['two of five, worker at leisure', { partsInMemory: 5, inWorker: true }, 2],
  ])('takes together: %s', (_, change, lanes) => {
    const now = { partsInMemory: 8, wish: MD5, pressed: false, isLineFast: true, inWorker: false }
    expect(lanesFor({ ...now, ...change })).toBe(lanes)
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

describe('modeFor', () => {
  it.each([
    ['auto', 2, true, 'inline'],
    ['auto', 2, false, 'auto'],
    ['auto', 3, true, 'auto'],
    ['worker', 2, true, 'worker'],
    ['inline', 4, false, 'inline'],
  ] as const)('%s, %d processors, a fast line: %s', (mode, cores, isLineFast, expected) => {
    expect(modeFor({ mode, wish: MD5, cores, isLineFast })).toBe(expected)
  })

  it('leaves it open with CRC-64, of which no more are taken here than in the worker', () => {
    expect(modeFor({ mode: 'auto', wish: BOTH, cores: 2, isLineFast: true })).toBe('auto')
  })
})

describe('batchedOf', () => {
  it.each([
    [1, MD5, 1],
    [4, MD5, 4],
    [5, MD5, 5],
    [6, MD5, 6],
    [8, MD5, 8],
    [30, MD5, 8],
    [8, BOTH, 4],
    [3, { md5: false, crc64: true }, 3],
    [8, { md5: false, crc64: true }, 4],
  ])('of %d parts that wait for %j takes %d', (waiting, wish, expected) => {
    expect(batchedOf(waiting, wish)).toBe(expected)
  })
})

describe('jointKernelOf', () => {
  it.each([
    [1, undefined],
    [4, undefined],
    [5, 'md5x5'],
    [6, 'md5x8'],
    [8, 'md5x8'],
  ])('%d parts: %s', (parts, kernel) => {
    expect(jointKernelOf(parts)).toBe(kernel)
  })
})
