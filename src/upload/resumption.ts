/**
 * Going on with the upload of an earlier run: reads its checkpoint, asks the service which parts it
 * holds, and tells of each new part whether it is one of them. Decides nothing about the lifecycle.
 *
 * A part that differs is sent under its own number, into the same upload, where it takes the place
 * of the old one (OSS "UploadPart"). A new upload would lack the parts before it: their bytes have
 * passed, and nothing can read them again.
 */
import { md5Hex } from '../protocol/digest.js'
import {
  type Checkpoint,
  type CheckpointStore,
  decodeCheckpoint,
  encodeCheckpoint,
  type FreshReason,
  isForeign,
  whyFresh,
} from './checkpoint.js'
import type { CleanUp } from './clean-up.js'
import type { LedgerRow } from './ledger.js'
import type { BodyDigests, ListedPart, UploadTarget } from './upload-target.js'

/** What came of an earlier run's checkpoint. */
export interface ResumeNotice {
  /** The upload of the earlier run. */
  readonly uploadId: string
  /**
   * Why it is not gone on with, or not all of it. `plan`, `headers`, `source`: it was begun with other part
   * sizes, object headers (or `integrity: 'crc64'`) or another `sourceVersion`, and has been ended.
   * `gone`: the service knows it no more (ended by a lifecycle rule, say). `published`: it had been
   * completed; its object stands there, and is replaced.
   * `differs`: part `partNumber` is not what the source now has; it is sent again, as are
   * others that differ. Absent: it is gone on with.
   */
  readonly reason?: FreshReason | 'gone' | 'published' | 'differs'
  /** The first part that differs. */
  readonly partNumber?: number
  /** Parts that the service holds of it. */
  readonly partsStored: number
  /** Bytes of these. */
  readonly bytesStored: number
}

export interface ResumptionSettings {
  readonly store: CheckpointStore
  /** What the checkpoint of this run would say, but for the upload. */
  readonly own: Omit<Checkpoint, 'uploadId' | 'marker'>
  /** What to fail with if the checkpoint cannot be used. */
  readonly failure: (reason: CheckpointProblem, cause?: unknown) => Error
  onResume(notice: ResumeNotice): void
}

/**
 * `malformed`: no checkpoint of this version. `foreign`: one of another object.
 * `store`: the store has failed.
 */
export type CheckpointProblem = 'malformed' | 'foreign' | 'store'

/** An upload of an earlier run that is gone on with. */
export interface Resumed {
  readonly uploadId: string
  readonly marker: string | undefined
}

export class Resumption {
  readonly #settings: ResumptionSettings
  readonly #target: UploadTarget
  readonly #cleanUp: CleanUp
  #resumed: Resumed | undefined
  #stored: ReadonlyMap<number, ListedPart> = new Map()
  #bytesStored = 0
  #isDifferent = false

  constructor(target: UploadTarget, cleanUp: CleanUp, settings: ResumptionSettings) {
    this.#target = target
    this.#cleanUp = cleanUp
    this.#settings = settings
  }

  /** Finds the upload to go on with, if there is one; ends one that cannot be. */
  async begin(signal: AbortSignal): Promise<Resumed | undefined> {
    const found = await this.#load(signal)
    signal.throwIfAborted()
    if (found === undefined) return undefined
    const { uploadId, marker } = found
    const parts = await this.#target.listParts({ uploadId, signal })
    this.#stored = new Map((parts ?? []).map((part) => [part.partNumber, part]))
    this.#bytesStored = (parts ?? []).reduce((sum, { size }) => sum + size, 0)
    const reason =
      parts === undefined ? await this.#whyGone(found, signal) : whyFresh(found, this.#settings.own)
    if (reason === undefined) {
      this.#resumed = { uploadId, marker }
      this.#tell({ uploadId })
      return this.#resumed
    }
    const isLate = parts !== undefined && (await this.discard(uploadId)) === 'gone'
    // A Complete of the earlier run, still on its way when that died, may have come first.
    const end = isLate ? await this.#whyGone(found, signal) : 'gone'
    this.#tell({ uploadId, reason: end === 'published' ? end : reason })
    return undefined
  }

  /** Ends an upload of an earlier run that nothing will come of. */
  async discard(uploadId: string): Promise<'alive' | 'gone'> {
    const ended = await this.#cleanUp.discard(uploadId)
    this.#stored = new Map()
    this.#bytesStored = 0
    await this.forget()
    return ended
  }

  /** Keeps a new upload for a later run. */
  async remember(upload: Resumed): Promise<void> {
    const { own, store } = this.#settings
    await this.#run('save', () => store.save(encodeCheckpoint({ ...own, ...upload })))
  }

  /** Nothing is left to go on with. */
  async forget(): Promise<void> {
    await this.#run('remove', () => this.#settings.store.remove())
  }

  /** The row of a part that is stored as it is now, so that it need not be sent. */
  find(partNumber: number, size: number, digests: BodyDigests): LedgerRow | undefined {
    const found = this.#stored.get(partNumber)
    if (found === undefined) return undefined
    if (found.size === size && isSame(found, digests)) {
      const isCrc64Own = digests.crc64 !== undefined
      return { ...found, crc64: found.crc64 ?? digests.crc64, isCrc64Own }
    }
    if (!this.#isDifferent && this.#resumed !== undefined) {
      this.#isDifferent = true
      this.#tell({ uploadId: this.#resumed.uploadId, reason: 'differs', partNumber })
    }
    return undefined
  }

  /** The stored parts 1 to n that have the sizes of the plan: what a source need not give again. */
  prefix(sizeOf: (partNumber: number) => number): LedgerRow[] {
    const rows: LedgerRow[] = []
    for (;;) {
      const partNumber = rows.length + 1
      const part = this.#stored.get(partNumber)
      if (part === undefined || part.size !== sizeOf(partNumber)) return rows
      rows.push(part)
    }
  }

  async #load(signal: AbortSignal): Promise<Checkpoint | undefined> {
    const { store, own, failure } = this.#settings
    const text = await this.#run('load', () => store.load(), signal)
    if (text === undefined || text === null) return undefined
    const found = typeof text === 'string' ? decodeCheckpoint(text) : undefined
    if (found === undefined) throw failure('malformed')
    if (isForeign(found, own)) throw failure('foreign')
    return found
  }

  async #whyGone({ marker }: Checkpoint, signal: AbortSignal): Promise<'gone' | 'published'> {
    if (marker === undefined) return 'gone'
    try {
      const object = await this.#target.head({ signal })
      return object?.marker === marker ? 'published' : 'gone'
    } catch {
      // It tells the caller more, and decides nothing; it needs a permission of its own (oss:GetObject).
      signal.throwIfAborted()
      return 'gone'
    }
  }

  #tell(notice: Omit<ResumeNotice, 'partsStored' | 'bytesStored'>): void {
    this.#settings.onResume({
      ...notice,
      partsStored: this.#stored.size,
      bytesStored: this.#bytesStored,
    })
  }

  /** Has the store do something; one that hangs must not keep the stream from ending. */
  async #run<T>(verb: string, task: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    try {
      return await this.#cleanUp.inTime(`${verb}() of the checkpoint's store`, (deadline) =>
        unlessAborted(task, signal === undefined ? [deadline] : [deadline, signal]),
      )
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#settings.failure('store', error)
    }
  }
}

/** What `task` gives, unless a signal is aborted first; then nobody looks at it any more. */
function unlessAborted<T>(task: () => Promise<T> | T, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    for (const signal of signals) {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }
    Promise.resolve().then(task).then(resolve, reject)
  })
}

/** Whether every digest that both sides have says so, and at least one. */
function isSame(found: ListedPart, { md5, crc64 }: BodyDigests): boolean {
  const isSameMd5 = md5 && found.etag.toUpperCase() === md5Hex(md5)
  const isSameCrc64 = crc64 !== undefined && found.crc64 !== undefined && found.crc64 === crc64
  if (isSameMd5 === false) return false
  return crc64 === undefined || found.crc64 === undefined ? isSameMd5 === true : isSameCrc64
}
