/** Where client meets upload: the upload of a stream, built from the stream's resolved options. */
import type { RetryNotice } from './client/call-options.js'
import { systemClock, whenIdle } from './client/clock.js'
import { ClientTarget } from './client-target.js'
import type { UploadTrace } from './diagnostics.js'
import { newLoopLoad } from './digest/load-meter.js'
import { loadedHasher, processArena, processHasher } from './digest/process-hasher.js'
import { SmallHashing } from './digest/small-hashing.js'
import { budgetOf } from './process-budget.js'
import type { ResolvedOptions } from './resolve-options.js'
import { TracedTarget } from './traced-target.js'
import { MultipartUpload } from './upload/multipart-upload.js'
import { ProcessSlabs } from './upload/slabs.js'
import type { UploadHooks, UploadSettings } from './upload/upload-settings.js'

export interface StreamUploadEvents extends UploadHooks {
  onRetry(notice: RetryNotice): void
}

/** What a stream lends its upload. */
export interface StreamUploadTools {
  readonly witness: UploadSettings['witness']
  readonly watch: {
    readonly stalls: UploadSettings['stalls']
    /** What is told of it to whoever listens; see diagnostics.ts. */
    readonly trace: UploadTrace
  }
}

/** So long after the last upload the kernels' memory and their worker go, in milliseconds. */
const IDLE = 5000

let cancelTrim: (() => void) | undefined

/** Of the process: all its uploads share them. */
const slabs = new ProcessSlabs(
  (isFirst) => (isFirst ? loadedHasher()?.arena : processArena),
  (isUsed) => {
    cancelTrim?.()
    cancelTrim = isUsed ? undefined : whenIdle(IDLE, trim)
  },
)

/** Of the process, as they are. */
const smallHashing = new SmallHashing({ breathe: () => systemClock.breathe() })
const smallMd5 = (message: Uint8Array) => smallHashing.md5(message)

function trim(): void {
  const hasher = loadedHasher()?.hasher
  if (hasher === undefined) processArena.trim()
  else void hasher.trim()
}

export function streamUpload(
  settings: ResolvedOptions,
  { witness, watch }: StreamUploadTools,
  events: StreamUploadEvents,
): MultipartUpload {
  const { client, bucket, key, headers, exactSize, expectedSize, hashing } = settings
  const onRetry = (notice: RetryNotice) => events.onRetry(notice)
  const load = newLoopLoad()
  const trace = () => watch.trace
  const target = new ClientTarget(client, { bucket, key, headers, onRetry, upload: trace })
  return new MultipartUpload(new TracedTarget(target, trace), {
    // One by one: to spread them all costs a small upload more than to be sent.
    bucket,
    key,
    plan: settings.plan,
    spareParts: settings.spareParts,
    concurrency: settings.concurrency,
    maxConcurrency: settings.maxConcurrency,
    hedge: settings.hedge,
    digests: settings.digests,
    leavePartsOnError: settings.leavePartsOnError,
    marker: settings.marker,
    onMismatch: settings.onMismatch,
    checkpoint: settings.checkpoint,
    exactSize: exactSize ? expectedSize : undefined,
    abortMs: client.timeouts.abortMs,
    clock: client.clock,
    hashing: {
      mode: hashing,
      isBusy: load.isBusy,
      isPressed: load.isPressed,
      loaded: loadedHasher,
      load: () => processHasher(() => systemClock.breathe()),
    },
    smallMd5,
    slabs,
    budget: budgetOf(client),
    witness,
    stalls: watch.stalls,
    hooks: events,
  })
}
