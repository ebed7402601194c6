/** Memory is bounded whatever the chunks, and nothing grows with the number of uploads. */

import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { bytes, PART } from '../helpers/new-upload.js'
import { openStream, stored } from '../helpers/open-stream.js'
import { runChild } from '../helpers/run-child.js'
import { startServer } from '../helpers/start-server.js'

const MIB = 1024 ** 2

describe('held memory', () => {
  it.each([
    ['20 MiB in chunks of one byte', 20 * MIB, 1],
    ['40 MiB in chunks of 10,007 bytes', 4000 * 10_007, 10_007],
    ['one chunk of 64 MiB', 64 * MIB, 64 * MIB],
  ])('stays within `maxMemory` for %s', { timeout: 60_000 }, async (_name, total, size) => {
    const server = await startServer()
    const maxMemory = 4 * MIB
    const args = [total, size, maxMemory].map(String)
    const { code, stdout, stderr } = await runChild('chunks', server, args)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { mostHeld, mostBuffers, size: stored } = JSON.parse(stdout)
    expect(stored).toBe(total)
    expect(mostHeld).toBeGreaterThan(0)
    expect(mostHeld).toBeLessThanOrEqual(maxMemory)
    // Beside the parts: what Node buffers (1 MiB), sockets, and the chunk of the test.
    expect(mostBuffers).toBeLessThanOrEqual(maxMemory + 3 * MIB + 2 * size)
  })

  it('keeps nothing of a chunk after its callback: a producer may overwrite it', async () => {
    const { server, out } = await openStream()
    const input = bytes(3.3 * PART)
    const reused = Buffer.alloc(50_000)
    for (let start = 0; start < input.length; start += reused.length) {
      const length = input.copy(reused, 0, start)
      await new Promise<void>((resolve) => out.write(reused.subarray(0, length), () => resolve()))
      reused.fill(0)
    }
    out.end()
    await finished(out)
    expect((await stored(server))?.equals(input)).toBe(true)
  })
})

describe('finished streams', () => {
  it('hold no buffers, however long they are kept', { timeout: 60_000 }, async () => {
    const server = await startServer()
    const { code, stdout, stderr } = await runChild('kept', server, ['20'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { kept, grown } = JSON.parse(stdout)
    expect(kept).toBe(21)
    expect(grown).toBeLessThan(2 * MIB)
  })
})

describe('500 uploads in a row', () => {
  it('leave no memory, no listener and no handle behind', { timeout: 60_000 }, async () => {
    const server = await startServer()
    const { code, stdout, stderr } = await runChild('many', server, ['500'])
    // A leak of listeners would be a warning of Node's.
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const grown = JSON.parse(stdout)
    expect(grown.resources).toBeLessThanOrEqual(0)
    expect(grown.listeners).toBe(0)
    expect(grown.heapUsed).toBeLessThan(3 * MIB)
    expect(grown.arrayBuffers).toBeLessThan(MIB)
    expect(server.uploads.list()).toEqual([])
  })
})
