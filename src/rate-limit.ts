/** RateLimit: bytes pass through unchanged, no faster than they may. */
import type { TransformCallback } from 'node:stream'
import { type Clock, checkClock } from './client/clock.js'
import { asError } from './errors.js'
import { integer } from './stream-options.js'
import { StrictTransform } from './strict-writable.js'
import { type Rate, type TokenBucket, takeTokens } from './token-bucket.js'
import { plainObject, refuseUnknown } from './unknown-option.js'

/** Options of {@link createRateLimit}. */
export interface RateLimitOptions {
  /** Bytes a second, on the average: an integer from 1. */
  readonly maxBytesPerSecond: number
  /**
   * Most bytes at once, after a rest and to begin with: an integer from 1. Larger chunks are divided.
   * @default a tenth of `maxBytesPerSecond`
   */
  readonly burst?: number | undefined
  /** Stands in for time, in tests. */
  readonly clock?: Clock | undefined
}

const OPTION_NAMES = [
  'maxBytesPerSecond',
  'burst',
  'clock',
] as const satisfies readonly (keyof RateLimitOptions)[]

/**
 * Makes a Transform that lets bytes pass at `maxBytesPerSecond` at most, and makes its source wait. It limits the
 * source; parts go out to OSS as fast as they can (for that there is `trafficLimit`, per request).
 * @throws {InvalidOptionError} synchronously, for a bad, missing or unknown option.
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  return new RateLimit(options)
}

export class RateLimit extends StrictTransform {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #ending = new AbortController()
  #bucket: TokenBucket

  constructor(options: RateLimitOptions) {
    refuseUnknown(plainObject(options, 'options'), OPTION_NAMES, 'createRateLimit()')
    const { maxBytesPerSecond, burst, clock } = options
    const most = Number.MAX_SAFE_INTEGER
    const bytesPerSecond = integer(maxBytesPerSecond, 'maxBytesPerSecond', 1, most)
    super()
    this.#rate = {
      bytesPerSecond,
      burst:
        burst === undefined ? Math.ceil(bytesPerSecond / 10) : integer(burst, 'burst', 1, most),
    }
    this.#clock = checkClock(clock)
    this.#bucket = { tokens: this.#rate.burst, atMs: this.#clock.ticks() }
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#pass(chunk).then(
      () => callback(),
      (thrown) => callback(asError(thrown)),
    )
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#ending.abort()
    callback(error)
  }

  async #pass(chunk: Buffer): Promise<void> {
    const { burst } = this.#rate
    const { signal } = this.#ending
    for (let start = 0; start < chunk.byteLength; start += burst) {
      const slice = chunk.subarray(start, start + burst)
      const now = this.#clock.ticks()
      const { waitMs, bucket } = takeTokens(this.#bucket, slice.byteLength, now, this.#rate)
      this.#bucket = bucket
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
      this.push(slice)
    }
  }
}
