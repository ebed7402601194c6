/** Watches an upload, and tells people how it goes. */
import type { OssWriteStream } from '../index.js'
import type { Context } from './context.js'
import { count, formatSize } from './format.js'
import type { Console } from './output.js'
import { type ProgressMode, reportProgress } from './progress.js'

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

/** Begins to watch; the function returned ends it. */
export function watchUpload({
  context,
  console,
  out,
  mode,
  size,
  bytesIn,
  isCompressed,
}: Watched): () => void {
  out.on('retry', ({ operation, partNumber, attempt, delayMs, error }) => {
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
  return reportProgress(context, console, mode, () => ({
    bytesIn: bytesIn(),
    bytesDone: out.bytesUploaded,
    size,
    isCompressed,
    partsInFlight: out.progress.partsInFlight,
    retries: out.stats().retries,
  }))
}
