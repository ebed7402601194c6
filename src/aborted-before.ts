/** What a stream is to do whose signal is aborted before it begins. */
import type { WritableOptions } from 'node:stream'

/**
 * The options by which a stream whose signal is aborted already fails: before its first write, yet
 * after `pipeline()` has begun to listen. Node from 24 on does not pipe into what is destroyed, and
 * does not hear its error either, which then would end the process.
 */
export function abortedBefore(signal: AbortSignal | undefined): Pick<WritableOptions, 'construct'> {
  if (!signal?.aborted) return {}
  return {
    construct(callback) {
      callback(this.destroyed ? null : reasonOf(signal))
    },
  }
}

/** A reason such as `null` would make `destroy()` of it, which tells nobody. */
export function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason || new DOMException('This operation was aborted', 'AbortError')
}
