/**
 * What every call of the client takes besides its own fields: where, until when, and who is told.
 */

import type { OperationName } from '../protocol/operations.js'
import type { RetryPolicy } from './retry.js'

/** A failed attempt that is about to be followed by another. */
export interface RetryNotice {
  /** Vendor name of the operation, such as `UploadPart`. */
  readonly operation: OperationName
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** For operations on one part. */
  readonly partNumber?: number | undefined
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Wait before the next attempt, in milliseconds. */
  readonly delayMs: number
  /** Why the attempt failed. */
  readonly error: Error
}

/** Options of every call. */
export interface CallOptions {
  /** Bucket of the call. @default the client's `bucket` */
  readonly bucket?: string | undefined
  /** Cancels the call, also in the middle of an attempt; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /**
   * Prevents further attempts and ends the wait for one, but never cuts short an attempt under way:
   * for calls whose effect must be known. The call then fails with the last attempt's error. Aborted
   * before the first attempt, the call rejects with `stop.reason`.
   */
  readonly stop?: AbortSignal | undefined
  /** Is told each time a request is about to go out on a connection: before that, nothing was sent. Must not throw. */
  readonly onSend?: (() => void) | undefined
  /** Replaces parts of the client's retry policy for this call. */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** Is told of each failed attempt that will be repeated; what it throws becomes a process warning. */
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined
  /**
   * What the request belongs to, for `osspipe:request` to tell; the streams say which upload. A function
   * is asked for it, if anybody listens.
   */
  readonly upload?: object | (() => object) | undefined
}

/** Options of every call on an object. */
export interface ObjectCallOptions extends CallOptions {
  /** Object key: 1 to 1023 bytes of UTF-8, taken literally, not starting with `/` or `\`. */
  readonly key: string
}

/** Where a call goes: checked bucket and key. */
export interface ObjectAddress {
  readonly bucket: string
  readonly key: string
}
