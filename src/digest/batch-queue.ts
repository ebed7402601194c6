/**
 * The parts of one stream that wait for others to be hashed with. Asks `partsToHash` whenever
 * something has changed; computes nothing itself.
 */
import type { Digests, HashJob } from './job.js'
import { partsToHash } from './schedule.js'

export interface BatchQueueSettings {
  /** What may change from part to part; see {@link partsToHash}. */
  now(): {
    /** Parts hashed together. */
    readonly lanes: number
    /** Most requests on the wire at once. */
    readonly concurrency: number
    /** There is little time to spare. */
    readonly busy: boolean
  }
  /** Hashes the jobs as one batch, or as much of one as there are. */
  hash(jobs: readonly HashJob[]): Promise<readonly Digests[]>
}

interface Waiter {
  readonly job: HashJob
  readonly resolve: (digests: Digests) => void
  readonly reject: (reason: unknown) => void
}

export class BatchQueue {
  readonly #settings: BatchQueueSettings
  readonly #waiting: Waiter[] = []
  /** Full parts that are not done with, the waiting ones included. */
  #pending = 0
  #ended = false
  #stalled = false
  #closed: { readonly reason: unknown } | undefined

  constructor(settings: BatchQueueSettings) {
    this.#settings = settings
  }

  /** Parts that wait for a batch. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Adds a full part. Resolves with its digests; rejects as `hash` does, or as `close` says. */
  add(job: HashJob): Promise<Digests> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed.reason)
    this.#stalled = false
    const digests = new Promise<Digests>((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject })
    })
    this.#start()
    return digests
  }

  /**
   * Says how many parts are full and not done with: those that wait here, and those that are being
   * hashed or sent, for whose memory it may be worth waiting.
   */
  setPending(parts: number): void {
    this.#pending = parts
    this.#start()
  }

  /**
   * Says that no byte comes for now: the source has been silent for a while, or the writer waits for
   * a buffer. Holds until the next part, or `false`.
   */
  setStalled(stalled: boolean): void {
    this.#stalled = stalled
    this.#start()
  }

  /** Says that no part will come any more: what waits is hashed at once. */
  end(): void {
    this.#ended = true
    this.#start()
  }

  /** Rejects what waits; batches under way go on. */
  close(reason: unknown): void {
    this.#closed ??= { reason }
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
  }

  #start(): void {
    while (this.#waiting.length > 0) {
      const { lanes, concurrency, busy } = this.#settings.now()
      const waiting = this.#waiting.length
      const out = this.#pending - waiting
      const [ended, stalled] = [this.#ended, this.#stalled]
      const parts = partsToHash({ waiting, lanes, out, concurrency, busy, ended, stalled })
      if (parts === 0) return
      void this.#hash(this.#waiting.splice(0, parts))
    }
  }

  async #hash(waiters: readonly Waiter[]): Promise<void> {
    try {
      const digests = await this.#settings.hash(waiters.map(({ job }) => job))
      for (const [index, { resolve, reject }] of waiters.entries()) {
        const found = digests[index]
        if (found === undefined) reject(new RangeError(`No digests of part ${index}`))
        else resolve(found)
      }
    } catch (error) {
      for (const { reject } of waiters) reject(error)
    }
    this.#start()
  }
}
