import { describe, expect, it } from 'vitest'
import { GatheredBytes } from '../../src/client/gathered-bytes.js'

describe('GatheredBytes', () => {
  it('are all bytes in order, or as many of them as are wanted', () => {
    const gathered = new GatheredBytes()
    for (const piece of ['a', '', 'bcd', 'efghij']) gathered.add(Buffer.from(piece))
    expect(gathered.length).toBe(10)
    expect(gathered.bytes().toString()).toBe('abcdefghij')
    expect(gathered.bytes(4).toString()).toBe('abcd')
    expect(gathered.bytes(100).toString()).toBe('abcdefghij')
  })

  it('hold at most twice their size, and no piece they were given, however small the pieces', () => {
    const gathered = new GatheredBytes()
    const piece = Buffer.from('x')
    for (let i = 0; i < 100_000; i++) gathered.add(piece)
    piece.fill('y')
    expect(gathered.bytes().equals(Buffer.alloc(100_000, 'x'))).toBe(true)
    expect(gathered.bytes().buffer.byteLength).toBeLessThanOrEqual(200_000)
  })
})
