/** Small pieces of the server that decide alone. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Segment, sliceSegments } from '../../src/server/blob-store.js'
import { Gate } from '../../src/server/gate.js'
import { KeyedLock } from '../../src/server/keyed-lock.js'
import { compareNames, pageOf } from '../../src/server/paging.js'

describe('a keyed lock', () => {
  it('lets one in per key, in order, and others past', async () => {
    const lock = new KeyedLock()
    const gate = new Gate()
    const trail: string[] = []
    const first = lock.run('a', async () => {
      await gate.passed
      trail.push('a1')
    })
    const second = lock.run('a', async () => void trail.push('a2'))
    await lock.run('b', async () => void trail.push('b'))
    gate.open()
    await Promise.all([first, second])
    expect(trail).toEqual(['b', 'a1', 'a2'])
    expect(lock.size).toBe(0)
  })

  it('passes failures on, and the next one gets in', async () => {
    const lock = new KeyedLock()
    const failed = lock.run('a', () => Promise.reject(new Error('no')))
    const next = lock.run('a', async () => 'in')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('in')
  })
})

describe('names', () => {
  it('are compared by their UTF-8 bytes', () => {
    const name = fc.string({ unit: 'binary', maxLength: 8 })
    fc.assert(
      fc.property(name, name, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
        expect(Math.sign(compareNames(a, b))).toBe(expected)
      }),
    )
  })

  it('come back whole from their pages, whatever the page size', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[ab/]{1,5}$/), { maxLength: 30 })
    const setting = fc.record({
      names,
      max: fc.integer({ min: 1, max: 5 }),
      prefix: fc.constantFrom('', 'a', 'a/'),
      delimiter: fc.constantFrom('', '/', 'b'),
    })
    const collect = (
      sorted: string[],
      query: { prefix: string; delimiter: string; max: number },
    ) => {
      const found: string[] = []
      let marker = ''
      for (;;) {
        const page = pageOf(sorted, (one) => one, {
          ...query,
          marker,
          isAfterMarker: (one) => marker === '' || compareNames(one, marker) > 0,
        })
        expect(page.items.length + page.commonPrefixes.length).toBeLessThanOrEqual(query.max)
        found.push(...[...page.items, ...page.commonPrefixes].sort(compareNames))
        if (!page.isTruncated) return found
        marker = page.last?.name ?? ''
      }
    }
    fc.assert(
      fc.property(setting, ({ names: unsorted, ...query }) => {
        const sorted = unsorted.sort(compareNames)
        expect(collect(sorted, query)).toEqual(collect(sorted, { ...query, max: 1000 }))
      }),
    )
  })
})

it('a slice of segments holds just the bytes asked for', () => {
  const setting = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }),
    offset: fc.nat(60),
    size: fc.nat(60),
  })
  fc.assert(
    fc.property(setting, ({ sizes, offset, size }) => {
      const segments = sizes.map(
        (length, i): Segment => ({ blob: `${i}`, offset: i, size: length }),
      )
      const bytesOf = (list: readonly Segment[]): string[] =>
        list.flatMap((one) =>
          Array.from({ length: one.size }, (_, i) => `${one.blob}@${one.offset + i}`),
        )
      expect(bytesOf(sliceSegments(segments, offset, size))).toEqual(
        bytesOf(segments).slice(offset, offset + size),
      )
    }),
  )
})
