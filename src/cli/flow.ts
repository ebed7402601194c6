/**
 * Who waited for whom: the upload for its source, or the source for the upload. Told from samples of
 * the stream's own state, so that nothing stands in the bytes' way.
 */
import type { CliClock } from './clock.js'
import { formatDuration } from './format.js'

/** What a sample looks at: a Writable. */
export interface FlowProbe {
  /** Bytes that it has taken and not yet worked off. */
  readonly writableLength: number
  /** The source has ended; what is left is up to the network. */
  readonly writableEnded: boolean
}

/** What the time went into, in milliseconds. */
export interface Flow {
  /** The source waited: memory was full, or the last parts were on their way. */
  readonly networkWaitMs: number
  /** The upload had room and nothing to put into it. */
  readonly sourceWaitMs: number
  /** This process computed: digests, TLS. */
  readonly busyMs: number
}

export class FlowMeter {
  readonly #clock: Pick<CliClock, 'ticks' | 'busyMs'>
  #last: { readonly atMs: number; readonly busyMs: number }
  #flow: Flow = { networkWaitMs: 0, sourceWaitMs: 0, busyMs: 0 }

  constructor(clock: Pick<CliClock, 'ticks' | 'busyMs'>) {
    this.#clock = clock
    this.#last = { atMs: clock.ticks(), busyMs: clock.busyMs() }
  }

  /** Books the time since the last sample to whoever is waited for now. */
  sample({ writableLength, writableEnded }: FlowProbe): void {
    const now = { atMs: this.#clock.ticks(), busyMs: this.#clock.busyMs() }
    const passed = Math.max(0, now.atMs - this.#last.atMs)
    const busy = Math.min(passed, Math.max(0, now.busyMs - this.#last.busyMs))
    const waited = writableLength > 0 || writableEnded ? 'networkWaitMs' : 'sourceWaitMs'
    this.#flow = {
      ...this.#flow,
      busyMs: this.#flow.busyMs + busy,
      [waited]: this.#flow[waited] + passed - busy,
    }
    this.#last = now
  }

  get flow(): Flow {
    return this.#flow
  }
}

/** The verdict as an object: figures in whole milliseconds. */
export function verdictOf(flow: Flow): Flow & { readonly bound: Bound } {
  const networkWaitMs = Math.round(flow.networkWaitMs)
  const sourceWaitMs = Math.round(flow.sourceWaitMs)
  const busyMs = Math.round(flow.busyMs)
  const isBusy = busyMs > networkWaitMs && busyMs > sourceWaitMs
  const waited = networkWaitMs > sourceWaitMs ? 'network' : 'source'
  return { bound: isBusy ? 'processor' : waited, networkWaitMs, sourceWaitMs, busyMs }
}

type Bound = 'source' | 'network' | 'processor'

/** Shorter than this nothing can be told, in milliseconds. */
const LEAST_MS = 1000

/** The verdict as a sentence that helps; absent where the time was too short to tell. */
export function verdictLine(flow: Flow, source = 'the source'): string | undefined {
  const { bound, ...figures } = verdictOf(flow)
  const totalMs = figures.networkWaitMs + figures.sourceWaitMs + figures.busyMs
  if (totalMs < LEAST_MS) return undefined
  const share = (ms: number) => `${Math.round((ms / totalMs) * 100)} %`
  const { networkWaitMs, sourceWaitMs, busyMs } = figures
  return (
    `${bound}-bound: of ${formatDuration(totalMs)}, ${share(sourceWaitMs)} waiting for ${source}, ` +
    `${share(networkWaitMs)} for the network, ${share(busyMs)} computing; ${ADVICE[bound]}`
  )
}

const ADVICE: Readonly<Record<Bound, string>> = {
  source: 'a faster upload would not help',
  network: 'more --concurrency and --max-memory may help, or --compress',
  processor: 'several uploads side by side may help',
}
