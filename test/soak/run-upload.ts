/** One upload of the soak in this process: opens the stream as the scenario says, and tells what it said. */
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import type { Credentials } from '../../src/credentials.js'
import { OssError } from '../../src/errors.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { crc64 } from '../../src/protocol/digest.js'
import type { OssServer } from '../../src/server/server.js'
import { UploadError } from '../../src/upload-errors.js'
import { createOssWriteStream, type OssWriteStream } from '../../src/write-stream.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { BUCKET } from './inspection.js'
import { jumpingClock } from './jumping-clock.js'
import type { Claim } from './ledger.js'
import { SeededRandom } from './random.js'
import { PART, type Scenario } from './scenario.js'
import { SourceFailure, sha256, sourceOf } from './source.js'

/** Impatient, so that minutes see many failures. */
export const TIMEOUTS = { connectMs: 1000, stallMs: 400, responseMs: 400, abortMs: 2500 }
/** Longest time in which an upload has to have settled; far beyond what its deadlines add up to. */
const OVERDUE_MS = 120_000

export interface Told {
  readonly claim: Claim
  readonly retries: number
  /** What it failed with, in words. */
  readonly text: string
}

export async function runUpload(
  server: OssServer,
  endpoint: string,
  scenario: Scenario,
  content: Buffer,
): Promise<Told> {
  const dispatcher = new Agent({ connect: { timeout: TIMEOUTS.connectMs } })
  const stop = new AbortController()
  const veto = new Error('vetoed')
  try {
    const out = createOssWriteStream({
      ...optionsOf(server, scenario, content),
      endpoint,
      dispatcher,
      signal: stop.signal,
      ...(scenario.veto && { beforeComplete: () => Promise.reject(veto) }),
    })
    let retries = 0
    out.on('retry', () => retries++)
    const error = await upload(out, scenario, content, stop)
    await withinTime(out.settled)
    return { claim: claimOf(out, error), retries, text: String(error) }
  } finally {
    await dispatcher.destroy()
  }
}

/** What the pipeline fails with, `undefined` if it does not. */
async function upload(
  out: OssWriteStream,
  scenario: Scenario,
  content: Buffer,
  stop: AbortController,
): Promise<unknown> {
  const { interruption } = scenario
  const interrupt = () => {
    if (interruption?.how === 'signal') stop.abort(new Error('stopped by the soak'))
    else out.destroy(interruption === undefined ? undefined : new Error('destroyed by the soak'))
  }
  const source = sourceOf(content, scenario.chunkSize, (offset) => {
    if (interruption === undefined || !('afterBytes' in interruption)) return
    // Also behind the last byte, but before the end.
    if (offset < interruption.afterBytes) return
    if (interruption.how === 'source-error') throw new SourceFailure('the source broke off')
    interrupt()
  })
  const late = new AbortController()
  if (interruption !== undefined && 'afterEndMs' in interruption) {
    source.once('end', () => {
      sleep(interruption.afterEndMs, undefined, { signal: late.signal }).then(interrupt, () => {
        // It was over before that.
      })
    })
  }
  try {
    await pipeline(source, out)
    return undefined
  } catch (error) {
    return error
  } finally {
    late.abort()
  }
}

function claimOf(out: OssWriteStream, error: unknown): Claim {
  const { result } = out
  return {
    success: error === undefined,
    outcome: out.outcome,
    errorOutcome: error instanceof UploadError ? error.outcome : undefined,
    codes: codesOf(error),
    saidNotCleaned: out.abortError !== undefined,
    uploadId: out.uploadId,
    result: result && {
      size: result.size,
      crc64: result.crc64,
      ...(result.sha256 !== undefined && { sha256: result.sha256 }),
    },
  }
}

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [...(error instanceof OssError ? [error.code] : []), ...codesOf(error.cause)]
}

function optionsOf(server: OssServer, scenario: Scenario, content: Buffer): OssWriteStreamOptions {
  const { size, exactSize, expectedDigest, token, hasCheckpoint, leavePartsOnError } = scenario
  const random = new SeededRandom(scenario.content)
  return {
    ...server.options(),
    ...(token && { credentials: () => issue(server, token) }),
    env: {},
    bucket: BUCKET,
    key: scenario.key,
    partSize: PART,
    concurrency: scenario.concurrency,
    integrity: scenario.integrity,
    marker: scenario.marker,
    forbidOverwrite: scenario.forbidOverwrite,
    ...(exactSize && {
      exactSize: true,
      expectedSize: exactSize === 'right' ? size : size + 1,
    }),
    ...(expectedDigest === 'right' && {
      expectedDigest: { sha256: sha256(content), crc64: crc64(content) },
    }),
    ...(expectedDigest === 'wrong' && { expectedDigest: { sha256: sha256(Buffer.from('?')) } }),
    sha256: scenario.sha256,
    onMismatch: scenario.onMismatch,
    leavePartsOnError,
    ...(hasCheckpoint && { checkpoint: new MemoryCheckpoint() }),
    ...(scenario.jumpsClock && { clock: jumpingClock(random) }),
    retry: { maxAttempts: scenario.maxAttempts, baseDelayMs: 4, maxDelayMs: 20 },
    timeouts: TIMEOUTS,
  }
}

function issue(server: OssServer, token: NonNullable<Scenario['token']>): Credentials {
  const { expiration, ...rest } = server.issueToken(token.lifetimeMs)
  return token.tellsExpiration ? { ...rest, expiration } : rest
}

async function withinTime(settled: Promise<void>): Promise<void> {
  const done = new AbortController()
  const overdue = sleep(OVERDUE_MS, undefined, { signal: done.signal }).then(
    () => {
      throw new Error(`\`settled\` has not resolved within ${OVERDUE_MS} ms`)
    },
    () => {
      // It was settled first.
    },
  )
  try {
    await Promise.race([settled, overdue])
  } finally {
    done.abort()
  }
}
