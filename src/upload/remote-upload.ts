/**
 * The upload as the service has it: whether there is one and which, begun by this run or by an
 * earlier one, kept for a later one or ended. It knows nothing of bytes, and not when to do what.
 */
import type { Cancellation } from '../cancellation.js'
import { asError, type Outcome } from '../errors.js'
import { CheckpointError, UploadError, type UploadErrorDetails } from '../upload-errors.js'
import { CleanUp } from './clean-up.js'
import type { LedgerRow } from './ledger.js'
import type { UploadState } from './lifecycle.js'
import { Resumption } from './resumption.js'
import type { AbortReport, UploadSettings } from './upload-settings.js'
import type { BodyDigests, UploadTarget } from './upload-target.js'

/** How an upload that was given up was left. */
interface Left extends AbortReport {
  readonly state: Extract<UploadState, 'aborted' | 'suspended' | 'completed'>
}

const MADE_EARLIER = '; an earlier run has published its object'

export class RemoteUpload {
  readonly cleanUp: CleanUp
  readonly #target: UploadTarget
  readonly #settings: UploadSettings
  /** Stops further attempts of Initiate; cancels the questions about an earlier run. */
  readonly #cancellation: Cancellation
  readonly #resumption: Resumption | undefined
  /** What is being done, or was, about an earlier run. */
  #resuming: Promise<void> | undefined
  #forgotten: Promise<void> | undefined
  #id: string | undefined
  #isResumed = false
  #marker: string | undefined
  /** Parts are kept only for somebody who can find them again. */
  #keepsParts: boolean

  /** @param owner whose errors these are; see {@link UploadErrorDetails} */
  constructor(
    target: UploadTarget,
    settings: UploadSettings,
    cancellation: Cancellation,
    owner: object,
  ) {
    this.#target = target
    this.#settings = settings
    this.#cancellation = cancellation
    this.#marker = settings.marker
    this.#keepsParts = settings.leavePartsOnError
    this.cleanUp = new CleanUp(target, settings)
    this.#resumption = this.#newResumption(owner)
  }

  get id(): string | undefined {
    return this.#id
  }

  /** Value of the marker that the object will have: that of the upload, whoever began it. */
  get marker(): string | undefined {
    return this.#marker
  }

  /** It may be one of an earlier run, or be gone on with by a later one. */
  get isResumable(): boolean {
    return this.#resumption !== undefined
  }

  /** It is one that an earlier run has begun. */
  get isResumed(): boolean {
    return this.#isResumed
  }

  /** Asks, once, whether an earlier run can be gone on with; then there is an upload already. */
  resume(): Promise<void> {
    this.#resuming ??= this.#resume()
    return this.#resuming
  }

  /** Begins a new upload, so that a later run can go on with it before the first part goes out. */
  async open(): Promise<string> {
    const uploadId = await this.#target.initiate({ stop: this.#cancellation.signal })
    this.#id = uploadId
    try {
      await this.#resumption?.remember({ uploadId, marker: this.#marker })
    } catch (error) {
      this.#keepsParts = false
      throw error
    }
    return uploadId
  }

  /** The row of a part that an earlier run has stored as it is now. */
  find(partNumber: number, size: number, digests: BodyDigests): LedgerRow | undefined {
    return this.#resumption?.find(partNumber, size, digests)
  }

  /** The stored parts 1 to n that have the sizes of the plan. */
  prefix(sizeOf: (partNumber: number) => number): LedgerRow[] {
    return this.#resumption?.prefix(sizeOf) ?? []
  }

  /** Ends an upload of an earlier run that nothing will come of. */
  discard(): Promise<void> {
    this.#resuming = this.#discard()
    return this.#resuming
  }

  /** Published: there is nothing left for a later run. Happens once; never rejects. */
  forget(): Promise<void> {
    this.#forgotten ??= this.#forget()
    return this.#forgotten
  }

  /**
   * Ends the upload, or leaves it where its parts are to be kept. Never rejects.
   * @param reason why it is given up
   */
  async close(partsSent: boolean, reason: unknown): Promise<Left> {
    // It may be ending an upload of an earlier run; its failure is told where it was asked for.
    await this.#resuming?.catch(() => undefined)
    if (this.#id === undefined) return { state: 'aborted', outcome: 'absent' }
    if (this.#keepsParts && !isNoSuchUpload(reason))
      return { state: 'suspended', outcome: 'absent' }
    let outcome: Outcome = 'absent'
    try {
      const isGone = this.#keepsParts || (await this.#end(this.#id, partsSent)) === 'gone'
      // By whom this run does not know: it may have been a Complete of the earlier one.
      if (isGone && this.#isResumed) outcome = await this.#fateOfEarlier()
      if (!this.#settings.leavePartsOnError) await this.#resumption?.forget()
    } catch (error) {
      return { state: 'aborted', outcome, abortError: asError(error) }
    }
    if (outcome !== 'published')
      return { state: this.#keepsParts ? 'suspended' : 'aborted', outcome }
    await this.forget()
    return { state: 'completed', outcome, aftermath: MADE_EARLIER }
  }

  #end(uploadId: string, partsSent: boolean): Promise<'alive' | 'gone'> {
    return this.cleanUp.end(uploadId, partsSent || this.isResumable)
  }

  /** Whether a Complete of the earlier run, still on its way when that died, has made its object. */
  async #fateOfEarlier(): Promise<Outcome> {
    try {
      const found = await this.cleanUp.inTime('HeadObject', (signal) =>
        this.#target.head({ signal }),
      )
      if (found === undefined) return 'absent'
      if (this.#marker === undefined) return 'unknown'
      return found.marker === this.#marker ? 'published' : 'absent'
    } catch {
      // The first failure is the one to report; that asking failed too is told by `unknown`.
      return 'unknown'
    }
  }

  async #resume(): Promise<void> {
    if (this.#resumption === undefined) return
    const found = await this.#resumption.begin(this.#cancellation.signal)
    if (found === undefined) return
    this.#id = found.uploadId
    this.#isResumed = true
    this.#marker = found.marker
  }

  async #discard(): Promise<void> {
    if (this.#id === undefined) return
    await this.#resumption?.discard(this.#id)
    this.#id = undefined
    this.#isResumed = false
    this.#marker = this.#settings.marker
  }

  async #forget(): Promise<void> {
    try {
      await this.#resumption?.forget()
    } catch (error) {
      this.#settings.hooks.onStaleCheckpoint(error)
    }
  }

  #details(owner: object): UploadErrorDetails {
    const { bucket, key } = this.#settings
    return { bucket, key, uploadId: this.#id, outcome: 'absent', owner }
  }

  #newResumption(owner: object): Resumption | undefined {
    const { checkpoint, bucket, key, plan, hooks } = this.#settings
    if (checkpoint === undefined) return undefined
    const { store, headers, source } = checkpoint
    const { partSize, growAfter, maxPartSize } = plan
    return new Resumption(this.#target, this.cleanUp, {
      store,
      own: { bucket, key, plan: { partSize, growAfter, maxPartSize }, headers, source },
      failure: (reason, cause) => new CheckpointError(reason, { ...this.#details(owner), cause }),
      onResume: (notice) => hooks.onResume(notice),
    })
  }
}

function isNoSuchUpload(reason: unknown): boolean {
  return reason instanceof UploadError && reason.ossCode === 'NoSuchUpload'
}
