/**
 * One part on its way: its request, and perhaps a second one beside it. The first answer wins; the
 * other request is cancelled. It is over only when both have settled: until then they use the bytes.
 */
export class PartRace<Answer> {
  readonly #send: (signal: AbortSignal) => Promise<Answer>
  readonly #requests = new Map<AbortController, Promise<void>>()
  #answer: { readonly value: Answer } | undefined
  #failure: { readonly reason: unknown } | undefined

  constructor(send: (signal: AbortSignal) => Promise<Answer>) {
    this.#send = send
  }

  /** Sends the part. Rejects, if no request was answered, with what the first of them failed with. */
  async run(): Promise<Answer> {
    this.#start()
    while (this.#requests.size > 0) await Promise.all(this.#requests.values())
    if (this.#answer !== undefined) return this.#answer.value
    throw this.#failure?.reason
  }

  /** Sends it once more. Resolves when that request has settled; `undefined` if it is over. */
  again(): Promise<void> | undefined {
    const isOver = this.#requests.size === 0 || this.#answer !== undefined
    return isOver ? undefined : this.#start()
  }

  /** Cancels what is under way; it fails with `reason`. */
  cancel(reason: unknown): void {
    for (const controller of this.#requests.keys()) controller.abort(reason)
  }

  #start(): Promise<void> {
    const controller = new AbortController()
    // Known before it is sent: whoever is told of its beginning may give the upload up right there.
    this.#requests.set(controller, Promise.resolve())
    const request = this.#request(controller).finally(() => this.#requests.delete(controller))
    this.#requests.set(controller, request)
    return request
  }

  async #request(controller: AbortController): Promise<void> {
    try {
      const value = await this.#send(controller.signal)
      this.#answer ??= { value }
      this.cancel(new Error('Another request has stored the part'))
    } catch (reason) {
      this.#failure ??= { reason }
    }
  }
}
