/**
 * OssTee: one source for several sinks, such as two buckets, or a bucket and a file. Holds every sink to the
 * same chunk, and decides what one that fails means for the others.
 */
import type { Writable, WritableOptions } from 'node:stream'
import { Conclusion } from './conclusion.js'
import { asError, InvalidOptionError } from './errors.js'
import type { EventfulWritable } from './listening.js'
import type { UploadSummary } from './publish-guard.js'
import { PublishTogether } from './publish-together.js'
import { integer } from './stream-options.js'
import { StrictWritable } from './strict-writable.js'
import { type FailedSink, TeeBranch, type TeeResult } from './tee-branch.js'
import { plainObject, refuseUnknown } from './unknown-option.js'

/** What a sink made by a function is given: options to spread into those of {@link createOssWriteStream}. */
export interface TogetherOptions {
  readonly beforeComplete: (summary: UploadSummary) => Promise<void>
}

/**
 * A Writable, or a function that makes one. Uploads made with the options that the function is given are
 * published together: not before every sink has all bytes (a file is finished, the parts of every such upload are
 * stored). It costs them a CRC-64 of their own. A `beforeComplete` besides has to call theirs, at its end.
 */
export type TeeSink = Writable | ((together: TogetherOptions) => Writable)

/** Options of {@link createTee}. */
export interface TeeOptions {
  /**
   * What one sink that fails means. `all`: the tee fails with its error, and every other sink is destroyed, which publishes
   * nothing that is not published yet. `survivors`: the others go on; the tee fails if the last one does.
   * @default 'all'
   */
  readonly onFailure?: 'all' | 'survivors' | undefined
  /** Bytes that Node buffers before `write()` returns false: an integer from 0. @default 64 KiB */
  readonly highWaterMark?: number | undefined
}

const DEFAULT_HIGH_WATER_MARK = 64 * 1024

const OPTION_NAMES = ['onFailure', 'highWaterMark'] as const satisfies readonly (keyof TeeOptions)[]

/**
 * Makes one Writable of several: each chunk goes to every sink, and the next one when all have taken it, so that
 * the slowest sets the pace and the source may use its buffer again. The sinks are ended and destroyed by the
 * tee. How each has ended is told by `results`: with `all`, too, one may have been published when another
 * fails at the very end, and no one can take that back (see {@link TeeSink} for how to make that unlikely).
 * @param sinks a list, or an object whose names the results have
 * @throws {InvalidOptionError} synchronously, for no sinks, one that is twice in it or no open Writable, and for a
 *   bad or unknown option; sinks that functions have made by then are destroyed.
 */
export function createTee(
  sinks: readonly TeeSink[] | Readonly<Record<string, TeeSink>>,
  options: TeeOptions = {},
): OssTee {
  return new OssTee(sinks, options)
}

/** Events of a tee beside Node's own, by name. */
export interface TeeEvents {
  /** With `survivors`: a sink has failed, and others go on. */
  sinkError: [result: FailedSink]
}

const Eventful: new (options: WritableOptions) => EventfulWritable<TeeEvents> = StrictWritable

/** A Writable whose `finish` means that every sink has finished; with `survivors`, at least one. */
export class OssTee extends Eventful {
  /** Resolves with the results, rejects with the failure. May be ignored. */
  readonly completed: Promise<readonly TeeResult[]>
  /** Resolves once every sink has ended and cleaned up; never rejects. */
  readonly settled: Promise<void>
  readonly #branches: readonly TeeBranch[]
  readonly #onFailure: 'all' | 'survivors'
  readonly #conclusion = new Conclusion<readonly TeeResult[]>()
  readonly #together: PublishTogether
  #failure: Error | undefined
  #results: readonly TeeResult[] | undefined

  constructor(
    sinks: readonly TeeSink[] | Readonly<Record<string, TeeSink>>,
    options: TeeOptions = {},
  ) {
    const { onFailure, highWaterMark } = resolveTeeOptions(options)
    super({ highWaterMark })
    this.#onFailure = onFailure
    this.completed = this.#conclusion.completed
    this.settled = this.#conclusion.settled
    const named = namedSinks(sinks)
    const together = new PublishTogether(named.map(([name]) => name))
    this.#together = together
    this.#branches = openSinks(named, together).map(([name, sink]) => new TeeBranch(name, sink))
    for (const { ended } of this.#branches) {
      // Never rejects, and lasts as long as the sink.
      ended.then((result) => this.#noteEnd(result))
    }
    // To each sink it is as if it were the one: a source that never gives a byte must not go unnoticed.
    this.once('pipe', (source) => {
      for (const branch of this.#branches) branch.piped(source)
    })
  }

  /** How each sink ended, in their order; from `finish` or `close` on. */
  get results(): readonly TeeResult[] | undefined {
    return this.#results
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    Promise.all(this.#branches.map((branch) => branch.write(chunk))).then(
      () => callback(),
      (thrown) => callback(asError(thrown)),
    )
  }

  override _final(callback: Callback): void {
    Promise.all(this.#branches.map((branch) => branch.end())).then(
      (results) => {
        const failure = this.#failure
        if (failure === undefined || this.#isSurvived()) this.#results = results
        callback(this.#results === undefined ? failure : undefined)
      },
      (thrown) => callback(asError(thrown)),
    )
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#end(error).then(
      () => callback(error),
      (thrown) => callback(asError(thrown)),
    )
  }

  async #end(error: Error | null): Promise<void> {
    if (this.#results !== undefined) {
      this.#conclusion.succeed(this.#results)
      return
    }
    const results = await Promise.all(this.#branches.map((branch) => branch.destroy(error)))
    this.#results = results
    const failure = error ?? results.find(isRejected)?.reason
    // Not one sink need have failed by it: each may have finished just before.
    this.#conclusion.fail(failure ?? new Error('The tee was destroyed before it had finished'))
  }

  #noteEnd(result: TeeResult): void {
    // What the tee itself has ended is no failure of the sink, and no others go on.
    if (this.destroyed) return
    if (isRejected(result)) {
      this.#failure ??= result.reason
      if (!this.#isSurvived()) {
        this.destroy(this.#failure)
        return
      }
      this.#tell(result)
    }
    this.#together.arrive(result.name)
  }

  #isSurvived(): boolean {
    if (this.#onFailure === 'all') return false
    return this.#branches.some(({ result }) => result?.status !== 'rejected')
  }

  #tell(result: FailedSink): void {
    try {
      this.emit('sinkError', result)
    } catch (thrown) {
      this.destroy(asError(thrown))
    }
  }
}

type Callback = (error?: Error | null) => void

function isRejected(result: TeeResult): result is FailedSink {
  return result.status === 'rejected'
}

function resolveTeeOptions(options: TeeOptions) {
  refuseUnknown(plainObject(options, 'options'), OPTION_NAMES, 'createTee()')
  const { onFailure = 'all', highWaterMark = DEFAULT_HIGH_WATER_MARK } = options
  if (onFailure !== 'all' && onFailure !== 'survivors') {
    throw InvalidOptionError.expected('onFailure', "'all' or 'survivors'", onFailure)
  }
  return {
    onFailure,
    highWaterMark: integer(highWaterMark, 'highWaterMark', 0, Number.MAX_SAFE_INTEGER),
  }
}

function namedSinks(sinks: readonly TeeSink[] | Readonly<Record<string, TeeSink>>) {
  const given: Readonly<Record<string, unknown>> = Array.isArray(sinks)
    ? { ...sinks }
    : plainObject(sinks, 'sinks')
  const named = Object.entries(given)
  if (named.length === 0) throw InvalidOptionError.expected('sinks', 'at least one', undefined)
  return named
}

/** All of them or, with a failure, none that a function has made. */
function openSinks(
  named: readonly (readonly [string, unknown])[],
  together: PublishTogether,
): (readonly [string, Writable])[] {
  const opened = new Map<Writable, string>()
  const made: Writable[] = []
  try {
    for (const [name, given] of named) {
      const sink: unknown =
        typeof given === 'function'
          ? given({ beforeComplete: together.beforeComplete(name) })
          : given
      if (!isOpen(sink))
        throw InvalidOptionError.expected(`sinks.${name}`, 'an open Writable', sink)
      if (sink !== given) made.push(sink)
      const other = opened.get(sink)
      if (other !== undefined) {
        const message = `Expected \`sinks.${name}\` to be another Writable than \`sinks.${other}\``
        throw new InvalidOptionError(`sinks.${name}`, message)
      }
      opened.set(sink, name)
    }
  } catch (error) {
    for (const sink of made) sink.destroy()
    throw error
  }
  return [...opened].map(([sink, name]) => [name, sink])
}

function isOpen(value: unknown): value is Writable {
  if (typeof value !== 'object' || value === null) return false
  return (
    typeof Reflect.get(value, 'write') === 'function' && Reflect.get(value, 'writable') === true
  )
}
