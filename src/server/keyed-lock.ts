/**
 * One at a time per key, any number of keys at once, first come first served.
 * A key costs nothing while nobody holds it.
 */

import { Gate } from './gate.js'

export class KeyedLock {
  readonly #last = new Map<string, Gate>()

  /** Runs `work` once everybody who asked for `key` before has finished; passes its outcome on. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const mine = new Gate()
    this.#last.set(key, mine)
    try {
      await before?.passed
      return await work()
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
      mine.open()
    }
  }

  /** Keys somebody holds or waits for. */
  get size(): number {
    return this.#last.size
  }
}
