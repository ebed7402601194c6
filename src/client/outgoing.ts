/**
 * The body of a request on its way to undici, in slices: they are counted, and their end, or a failure to
 * read them, is news for the exchange.
 */
import { InvalidOptionError } from '../errors.js'
import type { SliceCutter } from './slices.js'

/** Whose body it is. */
export interface BodyOwner {
  /** Nothing is sent any more. */
  readonly isOver: boolean
  /** All of the body has been taken. */
  onSent(): void
  onReadFailure(error: unknown): void
}

/** Slices that have to be waited for: those of a file. */
export async function* sendRead(
  slices: AsyncIterable<Uint8Array>,
  size: number,
  owner: BodyOwner,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0
  try {
    for await (const slice of slices) {
      if (owner.isOver) return
      sent += slice.byteLength
      if (sent > size) break
      yield slice
    }
    if (sent !== size) throw wrongLength(size, sent)
  } catch (error) {
    owner.onReadFailure(error)
    throw error
  }
  owner.onSent()
}

const END = { done: true, value: undefined } as const

/** Slices of what is in memory. Not a generator: that would make half a dozen promises of each of them. */
export class SentFromMemory implements AsyncIterableIterator<Uint8Array> {
  readonly #slices: SliceCutter
  readonly #size: number
  readonly #owner: BodyOwner
  #sent = 0
  #isDone = false

  constructor(slices: SliceCutter, size: number, owner: BodyOwner) {
    this.#slices = slices
    this.#size = size
    this.#owner = owner
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isDone || this.#owner.isOver) return this.return()
    const value = this.#slices.next()
    this.#sent += value?.byteLength ?? 0
    if (value !== undefined && this.#sent <= this.#size) {
      return Promise.resolve({ done: false, value })
    }
    this.#isDone = true
    if (this.#sent === this.#size) {
      this.#owner.onSent()
      return Promise.resolve(END)
    }
    const error = wrongLength(this.#size, this.#sent)
    this.#owner.onReadFailure(error)
    return Promise.reject(error)
  }

  /** Whoever takes the slices wants no more of them. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isDone = true
    return Promise.resolve(END)
  }
}

function wrongLength(announced: number, sent: number): Error {
  const actual = sent > announced ? 'is longer' : `ended after ${sent}`
  return new InvalidOptionError('body', `The body of ${announced} bytes ${actual}: it has changed`)
}
