import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KernelCall } from '../../src/digest/batch.js'
import {
  type AnyCall,
  argumentsOfAny,
  inPieces,
  lanesOf,
  sideBySide,
} from '../../src/digest/side-by-side.js'

function call(state: number, at: number, blocks: number): KernelCall {
  const addresses = [0, 1, 2, 3].map((lane) => at + 10_000 * lane)
  return { kernel: 'md5x4', state, addresses, blocks, lanes: 15 }
}

/** Calls of one batch, one behind the other. */
function batch(state: number, lengths: readonly number[]): KernelCall[] {
  let at = 0
  return lengths.map((blocks) => {
    const made = call(state, at, blocks)
    at += 64 * blocks
    return made
  })
}

/** The first lane's blocks of a batch, in the order in which the calls come to them. */
function blocksOf(calls: readonly AnyCall[], state: number): number[] {
  return calls.flatMap((made) => {
    const own = 'pair' in made ? made.pair : [made]
    return own
      .filter((call) => call.state === state)
      .flatMap(({ addresses, blocks }) =>
        Array.from({ length: blocks }, (_, block) => (addresses[0] ?? -1) + 64 * block),
      )
  })
}

describe('two batches side by side', () => {
  it('are one call for both as long as both have something to do', () => {
    const [a, b] = [batch(1, [5, 2]), batch(2, [3])]
    const calls = sideBySide('md5x8', a, b)
    expect(calls.map(({ kernel, blocks }) => [kernel, blocks])).toEqual([
      ['md5x8', 3],
      ['md5x4', 2],
      ['md5x4', 2],
    ])
    expect(calls.map(lanesOf)).toEqual([8, 4, 4])
  })

  it('come to every block of either once and in order, whatever the calls, pieces included', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 })
    fc.assert(
      fc.property(lengths, lengths, (first, second) => {
        const batches = [batch(1, first), batch(2, second)] as const
        const calls = sideBySide('md5x8', ...batches)
        for (const [index, own] of batches.entries()) {
          expect(blocksOf(calls, index + 1)).toEqual(blocksOf(own, index + 1))
        }
      }),
    )
  })

  it('never join what is not MD5', () => {
    const crc: KernelCall = { kernel: 'crc64', state: 3, addresses: [7], blocks: 2 }
    expect(sideBySide('md5x8', [crc, call(1, 0, 1)], [call(2, 0, 1), crc])).toEqual([
      crc,
      { kernel: 'md5x8', pair: [call(1, 0, 1), call(2, 0, 1)], blocks: 1 },
      crc,
    ])
  })

  it('are called with the arguments of both, from any block on', () => {
    const [wide] = sideBySide('md5x8', [call(1, 100, 4)], [call(2, 900, 4)])
    if (wide === undefined) throw new Error('No call')
    const expected = [
      ...[1, 164, 10_164, 20_164, 30_164, 2, 15],
      ...[2, 964, 10_964, 20_964, 30_964, 2, 15],
    ]
    expect(argumentsOfAny(wide, 1, 2)).toEqual(expected)
    expect(inPieces([wide], 1024)).toEqual([
      ['md5x8', argumentsOfAny(wide, 0, 2)],
      ['md5x8', argumentsOfAny(wide, 2, 2)],
    ])
  })

  it('of five parts give the fifth its own state and place', () => {
    const fifth: KernelCall = { ...call(2, 900, 4), addresses: [900, 900, 900, 900], lanes: 1 }
    const [five] = sideBySide('md5x5', [call(1, 100, 4)], [fifth])
    if (five === undefined) throw new Error('No call')
    expect(lanesOf(five)).toBe(5)
    expect(argumentsOfAny(five, 1, 2)).toEqual([1, 164, 10_164, 20_164, 30_164, 2, 15, 2, 964])
    expect(inPieces([five], 640)).toEqual([
      ['md5x5', argumentsOfAny(five, 0, 2)],
      ['md5x5', argumentsOfAny(five, 2, 2)],
    ])
  })
})
