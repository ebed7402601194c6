import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/upload/part.js'
import { PartFiller } from '../../src/upload/part-filler.js'
import { newPool } from '../helpers/new-pool.js'
import { bytes } from '../helpers/new-upload.js'

/** A filler over tiny parts that keeps a copy of what it hands over, and gives buffers back at will. */
function newFiller(
  options: { partSize?: number; growAfter?: number; buffers?: number; keep?: boolean } = {},
) {
  const { partSize = 10, growAfter = 10_000, buffers = 3, keep = false } = options
  const pool = newPool(partSize, buffers * partSize)
  const handed: { partNumber: number; bytes: Buffer; md5: string }[] = []
  const kept: Part[] = []
  let breaths = 0
  const take = (part: Part) => {
    const { body, digests } = part.seal()
    const md5 = Buffer.from(digests.md5 ?? []).toString('hex')
    handed.push({ partNumber: part.partNumber, bytes: Buffer.concat(body), md5 })
    if (keep) kept.push(part)
    else pool.release(part.buffers)
  }
  const plan = { partSize, growAfter, maxPartSize: 4 * partSize, maxMemory: buffers * partSize }
  const filler = new PartFiller(plan, pool, {
    onOpen: () => ({ digests: { md5: true, crc64: false }, hashesAsItFills: true }),
    onFullMemory: () => {},
    onMemory: () => {},
    breathe: async () => {
      breaths++
    },
    onFull: take,
    onPartLimit: () => new Error('limit'),
  })
  const takeLast = () => {
    const last = filler.takeLast()
    if (last !== undefined) take(last)
  }
  return { filler, pool, handed, kept, takeLast, breaths: () => breaths }
}

describe('PartFiller', () => {
  it('hands a full part over only when another byte comes', () => {
    const { filler, handed } = newFiller()
    expect(filler.append(bytes(10))).toBeUndefined()
    expect(handed).toEqual([])
    expect(filler.append(bytes(1))).toBeUndefined()
    expect(handed).toHaveLength(1)
  })

  it('has no last part if there was no byte', () => {
    const { filler } = newFiller()
    expect(filler.append(Buffer.alloc(0))).toBeUndefined()
    expect(filler.takeLast()).toBeUndefined()
  })

  it('keeps nothing of a chunk: its producer may overwrite it', () => {
    const { filler, handed, takeLast } = newFiller()
    const chunk = Buffer.from('abcdef')
    filler.append(chunk)
    chunk.fill('x')
    takeLast()
    expect(handed[0]?.bytes.toString()).toBe('abcdef')
  })

  it('waits for memory while all of it is out, and goes on with a buffer given back', async () => {
    const { filler, pool, handed, kept } = newFiller({ keep: true })
    const appending = filler.append(bytes(35))
    expect(appending).toBeInstanceOf(Promise)
    expect(handed).toHaveLength(3)
    expect(pool.heldBytes).toBe(30)
    pool.release(kept[0]?.buffers ?? [])
    await appending
    expect(pool.heldBytes).toBe(30)
  })

  it('lets the event loop breathe after each MiB of a large chunk', async () => {
    const { filler, breaths } = newFiller({ partSize: 512 * 1024 })
    await filler.append(bytes(5 * 1024 * 1024))
    expect(breaths()).toBe(5)
  })

  it('lets the event loop breathe between small chunks', async () => {
    const { filler, breaths } = newFiller({ partSize: 512 * 1024 })
    let waits = 0
    for (let index = 0; index < 2048; index++) {
      const waiting = filler.append(bytes(1024))
      if (waiting !== undefined) waits++
      await waiting
    }
    expect([waits, breaths()]).toEqual([2, 2])
  })

  it('rejects an append that waits when it is closed, and gives its buffers back', async () => {
    const { filler, pool, kept } = newFiller({ keep: true })
    const appending = filler.append(bytes(32))
    const reason = new Error('over')
    pool.close(reason)
    filler.close(reason)
    await expect(appending).rejects.toBe(reason)
    for (const part of kept) pool.release(part.buffers)
    expect(pool.heldBytes).toBe(0)
  })

  it('gives back a buffer that arrives after it was closed', async () => {
    const { filler, pool, kept } = newFiller({ keep: true })
    const appending = filler.append(bytes(32))
    const reason = new Error('over')
    for (const part of kept) pool.release(part.buffers)
    filler.close(reason)
    pool.close(reason)
    await expect(appending).rejects.toBe(reason)
    expect(pool.heldBytes).toBe(0)
  })

  it('grows the parts by the plan', async () => {
    const { filler, handed, takeLast } = newFiller({ growAfter: 1, buffers: 8 })
    await filler.append(bytes(45))
    takeLast()
    expect(handed.map((part) => part.bytes.byteLength)).toEqual([10, 20, 15])
  })

  it('refuses part 10,001, and not a byte earlier', () => {
    const { filler, handed } = newFiller({ partSize: 1 })
    for (let index = 0; index < 10_000; index++) filler.append(Buffer.of(index))
    expect(handed).toHaveLength(9999)
    expect(() => filler.append(Buffer.of(0))).toThrow('limit')
  })

  it('cuts any chunks into parts that are the input, each with its MD5', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 25 }),
        async (chunks, partSize) => {
          const { filler, pool, handed, takeLast } = newFiller({
            partSize,
            growAfter: 3,
            buffers: 8,
          })
          for (const chunk of chunks) await filler.append(chunk)
          takeLast()
          expect(Buffer.concat(handed.map((part) => part.bytes))).toEqual(Buffer.concat(chunks))
          expect(handed.map((part) => part.partNumber)).toEqual(handed.map((_, index) => index + 1))
          for (const part of handed) {
            expect(part.md5).toBe(createHash('md5').update(part.bytes).digest('hex'))
          }
          expect(pool.heldBytes).toBe(0)
        },
      ),
    )
  })
})
