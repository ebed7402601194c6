import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BufferPool, bufferSizeFor } from '../../src/upload/buffer-pool.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import { ProcessSlabs } from '../../src/upload/slabs.js'
import { newPool } from '../helpers/new-pool.js'

const MIB = 1024 ** 2

describe('bufferSizeFor', () => {
  it.each([
    [100 * 1024, 100 * 1024],
    [8 * MIB, 8 * MIB],
    [16 * MIB, 16 * MIB],
    [16 * MIB + 2, 8 * MIB + 1],
    [64 * MIB, 16 * MIB],
    [100 * MIB, Math.ceil((100 * MIB) / 7)],
  ])('splits a part of %i bytes into buffers of %i', (partSize, bufferSize) => {
    expect(bufferSizeFor(partSize)).toBe(bufferSize)
  })
})

/** Slabs that come back are lent again. */
const keeping = () => new ProcessSlabs(() => undefined)

describe('BufferPool', () => {
  it('lends no more than its budget', () => {
    const pool = newPool(10, 35)
    const lent = [pool.tryAcquire(), pool.tryAcquire(), pool.tryAcquire()]
    expect(lent.every((buffer) => buffer?.byteLength === 10)).toBe(true)
    expect(pool.tryAcquire()).toBeUndefined()
    expect(pool.heldBytes).toBe(30)
  })

  it('lends less than its budget where it is told to, and never more', () => {
    const pool = newPool(10, 35)
    const acquire = () => pool.tryAcquire() !== undefined
    pool.limitTo(11, 10)
    expect([acquire(), acquire(), acquire()]).toEqual([true, true, false])
    pool.limitTo(1000, 10)
    expect([acquire(), acquire()]).toEqual([true, false])
    pool.limitTo(0, 10)
    expect(acquire()).toBe(false)
  })

  it('lends a small buffer first, which counts as a whole one and is changed for one', () => {
    const pool = newPool(MIB, 2 * MIB)
    expect(pool.tryStart(64 * 1024 + 1)).toBeUndefined()
    const starter = pool.tryStart(64 * 1024) ?? Buffer.alloc(0)
    expect(starter.byteLength).toBe(64 * 1024)
    expect(pool.tryStart(1)).toBeUndefined()
    expect(pool.heldBytes).toBe(MIB)
    starter.set(Buffer.from('begun'))
    const whole = pool.exchangeStarter(starter)
    expect(whole.byteLength).toBe(MIB)
    expect(Buffer.from(whole.subarray(0, 5)).toString()).toBe('begun')
    expect(pool.heldBytes).toBe(MIB)
    pool.release([whole])
    expect(pool.heldBytes).toBe(0)
  })

  it('takes a small buffer back without keeping it', () => {
    const pool = newPool(MIB, 2 * MIB)
    const starter = pool.tryStart(1)
    pool.release(starter === undefined ? [] : [starter])
    expect(pool.heldBytes).toBe(0)
    expect(pool.tryAcquire()?.byteLength).toBe(MIB)
  })

  it('refuses a budget that holds no buffer', () => {
    expect(() => newPool(10, 9)).toThrow(RangeError)
  })

  it('lends the same buffers again instead of new ones', () => {
    const pool = newPool(10, 10, { slabs: keeping() })
    const first = pool.tryAcquire()
    pool.release(first === undefined ? [] : [first])
    expect(pool.heldBytes).toBe(0)
    expect(pool.tryAcquire()).toBe(first)
  })

  it('serves those who wait in order, each with a buffer given back', async () => {
    const pool = newPool(10, 20, { slabs: keeping() })
    const a = await pool.acquire()
    const b = await pool.acquire()
    const first = pool.acquire()
    const second = pool.acquire()
    pool.release([a])
    pool.release([b])
    expect(await first).toBe(a)
    expect(await second).toBe(b)
    expect(pool.heldBytes).toBe(20)
  })

  it('does not let a newcomer overtake those who wait', async () => {
    const pool = newPool(10, 10, { slabs: keeping() })
    const only = await pool.acquire()
    const waiting = pool.acquire()
    expect(pool.tryAcquire()).toBeUndefined()
    pool.release([only])
    expect(await waiting).toBe(only)
  })

  it('lends its first buffer once: it is not where the kernels can read', async () => {
    const kernelMemory = new Set<Uint8Array>()
    const slabs = new ProcessSlabs((isFirst) =>
      isFirst
        ? undefined
        : {
            tryAllocate(size) {
              const slab = new Uint8Array(size)
              kernelMemory.add(slab)
              return slab
            },
            holds: (slab) => kernelMemory.has(slab),
            free: () => {},
          },
    )
    const pool = newPool(10, 20, { slabs })
    const [first, second] = [await pool.acquire(), await pool.acquire()]
    const waiting = [pool.acquire(), pool.acquire()]
    pool.release([first])
    pool.release([second])
    const lent = await Promise.all(waiting)
    expect(kernelMemory.has(first)).toBe(false)
    expect(lent.map((buffer) => kernelMemory.has(buffer))).toEqual([true, true])
    expect(lent).toContain(second)
    expect(pool.heldBytes).toBe(20)
  })

  it('rejects those who wait when it is closed, and takes buffers back all the same', async () => {
    const pool = newPool(10, 10)
    const only = await pool.acquire()
    const waiting = pool.acquire()
    const reason = new Error('over')
    pool.close(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(pool.acquire()).rejects.toBe(reason)
    expect(pool.tryAcquire()).toBeUndefined()
    pool.release([only])
    expect(pool.heldBytes).toBe(0)
  })
})

/** Pools of buffers of 10 bytes, two of them a part's, that share a budget for so many more. */
function share(buffers: number, pools: number) {
  const budget = new MemoryBudget(10 * buffers)
  const newOne = () => newPool(10, 1000, { budget, ownBuffers: 2, slabs: keeping() })
  return { budget, pools: Array.from({ length: pools }, newOne) }
}

/** Lends all that can be had at once. */
function drain(pool: BufferPool): Uint8Array[] {
  const lent: Uint8Array[] = []
  for (let next = pool.tryAcquire(); next; next = pool.tryAcquire()) lent.push(next)
  return lent
}

describe('pools that share a budget', () => {
  it('have the buffers of one part each, and the budget together', () => {
    const { budget, pools } = share(3, 3)
    expect(pools.map((pool) => drain(pool).length)).toEqual([5, 2, 2])
    expect(budget.takenBytes).toBe(30)
  })

  it('have more of their own as their parts grow', () => {
    const { budget, pools } = share(3, 1)
    const pool = pools[0] as BufferPool
    drain(pool)
    pool.limitTo(1000, 40)
    expect(budget.takenBytes).toBe(10)
    expect(drain(pool)).toHaveLength(2)
  })

  it('give back what they do not need, the own buffers last', () => {
    const { budget, pools } = share(3, 1)
    const pool = pools[0] as BufferPool
    const lent = drain(pool)
    const taken = lent.map((buffer) => {
      pool.release([buffer])
      return budget.takenBytes
    })
    expect(taken).toEqual([20, 10, 0, 0, 0])
  })

  it('pass on to those who wait what they have beyond their own, in turn', async () => {
    const { budget, pools } = share(2, 3)
    const [rich, poor, other] = pools as [BufferPool, BufferPool, BufferPool]
    const riches = drain(rich)
    for (const pool of [poor, other]) drain(pool)
    const served: string[] = []
    const waits = (['poor', 'other'] as const).map(async (name) => {
      await (name === 'poor' ? poor : other).acquire()
      served.push(name)
    })
    const own = rich.acquire()
    rich.release(riches.slice(0, 1))
    await waits[0]
    expect(served).toEqual(['poor'])
    rich.release(riches.slice(1, 2))
    await waits[1]
    expect([rich, poor, other].map((pool) => pool.heldBytes)).toEqual([20, 30, 30])
    // What is its own by right goes to whoever waits for it there.
    rich.release(riches.slice(2, 3))
    expect((await own).byteLength).toBe(10)
    expect(budget.takenBytes).toBe(20)
  })

  it('leave the line when they are served by themselves, or closed', async () => {
    const { budget, pools } = share(1, 2)
    const [one, other] = pools as [BufferPool, BufferPool]
    const [first, ...rest] = drain(one) as [Uint8Array, ...Uint8Array[]]
    const [mine] = drain(other) as [Uint8Array]
    const waiting = other.acquire()
    expect(budget.isContended).toBe(true)
    other.release([mine])
    await waiting
    expect(budget.isContended).toBe(false)
    const closed = other.acquire()
    other.close(new Error('over'))
    await expect(closed).rejects.toThrow('over')
    expect(budget.isContended).toBe(false)
    one.release([first, ...rest])
    expect(budget.takenBytes).toBe(0)
  })

  it('go on with their own buffers where the budget holds none', async () => {
    const { budget, pools } = share(0, 1)
    const pool = pools[0] as BufferPool
    const [first] = drain(pool) as [Uint8Array]
    const waiting = pool.acquire()
    expect(budget.isContended).toBe(false)
    pool.release([first])
    expect(await waiting).toBe(first)
  })

  it('never hold more than they may, nor starve, whatever they do', async () => {
    const step = fc.record({
      pool: fc.nat(3),
      what: fc.constantFrom('try', 'wait', 'release', 'close'),
    })
    const property = fc.asyncProperty(
      fc.nat(5),
      fc.array(step, { maxLength: 200 }),
      async (buffers, steps) => {
        const { budget, pools } = share(buffers, 4)
        const lent = pools.map((): Uint8Array[] => [])
        const closed = new Set<number>()
        let waiting = 0
        for (const { pool: index, what } of steps) {
          const pool = pools[index] as BufferPool
          const own = lent[index] as Uint8Array[]
          if (what === 'try') own.push(...[pool.tryAcquire()].filter((each) => each !== undefined))
          if (what === 'wait' && !closed.has(index)) {
            waiting++
            pool.acquire().then(
              (buffer) => {
                waiting--
                own.push(buffer)
              },
              () => waiting--,
            )
          }
          if (what === 'release') pool.release(own.splice(0, 1))
          if (what === 'close' && steps.length % 2 === 0) {
            closed.add(index)
            pool.close(new Error('over'))
          }
          await nextTurn()
          const held = pools.map(({ heldBytes }) => heldBytes / 10)
          expect(held).toEqual(lent.map(({ length }) => length))
          const beyond = held.reduce((sum, count) => sum + Math.max(0, count - 2), 0)
          expect(budget.takenBytes).toBe(10 * beyond)
          expect(beyond).toBeLessThanOrEqual(buffers)
        }
        // Whoever waits is served once enough has come back.
        for (let round = 0; waiting > 0 && round < 1000; round++) {
          for (const [index, pool] of pools.entries()) pool.release((lent[index] ?? []).splice(0))
          await nextTurn()
        }
        expect(waiting).toBe(0)
        for (const [index, pool] of pools.entries()) pool.release((lent[index] ?? []).splice(0))
        expect([budget.takenBytes, budget.isContended]).toEqual([0, false])
      },
    )
    await fc.assert(property, { numRuns: 100 })
  })
})

describe('a pool that is told to lend less', () => {
  it('gives nobody who waits what comes back until it does', async () => {
    const pool = newPool(10, 1000)
    const lent = [await pool.acquire(), await pool.acquire(), await pool.acquire()]
    pool.limitTo(20, 10)
    let isServed = false
    const waiting = pool.acquire().then(() => {
      isServed = true
    })
    pool.release(lent.splice(0, 1))
    await nextTurn()
    expect([isServed, pool.heldBytes]).toEqual([false, 20])
    pool.release(lent.splice(0, 1))
    await waiting
    expect(pool.heldBytes).toBe(20)
  })
})

describe('where there is no memory for a buffer', () => {
  const NO_MEMORY = new RangeError('Array buffer allocation failed')

  /** Two pools with one own buffer each, and one for whoever takes it first. */
  function shareScarce() {
    const budget = new MemoryBudget(10)
    let isFull = false
    const slabs = new ProcessSlabs(() => ({
      tryAllocate(size) {
        if (isFull) throw NO_MEMORY
        return new Uint8Array(size)
      },
      holds: () => true,
      free: () => {},
    }))
    const [one, other] = [
      newPool(10, 1000, { budget, slabs }),
      newPool(10, 1000, { budget, slabs }),
    ]
    const fill = (now: boolean) => {
      isFull = now
    }
    return { budget, one, other, fill }
  }

  it('nothing is counted, and the next one may be had', async () => {
    const { budget, one, fill } = shareScarce()
    for (const held of [0, 10]) {
      fill(true)
      expect(() => one.tryAcquire()).toThrow(NO_MEMORY)
      await expect(one.acquire()).rejects.toBe(NO_MEMORY)
      expect([one.heldBytes, budget.takenBytes]).toEqual([held, 0])
      fill(false)
      expect(one.tryAcquire()).toBeDefined()
    }
  })

  it('who waits is told so, not who gives one back', async () => {
    const { budget, one, other, fill } = shareScarce()
    const riches = drain(one)
    const [own] = drain(other) as [Uint8Array]
    const waiting = expect(other.acquire()).rejects.toBe(NO_MEMORY)
    fill(true)
    one.release(riches.splice(0, 1))
    await waiting
    expect([budget.takenBytes, budget.isContended]).toEqual([0, false])
    fill(false)
    expect(other.tryAcquire()).toBeDefined()
    other.release([own])
    const served = other.acquire()
    expect(await served).toBeDefined()
  })

  it('who waits for a larger limit is told so, too', async () => {
    const { one, fill } = shareScarce()
    drain(one)
    one.limitTo(10, 10)
    const waiting = expect(one.acquire()).rejects.toBe(NO_MEMORY)
    fill(true)
    one.limitTo(1000, 100)
    await waiting
    expect(one.heldBytes).toBe(20)
  })
})

describe('a buffer that was given back', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')

  /** Whether it is still in memory after garbage was collected. */
  async function isKept(pool: BufferPool, giveBack: (buffer: Uint8Array) => void) {
    const lent = await lend(pool, giveBack)
    // What was looked at in this turn of the event loop is kept until its end.
    await nextTurn()
    collectGarbage()
    return lent.deref() !== undefined
  }

  async function lend(pool: BufferPool, giveBack: (buffer: Uint8Array) => void) {
    const buffer = await pool.acquire()
    giveBack(buffer)
    return new WeakRef(buffer)
  }

  it.each(['before', 'after'])('%s the pool was closed is not kept', async (when) => {
    const pool = newPool(MIB, MIB)
    const kept = await isKept(pool, (buffer) => {
      if (when === 'before') pool.release([buffer])
      pool.close(new Error('over'))
      if (when === 'after') pool.release([buffer])
    })
    expect(kept).toBe(false)
    expect(pool.heldBytes).toBe(0)
  })
})
