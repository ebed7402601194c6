import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { BufferPool, bufferSizeFor } from '../../src/upload/buffer-pool.js'
import { PLAIN_SLABS } from '../helpers/new-upload.js'

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

describe('BufferPool', () => {
  it('lends no more than its budget', () => {
    const pool = new BufferPool(10, 35, PLAIN_SLABS)
    const lent = [pool.tryAcquire(), pool.tryAcquire(), pool.tryAcquire()]
    expect(lent.every((buffer) => buffer?.byteLength === 10)).toBe(true)
    expect(pool.tryAcquire()).toBeUndefined()
    expect(pool.heldBytes).toBe(30)
  })

  it('lends less than its budget where it is told to, and never more', () => {
    const pool = new BufferPool(10, 35, PLAIN_SLABS)
    const acquire = () => pool.tryAcquire() !== undefined
    pool.limitTo(11)
    expect([acquire(), acquire(), acquire()]).toEqual([true, true, false])
    pool.limitTo(1000)
    expect([acquire(), acquire()]).toEqual([true, false])
    pool.limitTo(0)
    expect(acquire()).toBe(false)
  })

  it('lends a small buffer first, which counts as a whole one and is changed for one', () => {
    const pool = new BufferPool(MIB, 2 * MIB, PLAIN_SLABS)
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
    expect(pool.tryAcquire()).toBe(whole)
  })

  it('takes a small buffer back without keeping it', () => {
    const pool = new BufferPool(MIB, 2 * MIB, PLAIN_SLABS)
    const starter = pool.tryStart(1)
    pool.release(starter === undefined ? [] : [starter])
    expect(pool.heldBytes).toBe(0)
    expect(pool.tryAcquire()?.byteLength).toBe(MIB)
  })

  it('refuses a budget that holds no buffer', () => {
    expect(() => new BufferPool(10, 9, PLAIN_SLABS)).toThrow(RangeError)
  })

  it('lends the same buffers again instead of new ones', () => {
    const pool = new BufferPool(10, 10, PLAIN_SLABS)
    const first = pool.tryAcquire()
    pool.release(first === undefined ? [] : [first])
    expect(pool.heldBytes).toBe(0)
    expect(pool.tryAcquire()).toBe(first)
  })

  it('serves those who wait in order, each with a buffer given back', async () => {
    const pool = new BufferPool(10, 20, PLAIN_SLABS)
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
    const pool = new BufferPool(10, 10, PLAIN_SLABS)
    const only = await pool.acquire()
    const waiting = pool.acquire()
    expect(pool.tryAcquire()).toBeUndefined()
    pool.release([only])
    expect(await waiting).toBe(only)
  })

  it('rejects those who wait when it is closed, and takes buffers back all the same', async () => {
    const pool = new BufferPool(10, 10, PLAIN_SLABS)
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

  it('is kept by an open pool, to be lent again', async () => {
    const pool = new BufferPool(MIB, MIB, PLAIN_SLABS)
    expect(await isKept(pool, (buffer) => pool.release([buffer]))).toBe(true)
    expect(pool.tryAcquire()?.byteLength).toBe(MIB)
  })

  it.each(['before', 'after'])('%s the pool was closed is not kept', async (when) => {
    const pool = new BufferPool(MIB, MIB, PLAIN_SLABS)
    const kept = await isKept(pool, (buffer) => {
      if (when === 'before') pool.release([buffer])
      pool.close(new Error('over'))
      if (when === 'after') pool.release([buffer])
    })
    expect(kept).toBe(false)
    expect(pool.heldBytes).toBe(0)
  })
})
