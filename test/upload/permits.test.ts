import { describe, expect, it } from 'vitest'
import { Permits } from '../../src/upload/permits.js'

describe('Permits', () => {
  it('admits up to the limit, then one for each that leaves, in order', async () => {
    const permits = new Permits(2)
    const trail: string[] = []
    await permits.acquire()
    await permits.acquire()
    const third = permits.acquire().then(() => trail.push('third'))
    const fourth = permits.acquire().then(() => trail.push('fourth'))
    permits.release()
    await third
    expect(trail).toEqual(['third'])
    expect(permits.taken).toBe(2)
    permits.release()
    await fourth
    permits.release()
    permits.release()
    expect(permits.taken).toBe(0)
  })

  it('admits those who wait when the limit is raised, in order', async () => {
    const permits = new Permits(1)
    const trail: string[] = []
    await permits.acquire()
    const asked = ['second', 'third', 'fourth'].map((name) =>
      permits.acquire().then(() => trail.push(name)),
    )
    permits.resize(3)
    await Promise.all(asked.slice(0, 2))
    expect(trail).toEqual(['second', 'third'])
    expect(permits).toMatchObject({ limit: 3, taken: 3 })
  })

  it('gives nobody a permit that is beyond a lowered limit', async () => {
    const permits = new Permits(3)
    const trail: string[] = []
    for (let count = 0; count < 3; count++) await permits.acquire()
    const fourth = permits.acquire().then(() => trail.push('fourth'))
    permits.resize(1)
    expect(permits.taken).toBe(3)
    permits.release()
    permits.release()
    await Promise.resolve()
    expect(trail).toEqual([])
    expect(permits.taken).toBe(1)
    permits.release()
    await fourth
    expect(permits.taken).toBe(1)
  })

  it('has one at once only if nobody waits and the limit is not reached', async () => {
    const permits = new Permits(1)
    expect(permits.tryAcquire()).toBe(true)
    expect(permits.tryAcquire()).toBe(false)
    const waiting = permits.acquire()
    expect(permits.tryAcquire()).toBe(false)
    permits.release()
    await waiting
    permits.release()
    expect(permits.taken).toBe(0)
    permits.close(new Error('over'))
    expect(permits.tryAcquire()).toBe(false)
  })

  it('rejects whoever waits or comes after it was closed', async () => {
    const permits = new Permits(1)
    await permits.acquire()
    const waiting = permits.acquire()
    const reason = new Error('over')
    permits.close(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(permits.acquire()).rejects.toBe(reason)
    permits.release()
    expect(permits.taken).toBe(0)
  })
})
