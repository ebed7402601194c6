/** How far a transfer has come, in one line that fits any width, or as an object. Pure. */
import { formatDuration, formatRate, formatSize } from './format.js'

/** How far a transfer has come. Sizes in bytes, durations in milliseconds. */
export interface ProgressState {
  /** Taken from the source. */
  readonly bytesIn: number
  /** Acknowledged by the other side. */
  readonly bytesDone: number
  /** All there is to take from the source, where that is known. */
  readonly size?: number | undefined
  /** What is stored is not what comes in: `size` tells nothing of `bytesDone`. */
  readonly isCompressed?: boolean | undefined
  /** What has been done with `bytesDone`. @default 'stored' */
  readonly done?: string | undefined
  readonly partsInFlight: number
  readonly retries: number
  readonly elapsedMs: number
  /** Of the last seconds. */
  readonly bytesPerSecond: number
}

/** What is told, the most important first; what does not fit is left out from the end. */
export function progressLine(state: ProgressState, columns: number): string {
  const { bytesIn, bytesDone, partsInFlight, retries, elapsedMs, bytesPerSecond } = state
  const eta = etaMs(state)
  const segments = [
    `${formatSize(bytesDone)} ${state.done ?? 'stored'}`,
    formatRate(bytesPerSecond, 1000),
    ...(eta === undefined ? [] : [`ETA ${formatDuration(eta)}`]),
    formatDuration(elapsedMs),
    `${formatSize(bytesIn)} in${percent(state)}`,
    `${partsInFlight} in flight`,
    ...(retries === 0 ? [] : [`${retries} repeated`]),
  ]
  let line = ''
  for (const segment of segments) {
    const longer = line === '' ? segment : `${line}, ${segment}`
    if (longer.length > columns) break
    line = longer
  }
  return line === '' ? formatSize(bytesDone).slice(0, Math.max(0, columns)) : line
}

/** The same as an object, for `--progress json`. */
export function progressObject(state: ProgressState): object {
  const { size, elapsedMs, bytesPerSecond, isCompressed: _, done: __, ...others } = state
  const eta = etaMs(state)
  return {
    ...others,
    ...(size !== undefined && { size }),
    elapsedMs: Math.round(elapsedMs),
    bytesPerSecond: Math.round(bytesPerSecond),
    ...(eta !== undefined && { etaMs: Math.round(eta) }),
  }
}

/** Until all is stored, at the present rate; absent where nobody can know. */
export function etaMs(state: ProgressState): number | undefined {
  const { size, bytesIn, bytesDone, bytesPerSecond, isCompressed, elapsedMs } = state
  if (size === undefined || size < bytesIn) return undefined
  if (isCompressed) return bytesIn > 0 ? (elapsedMs * (size - bytesIn)) / bytesIn : undefined
  return bytesPerSecond > 0 ? ((size - bytesDone) / bytesPerSecond) * 1000 : undefined
}

function percent({ size, bytesIn }: ProgressState): string {
  if (size === undefined || size === 0 || bytesIn > size) return ''
  return ` of ${formatSize(size)} (${Math.floor((bytesIn / size) * 100)} %)`
}
