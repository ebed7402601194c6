/** The report at the end: what went up, what came back, and whether they are the same. */
import type { UploadResult } from 'osspipe'
import { quote, type Tree } from './compare.js'
import { count, mib, rate, seconds } from './units.js'

/** What HEAD tells of the object. */
export interface HeadFacts {
  readonly size: number
  readonly etag: string
  readonly crc64?: string | undefined
}

export interface ReportFacts {
  readonly root: string
  readonly source: Tree
  /** What was left out of the archive, a line each. */
  readonly notes: readonly string[]
  readonly result: UploadResult
  readonly head: HeadFacts
  /** What is not as it should be, a line each. */
  readonly problems: readonly string[]
  /** Bytes of a part that is not the last. */
  readonly partSize: number
  /** Most part requests that ran at once. */
  readonly mostInFlight: number
  readonly uploadMs: number
  readonly readBackMs: number
  /** Most memory of this process, in bytes. */
  readonly peakRss: number
}

/** Lines of one kind that are shown; the others are counted. */
const SHOWN = 20

/** What the service says of the object must be what the upload told. */
export function compareHead(result: UploadResult, head: HeadFacts): string[] {
  return (['size', 'etag', 'crc64'] as const)
    .filter((field) => result[field] !== head[field])
    .map((field) => `different: the upload told ${field} ${result[field]}, HEAD ${head[field]}`)
}

/** The report, with a line break at the end. */
export function reportText(facts: ReportFacts): string {
  const { root, source, notes, result, head, problems, uploadMs, readBackMs } = facts
  const of = (type: string) => [...source.values()].filter((entry) => entry.type === type)
  const bytes = of('file').reduce((sum, { size }) => sum + size, 0)
  const contents = [
    count(of('file').length, 'file'),
    count(of('directory').length, 'directory'),
    count(of('symlink').length, 'link'),
  ]
  const parts = `${count(result.parts, 'part')} of ${mib(Math.min(facts.partSize, result.size))}`
  const rows: [label: string, text: string][] = [
    ['source', `${contents.join(', ')}; ${mib(bytes)}`],
    ['object', `${mib(result.size)} at ${result.url}`],
    ['parts', `${parts}, at most ${facts.mostInFlight} in flight`],
    ['ETag', result.etag],
    ['CRC-64', `${result.crc64} (sent), ${head.crc64} (stored)`],
    [
      'upload',
      `${seconds(uploadMs)}: ${rate(bytes, uploadMs)} of files, ${rate(result.size, uploadMs)} of tar.gz`,
    ],
    ['read back', `${seconds(readBackMs)}: ${rate(bytes, readBackMs)} of files`],
    ['peak memory', `${mib(facts.peakRss)} RSS: library, server, tar and gzip in one process`],
    ['duration', seconds(uploadMs + readBackMs)],
  ]
  const verdict =
    problems.length === 0
      ? `OK: ${quote(root)} came back equal, ${count(source.size, 'entry')} in all.`
      : `FAILED: ${count(problems.length, 'difference')} between ${quote(root)} and what came back.`
  return [
    ...rows.map(([label, text]) => `  ${label.padEnd(11)}  ${text}`),
    ...shorten(notes, 'note'),
    ...shorten(problems, 'difference'),
    verdict,
    '',
  ].join('\n')
}

function shorten(lines: readonly string[], noun: string): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`)
  const rest = lines.length - shown.length
  return rest > 0 ? [...shown, `  … and ${count(rest, `more ${noun}`)}`] : shown
}
