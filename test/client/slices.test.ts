import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextSliceSize, SliceCutter, slicesOfSource } from '../../src/client/slices.js'
import { FakeClock } from '../helpers/fake-clock.js'

const KIB = 1024

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

function cut(body: readonly Uint8Array[], length: number): Uint8Array[] {
  const cutter = new SliceCutter(body, length, new FakeClock(), () => {})
  const slices: Uint8Array[] = []
  for (let next = cutter.next(); next !== undefined; next = cutter.next()) slices.push(next)
  return slices
}

describe('slices', () => {
  it.each([
    { size: 64 * KIB, tookMs: 0, next: 128 * KIB },
    { size: 128 * KIB, tookMs: 49, next: 256 * KIB },
    { size: 512 * KIB, tookMs: 49, next: 1024 * KIB },
    { size: 1024 * KIB, tookMs: 0, next: 1024 * KIB },
    { size: 512 * KIB, tookMs: 50, next: 128 * KIB },
    { size: 512 * KIB, tookMs: 1000, next: 256 * KIB },
    { size: 128 * KIB, tookMs: 999, next: 128 * KIB },
    { size: 64 * KIB, tookMs: 1000, next: 32 * KIB },
    { size: 16 * KIB, tookMs: 60_000, next: 16 * KIB },
  ])(
    'follow one of $size bytes that took $tookMs ms with $next bytes',
    ({ size, tookMs, next }) => {
      expect(nextSliceSize(size, tookMs)).toBe(next)
    },
  )

  it('are views that add up to the body, none empty or longer than 1 MiB', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 * 1024 * KIB }), { maxLength: 4 }),
        (sizes) => {
          const body = sizes.map((size, i) => new Uint8Array(size).fill(i + 1))
          const slices = cut(body, sum(sizes))
          expect(Buffer.concat(slices).equals(Buffer.concat(body))).toBe(true)
          const buffers = new Set<ArrayBufferLike>(body.map((bytes) => bytes.buffer))
          for (const slice of slices) {
            expect(slice.byteLength).toBeLessThanOrEqual(1024 * KIB)
            expect(slice.byteLength).toBeGreaterThan(0)
            expect(buffers.has(slice.buffer)).toBe(true)
          }
          expect(slices.at(-1)?.byteLength ?? 0).toBeLessThanOrEqual(4 * KIB)
        },
      ),
      { numRuns: 30, examples: [[[0, 0, 5, 0, 0]]] },
    )
  })

  it.each([
    ['grow while they are taken at once', [0, 0, 0, 0, 0, 0], [64, 128, 256, 512, 1024, 1024]],
    ['shrink while they are taken slowly', [0, 1000, 1000, 1000], [64, 32, 16, 16]],
    ['grow to 128 KiB at a usual speed', [0, 100, 100, 100], [64, 128, 128, 128]],
    ['grow again once they are not', [0, 1000, 1000, 0, 0], [64, 32, 16, 32, 64]],
  ])('%s', async (_, waits, sizes) => {
    const clock = new FakeClock()
    const length = 8 * 1024 * KIB
    const cutter = new SliceCutter([new Uint8Array(length)], length, clock, () => {})
    const taken: unknown[] = []
    for (const ms of waits) {
      await clock.advance(ms)
      taken.push(cutter.next()?.byteLength)
    }
    expect(taken).toEqual(sizes.map((size) => size * KIB))
  })

  it('report each that is taken', () => {
    let taken = 0
    const slices = new SliceCutter([new Uint8Array(200 * KIB)], 200 * KIB, new FakeClock(), () => {
      taken += 1
    })
    expect(taken).toBe(0)
    slices.next()
    expect(taken).toBe(1)
    slices.next()
    expect(taken).toBe(2)
  })

  it('are cut from a source as it is read', async () => {
    async function* read() {
      yield Buffer.from('abc')
      yield Buffer.alloc(600 * KIB, 'x')
    }
    const sizes: number[] = []
    for await (const slice of slicesOfSource(read, 600 * KIB + 3, new FakeClock(), () => {})) {
      sizes.push(slice.byteLength)
    }
    expect(sum(sizes)).toBe(600 * KIB + 3)
    expect(sizes.at(-1)).toBe(4 * KIB)
  })
})
