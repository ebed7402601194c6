/**
 * Ending an upload on the server, under a deadline of its own: never under the signal that has just
 * been aborted, or nothing would be cleaned up at all.
 */
import { TransportError } from '../errors.js'
import type { UploadTarget } from './upload-target.js'

export interface CleanUpClock {
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** How often Abort is sent again because a late part has kept the upload alive. */
const MAX_ROUNDS = 3

/**
 * Sends AbortMultipartUpload. `alive`: the upload existed until now, so Complete has not happened.
 * After parts were cut short it asks again: a part still being stored may survive the Abort (OSS
 * "AbortMultipartUpload"), and would be billed for ever.
 */
export async function endUpload(
  target: UploadTarget,
  uploadId: string,
  options: { readonly partsCutShort: boolean; readonly signal: AbortSignal },
): Promise<'alive' | 'gone'> {
  const { signal } = options
  if ((await target.abort({ uploadId, signal })) === 'gone') return 'gone'
  for (let round = 1; options.partsCutShort && round < MAX_ROUNDS; round++) {
    // Listing parts needs a permission of its own (oss:ListParts): without it we trust the Abort.
    const alive = await target.isAlive({ uploadId, signal }).catch(() => false)
    if (!alive) break
    await target.abort({ uploadId, signal })
  }
  return 'alive'
}

/** Runs `task` with a signal that aborts after `ms` milliseconds with a TransportError (timeout). */
export async function withDeadline<T>(
  ms: number,
  clock: CleanUpClock,
  what: string,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const done = new AbortController()
  clock.sleep(ms, done.signal).then(
    () => deadline.abort(new TransportError('timeout', `${what} took more than ${ms} ms`)),
    () => {
      // Only `done` wakes it: the task was faster.
    },
  )
  try {
    return await task(deadline.signal)
  } finally {
    done.abort()
  }
}
