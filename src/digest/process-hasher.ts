/**
 * The one arena and the one hasher of a process, shared by all its streams. A process that only
 * uploads small objects never loads them: their code comes when they are asked for, and what they
 * consist of, memory, kernels and worker, each when it is first needed.
 */
import { Arena } from './arena.js'
import type { Hasher } from './hasher.js'
import type { Breathe } from './job.js'
import type { WasmMemory } from './wasm-engine.js'

/** Most bytes that the part buffers of a process share; where they find no room, ordinary ones do. */
const MAX_ARENA = 1024 ** 3

export interface Hashing {
  readonly arena: Arena
  readonly hasher: Hasher
}

let loading: Promise<Hashing> | undefined
let loaded: Hashing | undefined

/** Writes what the kernels read, once they are loaded; a memory older than that waits for it. */
let writeTables: ((memory: WasmMemory) => void) | undefined

/**
 * The memory of the process's part buffers: there before the kernels are, so that buffers filled while
 * these are loaded need not be given up for others. Takes no memory before it is used.
 */
export const processArena = new Arena({
  maxBytes: MAX_ARENA,
  prepare: (memory) => writeTables?.(memory),
})

/** The process's hashing if it has been loaded. */
export function loadedHasher(): Hashing | undefined {
  return loaded
}

/**
 * Loads the process's hashing, some 10 ms the first time: for a stream whose first part is full, not
 * before. `breathe` lets the event loop take one turn; that of the first caller is used.
 */
export function processHasher(breathe: Breathe): Promise<Hashing> {
  loading ??= load(breathe)
  return loading
}

async function load(breathe: Breathe): Promise<Hashing> {
  const [{ Hasher }, kernels, os, { performance }] = await Promise.all([
    import('./hasher.js'),
    import('./kernels.js'),
    import('node:os'),
    import('node:perf_hooks'),
  ])
  let last = performance.eventLoopUtilization()
  const utilization = () => {
    const now = performance.eventLoopUtilization()
    const since = performance.eventLoopUtilization(now, last)
    last = now
    return since.utilization
  }
  const arena = processArena
  writeTables = kernels.writeTables
  const memory = arena.memory()
  if (memory !== undefined) writeTables(memory)
  const hasher = new Hasher({ arena, breathe, cores: os.availableParallelism(), utilization })
  loaded = { arena, hasher }
  return loaded
}
