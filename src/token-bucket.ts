/** When how many bytes may pass, at a rate and with a burst. Pure: who asks tells the time, and waits. */

/** As it was at a time: what may pass at once, in bytes; less than nothing while a wait is under way. */
export interface TokenBucket {
  readonly tokens: number
  readonly atMs: number
}

export interface Rate {
  readonly bytesPerSecond: number
  /** Most bytes at once, after a rest. */
  readonly burst: number
}

/**
 * Takes `bytes` out of the bucket: all of them at once, in advance if need be.
 * @returns how long they have to wait, in milliseconds, and the bucket from now on
 */
export function takeTokens(
  bucket: TokenBucket,
  bytes: number,
  nowMs: number,
  { bytesPerSecond, burst }: Rate,
): { readonly waitMs: number; readonly bucket: TokenBucket } {
  const gained = (Math.max(0, nowMs - bucket.atMs) * bytesPerSecond) / 1000
  const tokens = Math.min(burst, bucket.tokens + gained) - bytes
  const waitMs = Math.max(0, -tokens * 1000) / bytesPerSecond
  return { waitMs, bucket: { tokens, atMs: nowMs } }
}
