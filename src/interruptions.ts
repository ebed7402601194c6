/**
 * What ends an unfinished stream from outside: the caller's signal, and a process that has nothing
 * left to do. Such a process would end with code 0, as if the object were there, and leave the parts.
 */
import { reasonOf } from './aborted-before.js'
import { onAbort } from './client/abort-hub.js'
import { type Member, NO_PLACE, Roster } from './client/roster.js'

export interface InterruptionSettings {
  readonly signal: AbortSignal | undefined
  readonly stream: { destroy(reason: Error): unknown }
  /** Makes the error that the stream fails with if the process has nothing left to do. */
  readonly onIdleProcess: () => Error
}

export class Interruptions implements Member {
  place = NO_PLACE
  readonly #settings: InterruptionSettings
  #releaseSignal: () => void = ignore
  #isReleased = false

  constructor(settings: InterruptionSettings) {
    this.#settings = settings
  }

  /** Listens to the signal; one that is aborted already is for `abortedBefore()`. */
  listen(): void {
    const { signal, stream } = this.#settings
    if (signal === undefined || signal.aborted) return
    this.#releaseSignal = onAbort(signal, () => stream.destroy(reasonOf(signal)))
  }

  /** From here on the process must not end by itself; before there is a source it may. */
  begin(): void {
    if (this.#isReleased) return
    if (unfinished.size === 0) process.on('beforeExit', endAll)
    unfinished.add(this)
  }

  /** The process has nothing left to do. */
  end(): void {
    const { stream, onIdleProcess } = this.#settings
    stream.destroy(onIdleProcess())
  }

  /** Nothing interrupts any more. */
  release(): void {
    this.#isReleased = true
    this.#releaseSignal()
    if (unfinished.delete(this) && unfinished.size === 0) process.off('beforeExit', endAll)
  }
}

/** One listener of the process for all streams. Whoever stands here cannot be collected as garbage. */
const unfinished = new Roster<Interruptions>()

function endAll(): void {
  for (const one of unfinished.list()) one.end()
}

function ignore(): void {}
