/** Holds uploads back from being published until all that belong together are ready to be. */
import type { UploadSummary } from './publish-guard.js'

export class PublishTogether {
  readonly #awaited: Set<string>
  readonly #ready: Promise<void>
  #open: () => void = () => undefined

  /** @param names of all that belong together */
  constructor(names: Iterable<string>) {
    this.#awaited = new Set(names)
    this.#ready = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /**
   * What an upload is to ask before it is published: it is ready now, and waits for the others. One that is given up
   * meanwhile stops waiting by itself.
   */
  beforeComplete(name: string): (summary: UploadSummary) => Promise<void> {
    return () => {
      this.arrive(name)
      return this.#ready
    }
  }

  /** Nobody need wait for this one any more. */
  arrive(name: string): void {
    this.#awaited.delete(name)
    if (this.#awaited.size === 0) this.#open()
  }
}
