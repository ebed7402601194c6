/**
 * What part buffers of many uploads may hold together: each upload has the buffers of one part by
 * right, or it could never go on; what it has beyond them it takes from here. Whoever finds nothing
 * left waits in line, and uploads that have more than others give it up bit by bit.
 */

interface Waiter {
  readonly bytes: number
  readonly grant: () => void
}

export class MemoryBudget {
  readonly #maxBytes: number
  #left: number
  readonly #line: Waiter[] = []

  /** @param maxBytes most bytes that are taken at once; 0 leaves each upload its one part */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#left = maxBytes
  }

  /** Bytes that are taken now. */
  get takenBytes(): number {
    return this.#maxBytes - this.#left
  }

  /** Somebody waits. */
  get isContended(): boolean {
    return this.#line.length > 0
  }

  /** Takes bytes, unless there are too few, or others wait for them. */
  tryTake(bytes: number): boolean {
    if (this.isContended || bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.#left += bytes
    for (;;) {
      const next = this.#line[0]
      if (next === undefined || next.bytes > this.#left) return
      this.#line.shift()
      this.#left -= next.bytes
      next.grant()
    }
  }

  /**
   * Calls `grant` once the bytes are taken, in the order of asking. Returns how not to wait any more;
   * `undefined` if there will never be as many.
   */
  wait(bytes: number, grant: () => void): (() => void) | undefined {
    if (bytes > this.#maxBytes) return undefined
    const waiter = { bytes, grant }
    this.#line.push(waiter)
    return () => {
      const index = this.#line.indexOf(waiter)
      if (index >= 0) this.#line.splice(index, 1)
      // Those behind may need less than this one did.
      if (index === 0) this.give(0)
    }
  }
}

/**
 * Returns the budget of a process: a quarter of the memory of the machine, or of the container if that
 * has less, and at least 256 MiB, what one stream may hold by itself.
 * @param limit of the container, as `process.constrainedMemory()` tells: 0 or nothing if there is none
 */
export function defaultBudget(total: number, limit: number | undefined): number {
  const usable = limit ? Math.min(total, limit) : total
  return Math.max(256 * 1024 ** 2, Math.floor(usable / 4))
}
