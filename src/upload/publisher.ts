/**
 * Publishing an object, by Put or by Complete: sends it, finds out what became of it, and takes a
 * damaged one away again where that is wanted. It holds no state of the upload and never throws.
 */
import type { Cancellation } from '../cancellation.js'
import { asError, DigestMismatchError, ServiceError } from '../errors.js'
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
}

type PutRequest = Parameters<UploadTarget['put']>[0]
type CompleteRequest = Parameters<UploadTarget['complete']>[0]

export class Publisher {
  readonly #target: UploadTarget
  readonly #settings: PublisherSettings
  readonly #cancellation: Cancellation

  /** @param cancellation cancels a Put; stops further attempts of Complete */
  constructor(target: UploadTarget, settings: PublisherSettings, cancellation: Cancellation) {
    this.#target = target
    this.#settings = settings
    this.#cancellation = cancellation
  }

  /** Sends the whole object in one request. */
  async put(request: Omit<PutRequest, 'cancellation' | 'onSend'>, sent: Sent): Promise<Verdict> {
    const cancellation = this.#cancellation
    let isSent = false
    const onSend = () => {
      isSent = true
    }
    try {
      return await this.#judge(await this.#target.put({ cancellation, onSend, ...request }), sent)
    } catch (error) {
      // A Put that we have cut short ourselves: its bytes may have been out already.
      if (cancellation.aborted) return { error, outcome: isSent ? 'unknown' : 'absent' }
      const verdict = await judgeError(error, sent, { head: () => this.#head() })
      return this.#examine(verdict, { ...sent, isCrc64Own: true })
    }
  }

  /** Makes the object of its parts. */
  async complete(
    request: Omit<CompleteRequest, 'stop'>,
    sent: Sent,
    partsSent: boolean,
  ): Promise<Verdict> {
    const { cleanUp, leavePartsOnError: keepsParts } = this.#settings
    const stop = this.#cancellation.signal
    const { uploadId } = request
    try {
      return await this.#judge(await this.#target.complete({ stop, ...request }), sent)
    } catch (error) {
      const verdict = await judgeError(error, sent, {
        head: () => this.#head(),
        endUpload: () => (keepsParts ? cleanUp.ask(uploadId) : cleanUp.end(uploadId, partsSent)),
        keepsParts,
      })
      return this.#examine(verdict, sent)
    }
  }

  #judge(object: StoredObject, sent: Sent): Promise<Verdict> {
    const { bucket, key } = this.#settings
    const verdict = judgeAnswer(object, sent, `oss://${bucket}/${key}`)
    return this.#examine(verdict, sent, object.versionId)
  }

  #head(versionId?: string): Promise<FoundObject | undefined> {
    const { cleanUp } = this.#settings
    return cleanUp.inTime('HeadObject', (signal) => this.#target.head({ versionId, signal }))
  }

  /** Looks again at what seems damaged: it may be whole, or is to be deleted, if it still is ours. */
  async #examine(verdict: Verdict, sent: Sent, versionId?: string): Promise<Verdict> {
    if (!isDamaged(verdict)) return verdict
    const { error } = verdict
    // Without a marker there is no telling whether it is ours; options that say so are refused.
    if (this.#settings.onMismatch === 'delete' && sent.marker !== undefined) {
      return this.#discard(error, sent, versionId)
    }
    try {
      const found = await this.#findAgain(versionId)
      if (found === undefined || lookAgain(found, sent, error) !== 'whole') return verdict
      return { object: found }
    } catch {
      // That asking failed too changes nothing of what the first answer told.
      return verdict
    }
  }

  async #discard(error: DigestMismatchError, sent: Sent, versionId?: string): Promise<Verdict> {
    let failure: Error | undefined
    for (let left = MOST_DELETIONS; ; left--) {
      let found: FoundObject | undefined
      try {
        found = await this.#findAgain(versionId)
      } catch (thrown) {
        if (failure === undefined) return { error, ...NOT_DELETED, abortError: asError(thrown) }
        return { error, ...PERHAPS_DELETED, abortError: failure }
      }
      if (found === undefined) return { error, ...REPLACED }
      const look = lookAgain(found, sent, error)
      if (look === 'whole') return { object: found }
      if (look !== 'damaged') return { error, ...LEFT_ALONE[look] }
      if (failure !== undefined && left === 0) return { error, ...NOT_DELETED, abortError: failure }
      failure = await this.#tryToDelete(found.versionId)
      if (failure === undefined) return { error, ...DELETED }
      if (isRefusal(failure)) return { error, ...NOT_DELETED, abortError: failure }
      // Without an answer it may have happened, and somebody may write there any time: it is looked at
      // again before that is repeated.
    }
  }

  /** Why it could not be deleted, if so. */
  async #tryToDelete(versionId: string | undefined): Promise<Error | undefined> {
    try {
      await this.#settings.cleanUp.inTime('DeleteObject', (signal) =>
        this.#target.remove({ versionId, signal }),
      )
      return undefined
    } catch (error) {
      return asError(error)
    }
  }

  /** The version that the answer told of; else what stands at the key. */
  async #findAgain(versionId: string | undefined): Promise<FoundObject | undefined> {
    const version = isVersion(versionId) ? await this.#head(versionId) : undefined
    return version === undefined ? this.#head() : { ...version, versionId }
  }
}

/** How often the deletion of one object is tried, each time after a look at it. */
const MOST_DELETIONS = 2

const DELETED = {
  outcome: 'absent',
  aftermath: '; the object was published, and has been deleted',
} as const
const NOT_DELETED = {
  outcome: 'published',
  aftermath: '; the object is published, and could not be deleted',
} as const
const PERHAPS_DELETED = {
  outcome: 'unknown',
  aftermath: '; the object was published, and whether it is deleted could not be found out',
} as const

/** Somebody else has written there since: theirs is not to be touched, and ours is gone. */
const REPLACED = {
  outcome: 'absent',
  aftermath: '; the object was published, and is there no more',
} as const

/** What is not deleted because of what a look has found. */
const LEFT_ALONE = {
  replaced: REPLACED,
  unclear: {
    outcome: 'published',
    aftermath: '; the object is published, and was not deleted: two answers contradict one another',
  },
  doubtful: {
    outcome: 'unknown',
    aftermath: '; the object was published, and whether it still is could not be found out',
  },
} as const

/** The service has said that it has not done it, and that it will not. */
function isRefusal(error: Error): boolean {
  return error instanceof ServiceError && error.uncertain === undefined
}

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
