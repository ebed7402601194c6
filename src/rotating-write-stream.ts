/**
 * OssRotatingWriteStream: an endless source in many objects, one upload after the other. At any time all objects
 * but the last one begun are published, so a failure leaves what came before it whole.
 */
import type { WritableOptions } from 'node:stream'
import { abortedBefore } from './aborted-before.js'
import { Conclusion } from './conclusion.js'
import { asError, InvalidOptionError, type Outcome } from './errors.js'
import { Interruptions } from './interruptions.js'
import type { EventfulWritable } from './listening.js'
import {
  type OssRotatingWriteStreamOptions,
  type RotationSettings,
  resolveRotation,
} from './rotation-options.js'
import { RotationPlan, type RotationStep } from './rotation-plan.js'
import { StrictWritable } from './strict-writable.js'
import {
  completeError,
  DestroyedError,
  idleProcessError,
  type UploadErrorDetails,
} from './upload-errors.js'
import type { UploadResult } from './upload-result.js'
import { writeChunk } from './write-chunk.js'
import { createOssWriteStream, type OssWriteStream } from './write-stream.js'

/** All objects of a stream that has ended. */
export interface RotationResult {
  /** How many: those that `key` named by 1 to this. */
  readonly objects: number
  /** Bytes in all of them. */
  readonly size: number
}

/**
 * Begins a stream of objects: each is an upload of its own, and published before the next one begins. An object begins with
 * its first byte, so that an empty source makes none. Ended, the stream publishes what is left as the last
 * object; destroyed or failed, that one is absent and the ones before it stay.
 * @throws {InvalidOptionError} synchronously, for a bad, missing or unknown option.
 */
export function createOssRotatingWriteStream(
  options: OssRotatingWriteStreamOptions,
): OssRotatingWriteStream {
  return new OssRotatingWriteStream(options)
}

/** Events of a stream of objects beside Node's own, by name. */
export interface RotationEvents {
  /** An object is published. */
  object: [result: UploadResult]
}

const Eventful: new (options: WritableOptions) => EventfulWritable<RotationEvents> = StrictWritable

/** A Writable whose `finish` means that all objects are published. What an object fails with, the stream fails with. */
export class OssRotatingWriteStream extends Eventful {
  readonly bucket: string
  /** Resolves at the end of all, rejects with the failure. May be ignored. */
  readonly completed: Promise<RotationResult>
  /** Resolves once nothing is left to do, cleaning up included; never rejects. */
  readonly settled: Promise<void>
  readonly #settings: RotationSettings
  readonly #plan: RotationPlan
  readonly #conclusion = new Conclusion<RotationResult>()
  readonly #interruptions: Interruptions
  /** The object that is being written, and the age that it is ended at. */
  #current: { readonly upload: OssWriteStream; readonly age: AbortController } | undefined
  #lastKey = ''
  #begun = 0
  #objects = 0
  #size = 0
  #lastObject: UploadResult | undefined
  #isFinished = false
  /** Writes and the age take turns. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: OssRotatingWriteStreamOptions) {
    const settings = resolveRotation(options)
    super({ highWaterMark: settings.highWaterMark, ...abortedBefore(settings.signal) })
    this.#settings = settings
    this.bucket = settings.bucket
    this.#plan = new RotationPlan(settings.split, settings.maxObjectBytes)
    this.completed = this.#conclusion.completed
    this.settled = this.#conclusion.settled
    this.#interruptions = new Interruptions({
      signal: settings.signal,
      onIdleProcess: () => idleProcessError(this.#details()),
      stream: this,
    })
    this.#interruptions.listen()
    // As with one upload: a source that never gives a byte must not go unnoticed.
    this.once('pipe', () => this.#interruptions.begin())
  }

  /** How many objects are published: those that `key` named by 1 to this. */
  get objectsPublished(): number {
    return this.#objects
  }

  /** Bytes in the published objects. */
  get bytesPublished(): number {
    return this.#size
  }

  /** The object published last. Of the others only the event `object` tells: there is no end of them. */
  get lastObject(): UploadResult | undefined {
    return this.#lastObject
  }

  /** What became of the object that was being written when the stream failed, once `settled` has resolved. */
  get outcome(): Outcome | undefined {
    return this.#current?.upload.outcome
  }

  /** Why cleaning that one up failed, if it did. */
  get abortError(): Error | undefined {
    return this.#current?.upload.abortError
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#interruptions.begin()
    this.#inTurn(() => this.#follow(this.#plan.accept(chunk))).then(
      () => callback(),
      (thrown) => callback(asError(thrown)),
    )
  }

  override _final(callback: Callback): void {
    this.#inTurn(async () => {
      await this.#follow(this.#plan.end())
      await this.#publish()
      this.#isFinished = true
    }).then(
      () => callback(),
      (thrown) => callback(asError(thrown)),
    )
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#interruptions.release()
    this.#end(error).then(callback, callback)
  }

  /** For `await using`: waits for a stream that was ended, gives up any other and cleans up. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded) this.destroy()
    await this.settled
  }

  async #end(error: Error | null): Promise<Error | null> {
    if (this.#isFinished) {
      this.#conclusion.succeed({ objects: this.#objects, size: this.#size })
      return error
    }
    const current = this.#current
    current?.age.abort()
    current?.upload.destroy(error ?? undefined)
    await current?.upload.settled
    const reason = error ?? new DestroyedError(this.#details())
    const { outcome = 'absent', abortError } = this
    completeError(reason, this, { outcome, abortError, uploadId: current?.upload.uploadId })
    this.#conclusion.fail(reason)
    return error
  }

  /** Runs when those before it have, whether or not they have failed. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(task)
    // Whoever asked hears of a failure.
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #follow(steps: Iterable<RotationStep>): Promise<void> {
    for (const step of steps) {
      if (step === 'rotate') await this.#publish()
      else await this.#write(step)
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { upload } = this.#current ?? this.#begin()
    try {
      await writeChunk(upload, bytes)
    } catch {
      // It tells only that the upload has ended; `completed` tells why, when all is cleaned up.
      await upload.completed
    }
  }

  #begin() {
    // An object that began now would never be ended.
    if (this.destroyed) throw new DestroyedError(this.#details())
    const { client, upload: options, key: keyOf } = this.#settings
    const n = this.#begun + 1
    const key = keyOf(n, new Date(client.clock.now()))
    if (n > 1 && key === this.#lastKey) {
      throw new InvalidOptionError(
        'key',
        `Expected another key for object ${n} than for the one before: ${key}`,
      )
    }
    const upload = createOssWriteStream({ ...options, key })
    this.#begun = n
    this.#lastKey = key
    const age = new AbortController()
    this.#current = { upload, age }
    // `completed` tells it.
    upload.on('error', () => undefined)
    upload.completed.catch((error) => this.destroy(asError(error)))
    this.#endWhenOld(upload, age.signal).catch((error) => this.destroy(asError(error)))
    return this.#current
  }

  /** Ends an object at its age; resolves early when it has ended before. */
  async #endWhenOld(upload: OssWriteStream, signal: AbortSignal): Promise<void> {
    const { maxAgeMs, client } = this.#settings
    if (maxAgeMs === undefined) return
    const { clock } = client
    const end = clock.ticks() + maxAgeMs
    try {
      // Again, since no timer lasts longer than 25 days.
      while (clock.ticks() < end) await clock.sleep(end - clock.ticks(), signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    await this.#inTurn(async () => {
      if (this.#current?.upload === upload && this.#plan.rotateSoon()) await this.#publish()
    })
  }

  async #publish(): Promise<void> {
    const current = this.#current
    if (current === undefined) return
    current.age.abort()
    current.upload.end()
    const result = await current.upload.completed
    this.#current = undefined
    this.#objects++
    this.#size += result.size
    this.#lastObject = result
    try {
      this.emit('object', result)
    } catch (thrown) {
      this.destroy(asError(thrown))
    }
  }

  #details(): UploadErrorDetails {
    const key = this.#current?.upload.key ?? ''
    return { bucket: this.bucket, key, outcome: 'absent', owner: this }
  }
}

type Callback = (error?: Error | null) => void
