/**
 * The janitor of unfinished uploads: what a power cut, a lost answer or `leavePartsOnError` has left
 * is billed until somebody ends it. Ends only uploads that are certainly old enough.
 */

import { InvalidOptionError, ServiceError } from '../errors.js'
import type { CallOptions } from './call-options.js'
import type { ListedUpload } from './listings.js'
import type { AbortMultipartUploadOptions } from './multipart.js'

export interface CleanUploadsOptions extends CallOptions {
  /** Look only at keys that begin with this. @default '' */
  readonly prefix?: string | undefined
  /**
   * End uploads initiated earlier than this: a date, or an age in milliseconds. There is no default,
   * since an upload of somebody's that is under way looks like any other.
   */
  readonly olderThan: Date | number
  /** Tell what would be ended, and end nothing. @default false */
  readonly dryRun?: boolean | undefined
}

/** What the janitor has found and done. */
export interface CleanUploadsResult {
  /** Uploads that were ended; with `dryRun` those that would have been. */
  readonly cleaned: readonly ListedUpload[]
  /** Uploads found that are not old enough, or do not tell their age. */
  readonly kept: number
  /** Uploads that could not be ended, and why. */
  readonly failed: readonly { readonly upload: ListedUpload; readonly error: Error }[]
}

/** What the janitor needs of a client. */
export interface UploadsOfBucket {
  listUploads(
    options: CallOptions & { readonly prefix?: string | undefined },
  ): AsyncIterable<ListedUpload>
  abortMultipartUpload(options: AbortMultipartUploadOptions): Promise<unknown>
}

/**
 * Ends uploads initiated before `now() - olderThan`; one that fails does not stop the others.
 * @param now the service's time, in milliseconds; asked once it has answered, and so is known
 */
export async function cleanUploads(
  client: UploadsOfBucket,
  options: CleanUploadsOptions,
  now: () => number,
): Promise<CleanUploadsResult> {
  const { prefix, olderThan, dryRun = false, ...call } = options
  limitOf(olderThan, 0)
  let limit: number | undefined
  const cleaned: ListedUpload[] = []
  const failed: { upload: ListedUpload; error: Error }[] = []
  let kept = 0
  for await (const upload of client.listUploads({ ...call, prefix })) {
    limit ??= limitOf(olderThan, now())
    if (!isOlder(upload, limit)) {
      kept++
      continue
    }
    const error = dryRun ? undefined : await endingOf(client, upload, call)
    if (error === undefined) cleaned.push(upload)
    else failed.push({ upload, error })
  }
  return { cleaned, kept, failed }
}

function limitOf(olderThan: unknown, now: number): number {
  const limit = olderThan instanceof Date ? olderThan.getTime() : ageLimit(olderThan, now)
  if (Number.isFinite(limit)) return limit
  throw InvalidOptionError.expected(
    'olderThan',
    'a Date, or an age from 0 (milliseconds)',
    olderThan,
  )
}

function ageLimit(age: unknown, now: number): number {
  return typeof age === 'number' && age >= 0 ? now - age : Number.NaN
}

/** An upload whose age cannot be told is nobody's to end. */
function isOlder({ initiated }: ListedUpload, limit: number): boolean {
  return Date.parse(initiated ?? '') < limit
}

async function endingOf(
  client: UploadsOfBucket,
  { key, uploadId }: ListedUpload,
  call: CallOptions,
): Promise<Error | undefined> {
  try {
    await client.abortMultipartUpload({ ...call, key, uploadId })
    return undefined
  } catch (error) {
    call.signal?.throwIfAborted()
    // It has been completed or aborted since it was listed: gone either way.
    if (error instanceof ServiceError && error.ossCode === 'NoSuchUpload') return undefined
    return error instanceof Error ? error : new Error(String(error))
  }
}
