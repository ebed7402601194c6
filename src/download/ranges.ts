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

/**
 * Whether a range may be asked for now: only if all of it fits what is held already, and if fewer than
 * `lanes` are under way.
 */
export function mayRequest(
  { start, end }: Span,
  held: { readonly bytes: number; readonly requests: number },
  { concurrency, maxMemory }: ReadAheadLimits,
  lanes: number,
): boolean {
  return held.requests < Math.min(lanes, concurrency) && held.bytes + (end - start) <= maxMemory
}
