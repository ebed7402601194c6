/** How busy the event loop is, as a share of its time. */
import { performance } from 'node:perf_hooks'
import { BUSY } from './schedule.js'

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

/** Long enough for a turn of all parts on a fast line: the buffers that it empties at once fill at once, too. */
const LONG_MS = 100

/** What a stream asks about the event loop; each of the two tells what has been since it was last asked. */
export interface LoopLoad {
  /** It has had little time to spare since. */
  isBusy(): boolean
  /** It has had little for a while, 100 ms at least; not before that has passed. */
  isPressed(): boolean
}

/** @param loopTime as for {@link newLoadMeter} */
export function newLoopLoad(loopTime?: () => LoopTime): LoopLoad {
  const meter = newLoadMeter(0, loopTime)
  let longMeter: (() => number) | undefined
  return {
    isBusy: () => meter() >= BUSY,
    isPressed() {
      // A small upload never asks, and needs no other meter.
      longMeter ??= newLoadMeter(LONG_MS, loopTime)
      return longMeter() >= BUSY
    },
  }
}
