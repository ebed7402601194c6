/**
 * MD5 of small objects, of all uploads of the process. One that comes alone is hashed at once. Where
 * many come in each turn of the event loop they are gathered for that long and hashed eight at a
 * time, which takes a third of the time; the kernels for it are loaded when that is first so.
 */
import { md5Of } from '../protocol/digest.js'
import type { Breathe } from './job.js'
import { LONGEST_MESSAGE, MOST_MESSAGES } from './layout.js'

/** Hashes up to eight messages in one go, as {@link SmallMd5Kernel} does. */
export interface GroupHash {
  hash(messages: readonly Uint8Array[]): readonly Uint8Array[]
}

export interface SmallHashingSettings {
  readonly breathe: Breathe
  /** @default the kernels; rejects where they do not work */
  readonly load?: () => Promise<GroupHash>
}

interface Waiter {
  readonly message: Uint8Array
  readonly resolve: (md5: Uint8Array) => void
}

/** So many in one turn are worth being gathered in the next. */
const CROWD = 4

export class SmallHashing {
  readonly #breathe: Breathe
  readonly #load: () => Promise<GroupHash>
  /** The kernels have been asked for, which is done once. */
  #hasBegun = false
  /** There is none before it is worth it, nor where it does not work. */
  #kernel: GroupHash | undefined
  #waiting: Waiter[] = []
  #isTurning = false
  /** How many have come in this turn. */
  #count = 0
  /** Many came in the last one. */
  #isCrowded = false

  constructor({ breathe, load = loadKernel }: SmallHashingSettings) {
    this.#breathe = breathe
    this.#load = load
  }

  /**
   * MD5 of a message, 16 bytes: at once, or within a turn of the event loop; until then it must not
   * change. Never rejects.
   */
  md5(message: Uint8Array): Uint8Array | Promise<Uint8Array> {
    this.#count++
    if (!this.#isTurning) void this.#turn()
    const isGathered = this.#isCrowded && this.#kernel !== undefined
    if (!isGathered || message.byteLength > LONGEST_MESSAGE) return md5Of(message)
    return new Promise((resolve) => {
      this.#waiting.push({ message, resolve })
      if (this.#waiting.length === MOST_MESSAGES) this.#flush()
    })
  }

  async #turn(): Promise<void> {
    this.#isTurning = true
    // Whatever it is, what waits must not wait for ever.
    await this.#breathe().catch(() => undefined)
    this.#isTurning = false
    this.#isCrowded = this.#count >= CROWD
    this.#count = 0
    this.#flush()
    if (this.#isCrowded && !this.#hasBegun) void this.#begin()
  }

  async #begin(): Promise<void> {
    this.#hasBegun = true
    // Without the kernels each is hashed at once, as before.
    this.#kernel = await this.#load().catch(() => undefined)
  }

  #flush(): void {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    const messages = waiting.map(({ message }) => message)
    const digests = this.#hash(messages)
    for (const [index, { message, resolve }] of waiting.entries()) {
      resolve(digests[index] ?? md5Of(message))
    }
  }

  #hash(messages: readonly Uint8Array[]): readonly Uint8Array[] {
    if (messages.length === 1 || this.#kernel === undefined) return messages.map(md5Of)
    try {
      return this.#kernel.hash(messages)
    } catch {
      // It is not asked again; nothing of the messages is lost.
      this.#kernel = undefined
      return messages.map(md5Of)
    }
  }
}

async function loadKernel(): Promise<GroupHash> {
  const { SmallMd5Kernel } = await import('./small-md5-kernel.js')
  return new SmallMd5Kernel()
}
