/** What is measured: which clients do which work against which sink, how much and how often. */
import type { SinkSettings } from './processes.js'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** One row of a scenario. */
export interface Entry {
  readonly name: string
  /** File of `clients/`, or `curl`. */
  readonly module: string
  readonly options?: Readonly<Record<string, unknown>>
  /** Title of the table that it stands in, if not in the scenario's first. */
  readonly table?: string
  /** Where it differs from the scenario's. */
  readonly work?: Partial<Work>
}

export interface Work {
  readonly work: 'upload' | 'write' | 'small' | 'first' | 'read'
  /** Of one object. */
  readonly bytes: number
  readonly source?: 'ring' | 'file'
  readonly writeSize?: number
  /** Objects, and how many at once. */
  readonly count?: number
  readonly atOnce?: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly sink: SinkSettings
  readonly work: Work
  readonly partSize: number
  readonly concurrency: number
  readonly rounds: number
  readonly entries: readonly Entry[]
}

const PLAIN: SinkSettings = { tls: false, latencyMs: 0, bytesPerSecond: 0, checksDigests: false }
/** A server far away. */
const FAR: SinkSettings = { ...PLAIN, latencyMs: 30, bytesPerSecond: 60e6 }

const AUTO: Entry = { name: 'osspipe', module: 'osspipe' }
const WORKER = osspipe('osspipe worker', { hashing: 'worker' })
const INLINE = osspipe('osspipe inline', { hashing: 'inline' })
const OTHER_DIGESTS = [
  osspipe('osspipe md5+crc64', { integrity: 'md5+crc64' }),
  osspipe('osspipe md5+crc64, worker', { integrity: 'md5+crc64', hashing: 'worker' }),
  osspipe('osspipe md5+crc64, inline', { integrity: 'md5+crc64', hashing: 'inline' }),
  osspipe('osspipe crc64', { integrity: 'crc64' }),
  osspipe('osspipe, no digests', { integrity: false }),
].map((entry) => ({ ...entry, table: "with integrity: 'md5+crc64', and with less than 'md5'" }))
const UPLOAD_FILE = osspipe('osspipe uploadFile', { method: 'uploadFile' })
const UPLOAD_FILE_WORKER = osspipe('osspipe uploadFile, worker', {
  method: 'uploadFile',
  hashing: 'worker',
})
const LIB_STORAGE: Entry = { name: 'lib-storage', module: 'lib-storage' }
const FLOOR: Entry = { name: 'undici floor', module: 'floor' }
const MINIO: Entry = { name: 'minio', module: 'minio' }
const CURL: Entry = { name: 'curl -T', module: 'curl' }
const ALI_STREAM = aliOss('ali-oss putStream', 'putStream')
const ALI_FILE = aliOss('ali-oss multipartUpload', 'multipartUpload')

const PREDECESSOR: Entry = { name: 'aliyun-oss-upload-stream', module: 'aliyun-oss-upload-stream' }
const LITTLE_MEMORY = { source: 'ring', bytes: 16 * MIB } as const

const READERS: readonly Entry[] = [
  AUTO,
  osspipe('osspipe, not verified', { verify: false }),
  { name: 'ali-oss getStream', module: 'ali-oss' },
  { name: 'undici GET', module: 'floor' },
  // For scale: as many bytes the other way.
  osspipe('osspipe, writing', {}, { work: 'upload', source: 'ring' }),
]

function osspipe(name: string, options: Entry['options'], work: Entry['work'] = {}): Entry {
  return { name, module: 'osspipe', ...(options && { options }), work }
}

function aliOss(name: string, method: string): Entry {
  return { name, module: 'ali-oss', options: { method } }
}

/** Requests at once, by part size, and what finds its number by itself. */
function tuningEntries(bytes: number): Entry[] {
  return [1, 8, 32].flatMap((mib) =>
    [1, 2, 4, 8, 'auto'].map((concurrency) =>
      osspipe(
        `osspipe ${mib} MiB, ${concurrency}`,
        { partSize: mib * MIB, concurrency },
        // To find out takes many parts.
        { bytes: concurrency === 'auto' ? 2 * bytes : bytes },
      ),
    ),
  )
}

/** @param isQuick a run that ends within three minutes and shows the order of things, no more */
export function scenarios(isQuick: boolean): Scenario[] {
  const size = isQuick ? GIB / 2 : GIB
  const rounds = isQuick ? 1 : 5
  const common = { sink: PLAIN, partSize: 8 * MIB, concurrency: 4, rounds }
  const upload: Work = { work: 'upload', source: 'ring', bytes: size }
  return [
    {
      ...common,
      name: 'http',
      title: 'HTTP, a stream from memory',
      // So much that what a process does but once weighs little.
      work: { ...upload, bytes: isQuick ? size : 2 * size },
      entries: [
        AUTO,
        WORKER,
        INLINE,
        LIB_STORAGE,
        ALI_STREAM,
        ALI_FILE,
        MINIO,
        FLOOR,
        CURL,
        ...OTHER_DIGESTS,
      ],
    },
    {
      ...common,
      name: 'tls',
      title: 'HTTPS, a stream from memory',
      sink: { ...PLAIN, tls: true },
      work: upload,
      entries: [AUTO, LIB_STORAGE, ALI_FILE, FLOOR, CURL],
    },
    {
      ...common,
      name: 'wan',
      title: 'HTTP, 30 ms a request, 60 MB/s a connection',
      sink: FAR,
      // As much as over plain HTTP, for the same reason.
      work: { ...upload, bytes: isQuick ? size : 2 * size },
      entries: [AUTO, LIB_STORAGE, ALI_FILE],
    },
    {
      ...common,
      name: 'tuning',
      title:
        'HTTP, 30 ms a request, 60 MB/s a connection, by part size and requests at once (auto: twice as much)',
      sink: FAR,
      work: upload,
      rounds: 1,
      entries: tuningEntries(isQuick ? GIB / 8 : GIB / 2),
    },
    {
      ...common,
      name: 'file',
      title: 'HTTP, a file; through fs.createReadStream (1 MiB) but for what reads it by itself',
      work: { ...upload, source: 'file' },
      entries: [UPLOAD_FILE, UPLOAD_FILE_WORKER, AUTO, LIB_STORAGE, ALI_FILE],
    },
    {
      ...common,
      name: 'writes',
      title: 'HTTP, by the size of the writes (16 B: a sixteenth as much)',
      work: { work: 'write', bytes: size },
      entries: [
        osspipe('osspipe 1 MiB', {}, { writeSize: MIB }),
        osspipe('osspipe 64 KiB', {}, { writeSize: 64 * KIB }),
        osspipe('osspipe 1 KiB', {}, { writeSize: KIB }),
        osspipe('osspipe 16 B', {}, { writeSize: 16, bytes: size / 16 }),
      ],
    },
    {
      ...common,
      name: 'long',
      title: 'HTTP, memory over length',
      work: upload,
      rounds: 1,
      entries: [
        osspipe('osspipe 2 GiB', {}, { bytes: isQuick ? GIB / 2 : 2 * GIB }),
        osspipe('osspipe 20 GiB', {}, { bytes: isQuick ? 2 * GIB : 20 * GIB }),
        { ...LIB_STORAGE, name: 'lib-storage 2 GiB', work: { bytes: isQuick ? GIB / 2 : 2 * GIB } },
      ],
    },
    {
      ...common,
      name: 'small',
      title: 'HTTP, many objects of 10 KiB, 64 at once',
      work: { work: 'small', bytes: 10 * KIB, count: isQuick ? 4000 : 10_000, atOnce: 64 },
      entries: [AUTO, { name: 'ali-oss put', module: 'ali-oss' }, FLOOR],
    },
    {
      ...common,
      name: 'first',
      title: 'HTTP, the first 1 MiB of a fresh process, its start included',
      work: { work: 'first', bytes: MIB },
      rounds: isQuick ? 5 : 21,
      entries: [AUTO, INLINE, osspipe('osspipe, no digests', { integrity: false })],
    },
    {
      ...common,
      name: 'read',
      title: 'HTTP, reading',
      work: { work: 'read', bytes: size },
      entries: READERS,
    },
    {
      ...common,
      name: 'read-wan',
      title: 'HTTP, reading, 30 ms a request, 60 MB/s a connection',
      sink: FAR,
      work: { work: 'read', bytes: size },
      // The line is the same for all, and slow.
      rounds: isQuick ? 1 : 3,
      entries: READERS,
    },
    {
      ...common,
      name: 'predecessor',
      title:
        'HTTP, parts of 1 MiB: a file through fs.createReadStream (1 MiB), and a little memory',
      work: { ...upload, source: 'file', bytes: isQuick ? 16 * MIB : 256 * MIB },
      partSize: MIB,
      rounds: 1,
      entries: [
        AUTO,
        PREDECESSOR,
        // It has no back-pressure: what waits for no disk it gathers, and copies for each write.
        { ...AUTO, name: 'osspipe, from memory', work: LITTLE_MEMORY },
        { ...PREDECESSOR, name: 'aliyun-oss-upload-stream, from memory', work: LITTLE_MEMORY },
      ],
    },
  ]
}
