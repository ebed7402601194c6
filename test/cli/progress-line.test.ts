import { describe, expect, it } from 'vitest'
import {
  etaMs,
  type ProgressState,
  progressLine,
  progressObject,
} from '../../src/cli/progress-line.js'

const GIB = 1024 ** 3

const STATE: ProgressState = {
  bytesIn: 5 * GIB,
  bytesDone: 4 * GIB,
  size: 10 * GIB,
  partsInFlight: 4,
  retries: 2,
  elapsedMs: 104_000,
  bytesPerSecond: 100 * 1024 ** 2,
}

const WIDTHS = Array.from({ length: 201 }, (_, width) => width)

describe('the line of progress', () => {
  it('tells everything where there is room', () => {
    expect(progressLine(STATE, 200)).toBe(
      '4.00 GiB stored, 100 MiB/s, ETA 1:01, 1:44, 5.00 GiB in of 10.0 GiB (50 %), 4 in flight, 2 repeated',
    )
  })

  it.each([
    ['no size', { size: undefined }, '5.00 GiB in, 4 in flight'],
    ['more than was expected', { size: GIB }, '5.00 GiB in, 4 in flight'],
    ['nothing expected', { size: 0, bytesIn: 0 }, '0 B in, 4 in flight'],
    ['no retries', { retries: 0 }, '(50 %), 4 in flight'],
    ['no rate', { bytesPerSecond: 0 }, '4.00 GiB stored, 0 B/s, 1:44, '],
  ])('leaves out what is not known: %s', (_name, change, text) => {
    expect(progressLine({ ...STATE, ...change }, 200)).toContain(text)
  })

  it('fits any width, and tells the most important first', () => {
    const full = progressLine(STATE, 200)
    for (const width of WIDTHS) {
      const line = progressLine(STATE, width)
      expect(line.length).toBeLessThanOrEqual(width)
      // Whole segments from the beginning, or what of the size has room.
      if (width >= 15) expect(full.startsWith(`${line},`) || full === line).toBe(true)
      else expect('4.00 GiB'.startsWith(line)).toBe(true)
    }
    expect(progressLine(STATE, 15)).toBe('4.00 GiB stored')
  })

  it('never grows shorter with more room', () => {
    const lengths = WIDTHS.map((width) => progressLine(STATE, width).length)
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
  })
})

describe('the time that is left', () => {
  it.each<[string, Partial<ProgressState>, number | undefined]>([
    ['at the present rate', {}, 61_440],
    ['for an unknown size', { size: undefined }, undefined],
    ['while nothing moves', { bytesPerSecond: 0 }, undefined],
    ['beyond what was expected', { size: GIB }, undefined],
    ['of what is compressed, by what came in', { isCompressed: true }, 104_000],
    ['before anything came in', { isCompressed: true, bytesIn: 0 }, undefined],
  ])('is told %s', (_name, change, ms) => {
    expect(etaMs({ ...STATE, ...change })).toBe(ms)
  })
})

describe('progress as an object', () => {
  it('has whole numbers, and nothing that is not known', () => {
    expect(progressObject({ ...STATE, elapsedMs: 1.5, bytesPerSecond: 2.4 })).toEqual({
      bytesIn: 5 * GIB,
      bytesDone: 4 * GIB,
      size: 10 * GIB,
      partsInFlight: 4,
      retries: 2,
      elapsedMs: 2,
      bytesPerSecond: 2,
      etaMs: expect.any(Number),
    })
    expect(progressObject({ ...STATE, size: undefined })).not.toHaveProperty('size')
    expect(progressObject({ ...STATE, size: undefined })).not.toHaveProperty('etaMs')
  })
})
