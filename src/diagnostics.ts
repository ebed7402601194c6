/**
 * What osspipe tells through `node:diagnostics_channel`, for tracing and metrics: five names, their
 * payloads, and the two ways to publish them. Where nobody listens it costs one look at a field.
 */
import { channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import type { Outcome } from './errors.js'

/** A whole upload: `start` when its stream is created, `asyncEnd` (after `error`, if so) when nothing is left to do. */
export interface UploadTrace {
  readonly bucket: string
  readonly key: string
  /** Once there is one. */
  readonly uploadId?: string | undefined
  /** At the end. */
  readonly outcome?: Outcome | undefined
  /** At the end of a success; an `UploadResult`. */
  readonly result?: object | undefined
  error?: unknown
}

/** One part, with all attempts to send it; not the time it waits for its turn. */
export interface PartTrace {
  /** The upload that it is a part of: the payload of `osspipe:upload`. */
  readonly upload: UploadTrace
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly partNumber: number
  /** Bytes. */
  readonly size: number
  /** At the end, without quotes. */
  etag?: string | undefined
  error?: unknown
}

/** One attempt of any request of a client. */
export interface RequestTrace {
  /** Vendor name, such as `UploadPart`. */
  readonly operation: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly partNumber?: number | undefined
  /** Number of the attempt within its call, from 1. */
  readonly attempt: number
  /** Bytes of the request's body. */
  readonly size: number
  /** The `UploadTrace` of the stream that asks; or what a caller of the client gave as `upload`. */
  readonly upload?: object | undefined
  /** HTTP status, once there is an answer. */
  readonly status?: number | undefined
  /** What Alibaba Cloud's support asks for. */
  readonly requestId?: string | undefined
  error?: unknown
}

/** An attempt that failed and will be repeated; the same as the event `retry`. */
export interface RetryTrace {
  readonly operation: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly partNumber?: number | undefined
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Wait before the next one, in milliseconds. */
  readonly delayMs: number
  readonly error: Error
}

/** An AbortMultipartUpload with all its attempts. Its `error` means that parts may be left. */
export interface AbortTrace {
  /** The payload of `osspipe:upload`. */
  readonly upload: UploadTrace
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** `gone`: the service knew nothing of it (any more). */
  ended?: 'aborted' | 'gone' | undefined
  error?: unknown
}

/**
 * The payloads, by name. All but `osspipe:retry` are tracing channels: their events are those of
 * Node's `tracingChannel(name)`, with one object from `start` to `asyncEnd`. Names and payloads are
 * part of the public face; no payload holds a secret.
 */
export interface OssDiagnostics {
  'osspipe:upload': UploadTrace
  'osspipe:part': PartTrace
  'osspipe:request': RequestTrace
  'osspipe:retry': RetryTrace
  'osspipe:abort': AbortTrace
}

/** Twice the same: in which order they are, payload and store, differs between the typings of Node 20 and 26. */
type Channel = TracingChannel<object, object>

export const uploads: Channel = tracingChannel('osspipe:upload')
export const parts: Channel = tracingChannel('osspipe:part')
export const requests: Channel = tracingChannel('osspipe:request')
export const aborts: Channel = tracingChannel('osspipe:abort')
const retries = channel('osspipe:retry')

/**
 * Runs `task`, telling `on` of its beginning and end; its own events have the trace as context. Not
 * Node's `tracePromise`, which puts the whole result into the payload: `describe` says what of it is told.
 */
export function traced<Trace extends { error?: unknown }, Result>(
  on: Channel,
  trace: Trace,
  task: () => Promise<Result>,
  describe: (result: Result) => void = () => {},
): Promise<Result> {
  const running = on.start.runStores(trace, async () => {
    try {
      const result = await task()
      describe(result)
      return result
    } catch (error) {
      trace.error = error
      on.error.publish(trace)
      throw error
    } finally {
      on.asyncStart.publish(trace)
      on.asyncEnd.publish(trace)
    }
  })
  on.end.publish(trace)
  return running
}

/** Tells of what is no call but begins and ends with events: returns what ends it. */
export function traceUntil(on: Channel, trace: { error?: unknown }): (error?: Error) => void {
  on.start.publish(trace)
  on.end.publish(trace)
  return (error) => {
    if (error !== undefined) {
      trace.error = error
      on.error.publish(trace)
    }
    on.asyncStart.publish(trace)
    on.asyncEnd.publish(trace)
  }
}

export function tellRetry(notice: RetryTrace): void {
  if (retries.hasSubscribers) retries.publish(notice)
}
