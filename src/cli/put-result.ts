/** What a successful `put` tells: one object, or a few lines that help. */
import type { UploadResult } from '../index.js'
import { type Flow, verdictLine, verdictOf } from './flow.js'
import { count, formatDuration, formatRate, formatSize } from './format.js'
import type { Console } from './output.js'

export interface PutReport {
  readonly result: UploadResult
  readonly flow: Flow
  /** Bytes that came from the source, if they were compressed. */
  readonly sourceSize: number | undefined
}

export async function tellResult(console: Console, report: PutReport): Promise<void> {
  const { result, flow, sourceSize } = report
  for (const line of resultLines(report)) console.note(line)
  const { sha256, bucket, key, size, durationMs } = result
  try {
    if (console.json) {
      await console.result({
        ...result,
        ...(sourceSize !== undefined && { sourceSize }),
        bytesPerSecond: durationMs > 0 ? Math.round((size / durationMs) * 1000) : 0,
        verdict: verdictOf(flow),
      })
    } else if (sha256 !== undefined) {
      await console.write(`${sha256}  oss://${bucket}/${key}\n`)
    }
  } catch (error) {
    // It looks like a failure to whoever reads the exit code, and the object is there all the same.
    console.complain(`oss://${bucket}/${key} is stored, but the result could not be written`)
    throw error
  }
}

/** What people are told on stderr. */
export function resultLines({ result, flow, sourceSize }: PutReport): string[] {
  const { bucket, key, size, parts, durationMs, etag, crc64, retries } = result
  const from = sourceSize === undefined ? '' : ` (from ${formatSize(sourceSize)})`
  const verdict = verdictLine(
    flow,
    sourceSize === undefined ? 'the source' : 'the source and its compression',
  )
  return [
    `stored oss://${bucket}/${key}: ${[
      `${formatSize(size)}${from}`,
      count(parts, 'part'),
      formatDuration(durationMs),
      formatRate(size, durationMs),
      ...(retries === 0 ? [] : [`${retries} attempts repeated`]),
      `etag ${etag}`,
      ...(crc64 === undefined ? [] : [`crc64 ${crc64}`]),
    ].join(', ')}`,
    ...(verdict === undefined ? [] : [verdict]),
    ...(size === 0 || sourceSize === 0
      ? ['nothing came from the source: --min-size 1 would have refused it']
      : []),
  ]
}
