import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import {
  capacityOf,
  MAX_PART_SIZE,
  MAX_PARTS,
  MIN_PART_SIZE,
  partSizeAt,
  planParts,
} from '../../src/protocol/part-plan.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

describe('planParts', () => {
  it.each([
    ['nothing is known', {}, 8 * MIB, 128 * MIB],
    ['a part size is given', { partSize: 100 * 1024 }, 100 * 1024, 134_144_000],
    ['huge parts raise the default memory', { partSize: 100 * MIB }, 100 * MIB, 200 * MIB],
    ['little memory makes small parts', { maxMemory: 4 * MIB }, 2 * MIB, 2 * MIB],
    ['a small hint changes nothing', { expectedSize: 1 }, 8 * MIB, 128 * MIB],
    ['100 GiB are hinted', { expectedSize: 100 * GIB }, 13 * MIB, 117 * MIB],
    ['100 GiB are exact', { expectedSize: 100 * GIB, exactSize: true }, 11 * MIB, 121 * MIB],
    ['1 TiB leaves no room for a wrong guess', { expectedSize: 1024 * GIB }, 105 * MIB, 105 * MIB],
  ])('when %s', (_name, options, partSize, maxPartSize) => {
    const plan = planParts({ concurrency: 4, ...options })
    expect(plan).toMatchObject({ partSize, maxPartSize })
  })

  it('keeps the parts equal when the hint fits them', () => {
    const plan = planParts({ concurrency: 4, expectedSize: 60 * GIB })
    expect(partSizeAt(8000, plan)).toBe(8 * MIB)
    expect(partSizeAt(8001, plan)).toBe(16 * MIB)
  })

  it('lets the parts grow sooner where the hint finds no room otherwise', () => {
    const partSize = MIN_PART_SIZE
    const usual = capacityOf(planParts({ concurrency: 4, partSize }))
    const plan = planParts({ concurrency: 4, partSize, expectedSize: usual + 1 })
    expect([1000, 1001].map((n) => partSizeAt(n, plan))).toEqual([partSize, 2 * partSize])
    const most = capacityOf(plan)
    expect(planParts({ concurrency: 4, partSize, expectedSize: most })).toEqual(plan)
    const tooMuch = { concurrency: 4, partSize, expectedSize: most + 1 }
    expect(catchError(() => planParts(tooMuch))).toMatchObject({ option: 'expectedSize' })
  })

  it('lets an exact size use all 10,000 parts', () => {
    const size = 10_000 * 8 * MIB
    const plan = planParts({ concurrency: 4, expectedSize: size, exactSize: true })
    expect(plan.partSize).toBe(8 * MIB)
    expect(capacityOf(plan)).toBe(size)
  })

  it.each([
    ['more than 10,000 parts can hold', { expectedSize: 3 * 1024 * GIB }, 'expectedSize'],
    [
      'a part size too small for it',
      { partSize: MIN_PART_SIZE, expectedSize: 1024 * GIB },
      'expectedSize',
    ],
    ['memory for less than two parts', { partSize: 8 * MIB, maxMemory: 16 * MIB - 1 }, 'maxMemory'],
    ['memory for no legal part', { maxMemory: 2 * MIN_PART_SIZE - 2 }, 'maxMemory'],
  ])('refuses %s', (_name, options, option) => {
    const error = catchError(() => planParts({ concurrency: 4, ...options }))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error).toMatchObject({ option })
  })

  it('reaches the 48.8 TiB of the service with enough memory', () => {
    const size = MAX_PARTS * MAX_PART_SIZE
    const plan = planParts({
      concurrency: 1,
      maxMemory: 10 * GIB,
      expectedSize: size,
      exactSize: true,
    })
    expect(capacityOf(plan)).toBe(size)
  })

  it('holds what it is told to expect, within the limits of the service', () => {
    fc.assert(
      fc.property(
        fc.record({
          concurrency: fc.integer({ min: 1, max: 16 }),
          partSize: fc.option(fc.integer({ min: MIN_PART_SIZE, max: 64 * MIB }), {
            nil: undefined,
          }),
          maxMemory: fc.option(fc.integer({ min: 2 * MIN_PART_SIZE, max: 8 * GIB }), {
            nil: undefined,
          }),
          expectedSize: fc.option(fc.integer({ min: 0, max: 50 * 1024 * GIB }), { nil: undefined }),
          exactSize: fc.boolean(),
        }),
        (options) => {
          let plan: ReturnType<typeof planParts>
          try {
            plan = planParts(options)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidOptionError)
            return
          }
          expect(capacityOf(plan)).toBeGreaterThanOrEqual(options.expectedSize ?? 0)
          expect(plan.maxMemory).toBeGreaterThanOrEqual(2 * plan.maxPartSize)
          if (options.maxMemory !== undefined) expect(plan.maxMemory).toBe(options.maxMemory)
          for (const partNumber of [1, 2, 1000, 3000, 3001, 5000, 8001, 9001, 10_000]) {
            const size = partSizeAt(partNumber, plan)
            expect(size).toBeGreaterThanOrEqual(MIN_PART_SIZE)
            expect(size).toBeLessThanOrEqual(MAX_PART_SIZE)
            expect(size % plan.partSize).toBe(0)
          }
        },
      ),
    )
  })
})

describe('partSizeAt', () => {
  it.each([
    [1, 8],
    [3000, 8],
    [3001, 16],
    [4000, 16],
    [4001, 32],
    [5001, 64],
    [6001, 128],
    [7001, 128],
    [10_000, 128],
  ])('gives part %i of a stream of unknown length %i MiB', (partNumber, mebibytes) => {
    const plan = planParts({ concurrency: 4 })
    expect(partSizeAt(partNumber, plan)).toBe(mebibytes * MIB)
  })
})

describe('capacityOf', () => {
  it('is the sum of all 10,000 parts', () => {
    for (const options of [{}, { expectedSize: 60 * GIB }, { maxMemory: 3 * GIB }]) {
      const plan = planParts({ concurrency: 4, ...options })
      let sum = 0
      for (let partNumber = 1; partNumber <= MAX_PARTS; partNumber++)
        sum += partSizeAt(partNumber, plan)
      expect(capacityOf(plan)).toBe(sum)
    }
  })
})

function catchError(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
