/**
 * How the digests of an upload's parts come about: MD5 while a part fills, or once it is full together
 * with others, which costs a third or less; CRC-64 with it then, or by itself once the kernels are there,
 * since they need a tenth of the time. Decides by asking digest/schedule.ts; owns the parts that wait.
 */
import { BatchQueue, type BatchQueueSettings } from '../digest/batch-queue.js'
import { LANES } from '../digest/layout.js'
import type { Hashing } from '../digest/process-hasher.js'
import { type HashingMode, hashesAsItFills, lanesFor } from '../digest/schedule.js'
import type { DigestChoice, Part, SealedPart } from './part.js'

export interface PartHashingSettings {
  readonly mode: HashingMode
  readonly digests: DigestChoice
  /** Parts of the current size that the memory of the upload holds; asked each time. */
  readonly partsInMemory: number
  /** The first part has begun already, and is hashed as its bytes come. @default false */
  readonly hasBegun?: boolean
  /** Most requests on the wire at once; asked each time, since it may change. */
  readonly concurrency: number
  /** The process's kernels, once they are there; `load` brings them. */
  loaded(): Hashing | undefined
  load(): Promise<Hashing>
  /** Whether the event loop has had little time to spare since the last call. */
  isBusy(): boolean
  /** Whether it has had little for a while. */
  isPressed(): boolean
  /** Whether the line is so fast that nothing is lost while it is idle. */
  isLineFast(): boolean
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Parts that the memory must hold for any to be hashed together. */
const WORTH_BATCHES = 4

/** A source that fills no part in so long, silent or slow, is not waited for, in milliseconds. */
const SILENCE = 100

export class PartHashing {
  readonly #settings: PartHashingSettings
  /** Memory holds so many parts that the kernels are worth loading. */
  readonly #usesKernels: boolean
  readonly #queue: BatchQueue
  readonly #over = new AbortController()
  #isFirst: boolean
  /** The parts come from a source that is never waited for. */
  #isAtHand = false
  #isBusy = false
  /** The source has not filled a part for a while: nothing is waited for until it does. */
  #isSilent = false
  #isWatching = false
  /** Parts that have become full, those hashed by then not counted. */
  #queued = 0

  constructor(settings: PartHashingSettings) {
    const { digests, partsInMemory } = settings
    this.#settings = settings
    this.#isFirst = settings.hasBegun !== true
    this.#usesKernels = partsInMemory >= WORTH_BATCHES && (digests.md5 || digests.crc64)
    this.#queue = new BatchQueue({
      now: () => this.#now,
      hash: async (jobs) => (await settings.load()).hasher.hash(jobs, this.#mode),
    })
  }

  /** Who hashes them, so far as their digests and the line decide. */
  get #mode(): HashingMode {
    const { mode, digests: wish, loaded, isLineFast } = this.#settings
    return loaded()?.hasher.modeFor({ mode, wish, isLineFast: isLineFast() }) ?? mode
  }

  /** How many parts are hashed together at present, and whether time is short. */
  get #now(): ReturnType<BatchQueueSettings['now']> {
    const { digests: wish, partsInMemory, concurrency, loaded } = this.#settings
    const mode = this.#mode
    const hasher = loaded()?.hasher
    const inWorker = hasher?.usesWorker(mode) === true
    // While the worker has a batch, another one cannot begin: it may as well become full.
    const isQueued = inWorker && hasher.isWorkerBusy
    const busy = this.#isBusy || (isQueued && !this.#isSilent)
    const [pressed, isLineFast] = [this.#settings.isPressed(), this.#settings.isLineFast()]
    const lanes = lanesFor({ partsInMemory, wish, pressed, isLineFast, inWorker })
    return { lanes, concurrency, busy }
  }

  /**
   * So many parts are to come from a source that nobody waits for: they fill much faster than they are
   * hashed, so each can wait for the others of its batch. A few are not worth the kernels.
   */
  async expect(parts: number): Promise<void> {
    const few = Math.max(2, Math.min(LANES, this.#now.lanes))
    if (!this.#usesKernels || parts < few) return
    this.#isAtHand = true
    // What it rejects with, hashing will, unless it goes without kernels.
    await this.#settings.load().catch(() => undefined)
  }

  /** Whether a part that begins now is to be hashed as its bytes come. */
  hashesAsItFills(ahead: number): boolean {
    const { concurrency, digests, isBusy, loaded } = this.#settings
    // The first may turn out to be the only one, which is put without waiting for anything.
    if ((this.#isFirst && !this.#isAtHand) || loaded() === undefined) {
      this.#isFirst = false
      return true
    }
    if (this.#usesKernels && !digests.md5) return false
    this.#isBusy = this.#isAtHand || isBusy()
    const { lanes, busy } = this.#now
    return hashesAsItFills({ lanes, busy, ahead, concurrency })
  }

  /** What is computed as its bytes come of a part that begins now, is hashed so, and is not the first. */
  get digestsAsItFills(): DigestChoice {
    const { digests, loaded } = this.#settings
    const isCrc64Later = this.#usesKernels && loaded() !== undefined
    return { md5: digests.md5, crc64: digests.crc64 && !isCrc64Later }
  }

  /** The body of a part with its digests, which may have to wait for others. */
  async seal(part: Part): Promise<SealedPart> {
    const sealed = part.seal()
    // For later parts: a process that never fills one has no use for kernels. If they cannot be loaded,
    // those go on being hashed as they fill.
    if (this.#usesKernels) this.#settings.load().catch(() => undefined)
    const { body } = sealed
    if (part.isHashed) return { body, digests: await this.#withCrc64(sealed) }
    this.#queued++
    this.#isSilent = false
    const hashed = this.#queue.add({ bytes: body, ...this.#settings.digests })
    void this.#watch()
    return { body, digests: await hashed }
  }

  /** The digests of a part that was hashed as it filled, and what was left for later. */
  async #withCrc64({ body, digests }: SealedPart): Promise<SealedPart['digests']> {
    const { digests: wanted, load, mode } = this.#settings
    if (!wanted.crc64 || digests.crc64 !== undefined) return digests
    const { hasher } = await load()
    const [later] = await hasher.hash([{ bytes: body, md5: false, crc64: true }], mode)
    return { ...digests, crc64: later?.crc64 }
  }

  /** How many parts are full and not done with: those that wait here, are being hashed, or sent. */
  setPending(parts: number): void {
    this.#queue.setPending(parts)
  }

  /** Whether the writer waits for memory: then no byte comes until a part is done. */
  setStalled(isStalled: boolean): void {
    this.#queue.setStalled(isStalled)
  }

  /** No part will come any more. */
  end(): void {
    // Nothing is waited for any more, and no timer may outlive the upload.
    this.#over.abort()
    this.#queue.end()
  }

  /** Rejects what waits with `reason`. */
  close(reason: unknown): void {
    this.#over.abort(reason)
    this.#queue.close(reason)
  }

  /** As long as parts wait for others, looks whether the source fills any. */
  async #watch(): Promise<void> {
    if (this.#isWatching || this.#over.signal.aborted) return
    this.#isWatching = true
    try {
      while (this.#queue.waiting > 0) {
        const before = this.#queued
        await this.#settings.sleep(SILENCE, this.#over.signal)
        if (this.#queued > before) continue
        this.#isBusy = false
        this.#isSilent = true
        this.#queue.setStalled(true)
      }
    } catch {
      // Only `end` and `close` wake it before its time.
    }
    this.#isWatching = false
  }
}
