/** How busy the event loop is, as a share of its time. */
import { performance } from 'node:perf_hooks'

/**
 * Returns a meter: each call tells the share, 0 to 1, of the time since the last one spent working.
 * @param leastMs a call that comes earlier than so many milliseconds after the last one is told the same;
 *   0 at first
 */
export function newLoadMeter(leastMs = 0): () => number {
  let last = performance.eventLoopUtilization()
  let load = 0
  return () => {
    const now = performance.eventLoopUtilization()
    const since = performance.eventLoopUtilization(now, last)
    if (since.active + since.idle < leastMs) return load
    last = now
    load = since.utilization
    return load
  }
}
