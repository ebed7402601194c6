/** How many requests may be on the wire at once. Memory is bounded apart from it, in the pool. */

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export class Permits {
  readonly #limit: number
  readonly #waiting: Waiter[] = []
  #taken = 0
  #closed: { readonly reason: unknown } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Permits taken now. */
  get taken(): number {
    return this.#taken
  }

  /** Waits for a turn, in order of asking. Rejects with the reason given to `close`. */
  acquire(): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed.reason)
    if (this.#taken < this.#limit) {
      this.#taken++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Gives a permit back, to the one who has waited longest. */
  release(): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#taken--
    else waiter.resolve()
  }

  /** Rejects whoever waits or will ask. Permits taken may still be released. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason)
  }
}
