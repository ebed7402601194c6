/** A target whose parts wait, request by request: `part 5` is the first of part 5, `part 5b` the second. */
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { FakeTarget } from './fake-target.js'
import { Gate } from './gate.js'

type PartRequest = Parameters<UploadTarget['uploadPart']>[0]

export class SlowTarget extends FakeTarget {
  /** Requests in the order in which they began and ended: `part 5b`, `part 5b stored`, `abort`. */
  readonly wire: string[] = []
  readonly #gates = new Map<string, Gate>()
  readonly #failures = new Map<string, unknown>()
  readonly #pushed = new Set<string>()
  readonly #requests = new Map<number, number>()

  /**
   * Holds a request; with `failure` it fails when it is let go. Named `part 5 gone`: holds it once it
   * has failed or been cancelled.
   */
  delay(name: string, failure?: unknown): Gate {
    const gate = new Gate()
    this.#gates.set(name, gate)
    if (failure !== undefined) this.#failures.set(name, failure)
    return gate
  }

  /** The service is said to have too much to do while the request is under way. */
  pushBack(name: string): void {
    this.#pushed.add(name)
  }

  override async uploadPart(request: PartRequest) {
    const { partNumber, cancellation, onPushBack } = request
    const count = (this.#requests.get(partNumber) ?? 0) + 1
    this.#requests.set(partNumber, count)
    const name = `part ${partNumber}${count === 1 ? '' : 'b'}`
    this.wire.push(name)
    if (this.#pushed.has(name)) onPushBack?.()
    try {
      await this.#gates.get(name)?.arrive(cancellation.signal)
      if (this.#failures.has(name)) throw this.#failures.get(name)
      const stored = await super.uploadPart(request)
      this.wire.push(`${name} stored`)
      return stored
    } catch (error) {
      await this.#gates.get(`${name} gone`)?.arrive()
      this.wire.push(`${name} failed`)
      throw error
    }
  }

  override async complete(request: Parameters<UploadTarget['complete']>[0]) {
    this.wire.push('complete')
    return super.complete(request)
  }

  override async abort(request: Parameters<UploadTarget['abort']>[0]) {
    this.wire.push('abort')
    return super.abort(request)
  }
}
