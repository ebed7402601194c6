/** Watches an upload: tells how it goes, and measures who waits for whom. */
import type { OssWriteStream } from '../index.js'
import type { Context } from './context.js'
import { type Flow, FlowMeter } from './flow.js'
import { count, formatSize } from './format.js'
import type { Console } from './output.js'
import { type ProgressMode, reportProgress } from './progress.js'

/** How often it is looked at who waits, in milliseconds. */
const SAMPLE_MS = 50

export interface Watched {
  readonly context: Context
  readonly console: Console
  readonly out: OssWriteStream
  readonly mode: ProgressMode
  /** Bytes of the source, where that is known. */
  readonly size: number | undefined
  readonly isCompressed: boolean
  /** Bytes taken from the source so far. */
  readonly bytesIn: () => number
}

/** Begins to watch; the function returned ends it (once), and gives what was measured. */
export function watchUpload({
  context,
  console,
  out,
  mode,
  size,
  bytesIn,
  isCompressed,
}: Watched): () => Flow {
  const { clock } = context
  let retries = 0
  out.on('retry', ({ operation, partNumber, attempt, delayMs, error }) => {
    retries++
    const part = partNumber === undefined ? '' : ` ${partNumber}`
    console.detail(
      `${operation}${part}: attempt ${attempt} failed, the next in ${Math.round(delayMs)} ms: ${error.message}`,
    )
  })
  out.on('uploadId', (uploadId: string) => console.detail(`upload ${uploadId}`))
  out.on('resume', ({ partsStored, bytesStored, reason }) => {
    const what = `${count(partsStored, 'part')} (${formatSize(bytesStored)})`
    console.note(
      reason === undefined || reason === 'differs'
        ? `going on with an earlier run: ${what} are stored`
        : `beginning anew: the earlier run cannot be gone on with (${reason})`,
    )
  })
  const flow = new FlowMeter(clock)
  const sample = () => flow.sample(out)
  const stopSampling = clock.every(SAMPLE_MS, sample)
  const stopProgress = reportProgress(context, console, mode, () => ({
    bytesIn: bytesIn(),
    bytesDone: out.bytesUploaded,
    size,
    isCompressed,
    partsInFlight: out.progress.partsInFlight,
    retries,
  }))
  let isOver = false
  return () => {
    if (!isOver) {
      sample()
      stopSampling()
      stopProgress()
    }
    isOver = true
    return flow.flow
  }
}
