/** `osspipe put`: a source, an upload, and what becomes of both. */
import { OssError, type OssWriteStream, type Outcome } from '../index.js'
import type { Arguments, Context } from './context.js'
import { SignalError } from './exit-codes.js'
import { messageOf } from './failure.js'
import { listenForSignals } from './interruption.js'
import { leftoverText, PartsLeftError, uploadLeft } from './leftover.js'
import { Console } from './output.js'
import { type PutOptions, putOperands, uploadOptions } from './put-options.js'
import { tellResult } from './put-result.js'
import { findSource } from './put-source.js'
import { compressionOf, transfer } from './put-transfer.js'

export async function run(context: Context, args: Arguments, options: PutOptions): Promise<number> {
  // Who reads objects from stderr wants no lines for people between them.
  const quiet = options.quiet || options.progress === 'json'
  const console = new Console(context, { ...options, quiet })
  const { source: place, target } = putOperands(args.operands, args.child)
  const upload = uploadOptions(context, options)
  const compression = compressionOf(options)
  const source = await findSource(place, context, console)
  const begun: { out?: OssWriteStream } = {}
  const interruption = listenForSignals(
    context,
    ({ signal }) => console.note(`${signal}: cleaning up; another signal ends it at once`),
    () => {
      const { out } = begun
      if (out?.uploadId) console.line(leftoverText(out, out.uploadId, canGoOn(options)))
    },
  )
  try {
    const report = await transfer({
      context,
      console,
      options,
      source,
      compression,
      target,
      upload: { ...upload, signal: interruption.signal },
      onStream: (out) => {
        begun.out = out
      },
    })
    // Published: a signal has nothing left to clean up.
    interruption.dispose()
    await tellResult(console, report)
    return 0
  } catch (error) {
    throw afterFailure(error, begun.out, interruption.received, options)
  } finally {
    interruption.dispose()
  }
}

function canGoOn({ checkpoint }: PutOptions): boolean {
  return checkpoint !== undefined
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
  const hint = leftoverText(out, uploadId, canGoOn(options))
  return new PartsLeftError(messageOf(failure), { uploadId, hint, cause: failure })
}

const AFTERMATH: Readonly<Record<Outcome, string>> = {
  absent: '; nothing is published',
  published: '; the object is published nevertheless',
  unknown: '; whether the object is published could not be found out',
}
