/**
 * Publishing an object, by Put or by Complete: sends it, finds out what became of it, and takes a
 * damaged one away again where that is wanted. It holds no state of the upload and never throws.
 */
import { asError, DigestMismatchError } from '../errors.js'
import type { CleanUp } from './clean-up.js'
import { lookAgain } from './second-look.js'
import type { FoundObject, StoredObject, UploadTarget } from './upload-target.js'
import { judgeAnswer, judgeError, type Sent, type Verdict } from './verdict.js'

/** What becomes of an object that was published with other bytes than ours. */
export type OnMismatch = 'delete' | 'keep'

export interface PublisherSettings {
  readonly bucket: string
  readonly key: string
  readonly onMismatch: OnMismatch
  /** Keep the parts of an upload that fails: it is then only asked after, never ended. */
  readonly leavePartsOnError: boolean
  readonly cleanUp: CleanUp
  /** Cancels a Put; stops further attempts of Complete. */
  readonly signal: AbortSignal
}

type PutRequest = Parameters<UploadTarget['put']>[0]
type CompleteRequest = Parameters<UploadTarget['complete']>[0]

export class Publisher {
  readonly #target: UploadTarget
  readonly #settings: PublisherSettings

  constructor(target: UploadTarget, settings: PublisherSettings) {
    this.#target = target
    this.#settings = settings
  }

  /** Sends the whole object in one request. */
  async put(request: Omit<PutRequest, 'signal' | 'onSend'>, sent: Sent): Promise<Verdict> {
    const { signal } = this.#settings
    let isSent = false
    const onSend = () => {
      isSent = true
    }
    try {
      return await this.#judge(await this.#target.put({ signal, onSend, ...request }), sent)
    } catch (error) {
      // A Put that we have cut short ourselves: its bytes may have been out already.
      if (signal.aborted) return { error, outcome: isSent ? 'unknown' : 'absent' }
      const verdict = await judgeError(error, sent, { head: () => this.#head() })
      return this.#discard(verdict, sent)
    }
  }

  /** Makes the object of its parts. */
  async complete(
    request: Omit<CompleteRequest, 'stop'>,
    sent: Sent,
    partsSent: boolean,
  ): Promise<Verdict> {
    const { signal: stop, cleanUp, leavePartsOnError: keepsParts } = this.#settings
    const { uploadId } = request
    try {
      return await this.#judge(await this.#target.complete({ stop, ...request }), sent)
    } catch (error) {
      const verdict = await judgeError(error, sent, {
        head: () => this.#head(),
        endUpload: () => (keepsParts ? cleanUp.ask(uploadId) : cleanUp.end(uploadId, partsSent)),
        keepsParts,
      })
      return this.#discard(verdict, sent)
    }
  }

  #judge(object: StoredObject, sent: Sent): Promise<Verdict> {
    const { bucket, key } = this.#settings
    const verdict = judgeAnswer(object, sent, `oss://${bucket}/${key}`)
    return this.#discard(verdict, sent, object.versionId)
  }

  #head(versionId?: string): Promise<FoundObject | undefined> {
    const { cleanUp } = this.#settings
    return cleanUp.inTime('HeadObject', (signal) => this.#target.head({ versionId, signal }))
  }

  /** Deletes what was published with other bytes than ours, if it still is ours and that is wanted. */
  async #discard(verdict: Verdict, sent: Sent, versionId?: string): Promise<Verdict> {
    const { onMismatch, cleanUp } = this.#settings
    const { marker } = sent
    // Without a marker there is no telling whether it is ours; options that say so are refused.
    if (onMismatch === 'keep' || marker === undefined || !isDamaged(verdict)) return verdict
    const { error } = verdict
    try {
      const found = await this.#findAgain(versionId)
      switch (lookAgain(found, { ...sent, marker }, error)) {
        case 'whole':
          return found === undefined ? verdict : { object: found }
        case 'unclear':
          return { error, outcome: 'published', aftermath: UNCLEAR }
        case 'replaced':
          // Somebody else has written there since: theirs is not to be touched, and ours is gone.
          return { error, outcome: 'absent', aftermath: REPLACED }
      }
      await cleanUp.inTime('DeleteObject', (signal) =>
        this.#target.remove({ versionId: found?.versionId, signal }),
      )
      return { error, outcome: 'absent', aftermath: DELETED }
    } catch (thrown) {
      const abortError = asError(thrown)
      return { error, outcome: 'published', aftermath: NOT_DELETED, abortError }
    }
  }

  /** The version that the answer told of; else what stands at the key. */
  async #findAgain(versionId: string | undefined): Promise<FoundObject | undefined> {
    const version = isVersion(versionId) ? await this.#head(versionId) : undefined
    return version === undefined ? this.#head() : { ...version, versionId }
  }
}

const DELETED = '; the object was published, and has been deleted'
const REPLACED = '; the object was published, and is there no more'
const UNCLEAR = '; the object is published, and was not deleted: two answers contradict one another'
const NOT_DELETED = '; the object is published, and could not be deleted'

/** `null` is the one version of an object that has none: by now it may be somebody else's. */
function isVersion(versionId: string | undefined): versionId is string {
  return versionId !== undefined && versionId !== 'null'
}

function isDamaged(verdict: Verdict): verdict is Verdict & { readonly error: DigestMismatchError } {
  return (
    'error' in verdict &&
    verdict.outcome === 'published' &&
    verdict.error instanceof DigestMismatchError
  )
}
