/**
 * Decides which bytes of an endless stream go into which object: by size, and never inside a chunk or a line
 * unless asked. Sends nothing, knows no clock.
 */

/** What must stay whole: a `chunk` as it was written, a `line` with its line feed, or nothing (`byte`). */
export type RotationSplit = 'chunk' | 'line' | 'byte'

/** Write these bytes to the object, or end it and go on with the next one. */
export type RotationStep = Uint8Array | 'rotate'

/** Most bytes of an unfinished line that are kept back until its end comes. */
export const MAX_LINE_HELD = 1024 * 1024

const LINE_FEED = 10

export class RotationPlan {
  readonly #split: RotationSplit
  readonly #max: number
  /** Bytes in the object. */
  #size = 0
  /** In its first `#carrySize` bytes: the beginning of a line whose end has not come; in no object yet. A copy. */
  #carry = Buffer.alloc(0)
  #carrySize = 0
  /** In a line that was too long to be kept back. */
  #isMidLine = false
  #isDue = false

  constructor(split: RotationSplit, maxObjectBytes: number) {
    this.#split = split
    this.#max = maxObjectBytes
  }

  /**
   * Asks for the next object before anything else is written to this one, whatever its size.
   * @returns whether it may end at once; else it does at the end of the line
   */
  rotateSoon(): boolean {
    if (this.#size === 0) return false
    if (this.#isMidLine) {
      this.#isDue = true
      return false
    }
    this.#size = 0
    return true
  }

  /** What is to be done with a chunk, which is not kept. Each step is to be done before the next is asked for. */
  *accept(chunk: Buffer): Generator<RotationStep> {
    if (chunk.byteLength === 0) return
    if (this.#split === 'line') yield* this.#acceptLines(chunk)
    else if (this.#split === 'byte') yield* this.#acceptBytes(chunk)
    else yield* this.#put(chunk)
  }

  /** What is left to be done when no chunk follows. */
  *end(): Generator<RotationStep> {
    if (this.#carrySize > 0) yield* this.#putLine(Buffer.alloc(0))
  }

  *#acceptBytes(chunk: Buffer): Generator<RotationStep> {
    let rest = chunk
    while (rest.byteLength > 0) {
      const fitting = rest.subarray(0, this.#max - this.#size)
      rest = rest.subarray(fitting.byteLength)
      yield* this.#put(fitting)
    }
  }

  *#acceptLines(chunk: Buffer): Generator<RotationStep> {
    let rest = chunk
    if (this.#isMidLine) {
      const line = rest.subarray(0, endOfLine(rest))
      rest = rest.subarray(line.byteLength)
      this.#isMidLine = line.at(-1) !== LINE_FEED
      yield* this.#write(line)
    }
    for (
      let end = endOfLine(rest);
      end > 0 && rest.at(end - 1) === LINE_FEED;
      end = endOfLine(rest)
    ) {
      if (this.#carrySize > 0) {
        yield* this.#putLine(rest.subarray(0, end))
        rest = rest.subarray(end)
        continue
      }
      // As many whole lines as fit; or one, which `put` makes room for.
      const fitting = rest.subarray(0, this.#max - this.#size).lastIndexOf(LINE_FEED) + 1
      const lines = rest.subarray(0, fitting > 0 ? fitting : end)
      rest = rest.subarray(lines.byteLength)
      yield* this.#put(lines)
    }
    yield* this.#keep(rest)
  }

  /** Keeps the beginning of a line back; one that is too long for that goes out as it comes. */
  *#keep(beginning: Buffer): Generator<RotationStep> {
    if (beginning.byteLength === 0) return
    const size = this.#carrySize + beginning.byteLength
    if (size <= Math.min(this.#max, MAX_LINE_HELD)) {
      // One buffer that doubles, rather than a list: a line may come byte by byte.
      if (size > this.#carry.byteLength) {
        const larger = Buffer.alloc(Math.max(size, 2 * this.#carry.byteLength))
        this.#carry.copy(larger, 0, 0, this.#carrySize)
        this.#carry = larger
      }
      this.#carry.set(beginning, this.#carrySize)
      this.#carrySize = size
      return
    }
    this.#isMidLine = true
    yield* this.#putLine(beginning)
  }

  /** Puts what was kept back of a line, and what has come of it now. */
  *#putLine(rest: Buffer): Generator<RotationStep> {
    const line = Buffer.concat([this.#carry.subarray(0, this.#carrySize), rest])
    this.#carrySize = 0
    yield* this.#put(line)
  }

  /** Puts what must stay whole: into this object if it fits, else into the next one. */
  *#put(bytes: Buffer): Generator<RotationStep> {
    if (this.#size > 0 && this.#size + bytes.byteLength > this.#max) yield* this.#rotate()
    yield* this.#write(bytes)
  }

  *#write(bytes: Buffer): Generator<RotationStep> {
    this.#size += bytes.byteLength
    yield bytes
    if (this.#isMidLine) return
    if (this.#size >= this.#max || this.#isDue) yield* this.#rotate()
  }

  *#rotate(): Generator<RotationStep> {
    this.#size = 0
    this.#isDue = false
    yield 'rotate'
  }
}

/** Index behind the first line feed; the length if there is none. */
function endOfLine(bytes: Buffer): number {
  const index = bytes.indexOf(LINE_FEED)
  return index < 0 ? bytes.byteLength : index + 1
}
