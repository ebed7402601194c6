/** A checkpoint's store in memory, with a trail of its calls; `hold` stops them at a gate. */
import type { CheckpointStore } from '../../src/upload/checkpoint.js'
import { Gate } from './gate.js'

type Verb = keyof CheckpointStore

export class MemoryCheckpoint implements CheckpointStore {
  text: string | undefined
  readonly trail: string[]
  readonly #gates = new Map<Verb, Gate>()
  readonly #faults = new Map<Verb, unknown>()

  /** @param trail where its calls are noted, among others' */
  constructor(text?: string, trail: string[] = []) {
    this.text = text
    this.trail = trail
  }

  hold(verb: Verb): Gate {
    const gate = new Gate()
    this.#gates.set(verb, gate)
    return gate
  }

  /** Lets all calls of the verb fail. */
  fail(verb: Verb, error: unknown): void {
    this.#faults.set(verb, error)
  }

  async load(): Promise<string | undefined> {
    await this.#call('load')
    return this.text
  }

  async save(text: string): Promise<void> {
    await this.#call('save')
    this.text = text
  }

  async remove(): Promise<void> {
    await this.#call('remove')
    this.text = undefined
  }

  async #call(verb: Verb): Promise<void> {
    this.trail.push(verb)
    await this.#gates.get(verb)?.arrive()
    if (this.#faults.has(verb)) throw this.#faults.get(verb)
  }
}
