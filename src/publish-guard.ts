/**
 * The last question before an object is published: is this the stream that was meant? Compares the
 * digests that were expected, then asks the caller. Half a dump that looks whole ends here.
 */
import { DigestMismatchError } from './errors.js'
import { type DigestAlgorithm, type Digests, SHA256_NAME } from './expected-digest.js'
import { StreamWitness } from './stream-witness.js'
import type { PublishNotes, Unpublished } from './upload/upload-settings.js'
import { asUploadError, UnexpectedDigestError, type UploadErrorDetails } from './upload-errors.js'

/** What `beforeComplete` is told: all bytes are on their way or stored, and nothing is published. */
export interface UploadSummary {
  readonly bucket: string
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Parts; 1 for a PutObject. */
  readonly parts: number
  /** CRC-64/XZ of all bytes, unsigned decimal. */
  readonly crc64: string
  /** SHA-256 of all bytes in lower-case hexadecimal, with `sha256` or `expectedDigest.sha256`. */
  readonly sha256?: string
  /** MD5 of all bytes in lower-case hexadecimal, with `expectedDigest.md5`. */
  readonly md5?: string
  /** The last 4,096 bytes, or all if there are fewer; to look for a trailer. */
  readonly tail: Buffer
  /** Aborted when the upload is given up in the meantime. */
  readonly signal: AbortSignal
}

/** May veto by throwing or rejecting; what it returns means nothing. */
export type BeforeComplete = (summary: UploadSummary) => void | Promise<void>

/** What is asked before an object is published; see the options of these names. */
export interface GuardSettings {
  readonly expectedDigest: Digests
  readonly sha256: boolean
  readonly beforeComplete: BeforeComplete | undefined
}

export class PublishGuard {
  /** Must see all bytes; `undefined` if nobody asks about them. */
  readonly witness: StreamWitness | undefined
  readonly #settings: GuardSettings

  constructor(settings: GuardSettings) {
    this.#settings = settings
    const algorithms = algorithmsOf(settings)
    if (algorithms.length === 0) return
    const keepsTail = settings.beforeComplete !== undefined
    this.witness = new StreamWitness({ algorithms, keepsTail })
  }

  /** The digests of all bytes that were asked for, once all are there. */
  get digests(): Digests {
    return this.witness?.digests() ?? {}
  }

  /**
   * Rejects if the object must not be published.
   * @returns what is to be stored with it, where that is still possible
   */
  async check(what: Unpublished, details: UploadErrorDetails): Promise<PublishNotes | undefined> {
    if (this.witness === undefined) return undefined
    const { expectedDigest, beforeComplete, sha256: wantsSha256 } = this.#settings
    const { digests } = this
    for (const algorithm of ALGORITHMS) {
      const [expected, actual = ''] = [expectedDigest[algorithm], digests[algorithm]]
      if (expected === undefined || expected === actual) continue
      throw new UnexpectedDigestError(algorithm, { expected, actual }, details)
    }
    const { bucket, key } = details
    const { size, parts, signal } = what
    const { crc64 = '', sha256, md5 } = digests
    if (crc64 !== '' && what.crc64 !== undefined && crc64 !== String(what.crc64)) {
      // What the service has stored is not what was read: Complete would show it, but too late.
      const name = `the parts of oss://${bucket}/${key}`
      const mismatch = new DigestMismatchError('crc64', crc64, String(what.crc64), name)
      throw asUploadError(mismatch, details)
    }
    const found = { ...(sha256 && { sha256 }), ...(md5 && { md5 }) }
    const tail = this.witness.tail()
    const summary = { bucket, key, size, parts, crc64, ...found, tail, signal }
    await unlessAborted(async () => beforeComplete?.(summary), signal)
    return wantsSha256 && sha256 !== undefined ? { meta: { [SHA256_NAME]: sha256 } } : undefined
  }
}

const ALGORITHMS = ['md5', 'sha256', 'crc64'] as const

/** Given up, nobody waits for an answer any more, nor holds memory until it comes. */
function unlessAborted(ask: () => Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop))
  })
}

function algorithmsOf(settings: GuardSettings): DigestAlgorithm[] {
  const { expectedDigest, sha256, beforeComplete } = settings
  const asked: DigestAlgorithm[] = []
  if (expectedDigest.md5 !== undefined) asked.push('md5')
  if (sha256 || expectedDigest.sha256 !== undefined) asked.push('sha256')
  if (expectedDigest.crc64 !== undefined || beforeComplete !== undefined) asked.push('crc64')
  return asked
}
