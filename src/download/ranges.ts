/** Which bytes to ask for, and when: pure arithmetic. Ends are exclusive. */

export interface Span {
  readonly start: number
  readonly end: number
}

/** What bounds the ranges that are read ahead. */
export interface ReadAheadLimits {
  /** Bytes of a range. */
  readonly partSize: number
  /** Most requests at once. */
  readonly concurrency: number
  /** Most bytes requested or received, and not yet taken; at least `partSize`. */
  readonly maxMemory: number
}

/** The part of an object of `size` bytes that was asked for; `undefined` if it begins beyond the end. */
export function spanWithin(size: number, wanted: Span): Span | undefined {
  // Of an empty object everything is nothing, and so is what begins where it does.
  if (size === 0 && wanted.start === 0) return { start: 0, end: 0 }
  return wanted.start < size ? { start: wanted.start, end: Math.min(wanted.end, size) } : undefined
}

/** The range that begins at `position`; `undefined` at the end. */
export function rangeAt(position: number, wanted: Span, partSize: number): Span | undefined {
  if (position >= wanted.end) return undefined
  return { start: position, end: Math.min(position + partSize, wanted.end) }
}

/** What the window holds: bytes requested or received and not taken, and the requests of it. */
export interface Held {
  readonly bytes: number
  readonly requests: number
  /** Bytes requested and not received. */
  readonly underWay: number
}

/** Of a range that is nearly over so much, in parts of a range, is still to come. */
const NEARLY_OVER = 1 / 8

/**
 * Whether a range may be asked for now: only if all of it fits what is held already, and if fewer than
 * `lanes` are under way. One that is nearly over does not count: the next then follows without a gap.
 */
export function mayRequest(
  { start, end }: Span,
  held: Held,
  { partSize, concurrency, maxMemory }: ReadAheadLimits,
  lanes: number,
): boolean {
  if (held.requests >= concurrency || held.bytes + (end - start) > maxMemory) return false
  return lanes >= concurrency || held.underWay <= (lanes - 1 + NEARLY_OVER) * partSize
}
