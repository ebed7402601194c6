import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import { FIRST_SLAB } from '../../src/digest/layout.js'

const MIB = 1024 ** 2

function newArena(maxBytes = 64 * MIB) {
  let prepared = 0
  const prepare = () => {
    prepared++
  }
  return { arena: new Arena({ maxBytes, prepare }), prepared: () => prepared }
}

describe('the arena', () => {
  it('has no memory before the first slab', () => {
    const { arena, prepared } = newArena()
    expect([arena.size, prepared()]).toEqual([0, 0])
    arena.tryAllocate(1)
    expect([arena.size > 0, prepared()]).toEqual([true, 1])
  })

  it('lends slabs of the size asked for, behind the tables', () => {
    const { arena } = newArena()
    const slab = arena.tryAllocate(100_001)
    expect(slab?.byteLength).toBe(100_001)
    expect(slab?.byteOffset).toBeGreaterThanOrEqual(FIRST_SLAB)
    expect(slab?.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it('leaves slabs lent out as they are when it grows', () => {
    const { arena } = newArena()
    const first = arena.tryAllocate(MIB)?.fill(7)
    const second = arena.tryAllocate(20 * MIB)?.fill(8)
    expect(first?.every((byte) => byte === 7)).toBe(true)
    expect([first, second].map((slab) => slab && arena.holds(slab))).toEqual([true, true])
    expect(first?.buffer).not.toBe(second?.buffer)
  })

  it('lends what came back again, before it grows', () => {
    const { arena } = newArena()
    const slabs = [3, 1, 2].map((n) => arena.tryAllocate(n * MIB))
    const before = arena.size
    for (const slab of slabs) if (slab !== undefined) arena.free(slab)
    expect(arena.lentBytes).toBe(0)
    expect(arena.tryAllocate(6 * MIB)).toBeDefined()
    expect(arena.size).toBe(before)
  })

  it('grows by no more than what the free end lacks', () => {
    const { arena } = newArena()
    const slab = arena.tryAllocate(MIB)
    if (slab !== undefined) arena.free(slab)
    const before = arena.size
    arena.tryAllocate(3 * MIB)
    expect(arena.size - before).toBe(2 * MIB)
  })

  it('lends nothing beyond its limit', () => {
    const { arena } = newArena(4 * MIB)
    expect(arena.tryAllocate(3 * MIB)).toBeDefined()
    expect(arena.tryAllocate(3 * MIB)).toBeUndefined()
    expect(arena.size).toBeLessThanOrEqual(4 * MIB)
  })

  it('refuses slabs that it did not lend, or that came back already', () => {
    const { arena } = newArena()
    const slab = arena.tryAllocate(10) ?? Buffer.alloc(0)
    expect(() => arena.free(Buffer.alloc(10))).toThrow(RangeError)
    arena.free(slab)
    expect(() => arena.free(slab)).toThrow(RangeError)
  })

  it('lets go of its memory only if no slab is lent, and starts anew', () => {
    const { arena, prepared } = newArena()
    const slab = arena.tryAllocate(MIB) ?? Buffer.alloc(0)
    expect(arena.trim()).toBe(false)
    arena.free(slab)
    expect([arena.trim(), arena.size, arena.holds(slab)]).toEqual([true, 0, false])
    expect(arena.trim()).toBe(false)
    expect(arena.tryAllocate(MIB)?.byteLength).toBe(MIB)
    expect(prepared()).toBe(2)
  })

  it('lends nothing where there is no memory to be had, and does not ask again', () => {
    let asked = 0
    const prepare = () => {
      asked++
      throw new Error('no memory')
    }
    const arena = new Arena({ maxBytes: MIB, prepare })
    expect([arena.tryAllocate(1), arena.tryAllocate(1), asked]).toEqual([undefined, undefined, 1])
  })

  it('never lends a byte twice, and has all of them back in the end', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 * MIB }), fc.constant(0)), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (sizes, picks) => {
        const { arena } = newArena(16 * MIB)
        const lent: Buffer[] = []
        for (const size of sizes) {
          if (size > 0) {
            const slab = arena.tryAllocate(size)
            if (slab !== undefined) lent.push(slab)
          } else if (lent.length > 0) {
            const [slab] = lent.splice(picks.next().value % lent.length, 1)
            if (slab !== undefined) arena.free(slab)
          }
          const spans = lent.map((slab) => [slab.byteOffset, slab.byteOffset + slab.byteLength])
          spans.sort(([a = 0], [b = 0]) => a - b)
          for (const [i, [from = 0]] of spans.entries()) {
            expect(from).toBeGreaterThanOrEqual(i === 0 ? FIRST_SLAB : (spans[i - 1]?.[1] ?? 0))
          }
        }
        for (const slab of lent) arena.free(slab)
        expect(arena.lentBytes).toBe(0)
        const all = arena.size - FIRST_SLAB
        if (all > 0) expect(arena.tryAllocate(all)?.byteLength).toBe(all)
      }),
      { numRuns: 60 },
    )
  })
})
