/**
 * One part on its way: its request, and perhaps a second one beside it. The first answer wins; the
 * other request is cancelled. It is over only when both have settled: until then they use the bytes.
 */
import { Cancellation } from '../cancellation.js'

interface Request {
  readonly cancellation: Cancellation
  /** Settles with it, always well. */
  done: Promise<void>
}

export class PartRace<Answer> {
  readonly #send: (cancellation: Cancellation) => Promise<Answer>
  /** Those under way. */
  readonly #requests: Request[] = []
  #answer: { readonly value: Answer } | undefined
  #failure: { readonly reason: unknown } | undefined

  constructor(send: (cancellation: Cancellation) => Promise<Answer>) {
    this.#send = send
  }

  /** Sends the part. Rejects, if no request was answered, with what the first of them failed with. */
  async run(): Promise<Answer> {
    this.#start()
    while (this.#requests.length > 0) await this.#requests[0]?.done
    if (this.#answer !== undefined) return this.#answer.value
    throw this.#failure?.reason
  }

  /** Sends it once more. Resolves when that request has settled; `undefined` if it is over. */
  again(): Promise<void> | undefined {
    const isOver = this.#requests.length === 0 || this.#answer !== undefined
    return isOver ? undefined : this.#start()
  }

  /** Cancels what is under way; it fails with `reason`. */
  cancel(reason: unknown): void {
    for (const { cancellation } of this.#requests.slice()) cancellation.abort(reason)
  }

  #start(): Promise<void> {
    const request: Request = { cancellation: new Cancellation(), done: Promise.resolve() }
    // Known before it is sent: whoever is told of its beginning may give the upload up right there.
    this.#requests.push(request)
    request.done = this.#perform(request)
    return request.done
  }

  async #perform(request: Request): Promise<void> {
    try {
      const value = await this.#send(request.cancellation)
      this.#answer ??= { value }
    } catch (reason) {
      this.#failure ??= { reason }
    }
    this.#requests.splice(this.#requests.indexOf(request), 1)
    if (this.#answer === undefined || this.#requests.length === 0) return
    this.cancel(new Error('Another request has stored the part'))
  }
}
