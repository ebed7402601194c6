/** How busy the event loop is, as a share of its time. */
import { performance } from 'node:perf_hooks'

/** Milliseconds that the loop has spent working and waiting, from its start. */
export interface LoopTime {
  readonly active: number
  readonly idle: number
}

/**
 * Returns a meter: each call tells the share, 0 to 1, of the time since the last one spent working.
 * @param leastMs a call that comes earlier than so many milliseconds after the last one that looked is
 *   told the same as that; 0 at first
 * @param loopTime where it looks
 */
export function newLoadMeter(
  leastMs = 0,
  loopTime: () => LoopTime = () => performance.eventLoopUtilization(),
): () => number {
  let last = loopTime()
  let load = 0
  return () => {
    const now = loopTime()
    const active = now.active - last.active
    const total = active + now.idle - last.idle
    if (total <= 0 || total < leastMs) return load
    last = now
    load = active / total
    return load
  }
}
