/** What the progress line tells, at length and in short. */
import type { OssWriteStream } from 'osspipe'
import type { ProgressText } from './progress-line.js'
import type { SourceTree } from './source-tree.js'
import { count, mib, rate } from './units.js'

/** While the archive is made and sent. */
export function uploadText(
  source: Pick<SourceTree, 'bytesRead' | 'entries'>,
  out: Pick<OssWriteStream, 'progress'>,
): () => ProgressText {
  const start = performance.now()
  return () => {
    const { bytesWritten, bytesUploaded, partsUploaded, partsInFlight, heldBytes } = out.progress
    const speed = rate(bytesUploaded, performance.now() - start)
    const rss = mib(process.memoryUsage.rss())
    return {
      long: [
        `${mib(bytesWritten)} in`,
        `${mib(bytesUploaded)} acknowledged`,
        `${speed} on average`,
        `${count(partsUploaded, 'part')} + ${partsInFlight} in flight`,
        `buffers ${mib(heldBytes)}`,
        `RSS ${rss}`,
        `from ${count(source.entries.size, 'entry')} of ${mib(source.bytesRead)}`,
      ],
      short: [
        `${mib(bytesWritten)} in`,
        `${mib(bytesUploaded)} acked`,
        speed,
        `parts ${partsUploaded}+${partsInFlight}`,
        `held ${mib(heldBytes)}`,
        `RSS ${rss}`,
      ],
    }
  }
}

/** While the object is read back. */
export function readBackText(bytesRead: () => number, size: number): () => ProgressText {
  const start = performance.now()
  return () => {
    const items = [
      `${mib(bytesRead())} of ${mib(size)} read back`,
      rate(bytesRead(), performance.now() - start),
      `RSS ${mib(process.memoryUsage.rss())}`,
    ]
    return { long: items, short: items }
  }
}
