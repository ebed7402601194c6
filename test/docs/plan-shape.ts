/** What a plan makes of an object, in the numbers that the docs tell. */
import { DEFAULT_CONCURRENCY, type PartPlan, partSizeAt } from '../../src/protocol/part-plan.js'

const MIB = 1024 ** 2

/** Parts of an object of `size` bytes, the size of its last ones in MiB, and how many of those fly at once. */
export function shapeOf(plan: PartPlan, size: number) {
  let parts = 0
  for (let sum = 0; sum < size; sum += partSizeAt(parts, plan)) parts++
  const last = partSizeAt(parts, plan)
  const inFlight = Math.min(DEFAULT_CONCURRENCY, Math.floor(plan.maxMemory / last) - 1)
  return { parts, last: last / MIB, inFlight }
}
