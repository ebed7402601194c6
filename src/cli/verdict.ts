/** What an upload waited for, as a verdict that helps. Pure. */
import type { UploadStats } from '../index.js'
import { formatDuration } from './format.js'

/** What it had to do with most of the time. */
type Bound = 'source' | 'network' | 'memory' | 'processor'

/** Where an upload's time went, in whole milliseconds. */
export interface Verdict {
  readonly bound: Bound
  readonly sourceWaitMs: number
  readonly networkWaitMs: number
  readonly memoryWaitMs: number
  /** Neither waited for: this process worked. */
  readonly workMs: number
}

export function verdictOf({ elapsedMs, waitedMs }: UploadStats): Verdict {
  const { source, network, memory } = waitedMs
  const work = Math.max(0, elapsedMs - source - network - memory)
  const shares = { source, network, memory, processor: work }
  let bound: Bound = 'source'
  for (const each of ['network', 'memory', 'processor'] as const) {
    if (shares[each] > shares[bound]) bound = each
  }
  return {
    bound,
    sourceWaitMs: Math.round(source),
    networkWaitMs: Math.round(network),
    memoryWaitMs: Math.round(memory),
    workMs: Math.round(work),
  }
}

/** Shorter than this nothing can be told, in milliseconds. */
const LEAST_MS = 1000

/** The verdict as a sentence; absent where the time was too short to tell. */
export function verdictLine(stats: UploadStats, source = 'the source'): string | undefined {
  const { elapsedMs } = stats
  if (elapsedMs < LEAST_MS) return undefined
  const { bound, sourceWaitMs, networkWaitMs, memoryWaitMs, workMs } = verdictOf(stats)
  const share = (ms: number) => `${Math.round((ms / elapsedMs) * 100)} %`
  const memory = memoryWaitMs === 0 ? '' : `, ${share(memoryWaitMs)} for memory`
  return (
    `${bound}-bound: of ${formatDuration(elapsedMs)}, ${share(sourceWaitMs)} waiting for ${source}, ` +
    `${share(networkWaitMs)} for the network${memory}, ${share(workMs)} at work; ${ADVICE[bound]}`
  )
}

const ADVICE: Readonly<Record<Bound, string>> = {
  source: 'a faster upload would not help',
  network: 'more --concurrency (or auto) may help, or --compress',
  memory: 'more --max-memory may help',
  processor: 'the network could take more',
}
