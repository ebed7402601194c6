/** How busy the event loop is, as a share of its time. */
import { performance } from 'node:perf_hooks'

/** Returns a meter: each call tells the share, 0 to 1, of the time since the last one spent working. */
export function newLoadMeter(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const since = performance.eventLoopUtilization(now, last)
    last = now
    return since.utilization
  }
}
