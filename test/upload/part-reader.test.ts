/** Reads ahead, in order, into buffers that nobody else has until the read is over. */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Part } from '../../src/upload/part.js'
import { PartFiller } from '../../src/upload/part-filler.js'
import { PartReader, type PartSource } from '../../src/upload/part-reader.js'
import { Gate } from '../helpers/gate.js'
import { newPool } from '../helpers/new-pool.js'
import { bytes } from '../helpers/new-upload.js'

const INPUT = bytes(1000)

/** A reader over parts of 30 bytes in buffers of 10; `parts` are handed over and, unless kept, given back. */
function newReader(
  options: { buffers?: number; growAfter?: number; keep?: boolean; unit?: number } = {},
) {
  const { buffers = 6, growAfter = 10_000, keep = false, unit = 10 } = options
  const pool = newPool(unit, buffers * unit)
  const parts: Part[] = []
  const notes: string[] = []
  const memory = { onFullMemory: () => notes.push('full'), onMemory: () => notes.push('memory') }
  const plan = { partSize: 3 * unit, growAfter, maxPartSize: 6 * unit, maxMemory: buffers * unit }
  const witnessed: Buffer[] = []
  const witness =
    unit > 10 ? undefined : { update: (seen: Uint8Array) => void witnessed.push(Buffer.from(seen)) }
  const handed: Buffer[] = []
  const take = (part: Part) => {
    handed.push(unit > 10 ? Buffer.alloc(0) : Buffer.concat(part.seal().body))
    if (keep) parts.push(part)
    else pool.release(part.buffers)
  }
  const filler = new PartFiller(plan, pool, {
    onFullMemory: memory.onFullMemory,
    onMemory: memory.onMemory,
    onOpen: () => ({ digests: { md5: false, crc64: false }, hashesAsItFills: false, witness }),
    breathe: () => Promise.resolve(),
    onFull: take,
    onPartLimit: () => new Error('limit'),
  })
  const reader = new PartReader({
    ...{ plan, pool },
    onFullMemory: memory.onFullMemory,
    onMemory: memory.onMemory,
    take: (...read) => filler.take(...read),
    onSource: () => {},
    onChange: (what) => new Error(`changed: ${what}`),
  })
  const takeLast = () => {
    const last = filler.takeLast()
    if (last !== undefined) take(last)
  }
  return { pool, filler, reader, parts, handed, witnessed, notes, takeLast }
}

/** INPUT up to `size`; each read goes through `gates`, if there is one for it. */
function newSource(size: number, gates: readonly Gate[] = []) {
  const positions: number[] = []
  const source: PartSource = {
    size,
    async read(buffer, position) {
      const read = positions.push(position)
      await gates[read - 1]?.arrive()
      return INPUT.copy(buffer, 0, position, Math.min(size, position + buffer.byteLength))
    },
    findChange: async () => undefined,
  }
  return { source, positions }
}

describe('PartReader', () => {
  it.each([1, 9, 10, 11, 29, 30, 31, 60, 95, 1000])(
    'cuts %i bytes into the parts of the plan',
    async (size) => {
      const { reader, filler, pool, handed, witnessed, takeLast } = newReader()
      await reader.readAll(newSource(size).source, filler)
      takeLast()
      const whole = INPUT.subarray(0, size)
      expect(Buffer.concat(handed).equals(whole)).toBe(true)
      expect(Buffer.concat(witnessed).equals(whole)).toBe(true)
      expect(
        handed
          .map((part) => part.byteLength)
          .slice(0, -1)
          .every((each) => each === 30),
      ).toBe(true)
      expect([filler.bytes, pool.heldBytes]).toEqual([size, 0])
    },
  )

  it('grows the parts by the plan', async () => {
    const { reader, filler, handed, takeLast } = newReader({ growAfter: 1, buffers: 14 })
    await reader.readAll(newSource(130).source, filler)
    takeLast()
    expect(handed.map((part) => part.byteLength)).toEqual([30, 60, 40])
  })

  it('keeps the last part, full or not, for whoever ends the upload', async () => {
    const { reader, filler, handed, takeLast } = newReader()
    await reader.readAll(newSource(60).source, filler)
    expect(handed).toHaveLength(1)
    takeLast()
    expect(handed).toHaveLength(2)
  })

  it('begins behind what is stored', async () => {
    const { reader, filler, handed, takeLast } = newReader()
    filler.skip(2, 60)
    const { source, positions } = newSource(75)
    await reader.readAll(source, filler)
    takeLast()
    expect(positions).toEqual([60, 70])
    expect(Buffer.concat(handed).equals(INPUT.subarray(60, 75))).toBe(true)
  })

  it('reads nothing of a source that is stored already', async () => {
    const { reader, filler } = newReader()
    filler.skip(2, 60)
    const { source, positions } = newSource(60)
    await reader.readAll(source, filler)
    expect([positions, filler.takeLast()]).toEqual([[], undefined])
  })

  it('reads ahead by one, and takes over in order', async () => {
    const gates = [new Gate(), new Gate()]
    const { reader, filler, handed, takeLast } = newReader()
    const { source, positions } = newSource(40, gates)
    const reading = reader.readAll(source, filler)
    await gates[1]?.reached()
    gates[1]?.open()
    await new Promise(setImmediate)
    expect([positions, filler.bytes]).toEqual([[0, 10], 0])
    gates[0]?.open()
    await reading
    takeLast()
    expect(Buffer.concat(handed).equals(INPUT.subarray(0, 40))).toBe(true)
  })

  it('takes over what it has read rather than wait for memory, and holds no more than there is', async () => {
    const { reader, filler, pool, parts, notes } = newReader({ keep: true })
    const reading = reader.readAll(newSource(95).source, filler)
    while (notes.length === 0) await new Promise(setImmediate)
    // Both parts are full and handed over; only their owner can go on.
    expect([parts.length, filler.bytes, pool.heldBytes]).toEqual([2, 60, 60])
    for (const part of parts.splice(0)) pool.release(part.buffers)
    while (parts.length === 0) await new Promise(setImmediate)
    pool.release(parts[0]?.buffers ?? [])
    await reading
    expect(notes).toEqual(['full', 'memory'])
    expect(filler.bytes).toBe(95)
  })

  it('holds no more than its memory of a sparse file of a GiB', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osspipe-reader-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = await open(join(folder, 'sparse'), 'w+')
    onTestFinished(() => file.close())
    const size = 2 ** 30 + 5
    await file.truncate(size)
    const unit = 2 ** 20
    const { reader, filler, pool, handed, takeLast } = newReader({ unit, buffers: 8 })
    let mostHeld = 0
    const source: PartSource = {
      size,
      async read(buffer, position) {
        mostHeld = Math.max(mostHeld, pool.heldBytes)
        return (await file.read(buffer, 0, buffer.byteLength, position)).bytesRead
      },
      findChange: async () => undefined,
    }
    await reader.readAll(source, filler)
    takeLast()
    expect(filler.bytes).toBe(size)
    expect(handed).toHaveLength(Math.ceil(size / (3 * unit)))
    // The part that fills, and two reads ahead.
    expect(mostHeld).toBeLessThanOrEqual(5 * unit)
  })

  it('takes a small buffer for a small file', async () => {
    const unit = 2 ** 20
    const { reader, filler, takeLast, pool } = newReader({ unit })
    const sizes: number[] = []
    const { source } = newSource(700)
    const read: PartSource['read'] = (buffer, position) => {
      sizes.push(buffer.buffer.byteLength)
      return source.read(buffer, position)
    }
    await reader.readAll({ ...source, read }, filler)
    expect(sizes[0]).toBeLessThan(unit)
    takeLast()
    expect(pool.heldBytes).toBe(0)
  })

  it('gives no buffer back while something is read into it', async () => {
    const gates = [new Gate(), new Gate()]
    const { reader, filler, pool } = newReader()
    const reading = reader.readAll(newSource(95, gates).source, filler).catch((error) => error)
    await gates[1]?.reached()
    const reason = new Error('over')
    pool.close(reason)
    filler.close(reason)
    gates[0]?.open()
    await new Promise(setImmediate)
    expect(pool.heldBytes).toBe(10)
    gates[1]?.open()
    expect(await reading).toBe(reason)
    expect(pool.heldBytes).toBe(0)
  })

  it('gives all buffers back when a read fails', async () => {
    const { reader, filler, pool } = newReader()
    const failure = new Error('EIO')
    const { source } = newSource(95)
    const read: PartSource['read'] = async (buffer, position) => {
      if (position === 40) throw failure
      return source.read(buffer, position)
    }
    await expect(reader.readAll({ ...source, read }, filler)).rejects.toBe(failure)
    filler.close(failure)
    expect(pool.heldBytes).toBe(0)
  })

  it.each<[string, Partial<PartSource>, string]>([
    ['ends early', { read: async () => 0 }, 'changed: nothing is left at byte 0'],
    ['says that it has changed', { findChange: async () => 'colour' }, 'changed: colour'],
  ])('rejects when the source %s', async (_name, change, text) => {
    const { reader, filler } = newReader()
    const source = { ...newSource(25).source, ...change }
    await expect(reader.readAll(source, filler)).rejects.toThrow(text)
  })
})
