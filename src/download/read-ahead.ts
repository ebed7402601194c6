/**
 * The window of ranges between the service and the consumer: in order, so many requests at once, and
 * so many bytes. A range is asked for only when there is room for all of it, so that no connection
 * ever waits for the consumer.
 *
 *   held = requested + received - taken ≤ maxMemory      (asserted by a test)
 */
import { IncomingRange } from './incoming-range.js'
import { mayRequest, type ReadAheadLimits, rangeAt, type Span } from './ranges.js'

export interface ReadAheadHooks {
  /** Brings all bytes of a range by `append`. */
  readonly fetch: (range: IncomingRange) => Promise<void>
  /** There may be something to take, or nothing any more. */
  readonly onReadable: () => void
  /** A range has been received. */
  readonly onRange: () => void
  readonly onFailure: (error: unknown) => void
  /** How many ranges are worth asking for at once now. */
  readonly lanes: () => number
}

export class ReadAhead {
  readonly #limits: ReadAheadLimits
  readonly #hooks: ReadAheadHooks
  readonly #ranges: IncomingRange[] = []
  readonly #calls = new Set<Promise<void>>()
  #wanted: Span
  /** Where the next range begins. */
  #position: number
  /** The end is known: until then one range is asked for. */
  #isExact = false
  #isClosed = false
  #heldBytes = 0

  constructor(wanted: Span, limits: ReadAheadLimits, hooks: ReadAheadHooks) {
    this.#wanted = wanted
    this.#position = wanted.start
    this.#limits = limits
    this.#hooks = hooks
  }

  /** Requests under way. */
  get requests(): number {
    return this.#calls.size
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Everything has been received and taken. */
  get isDrained(): boolean {
    const { length } = this.#ranges
    return this.#isExact && length === 0 && this.requests === 0 && this.#next() === undefined
  }

  /** Asks for the first range, which will tell how long the object is. */
  start(): void {
    const first = this.#next()
    if (first !== undefined) this.#request(first)
  }

  /** The bytes to read are known: those of the ranges asked for that are beyond will not come. */
  resolve(span: Span): void {
    this.#wanted = span
    this.#isExact = true
    for (const range of this.#ranges) {
      const surplus = Math.max(0, range.end - span.end)
      range.end -= surplus
      this.#heldBytes -= surplus
    }
    this.#position = Math.min(this.#position, span.end)
    this.#fill()
  }

  /** The next bytes in order, if there are any. */
  take(): Uint8Array | undefined {
    const bytes = this.#ranges[0]?.take()
    if (bytes === undefined) return undefined
    this.#heldBytes -= bytes.byteLength
    this.#dropFinished()
    this.#fill()
    return bytes
  }

  /** Holds nothing any more; resolves when no request is under way. Whoever calls it cancels them. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#ranges.length = 0
    this.#heldBytes = 0
    await Promise.all(this.#calls)
  }

  #next(): Span | undefined {
    return rangeAt(this.#position, this.#wanted, this.#limits.partSize)
  }

  #fill(): void {
    if (!this.#isExact || this.#isClosed) return
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const held = { bytes: this.#heldBytes, requests: this.requests }
      if (!mayRequest(next, held, this.#limits, this.#hooks.lanes())) return
      this.#request(next)
    }
  }

  #request(span: Span): void {
    const range = new IncomingRange(span)
    this.#ranges.push(range)
    this.#position = span.end
    this.#heldBytes += range.length
    const call = this.#receive(range).finally(() => {
      this.#calls.delete(call)
      this.#advance(range)
    })
    this.#calls.add(call)
  }

  async #receive(range: IncomingRange): Promise<void> {
    try {
      await this.#hooks.fetch(range)
      range.isOver = true
    } catch (error) {
      this.#hooks.onFailure(error)
    }
  }

  /** A request is over: others may begin, and this may have been the last. */
  #advance(range: IncomingRange): void {
    if (this.#isClosed) return
    this.#dropFinished()
    this.#fill()
    if (range.isOver) this.#hooks.onRange()
    this.#hooks.onReadable()
  }

  /** The first range is never one that has nothing to give any more. */
  #dropFinished(): void {
    while (this.#ranges[0]?.isFinished) this.#ranges.shift()
  }
}
