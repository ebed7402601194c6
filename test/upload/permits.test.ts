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
