/** A pool of ordinary buffers that shares its budget with nobody. */
import { BufferPool, type BufferPoolSettings } from '../../src/upload/buffer-pool.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import { PLAIN_SLABS } from './new-upload.js'

export function newPool(
  bufferSize: number,
  maxMemory: number,
  settings: Partial<BufferPoolSettings> = {},
): BufferPool {
  const budget = new MemoryBudget(Number.MAX_SAFE_INTEGER)
  const own = { ownBuffers: 1, budget, slabs: PLAIN_SLABS }
  return new BufferPool({ ...own, bufferSize, maxMemory, ...settings })
}
