/** How many requests may be on the wire at once. Memory is bounded apart from it, in the pool. */

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export class Permits {
  #limit: number
  readonly #waiting: Waiter[] = []
  #taken = 0
  #closed: { readonly reason: unknown } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Most permits taken at once from now on. */
  get limit(): number {
    return this.#limit
  }

  /** Permits taken now; more than `limit` for a while after that was lowered. */
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

  /** Takes a permit that nobody else wants. `false` if there is none. */
  tryAcquire(): boolean {
    const isIdle = this.#closed === undefined && this.#waiting.length === 0
    if (!isIdle || this.#taken >= this.#limit) return false
    this.#taken++
    return true
  }

  /** Gives a permit back, to the one who has waited longest. */
  release(): void {
    this.#taken--
    this.#admit()
  }

  /** Changes the limit. Permits taken stay so; those beyond a lower limit are not given on. */
  resize(limit: number): void {
    this.#limit = limit
    this.#admit()
  }

  /** Rejects whoever waits or will ask. Permits taken may still be released. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason)
  }

  #admit(): void {
    while (this.#taken < this.#limit) {
      const waiter = this.#waiting.shift()
      if (waiter === undefined) return
      this.#taken++
      waiter.resolve()
    }
  }
}
