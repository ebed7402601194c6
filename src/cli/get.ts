/** `osspipe get`: an object, what is made of it on the way, and where it goes. */
import { type Duplex, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssReadStream, type OssReadStream } from '../index.js'
import { inLine, objectName } from './address.js'
import { newDecompressor } from './compression.js'
import { connectionOf } from './connection.js'
import type { Arguments, Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { GET } from './descriptions/get.js'
import { cannotWrite, type Destination, openDestination } from './destination.js'
import { messageOf } from './failure.js'
import { count, formatDuration, formatRate, formatSize } from './format.js'
import { listenForSignals } from './interruption.js'
import { Console } from './output.js'
import { reportProgress } from './progress.js'
import { boundOf, ReadMeter, type ReadWaits, readVerdict } from './read-meter.js'
import { CommandError } from './usage-error.js'

type Options = OptionsOf<typeof GET>

export async function run(
  context: Context,
  { operands }: Arguments,
  options: Options,
): Promise<number> {
  const console = new Console(context, {
    ...options,
    quiet: options.quiet || options.progress === 'json',
  })
  const [target = '', path] = operands
  const { bucket, key } = objectName(target)
  let destination: Destination | undefined
  const interruption = listenForSignals(
    context,
    ({ signal }) => console.note(`${signal}: cleaning up; another signal ends it at once`),
    () => destination?.discardNow(),
  )
  try {
    const source = createOssReadStream(
      readOptions(context, options, bucket, key, interruption.signal),
    )
    // Before there is a pipeline nobody listens; it rejects with the same.
    source.on('error', () => undefined)
    const decompressor = options.decompress && newDecompressor(options.decompress)
    destination = await openDestination(path, key, context, options.noClobber === true)
    const received = await receive({ context, console, options, source, decompressor, destination })
    interruption.dispose()
    await tell(console, source, destination, received)
    return 0
  } catch (error) {
    await discard(destination, console)
    throw interruption.received ?? error
  } finally {
    interruption.dispose()
  }
}

/** Why it failed is more important than that something could not be taken away. */
async function discard(destination: Destination | undefined, console: Console): Promise<void> {
  try {
    await destination?.discard()
  } catch (error) {
    console.complain(messageOf(error))
  }
}

function readOptions(
  context: Context,
  options: Options,
  bucket: string,
  key: string,
  signal: AbortSignal,
) {
  const { expectSha256: sha256, expectMd5: md5, start, end, partSize, concurrency } = options
  const digests = { ...(sha256 !== undefined && { sha256 }), ...(md5 !== undefined && { md5 }) }
  return {
    ...connectionOf(context, options),
    ...{ bucket, key, start, end, partSize, concurrency, signal },
    maxMemory: options.maxMemory,
    ifMatch: options.ifMatch,
    versionId: options.versionId,
    verify: options.noVerify === undefined ? undefined : !options.noVerify,
    ...(Object.keys(digests).length > 0 && { expectedDigest: digests }),
  }
}

interface Transfer {
  readonly context: Context
  readonly console: Console
  readonly options: Options
  readonly source: OssReadStream
  readonly decompressor: Duplex | undefined
  readonly destination: Destination
}

interface Received {
  /** Bytes that were written. */
  readonly written: number
  readonly elapsedMs: number
  readonly waits: ReadWaits
}

async function receive(what: Transfer): Promise<Received> {
  const { context, console, options, source, decompressor, destination } = what
  const { clock } = context
  const beganAt = clock.ticks()
  const meter = new ReadMeter(clock)
  const sample = () => meter.sample(source.readableLength)
  const stopSampling = clock.every(SAMPLE_MS, sample)
  let written = 0
  const stopProgress = reportProgress(context, console, options.progress ?? 'auto', () => ({
    bytesIn: source.progress.bytesReceived,
    bytesDone: written,
    size: source.progress.length,
    isCompressed: decompressor !== undefined,
    done: 'written',
    partsInFlight: source.progress.rangesInFlight,
    retries: source.retries,
  }))
  source.on('retry', ({ operation, attempt, delayMs, error }) =>
    console.detail(
      `${operation}: attempt ${attempt} failed, the next in ${Math.round(delayMs)} ms: ${error.message}`,
    ),
  )
  const output = new Writable({
    highWaterMark: 0,
    write(chunk: Buffer, _encoding, callback) {
      destination.write(chunk, (error) => {
        written += chunk.byteLength
        callback(error)
      })
    },
  })
  try {
    await pipeline([source, ...(decompressor === undefined ? [] : [decompressor]), output])
    await destination.publish()
  } catch (error) {
    throw failureOf(error, what)
  } finally {
    sample()
    stopSampling()
    stopProgress()
  }
  return { written, elapsedMs: clock.ticks() - beganAt, waits: meter.waits }
}

/** The client's errors are its own: the system's are those of a file, and zlib's have no syscall. */
function failureOf(error: unknown, { options, source, destination }: Transfer): unknown {
  if (!(error instanceof Error)) return error
  if ('syscall' in error) return cannotWrite(destination.name, error)
  if (options.decompress === undefined || !('errno' in error)) return error
  const name = inLine(`oss://${source.bucket}/${source.key}`)
  const message = `Cannot decompress ${name} (${options.decompress}): ${error.message}`
  return new CommandError(message, 4, { cause: error })
}

/** How often it is looked at who waits, in milliseconds. */
const SAMPLE_MS = 50

async function tell(
  console: Console,
  source: OssReadStream,
  destination: Destination,
  { written, elapsedMs, waits }: Received,
): Promise<void> {
  const { bucket, key, bytesRead, etag, retries, object } = source
  const from = written === bytesRead ? '' : ` (from ${formatSize(bytesRead)})`
  console.note(
    `wrote ${inLine(destination.name)}: ${[
      `${formatSize(written)}${from}`,
      formatDuration(elapsedMs),
      formatRate(bytesRead, elapsedMs),
      ...(retries === 0 ? [] : [`${count(retries, 'attempt')} repeated`]),
      `etag ${etag}`,
    ].join(', ')}`,
  )
  const verdict = readVerdict(waits)
  if (verdict !== undefined) console.note(verdict)
  // The object itself may be what goes to standard output.
  if (destination.file === undefined) return
  await console.result({
    ...{ bucket, key, file: destination.file, size: written, bytesRead, etag },
    crc64: object?.crc64,
    versionId: object?.versionId,
    durationMs: Math.round(elapsedMs),
    bytesPerSecond: elapsedMs > 0 ? Math.round((bytesRead / elapsedMs) * 1000) : 0,
    retries,
    verdict: { bound: boundOf(waits), ...waits },
  })
}
