import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IncomingRange } from '../../src/download/incoming-range.js'
import { bytes } from '../helpers/new-upload.js'

function drain(range: IncomingRange): Uint8Array[] {
  const taken: Uint8Array[] = []
  for (let next = range.take(); next !== undefined; next = range.take()) taken.push(next)
  return taken
}

describe('a range on its way', () => {
  it('gives back what was put in, in whatever pieces and order of calls', () => {
    const step = fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.constant('take' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const range = new IncomingRange({ start: 0, end: 10_000_000 })
        const given: Uint8Array[] = []
        const taken: Uint8Array[] = []
        for (const one of steps) {
          if (one === 'take') taken.push(range.take() ?? Buffer.alloc(0))
          else {
            const chunk = bytes(one, one)
            given.push(Buffer.from(chunk))
            range.append(chunk)
            // A short chunk may be overwritten by whoever gave it: it was copied.
            if (one < 2048) chunk.fill(0)
          }
        }
        taken.push(...drain(range))
        const input = Buffer.concat(given)
        expect(Buffer.concat(taken).equals(input)).toBe(true)
        expect(range.received).toBe(input.length)
      }),
    )
  })

  it('passes long chunks on as they are', () => {
    const range = new IncomingRange({ start: 0, end: 5000 })
    const chunk = bytes(5000)
    range.append(chunk)
    expect(range.take()).toBe(chunk)
    expect(range.take()).toBeUndefined()
  })

  it('gathers short ones, and occupies little more than their bytes', () => {
    const range = new IncomingRange({ start: 0, end: 100_000 })
    for (let i = 0; i < 10_000; i++) range.append(bytes(10, i))
    const taken = drain(range)
    expect(taken.length).toBeLessThan(10)
    for (const chunk of taken) expect(chunk.buffer.byteLength).toBe(chunk.byteLength)
  })

  it('is finished when all has come and all is taken', () => {
    const range = new IncomingRange({ start: 0, end: 3 })
    range.append(bytes(3))
    range.isOver = true
    expect(range.isFinished).toBe(false)
    range.take()
    expect(range.isFinished).toBe(true)
  })
})
