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

export interface CleanUpSettings {
  /** Deadline of each step, in milliseconds. */
  readonly abortMs: number
  readonly clock: CleanUpClock
}

/** What is done about one upload that may have failed. */
export class CleanUp {
  readonly #target: UploadTarget
  readonly #settings: CleanUpSettings
  #ended: Promise<'alive' | 'gone'> | undefined

  constructor(target: UploadTarget, settings: CleanUpSettings) {
    this.#target = target
    this.#settings = settings
  }

  /** Runs one step under the deadline. */
  inTime<T>(what: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#settings.abortMs, this.#settings.clock, what, task)
  }

  /** Only asks after the upload, and leaves it. */
  ask(uploadId: string): Promise<'alive' | 'gone'> {
    return this.inTime('ListParts', async (signal) =>
      (await this.#target.isAlive({ uploadId, signal })) ? 'alive' : 'gone',
    )
  }

  /** Ends an upload of an earlier run. */
  discard(uploadId: string): Promise<'alive' | 'gone'> {
    return this.inTime('AbortMultipartUpload', (signal) =>
      endUpload(this.#target, uploadId, { partsSent: true, signal }),
    )
  }

  /** Ends the upload of this run, once, unless that fails. `alive`: until now it existed. */
  end(uploadId: string, partsSent: boolean): Promise<'alive' | 'gone'> {
    this.#ended ??= this.inTime('AbortMultipartUpload', (signal) =>
      endUpload(this.#target, uploadId, { partsSent, signal }),
    ).catch((error: unknown) => {
      // It may be tried once more, under a deadline of its own.
      this.#ended = undefined
      throw error
    })
    return this.#ended
  }
}

/**
 * Sends AbortMultipartUpload. `alive`: the upload existed until now, so Complete has not happened.
 * If any part was sent it asks again: one still being stored, after a cut or a lost answer, may
 * survive the Abort (OSS "AbortMultipartUpload"), and would be billed for ever.
 */
export async function endUpload(
  target: UploadTarget,
  uploadId: string,
  options: { readonly partsSent: boolean; readonly signal: AbortSignal },
): Promise<'alive' | 'gone'> {
  const { signal } = options
  if ((await target.abort({ uploadId, signal })) === 'gone') return 'gone'
  for (let round = 1; options.partsSent && round < MAX_ROUNDS; round++) {
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
