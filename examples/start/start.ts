/**
 * `npm start`: streams a tar.gz of a real directory tree into the embedded OSS server, made while it
 * is sent, reads it back in a stream, and compares every file with its source.
 * Exit code: 0 all equal, 1 a difference or a failure, 2 wrong usage, 130 interrupted.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createOssWriteStream, OssClient } from 'osspipe'
import { createOssServer, type OssServer } from 'osspipe/server'
import { directoryOf, USAGE, UsageError } from './arguments.js'
import { differences, quote } from './compare.js'
import { ProgressLine } from './progress-line.js'
import { readBackText, uploadText } from './progress-text.js'
import { readBack } from './read-back.js'
import { compareHead, reportText } from './report.js'
import { packTree } from './source-tree.js'
import { stopOnSignals } from './stop.js'
import { count } from './units.js'

const KEY = 'tree.tar.gz'
/** Small, so that there are many parts to watch; the default is 8 MiB. */
const PART_SIZE = 1024 ** 2
/** Quick rather than small: the demo is about the upload, not about gzip. */
const GZIP = { level: 1 }

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE)
    return 0
  }
  // A reader that has seen enough, such as `head`, must not keep us from cleaning up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const stop = stopOnSignals()
  let folder: string | undefined
  let server: OssServer | undefined
  try {
    const root = await directoryOf(args)
    folder = await mkdtemp(join(tmpdir(), 'osspipe-demo-'))
    server = await createOssServer({ dataDir: folder, buckets: ['demo'] })
    console.log(`OSS server ${server.url}, files in ${quote(folder)}`)
    return await streamThereAndBack(root, { server, folder, signal: stop.signal })
  } catch (failure) {
    const error = stop.signal.aborted ? stop.signal.reason : failure
    console.error(`osspipe: ${error instanceof Error ? error.message : error}`)
    if (error instanceof UsageError) console.error(USAGE)
    else if (server !== undefined) tellLeftovers(server)
    return error instanceof UsageError ? 2 : (stop.exitCode ?? 1)
  } finally {
    await server?.close()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

interface Surroundings {
  readonly server: OssServer
  readonly folder: string
  readonly signal: AbortSignal
}

async function streamThereAndBack(root: string, around: Surroundings): Promise<number> {
  const { server, signal } = around
  const client = new OssClient({ ...server.options(), bucket: 'demo' })

  const uploadStart = performance.now()
  const { source, result } = await upload(client, root, around)
  const readBackStart = performance.now()
  const restored = await download(client, result.size, signal)
  const end = performance.now()

  const head = await client.headObject({ key: KEY, signal })
  const problems = [...compareHead(result, head), ...differences(source.entries, restored)]
  const report = reportText({
    root,
    source: source.entries,
    notes: source.notes,
    result,
    head,
    problems,
    partSize: PART_SIZE,
    mostInFlight: Math.max(
      server.requests.maxInFlight('UploadPart'),
      server.requests.maxInFlight('PutObject'),
    ),
    uploadMs: readBackStart - uploadStart,
    readBackMs: end - readBackStart,
    peakRss: process.resourceUsage().maxRSS * 1024,
  })
  process.stdout.write(report)
  return problems.length === 0 ? 0 : 1
}

async function upload(client: OssClient, root: string, { folder, signal }: Surroundings) {
  console.log(`Streaming a tar.gz of ${quote(root)} to oss://demo/${KEY}`)
  const source = packTree(root, await stat(folder))
  const out = createOssWriteStream({
    client,
    key: KEY,
    partSize: PART_SIZE,
    // MD5 alone is the default; with both the CRC-64 in the report is our own and not the service's.
    integrity: 'md5+crc64',
    signal,
  })
  const line = new ProgressLine(process.stderr, uploadText(source, out))
  try {
    await pipeline(source.tar, createGzip(GZIP), out)
    return { source, result: await out.completed }
  } finally {
    // Cleaning up may take longer than pipeline(), which rejects as soon as its source has failed.
    await out.settled
    line.end()
  }
}

async function download(client: OssClient, size: number, signal: AbortSignal) {
  console.log(`Reading oss://demo/${KEY} back`)
  let bytes = 0
  const line = new ProgressLine(
    process.stderr,
    readBackText(() => bytes, size),
  )
  try {
    const { body } = await client.getObject({ key: KEY, signal })
    const onBytes = (more: number) => {
      bytes += more
    }
    return await readBack(body, onBytes, signal)
  } finally {
    line.end()
  }
}

function tellLeftovers({ objects, uploads }: OssServer): void {
  const left = [count(objects.list().length, 'object'), count(uploads.list().length, 'upload')]
  console.error(`Left in OSS: ${left.join(', ')}`)
}
