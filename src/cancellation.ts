/**
 * Calling off what is under way, for an upload's own use: an AbortController, made only for whoever
 * needs its signal. With one listener it would cost a small upload more than its signature.
 */

/** What work under way is told by. */
export type CancelSignal = AbortSignal | Cancellation

export class Cancellation {
  #isAborted = false
  #reason: unknown
  #controller: AbortController | undefined
  /** Few at a time: what one upload waits for. */
  readonly #actions: (() => void)[] = []

  get aborted(): boolean {
    return this.#isAborted
  }

  /** What it was called off with. */
  get reason(): unknown {
    return this.#reason
  }

  /** The same as a signal, for those who know nothing else. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isAborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason
  }

  /** Once; without a reason it is called off with what an AbortController would give. */
  abort(reason?: unknown): void {
    if (this.#isAborted) return
    this.#isAborted = true
    this.#reason = reason
    if (reason === undefined || this.#controller !== undefined) {
      const { signal } = this
      this.#controller?.abort(reason)
      this.#reason = signal.reason
    }
    // One by one: an action may take another back.
    for (let next = this.#actions.shift(); next !== undefined; next = this.#actions.shift()) next()
  }

  /** Calls `action` once it is called off, at once if it is already. The function returned takes that back. */
  onAbort(action: () => void): () => void {
    if (this.#isAborted) {
      action()
      return ignore
    }
    this.#actions.push(action)
    return () => {
      const at = this.#actions.indexOf(action)
      if (at >= 0) this.#actions.splice(at, 1)
    }
  }
}

function ignore(): void {}
