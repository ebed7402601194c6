/**
 * The one arena and the one hasher of a process, shared by all its streams. A process that only
 * uploads small objects never loads them: their code comes when they are asked for, and what they
 * consist of, memory, kernels and worker, each when it is first needed.
 */
import type { Arena } from './arena.js'
import type { Hasher } from './hasher.js'
import type { Breathe } from './job.js'

/** Most bytes that the part buffers of a process share; where they find no room, ordinary ones do. */
const MAX_ARENA = 1024 ** 3

export interface Hashing {
  readonly arena: Arena
  readonly hasher: Hasher
}

let loading: Promise<Hashing> | undefined
let loaded: Hashing | undefined

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
  const [{ Arena }, { Hasher }, { writeTables }, os, { performance }] = await Promise.all([
    import('./arena.js'),
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
  const arena = new Arena({ maxBytes: MAX_ARENA, prepare: writeTables })
  const hasher = new Hasher({ arena, breathe, cores: os.availableParallelism(), utilization })
  loaded = { arena, hasher }
  return loaded
}
