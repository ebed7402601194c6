/** A hasher as tests want it: every step of the loop counted, load and processors chosen. */
import { setImmediate as turn } from 'node:timers/promises'
import { Arena } from '../../src/digest/arena.js'
import type { HashWorker } from '../../src/digest/hash-worker.js'
import { Hasher } from '../../src/digest/hasher.js'
import { writeTables } from '../../src/digest/kernels.js'

export interface NewHasher {
  readonly arena: Arena
  readonly hasher: Hasher
  /** Turns of the event loop that hashing gave way to. */
  breaths(): number
  /** Makes every such turn reject with `reason`, or none. */
  failBreaths(reason: Error | undefined): void
}

export function newHasher(
  choices: { cores?: number; utilization?: number; worker?: HashWorker; arena?: Arena } = {},
): NewHasher {
  const arena = choices.arena ?? new Arena({ maxBytes: 128 * 1024 ** 2, prepare: writeTables })
  let breaths = 0
  let failure: Error | undefined
  const hasher = new Hasher({
    arena,
    breathe: async () => {
      breaths++
      if (failure !== undefined) throw failure
      await turn()
    },
    cores: choices.cores ?? 2,
    utilization: () => choices.utilization ?? 0,
    ...(choices.worker === undefined ? {} : { worker: choices.worker }),
  })
  const failBreaths = (reason: Error | undefined) => {
    failure = reason
  }
  return { arena, hasher, breaths: () => breaths, failBreaths }
}

/** Bytes that look random, the same for the same seed. */
export function noise(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size)
  let state = seed >>> 0 || 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}

/** A slab of the arena that holds a copy of `bytes`. @throws {Error} if there is no room */
export function slabOf(arena: Arena, bytes: Uint8Array): Buffer {
  const slab = arena.tryAllocate(Math.max(1, bytes.byteLength))
  if (slab === undefined) throw new Error('The arena has no room')
  slab.set(bytes)
  return slab.subarray(0, bytes.byteLength)
}
