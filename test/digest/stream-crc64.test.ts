import { afterEach, describe, expect, it, vi } from 'vitest'
import { crc64 } from '../../src/protocol/digest.js'
import { bytes } from '../helpers/new-upload.js'

const INPUT = bytes(12 * 1024 * 1024)

/** A process of its own, as far as the module is concerned. */
async function fresh(): Promise<typeof import('../../src/digest/stream-crc64.js')> {
  vi.resetModules()
  return import('../../src/digest/stream-crc64.js')
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the CRC-64 of a stream', () => {
  it('is the same when the kernels take over in the middle', async () => {
    const { loadSparseCrc64, StreamCrc64 } = await fresh()
    const whole = new StreamCrc64()
    for (let at = 0; at < INPUT.length; at += 65_000) {
      whole.update(INPUT.subarray(at, at + 65_000))
      if (at === 150 * 65_000) expect(await loadSparseCrc64()).toBe(true)
      expect(whole.digest()).toBe(whole.digest())
    }
    expect(whole.digest()).toBe(crc64(INPUT))
  })

  it('of several streams at once is that of each', async () => {
    const { loadSparseCrc64, StreamCrc64 } = await fresh()
    await loadSparseCrc64()
    const other = INPUT.subarray(1)
    const [a, b] = [new StreamCrc64(), new StreamCrc64()]
    for (let at = 0; at < INPUT.length; at += 100_000) {
      a.update(INPUT.subarray(at, at + 100_000))
      b.update(other.subarray(at, at + 100_000))
    }
    expect([a.digest(), b.digest()]).toEqual([crc64(INPUT), crc64(other)])
  })

  it('of a short stream is the same once the kernel is there', async () => {
    const { loadSparseCrc64, StreamCrc64 } = await fresh()
    await loadSparseCrc64()
    for (const size of [10, 1000, 100_000, 131_072, 131_073, 200_000, 300_000]) {
      const run = INPUT.subarray(0, size)
      const whole = new StreamCrc64()
      for (let at = 0; at < size; at += 50_000) whole.update(run.subarray(at, at + 50_000))
      expect(whole.digest()).toBe(crc64(run))
    }
  })

  it('needs no WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    const { loadSparseCrc64, StreamCrc64 } = await fresh()
    expect(await loadSparseCrc64()).toBe(false)
    const whole = new StreamCrc64()
    for (let at = 0; at < INPUT.length; at += 1_000_000) {
      whole.update(INPUT.subarray(at, at + 1_000_000))
    }
    expect(whole.digest()).toBe(crc64(INPUT))
  })
})
