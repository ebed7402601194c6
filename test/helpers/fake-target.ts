/**
 * An `UploadTarget` in memory, for one key: obeys test/contract/upload-target.ts like the real one.
 * `hold` stops calls at a gate, `fail` makes them fail, before or after they have taken effect.
 */
import { createHash } from 'node:crypto'
import { ServiceError } from '../../src/errors.js'
import { crc64, multipartEtag } from '../../src/protocol/digest.js'
import type {
  FoundObject,
  ListedPart,
  StoredPart,
  UploadTarget,
} from '../../src/upload/upload-target.js'
import { Gate } from './gate.js'

type Verb = keyof UploadTarget
interface Fault {
  readonly verb: Verb
  readonly error: unknown
  readonly after: boolean
  skip: number
  times: number
}

export class FakeTarget implements UploadTarget {
  /** What was asked, in order: `initiate`, `part 2`, `complete 1,2`. */
  readonly trail: string[] = []
  readonly uploads = new Map<string, Map<number, Buffer>>()
  object:
    | {
        readonly bytes: Buffer
        readonly marker: string | undefined
        readonly etag?: string
        readonly meta?: Readonly<Record<string, string>> | undefined
      }
    | undefined
  /** Marker that new objects get. */
  marker: string | undefined
  /** Most parts in flight at once so far. */
  maxInFlight = 0
  #inFlight = 0
  #ids = 0
  readonly #gates = new Map<Verb, Gate>()
  readonly #faults: Fault[] = []

  hold(verb: Verb): Gate {
    const gate = new Gate()
    this.#gates.set(verb, gate)
    return gate
  }

  fail(verb: Verb, error: unknown, { times = 1, skip = 0, after = false } = {}): void {
    this.#faults.push({ verb, error, after, skip, times })
  }

  async put({ body, cancellation, meta }: Parameters<UploadTarget['put']>[0]) {
    return this.#run('put', 'put', cancellation.signal, () => {
      const bytes = Buffer.concat(body)
      return this.#publish(bytes, md5(bytes), meta)
    })
  }

  async initiate() {
    return this.#run('initiate', 'initiate', undefined, () => {
      const id = `upload-${++this.#ids}`
      this.uploads.set(id, new Map())
      return id
    })
  }

  async uploadPart(request: Parameters<UploadTarget['uploadPart']>[0]): Promise<StoredPart> {
    const { uploadId, partNumber, body, cancellation } = request
    this.maxInFlight = Math.max(this.maxInFlight, ++this.#inFlight)
    try {
      return await this.#run('uploadPart', `part ${partNumber}`, cancellation.signal, () => {
        const bytes = Buffer.concat(body)
        this.#parts(uploadId).set(partNumber, bytes)
        return { etag: md5(bytes), crc64: crc64(bytes) }
      })
    } finally {
      this.#inFlight--
    }
  }

  async complete({ uploadId, parts }: Parameters<UploadTarget['complete']>[0]) {
    const name = `complete ${parts.map((part) => part.partNumber).join(',')}`
    return this.#run('complete', name, undefined, () => {
      const stored = this.#parts(uploadId)
      const bytes = Buffer.concat(
        parts.map(({ partNumber, etag }) => {
          const part = stored.get(partNumber)
          return part !== undefined && md5(part) === etag ? part : invalidPart()
        }),
      )
      this.uploads.delete(uploadId)
      return this.#publish(bytes, multipartEtag(parts.map((part) => part.etag)))
    })
  }

  async abort({ uploadId, signal }: Parameters<UploadTarget['abort']>[0]) {
    return this.#run('abort', 'abort', signal, () =>
      this.uploads.delete(uploadId) ? ('aborted' as const) : ('gone' as const),
    )
  }

  async listParts({
    uploadId,
    signal,
  }: Parameters<UploadTarget['listParts']>[0]): Promise<ListedPart[] | undefined> {
    return this.#run('listParts', 'listParts', signal, () => {
      const parts = this.uploads.get(uploadId)
      if (parts === undefined) return undefined
      return [...parts]
        .sort(([one], [other]) => one - other)
        .map(([partNumber, bytes]) => {
          return { partNumber, size: bytes.byteLength, etag: md5(bytes), crc64: crc64(bytes) }
        })
    })
  }

  async remove({ signal }: Parameters<UploadTarget['remove']>[0]) {
    return this.#run('remove', 'remove', signal, () => {
      this.object = undefined
    })
  }

  async isAlive({ uploadId, signal }: Parameters<UploadTarget['isAlive']>[0]) {
    return this.#run('isAlive', 'isAlive', signal, () => this.uploads.has(uploadId))
  }

  async head({ signal }: Parameters<UploadTarget['head']>[0]): Promise<FoundObject | undefined> {
    return this.#run('head', 'head', signal, () => {
      if (this.object === undefined) return undefined
      const { bytes, marker, etag = md5(bytes) } = this.object
      const whole = etag.includes('-') ? undefined : etag
      return { etag, md5: whole, crc64: crc64(bytes), size: bytes.byteLength, marker }
    })
  }

  async #run<T>(verb: Verb, name: string, signal: AbortSignal | undefined, effect: () => T) {
    signal?.throwIfAborted()
    this.trail.push(name)
    await this.#gates.get(verb)?.arrive(signal)
    const fault = this.#faults.find(
      (each) => each.verb === verb && each.times > 0 && each.skip-- <= 0,
    )
    if (fault !== undefined) fault.times--
    if (fault?.after === false) throw fault.error
    const answer = effect()
    if (fault !== undefined) throw fault.error
    return answer
  }

  #publish(bytes: Buffer, etag: string, meta?: Readonly<Record<string, string>>) {
    this.object = { bytes, marker: this.marker, etag, meta }
    return { etag, crc64: crc64(bytes) }
  }

  #parts(uploadId: string): Map<number, Buffer> {
    return this.uploads.get(uploadId) ?? missing()
  }
}

function missing(): never {
  throw new ServiceError({ status: 404, ossCode: 'NoSuchUpload' })
}

function invalidPart(): never {
  throw new ServiceError({ status: 400, ossCode: 'InvalidPart' })
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex').toUpperCase()
}
