/** What a successful `put` tells: one object, or a few lines that help. */
import type { UploadResult, UploadStats } from '../index.js'
import { count, formatDuration, formatRate, formatSize } from './format.js'
import type { Console } from './output.js'
import { verdictLine, verdictOf } from './verdict.js'

export interface PutReport {
  readonly result: UploadResult
  readonly stats: UploadStats | undefined
  /** Bytes that came from the source, if they were compressed. */
  readonly sourceSize: number | undefined
}

export async function tellResult(console: Console, report: PutReport): Promise<void> {
  const { result, stats, sourceSize } = report
  for (const line of resultLines(report)) console.note(line)
  const { sha256, bucket, key, size, durationMs } = result
  try {
    if (console.json) {
      await console.result({
        ...result,
        ...(sourceSize !== undefined && { sourceSize }),
        bytesPerSecond: durationMs > 0 ? Math.round((size / durationMs) * 1000) : 0,
        ...(stats !== undefined && { verdict: verdictOf(stats) }),
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
export function resultLines({ result, stats, sourceSize }: PutReport): string[] {
  const { bucket, key, size, parts, durationMs, etag, crc64, retries } = result
  const from = sourceSize === undefined ? '' : ` (from ${formatSize(sourceSize)})`
  const source = sourceSize === undefined ? 'the source' : 'the source and its compression'
  const verdict = stats === undefined ? undefined : verdictLine(stats, source)
  return [
    `stored oss://${bucket}/${key}: ${[
      `${formatSize(size)}${from}`,
      count(parts, 'part'),
      formatDuration(durationMs),
      formatRate(size, durationMs),
      ...(retries === 0 ? [] : [`${count(retries, 'attempt')} repeated`]),
      `etag ${etag}`,
      ...(crc64 === undefined ? [] : [`crc64 ${crc64}`]),
    ].join(', ')}`,
    ...(verdict === undefined ? [] : [verdict]),
    ...(size === 0 || sourceSize === 0
      ? ['nothing came from the source: --min-size 1 would have refused it']
      : []),
  ]
}
