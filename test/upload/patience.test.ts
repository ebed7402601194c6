import { describe, expect, it } from 'vitest'
import { patienceFor } from '../../src/upload/patience.js'

const MIB = 1024 ** 2
const took = (...times: number[]) => times.map((ms) => ({ size: 8 * MIB, ms }))

describe('patienceFor', () => {
  it.each([
    ['no part is known', [], Number.POSITIVE_INFINITY],
    ['two parts are known', took(500, 500), Number.POSITIVE_INFINITY],
    ['the others took equally long', took(500, 500, 500), 1500],
    ['one of the others was slow itself', took(500, 60_000, 400), 1500],
    ['the others took unequally long', took(900, 100, 500, 700, 300), 1500],
    ['the others were fast', took(1, 2, 3, 4), 1000],
  ])('if %s is what it should be', (_, siblings, patience) => {
    expect(patienceFor(8 * MIB, siblings)).toBe(patience)
  })

  it('grows with a part that is larger than the others', () => {
    expect(patienceFor(16 * MIB, took(500, 500, 500))).toBe(3000)
  })

  it('is the same for a part that is smaller: latency does not shrink with it', () => {
    expect(patienceFor(1, took(500, 500, 500))).toBe(1500)
  })
})
