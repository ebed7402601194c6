/** A point that a test can stop others at: `arrive` waits there until the test calls `open`. */
export class Gate {
  #arrived = 0
  #open = false
  readonly #passing: (() => void)[] = []
  readonly #watching: { readonly count: number; readonly resolve: () => void }[] = []

  /** How many have come so far. */
  get arrivals(): number {
    return this.#arrived
  }

  /** Waits until the gate is open; rejects with `signal.reason` if that comes first. */
  arrive(signal?: AbortSignal): Promise<void> {
    this.#arrived++
    for (const { count, resolve } of this.#watching) if (this.#arrived >= count) resolve()
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#open) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#passing.push(resolve)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  /** Resolves when `count` have come, whether or not they have passed. */
  reached(count = 1): Promise<void> {
    if (this.#arrived >= count) return Promise.resolve()
    return new Promise((resolve) => this.#watching.push({ count, resolve }))
  }

  /** Lets everybody pass, now and later. */
  open(): void {
    this.#open = true
    for (const pass of this.#passing.splice(0)) pass()
  }
}
