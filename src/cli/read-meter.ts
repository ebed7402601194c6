/** What a download waited for: the network, or whatever takes its bytes. Told from samples. */
import type { CliClock } from './clock.js'
import { formatDuration } from './format.js'

/** Where a download's time went, in milliseconds. */
export interface ReadWaits {
  readonly networkWaitMs: number
  readonly outputWaitMs: number
}

export class ReadMeter {
  readonly #clock: Pick<CliClock, 'ticks'>
  readonly #waits = { networkWaitMs: 0, outputWaitMs: 0 }
  #lastMs: number

  constructor(clock: Pick<CliClock, 'ticks'>) {
    this.#clock = clock
    this.#lastMs = clock.ticks()
  }

  /** Books the time since the last sample. @param readable bytes that are there and not taken */
  sample(readable: number): void {
    const now = this.#clock.ticks()
    this.#waits[readable > 0 ? 'outputWaitMs' : 'networkWaitMs'] += now - this.#lastMs
    this.#lastMs = now
  }

  get waits(): ReadWaits {
    const { networkWaitMs, outputWaitMs } = this.#waits
    return { networkWaitMs: Math.round(networkWaitMs), outputWaitMs: Math.round(outputWaitMs) }
  }
}

export function boundOf({ networkWaitMs, outputWaitMs }: ReadWaits): 'network' | 'output' {
  return outputWaitMs > networkWaitMs ? 'output' : 'network'
}

/** Shorter than this nothing can be told, in milliseconds. */
const LEAST_MS = 1000

/** The verdict as a sentence that helps; absent where the time was too short to tell. */
export function readVerdict(waits: ReadWaits): string | undefined {
  const totalMs = waits.networkWaitMs + waits.outputWaitMs
  if (totalMs < LEAST_MS) return undefined
  const share = (ms: number) => `${Math.round((ms / totalMs) * 100)} %`
  const bound = boundOf(waits)
  return (
    `${bound}-bound: of ${formatDuration(totalMs)}, ${share(waits.networkWaitMs)} waiting for the ` +
    `network, ${share(waits.outputWaitMs)} for the output; ${ADVICE[bound]}`
  )
}

const ADVICE = {
  network: 'more --concurrency may help',
  output: 'a faster download would not help',
} as const
