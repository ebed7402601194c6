import { describe, expect, it } from 'vitest'
import { Arena } from '../../src/digest/arena.js'
import { KernelSet } from '../../src/digest/kernel-set.js'
import { writeTables } from '../../src/digest/kernels.js'
import { stateAt } from '../../src/digest/layout.js'
import type { WasmMemory } from '../../src/digest/wasm-engine.js'

const STATES = [stateAt(0), stateAt(1)]

function memory(): WasmMemory {
  const made = new Arena({ maxBytes: 1024 ** 2, prepare: writeTables }).memory()
  if (made === undefined) throw new Error('This engine has no WebAssembly')
  return made
}

describe('a set of kernels', () => {
  it('has those of up to four parts at once, and joint ones when they are asked for', () => {
    const set = new KernelSet()
    const kernels = set.on(memory())
    expect(Object.keys(kernels ?? {})).toEqual(['md5x4', 'crc64', 'md5crc64x4'])
    expect(set.add('md5x8', STATES)).toBe('md5x8')
    expect(kernels?.md5x8).toBeTypeOf('function')
    expect(kernels?.md5x5).toBeUndefined()
  })

  it('makes them once for a memory', () => {
    const set = new KernelSet()
    const on = memory()
    const kernels = set.on(on)
    set.add('md5x5', STATES)
    const { md5x5 } = kernels ?? {}
    set.add('md5x5', STATES)
    expect(set.on(on)).toBe(kernels)
    expect(kernels?.md5x5).toBe(md5x5)
  })

  it('makes others for another memory, or where one has gone', () => {
    const set = new KernelSet()
    const on = memory()
    const made = [set.on(on), set.on(memory()), set.on(on)]
    set.forget()
    expect(set.add('md5x5', STATES)).toBeUndefined()
    expect(new Set([...made, set.on(on)]).size).toBe(4)
  })

  it('has none of more than four parts without two states that are free', () => {
    const set = new KernelSet()
    set.on(memory())
    expect(set.add('md5x5', STATES.slice(1))).toBeUndefined()
    expect(set.add('md5x5', STATES)).toBe('md5x5')
  })

  it('does not try again what has failed', () => {
    const set = new KernelSet()
    const kernels = set.on(memory())
    const nowhere = [2 ** 32, 2 ** 32]
    expect(set.add('md5x8', nowhere)).toBeUndefined()
    expect(set.add('md5x8', STATES)).toBeUndefined()
    expect(kernels?.md5x8).toBeUndefined()
    // The others are none the worse.
    expect(set.add('md5x5', STATES)).toBe('md5x5')
  })

  it('has nothing any more once the kernels themselves have failed', () => {
    const set = new KernelSet()
    const none: WasmMemory = { buffer: new SharedArrayBuffer(0), grow: () => 0 }
    expect(set.on(none)).toBeUndefined()
    expect(set.on(memory())).toBeUndefined()
    expect(set.add('md5x5', STATES)).toBeUndefined()
  })
})
