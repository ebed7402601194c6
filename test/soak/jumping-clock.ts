/** The process's clock, with a time of day that somebody keeps setting. Durations are right. */
import { type Clock, systemClock } from '../../src/client/clock.js'
import type { SeededRandom } from './random.js'

const LEAPS: readonly [number, ...number[]] = [0, 1000, -1000, 1_200_000, -3_600_000, 86_400_000]

/** It leaps at about every fourth look. */
export function jumpingClock(random: SeededRandom): Clock {
  let offset = 0
  return {
    ...systemClock,
    now() {
      if (random.chance(0.25)) offset = random.pick(LEAPS)
      return systemClock.now() + offset
    },
  }
}
