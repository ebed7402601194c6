/** `osspipe put`: a source, an upload, the pipeline between them, and what becomes of both. */
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  createOssWriteStream,
  fileCheckpoint,
  OssError,
  type OssWriteStream,
  type OssWriteStreamOptions,
  type Outcome,
} from '../index.js'
import { newCompressor } from './compression.js'
import type { Arguments, Context } from './context.js'
import { SignalError } from './exit-codes.js'
import { messageOf } from './failure.js'
import { listenForSignals } from './interruption.js'
import { leftoverText, PartsLeftError, uploadLeft } from './leftover.js'
import { Console } from './output.js'
import { type PutOptions, putOperands, uploadOptions } from './put-options.js'
import { type PutReport, tellResult } from './put-result.js'
import { findSource, type PutSource, sourceFailure } from './put-source.js'
import { watchUpload } from './put-watch.js'
import { checkSource, SourceWitness } from './source-witness.js'

export async function run(context: Context, args: Arguments, options: PutOptions): Promise<number> {
  // Who reads objects from stderr wants no lines for people between them.
  const quiet = options.quiet || options.progress === 'json'
  const console = new Console(context, { ...options, quiet })
  const operands = putOperands(args.operands, args.child)
  const fromOptions = uploadOptions(context, options)
  const compression = compressionOf(options)
  const source = await findSource(operands, context, console)
  const canGoOn = options.checkpoint !== undefined
  let out: OssWriteStream | undefined
  const interruption = listenForSignals(
    context,
    ({ signal }) => console.note(`${signal}: cleaning up; another signal ends it at once`),
    () => {
      if (out?.uploadId) console.line(leftoverText(out, out.uploadId, canGoOn))
    },
  )
  try {
    out = createOssWriteStream(operands.target, {
      ...fromOptions,
      ...sourceOptions(source, options, compression?.witness),
      signal: interruption.signal,
    })
    const report = await transfer({ context, console, options, source, compression, out })
    // Published: a signal has nothing left to clean up.
    interruption.dispose()
    await tellResult(console, report)
    return 0
  } catch (error) {
    throw afterFailure(error, out, interruption.received, options)
  } finally {
    interruption.dispose()
  }
}

interface Compression {
  /** Sees the bytes of the source. */
  readonly witness: SourceWitness
  readonly compressor: Duplex
}

interface Transfer {
  readonly context: Context
  readonly console: Console
  readonly options: PutOptions
  readonly source: PutSource
  readonly compression: Compression | undefined
  readonly out: OssWriteStream
}

async function transfer(what: Transfer): Promise<PutReport> {
  const { context, console, options, source, compression, out } = what
  const endWatch = watchUpload({
    context,
    console,
    out,
    mode: options.progress ?? 'auto',
    size: source.size ?? options.expectedSize,
    isCompressed: compression !== undefined,
    bytesIn: () => compression?.witness.size ?? out.bytesWritten,
  })
  try {
    // Of a compressed stream nobody knows which bytes of the source are in the parts.
    const start = compression === undefined ? await out.skipStored() : 0
    await pump(source, start, compression, out)
    const result = await out.completed
    return { result, flow: endWatch(), sourceSize: compression?.witness.size }
  } catch (error) {
    // Does nothing where the failure came through the stream; else nobody would end it.
    out.destroy()
    await out.settled
    throw error
  } finally {
    endWatch()
  }
}

async function pump(
  source: PutSource,
  start: number,
  compression: Compression | undefined,
  out: OssWriteStream,
): Promise<void> {
  const input = source.open(start)
  const steps = compression === undefined ? [] : [compression.witness, compression.compressor]
  try {
    await pipeline([input, ...steps, out])
  } catch (error) {
    throw sourceFailure(error, input, source.name)
  }
}

function compressionOf({ compress }: PutOptions): Compression | undefined {
  if (compress === undefined) return undefined
  return { witness: new SourceWitness(), compressor: newCompressor(compress) }
}

/** What the source decides about the upload. */
function sourceOptions(
  source: PutSource,
  options: PutOptions,
  witness: SourceWitness | undefined,
): OssWriteStreamOptions {
  const { checkpoint, expectedSize, minSize, expectTrailer } = options
  const isPlanned = witness === undefined && expectedSize === undefined && source.size !== undefined
  const isGuarded = minSize !== undefined || expectTrailer !== undefined
  const hasVersion = witness === undefined && source.version !== undefined
  return {
    // A file that is cut while it is read is not the one that was meant.
    ...(isPlanned && { expectedSize: source.size, exactSize: true }),
    ...(isGuarded && {
      beforeComplete: (summary) => checkSource(witness ?? summary, { minSize, expectTrailer }),
    }),
    ...(checkpoint !== undefined && {
      checkpoint: fileCheckpoint(checkpoint),
      ...(hasVersion && { sourceVersion: source.version }),
    }),
  }
}

function keepsParts({ leavePartsOnError, checkpoint }: PutOptions): boolean {
  return leavePartsOnError ?? checkpoint !== undefined
}

/** What is told of a failure once everything has settled. */
function afterFailure(
  error: unknown,
  out: OssWriteStream | undefined,
  received: SignalError | undefined,
  options: PutOptions,
): unknown {
  if (out === undefined) return error
  // The child that the same signal has ended is not the reason.
  const failure =
    received === undefined
      ? error
      : new SignalError(received.signal, AFTERMATH[out.outcome ?? 'unknown'])
  // An upload whose checkpoint cannot be kept is ended: nobody would find its parts.
  const hasLost = error instanceof OssError && error.code === 'ERR_OSS_CHECKPOINT'
  const uploadId = uploadLeft(out, keepsParts(options) && !hasLost)
  if (uploadId === undefined) return failure
  const hint = leftoverText(out, uploadId, options.checkpoint !== undefined)
  return new PartsLeftError(messageOf(failure), { uploadId, hint, cause: failure })
}

const AFTERMATH: Readonly<Record<Outcome, string>> = {
  absent: '; nothing is published',
  published: '; the object is published nevertheless',
  unknown: '; whether the object is published could not be found out',
}
