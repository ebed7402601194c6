/** Tells on stderr how a transfer goes: a line that is redrawn, a line every 30 s, or NDJSON. */
import type { Context } from './context.js'
import type { Console } from './output.js'
import { type ProgressState, progressLine, progressObject } from './progress-line.js'
import { RateMeter } from './rate-meter.js'

export type ProgressMode = 'auto' | 'json' | 'none'

/** What of the state the command knows; the rest is measured here. */
export type Measured = Omit<ProgressState, 'elapsedMs' | 'bytesPerSecond'>

const REDRAW_MS = 200
const LINE_MS = 30_000
const JSON_MS = 1000

/**
 * Begins to tell; the function returned ends it, and takes the line away.
 * @param measure asked each time
 */
export function reportProgress(
  context: Context,
  console: Console,
  mode: ProgressMode,
  measure: () => Measured,
): () => void {
  const { clock, stderr } = context
  if (mode === 'none' || (mode === 'auto' && console.quiet)) return () => undefined
  const startMs = clock.ticks()
  const meter = new RateMeter()
  const state = (): ProgressState => {
    const measured = measure()
    const elapsedMs = clock.ticks() - startMs
    return { ...measured, elapsedMs, bytesPerSecond: meter.sample(elapsedMs, measured.bytesDone) }
  }
  state()
  if (mode === 'json') {
    const tell = () => console.line(JSON.stringify(progressObject(state())))
    const stop = clock.every(JSON_MS, tell)
    return () => {
      stop()
      tell()
    }
  }
  if (stderr.isTTY !== true) {
    return clock.every(LINE_MS, () => console.note(progressLine(state(), Number.POSITIVE_INFINITY)))
  }
  const stop = clock.every(REDRAW_MS, () => {
    // The last column is left free: some terminals break the line there.
    console.draw(progressLine(state(), Math.max(0, (stderr.columns || 80) - 1)))
  })
  return () => {
    stop()
    console.draw('')
  }
}
