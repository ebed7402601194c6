/**
 * What ends an unfinished stream from outside: the caller's signal, and a process that has nothing
 * left to do. Such a process would end with code 0, as if the object were there, and leave the parts.
 */
import { reasonOf } from './aborted-before.js'
import { onAbort } from './client/abort-hub.js'

export interface InterruptionSettings {
  readonly signal: AbortSignal | undefined
  /** Makes the error that the stream fails with if the process has nothing left to do. */
  readonly onIdleProcess: () => Error
  readonly destroy: (reason: Error) => void
}

export class Interruptions {
  readonly #settings: InterruptionSettings
  #releaseSignal: () => void = ignore
  #isReleased = false
  readonly #onIdle = () => this.#settings.destroy(this.#settings.onIdleProcess())

  constructor(settings: InterruptionSettings) {
    this.#settings = settings
  }

  /** Listens to the signal; one that is aborted already is for `abortedBefore()`. */
  listen(): void {
    const { signal, destroy } = this.#settings
    if (signal?.aborted) return
    this.#releaseSignal = onAbort(signal, () => destroy(reasonOf(signal)))
  }

  /** From here on the process must not end by itself; before there is a source it may. */
  begin(): void {
    if (this.#isReleased) return
    if (unfinished.size === 0) process.on('beforeExit', endAll)
    unfinished.add(this.#onIdle)
  }

  /** Nothing interrupts any more. */
  release(): void {
    this.#isReleased = true
    this.#releaseSignal()
    if (unfinished.delete(this.#onIdle) && unfinished.size === 0) process.off('beforeExit', endAll)
  }
}

/** One listener of the process for all streams. Whoever stands here cannot be collected as garbage. */
const unfinished = new Set<() => void>()

function endAll(): void {
  for (const end of [...unfinished]) end()
}

function ignore(): void {}
