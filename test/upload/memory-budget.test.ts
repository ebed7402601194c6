import { describe, expect, it } from 'vitest'
import { defaultBudget, MemoryBudget } from '../../src/upload/memory-budget.js'

const GIB = 1024 ** 3

describe('the budget of a process', () => {
  it.each([
    ['a quarter of the machine', 24 * GIB, undefined, 6 * GIB],
    ['a quarter of the machine where there is no limit', 24 * GIB, 0, 6 * GIB],
    ['a quarter of the container', 24 * GIB, 8 * GIB, 2 * GIB],
    ['no more for a limit that is none', 24 * GIB, 2 ** 64, 6 * GIB],
    ['at least 256 MiB', 24 * GIB, GIB / 2, GIB / 4],
  ])('is %s', (_name, total, limit, expected) => {
    expect(defaultBudget(total, limit)).toBe(expected)
  })
})

describe('MemoryBudget', () => {
  it('is taken and given back', () => {
    const budget = new MemoryBudget(25)
    expect([budget.tryTake(10), budget.tryTake(10), budget.tryTake(10)]).toEqual([
      true,
      true,
      false,
    ])
    expect(budget.takenBytes).toBe(20)
    budget.give(10)
    expect(budget.tryTake(10)).toBe(true)
  })

  it('serves those who wait in order, and lets nobody overtake them', () => {
    const budget = new MemoryBudget(30)
    budget.tryTake(30)
    const served: string[] = []
    budget.wait(20, () => served.push('large'))
    budget.wait(10, () => served.push('small'))
    budget.give(10)
    expect([served, budget.tryTake(10)]).toEqual([[], false])
    budget.give(20)
    expect([served, budget.isContended]).toEqual([['large', 'small'], false])
    expect(budget.takenBytes).toBe(30)
  })

  it('lets those behind go on when one does not wait any more', () => {
    const budget = new MemoryBudget(30)
    budget.tryTake(20)
    const served: string[] = []
    const leave = budget.wait(20, () => served.push('large'))
    budget.wait(10, () => served.push('small'))
    leave?.()
    leave?.()
    expect(served).toEqual(['small'])
  })

  it('lets nobody wait for what will never be there', () => {
    const budget = new MemoryBudget(30)
    expect(budget.wait(31, () => expect.unreachable())).toBeUndefined()
    expect(budget.isContended).toBe(false)
  })
})
