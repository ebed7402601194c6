/**
 * GetObject with its body handed over as it comes. A body that breaks off is asked for again from
 * the byte where it stopped, under If-Match, so that no two objects are ever mixed. Keeps no byte.
 */

import { InvalidOptionError, TransportError } from '../errors.js'
import type { Call } from './call.js'
import type { ObjectAddress, ObjectCallOptions } from './call-options.js'
import { malformed } from './error-answer.js'
import {
  conditions,
  type GetObjectOptions,
  type HeadObjectResult,
  lengthOf,
  objectFields,
  rangeHeaders,
  versionQuery,
} from './objects.js'
import type { Answer, BodySink } from './transport.js'

/** Which bytes of which object, and who is given them. */
export interface ReceiveObjectOptions extends ObjectCallOptions {
  /** Bytes `start` up to, but not including, `end`; either may be left out. */
  readonly range?: GetObjectOptions['range']
  /** Fail with 412 unless the object has this ETag. @default that of the first answer, from there on */
  readonly ifMatch?: string | undefined
  /** @default the newest */
  readonly versionId?: string | undefined
  /** Is told what each answer says of the object, before its bytes. What it throws ends the call. */
  readonly onHead?: ((head: HeadObjectResult) => void) | undefined
  /**
   * Is given the bytes in order, each once. Nothing holds the network back: whoever asks for a range
   * must have room for it. What it throws ends the call.
   */
  readonly onData: (bytes: Uint8Array) => void
}

export function receiveObjectCall(
  address: ObjectAddress,
  options: ReceiveObjectOptions,
): Call<HeadObjectResult> {
  const transfer = new Transfer(options)
  return {
    operation: 'GetObject',
    options,
    ...address,
    query: versionQuery(options.versionId),
    headers: () => transfer.headers(),
    sink: transfer,
    progress: () => transfer.received,
    decode: () => transfer.head(),
  }
}

/** What has come of a range, over all attempts. */
class Transfer implements BodySink {
  readonly #options: ReceiveObjectOptions
  readonly #start: number
  /** Exclusive; exact once there was an answer. */
  #end: number | undefined
  #etag: string | undefined
  #head: HeadObjectResult | undefined
  #received = 0
  #isRefused = false

  constructor(options: ReceiveObjectOptions) {
    if (typeof options.onData !== 'function') {
      throw InvalidOptionError.expected('onData', 'a function', options.onData)
    }
    this.#options = options
    this.#start = options.range?.start ?? 0
    this.#end = options.range?.end
    this.#etag = options.ifMatch
    rangeHeaders(options.range)
  }

  get received(): number {
    return this.#received
  }

  get isRefused(): boolean {
    return this.#isRefused
  }

  get isComplete(): boolean {
    return this.#head !== undefined && this.#position === this.#end
  }

  headers(): Record<string, string> {
    return {
      // Bytes as they are stored: nobody on the way shall compress or unpack them.
      'accept-encoding': 'identity',
      ...conditions(this.#etag),
      ...rangeHeaders({ start: this.#position, end: this.#end }),
    }
  }

  begin(answer: Answer): void {
    const { first, end, size } = extentOf(answer)
    const wanted = this.#end === undefined ? size : Math.min(this.#end, size)
    if (first !== this.#position || end !== wanted) {
      throw malformed(answer, `bytes ${first} to ${end}, not ${this.#position} to ${wanted}`)
    }
    const head = { size, ...objectFields(answer) }
    if (head.etag === '') throw malformed(answer, 'no ETag')
    // Of an answer that is refused nothing is believed, above all not how long the object is.
    this.#end = end
    this.#etag ??= head.etag
    this.#tell(() => this.#options.onHead?.(head))
    this.#head = head
  }

  take(bytes: Uint8Array): void {
    if (this.#end !== undefined && this.#position + bytes.byteLength > this.#end) {
      throw new TransportError('interrupted', 'the answer is longer than it said')
    }
    this.#tell(() => this.#options.onData(bytes))
    // Last: bytes that the caller failed to take are no reason to call this complete.
    this.#received += bytes.byteLength
  }

  head(): HeadObjectResult {
    if (this.#head !== undefined && this.isComplete) return this.#head
    throw new TransportError('interrupted', `the answer ended at byte ${this.#position}`)
  }

  /** An error of the caller's may look like one of the request's, after which bytes came twice. */
  #tell(tell: () => void): void {
    try {
      tell()
    } catch (thrown) {
      this.#isRefused = true
      throw thrown
    }
  }

  get #position(): number {
    return this.#start + this.#received
  }
}

/** Which bytes an answer brings (`end` is exclusive), and how long the whole object is. */
function extentOf(answer: Answer): { first: number; end: number; size: number } {
  if (answer.status === 200) {
    const size = lengthOf(answer)
    if (size === undefined) throw malformed(answer, 'no Content-Length')
    return { first: 0, end: size, size }
  }
  const range = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(
    answer.headers['content-range'] ?? '',
  )
  if (answer.status !== 206 || range === null) throw malformed(answer, 'no Content-Range')
  const [, first, last, size] = range
  return { first: Number(first), end: Number(last) + 1, size: Number(size) }
}
