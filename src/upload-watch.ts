/** An upload watched from outside: how long it takes, what it waits for, and who is told when it begins and ends. */
import type { Clock } from './client/clock.js'
import { traceUntil, type UploadTrace, uploads } from './diagnostics.js'
import { StallMeter, type Stalls } from './upload/stall-meter.js'

/** How fast an upload was, and what its time went into. */
export interface UploadStats {
  /** From the creation of the stream until now, or until it ended, in milliseconds. */
  readonly elapsedMs: number
  /** Acknowledged bytes a second, over all that time. */
  readonly bytesPerSecond: number
  /**
   * Milliseconds in which nothing was done but to wait: `source`, nobody wrote; `memory`, a write waited
   * for a buffer while fewer than `concurrency` requests were under way (raise `maxMemory`); `network`, a
   * write, or the end, waited for requests under way. The rest is work.
   */
  readonly waitedMs: Stalls
  /** Attempts that failed and were repeated. */
  readonly retries: number
}

export class UploadWatch {
  readonly stalls: StallMeter
  readonly #object: UploadTrace
  #trace: UploadTrace | undefined
  readonly #clock: Clock
  readonly #beganAt: number
  #endTrace: ((error?: Error) => void) | undefined
  #endedAt: number | undefined

  /** @param object which upload it is; asked for more of it when somebody looks */
  constructor(clock: Clock, object: UploadTrace) {
    this.#clock = clock
    this.#object = object
    this.#beganAt = clock.ticks()
    this.stalls = new StallMeter(clock)
    this.stalls.enter('source')
  }

  /** Tells of the beginning; not before the object can be asked for everything. */
  begin(): void {
    if (uploads.hasSubscribers) this.#endTrace = traceUntil(uploads, this.trace)
  }

  /**
   * What is told of it. Made when somebody looks for the first time: an object with getters of its own
   * costs as much as all the rest of a small upload's bookkeeping, and its shape stays as garbage.
   */
  get trace(): UploadTrace {
    this.#trace ??= traceOf(this.#object)
    return this.#trace
  }

  get elapsedMs(): number {
    return (this.#endedAt ?? this.#clock.ticks()) - this.#beganAt
  }

  stats({ bytes, retries }: { readonly bytes: number; readonly retries: number }): UploadStats {
    const { elapsedMs } = this
    const bytesPerSecond = elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0
    return { elapsedMs, bytesPerSecond, waitedMs: this.stalls.stalls, retries }
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.#endedAt ??= this.#clock.ticks()
    this.stalls.enter(undefined)
  }

  /** Nothing is left to do, and this is what has become of it. */
  end(error?: Error): void {
    this.#endTrace?.(error)
  }
}

/** Tells what is known of the upload at the time somebody looks; without the rest of the stream. */
function traceOf(object: UploadTrace): UploadTrace {
  return {
    bucket: object.bucket,
    key: object.key,
    get uploadId() {
      return object.uploadId
    },
    get outcome() {
      return object.outcome
    },
    get result() {
      return object.result
    },
  }
}
