import { describe, expect, it } from 'vitest'
import { verdictLine, verdictOf } from '../../src/cli/verdict.js'

function stats(source: number, network: number, memory: number, elapsedMs = 6000) {
  return { elapsedMs, bytesPerSecond: 0, retries: 0, waitedMs: { source, network, memory } }
}

describe('the verdict', () => {
  it.each([
    [
      'source',
      stats(3000, 1000, 500),
      '50 % waiting for the source, 17 % for the network, 8 % for m',
    ],
    [
      'network',
      stats(1000, 3000, 0),
      '17 % waiting for the source, 50 % for the network, 33 % at w',
    ],
    ['memory', stats(500, 1000, 3000), '50 % for memory, 25 % at work; more --max-memory may help'],
    ['processor', stats(1000, 1000, 0), '67 % at work; the network could take more'],
    ['source', stats(0, 0, 0, 0), undefined],
    ['source', stats(999, 0, 0, 999), undefined],
  ])('is %s-bound for %j', (bound, figures, text) => {
    expect(verdictOf(figures).bound).toBe(bound)
    const line = verdictLine(figures)
    if (text === undefined) expect(line).toBeUndefined()
    else {
      expect(line).toContain(text)
      expect(line).toMatch(new RegExp(`^${bound}-bound: of 6\\.0 s, `))
    }
  })

  it('has whole figures that add up', () => {
    expect(verdictOf(stats(1000.4, 2000.4, 0))).toEqual({
      bound: 'processor',
      sourceWaitMs: 1000,
      networkWaitMs: 2000,
      memoryWaitMs: 0,
      workMs: 2999,
    })
  })

  it('names what the source is', () => {
    expect(verdictLine(stats(3000, 0, 0), 'pg_dump')).toContain('waiting for pg_dump')
  })
})
