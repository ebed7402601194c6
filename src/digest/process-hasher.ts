/**
 * The one arena and the one hasher of a process, shared by all its streams. Made on the first call,
 * and then still empty: memory, kernels and worker come when the first of them is needed.
 */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Arena } from './arena.js'
import { Hasher } from './hasher.js'
import type { Breathe } from './job.js'
import { writeTables } from './kernels.js'

/** Most the part buffers of a process share; streams that find no room use ordinary ones. */
const MAX_ARENA = 1024 ** 3

export interface Hashing {
  readonly arena: Arena
  readonly hasher: Hasher
}

let shared: Hashing | undefined

/** Returns them. `breathe` lets the event loop take one turn; that of the first caller is used. */
export function processHasher(breathe: Breathe): Hashing {
  if (shared !== undefined) return shared
  const arena = new Arena({ maxBytes: MAX_ARENA, prepare: writeTables })
  let last = performance.eventLoopUtilization()
  const utilization = () => {
    const now = performance.eventLoopUtilization()
    const since = performance.eventLoopUtilization(now, last)
    last = now
    return since.utilization
  }
  const hasher = new Hasher({ arena, breathe, cores: availableParallelism(), utilization })
  shared = { arena, hasher }
  return shared
}
