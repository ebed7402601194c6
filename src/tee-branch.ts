/** One sink of a tee: what it was given, how it ended. Decides nothing about the others. */
import { finished, type Readable, type Writable } from 'node:stream'
import { asError, type Outcome } from './errors.js'
import { StrictWritable } from './strict-writable.js'
import type { UploadResult } from './upload-result.js'
import { OssWriteStream } from './write-stream.js'

/** A sink of a tee that has all bytes, and has finished. */
export interface FinishedSink {
  /** Name of the sink, or its number in the list, from 0. */
  readonly name: string
  readonly status: 'fulfilled'
  /** Of an upload stream; `undefined` for any other sink. */
  readonly value: UploadResult | undefined
}

/** A sink of a tee that has failed, or was destroyed. */
export interface FailedSink {
  /** Name of the sink, or its number in the list, from 0. */
  readonly name: string
  readonly status: 'rejected'
  readonly reason: Error
  /** What became of the object; `undefined` for a sink that is no upload stream. */
  readonly outcome: Outcome | undefined
}

/** How one sink of a tee ended. */
export type TeeResult = FinishedSink | FailedSink

export class TeeBranch {
  readonly name: string
  /** Resolves when the sink has ended either way and cleaned up; never rejects. */
  readonly ended: Promise<TeeResult>
  readonly #sink: Writable
  #result: TeeResult | undefined
  #hasAll = false
  /** Lets the writer go that waits for this sink; not a race with `ended`, which would keep every chunk's. */
  #release: (() => void) | undefined

  constructor(name: string, sink: Writable) {
    this.name = name
    this.#sink = sink
    this.ended = new Promise<Error | undefined>((resolve) => {
      // Calls back when the sink is closed, so after its `_destroy`; and hears what it emits later.
      finished(sink, { readable: false }, (error) => resolve(error ?? undefined))
    }).then((error) => this.#conclude(error))
  }

  get result(): TeeResult | undefined {
    return this.#result
  }

  /** Tells a sink of ours what `pipe()` would have told it; others may do anything with the source. */
  piped(source: Readable): void {
    if (this.#sink instanceof StrictWritable) this.#sink.emit('pipe', source)
  }

  /** Resolves when the sink has taken the chunk, or has ended: then nobody waits for it. */
  write(chunk: Uint8Array): Promise<void> {
    if (this.#result !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#release = resolve
      this.#sink.write(chunk, (error) => {
        // With an error the sink ends, which `ended` tells.
        if (!error) resolve()
      })
    })
  }

  end(): Promise<TeeResult> {
    this.#hasAll = true
    this.#sink.end()
    return this.ended
  }

  destroy(error: Error | null): Promise<TeeResult> {
    this.#sink.destroy(error ?? undefined)
    return this.ended
  }

  async #conclude(error: Error | undefined): Promise<TeeResult> {
    const result = await this.#resultAfter(error)
    this.#result = result
    this.#release?.()
    return result
  }

  async #resultAfter(error: Error | undefined): Promise<TeeResult> {
    const { name } = this
    const upload = this.#sink instanceof OssWriteStream ? this.#sink : undefined
    await upload?.settled
    // Published is published, whatever a listener of `finish` may have thrown after that.
    const isFinished = error === undefined || upload?.result !== undefined
    if (isFinished && this.#hasAll) return { name, status: 'fulfilled', value: upload?.result }
    if (isFinished) {
      const reason = new Error(`Somebody else has ended the sink ${name} before all was written`)
      return { name, status: 'rejected', reason, outcome: upload?.outcome }
    }
    // Of a stream that was destroyed without an error, `finished` knows only that it closed too early.
    const reason = upload === undefined ? error : await upload.completed.then(() => error, asError)
    return { name, status: 'rejected', reason, outcome: upload?.outcome }
  }
}
