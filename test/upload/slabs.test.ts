import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type KernelMemory, ProcessSlabs } from '../../src/upload/slabs.js'

const MIB = 1024 ** 2

/** Room for so many slabs. */
function kernelMemory(room: number) {
  const lent = new Set<Uint8Array>()
  const memory: KernelMemory = {
    tryAllocate(size) {
      if (lent.size === room) return undefined
      const slab = new Uint8Array(size)
      lent.add(slab)
      return slab
    },
    holds: (slab) => lent.has(slab),
    free: (slab) => {
      lent.delete(slab)
    },
  }
  return { memory, lent }
}

/** In a function of its own, so that no variable holds a slab any more. */
function lendAndFree(slabs: ProcessSlabs, count: number): WeakRef<Uint8Array>[] {
  const lent = Array.from({ length: count }, () => slabs.allocate(MIB))
  for (const slab of lent) slabs.free(slab)
  return lent.map((slab) => new WeakRef(slab))
}

describe('ProcessSlabs', () => {
  it('leaves the first slab of an upload out of the memory that only others may take', () => {
    const { memory, lent } = kernelMemory(2)
    const slabs = new ProcessSlabs((isFirst) => (isFirst ? undefined : memory))
    const first = slabs.allocate(MIB, true)
    const second = slabs.allocate(MIB)
    expect([lent.has(first), lent.has(second)]).toEqual([false, true])
    for (const slab of [first, second]) slabs.free(slab)
    expect(lent.size).toBe(0)
  })

  it('counts none that there was no memory for', () => {
    const uses: boolean[] = []
    const failing = {
      ...kernelMemory(1).memory,
      tryAllocate: () => {
        throw new RangeError('Array buffer allocation failed')
      },
    }
    const { memory } = kernelMemory(1)
    let isFull = true
    const slabs = new ProcessSlabs(
      () => (isFull ? failing : memory),
      (use) => uses.push(use),
    )
    expect(() => slabs.allocate(MIB)).toThrow(RangeError)
    isFull = false
    slabs.free(slabs.allocate(MIB))
    expect(uses).toEqual([true, false])
  })

  it('gives slabs of exactly the size asked for', () => {
    const slabs = new ProcessSlabs(() => undefined)
    expect(slabs.allocate(1000).byteLength).toBe(1000)
    expect(slabs.allocate(100_001).byteLength).toBe(100_001)
  })

  it('gives a slab again that came back, to whoever asks for its size', () => {
    const slabs = new ProcessSlabs(() => undefined)
    const slab = slabs.allocate(MIB)
    slabs.free(slab)
    expect(slabs.allocate(MIB - 1) === slab).toBe(false)
    expect(slabs.allocate(MIB) === slab).toBe(true)
    expect(slabs.allocate(MIB) === slab).toBe(false)
  })

  it('leaves what nobody has to the garbage collector', async () => {
    const slabs = new ProcessSlabs(() => undefined)
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const weak = lendAndFree(slabs, 8)
    // A WeakRef holds its target until the turn in which it was made or read is over.
    await nextTurn()
    collect()
    expect(weak.filter((each) => each.deref() !== undefined)).toHaveLength(0)
    expect(slabs.allocate(MIB).byteLength).toBe(MIB)
  })

  it('prefers memory that the kernels read, and gives it back there', () => {
    const { memory, lent } = kernelMemory(1)
    const slabs = new ProcessSlabs(() => memory)
    const slab = slabs.allocate(1000)
    expect(lent.has(slab)).toBe(true)
    slabs.free(slab)
    expect(lent.size).toBe(0)
  })

  it('does with ordinary memory where that has no room', () => {
    const { memory, lent } = kernelMemory(1)
    const slabs = new ProcessSlabs(() => memory)
    slabs.allocate(1000)
    const ordinary = slabs.allocate(1000)
    expect(lent.has(ordinary)).toBe(false)
    slabs.free(ordinary)
    expect(lent.size).toBe(1)
  })

  it('tells when the first slab is lent and when the last one is back', () => {
    const told: boolean[] = []
    const { memory } = kernelMemory(1)
    const slabs = new ProcessSlabs(
      () => memory,
      (isUsed) => told.push(isUsed),
    )
    const [one, other] = [slabs.allocate(10), slabs.allocate(10)]
    slabs.free(one)
    expect(told).toEqual([true])
    slabs.free(other)
    slabs.free(slabs.allocate(10))
    expect(told).toEqual([true, false, true, false])
  })
})
