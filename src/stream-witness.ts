/**
 * Sees every byte of a stream once, in order, on its way into the parts: digests of the whole
 * stream and its last bytes, at no extra pass. Compares nothing.
 */
import { StreamCrc64 } from './digest/stream-crc64.js'
import type { DigestAlgorithm, Digests } from './expected-digest.js'
import { createMd5, createSha256 } from './protocol/digest.js'

/** How much of the end is kept, in bytes. */
export const TAIL_SIZE = 4096

export class StreamWitness {
  readonly #hashes: readonly (readonly [
    DigestAlgorithm,
    { update(bytes: Uint8Array): void; text(): string },
  ])[]
  readonly #tail: Buffer | undefined
  #tailSize = 0
  #digests: Digests | undefined

  constructor(settings: {
    readonly algorithms: readonly DigestAlgorithm[]
    readonly keepsTail: boolean
  }) {
    this.#hashes = settings.algorithms.map((algorithm) => [algorithm, STARTS[algorithm]()])
    this.#tail = settings.keepsTail ? Buffer.alloc(TAIL_SIZE) : undefined
  }

  update(bytes: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(bytes)
    if (this.#tail !== undefined) this.#keep(this.#tail, bytes.subarray(-TAIL_SIZE))
  }

  /** The last bytes, at most 4 KiB; a copy. */
  tail(): Buffer {
    return Buffer.from(this.#tail?.subarray(0, this.#tailSize) ?? [])
  }

  /** The digests of all bytes; ends it, no byte may follow. */
  digests(): Digests {
    this.#digests ??= Object.fromEntries(
      this.#hashes.map(([algorithm, hash]) => [algorithm, hash.text()]),
    )
    return this.#digests
  }

  #keep(tail: Buffer, end: Uint8Array): void {
    const kept = Math.min(this.#tailSize, TAIL_SIZE - end.byteLength)
    tail.copyWithin(0, this.#tailSize - kept, this.#tailSize)
    tail.set(end, kept)
    this.#tailSize = kept + end.byteLength
  }
}

const STARTS = {
  md5: () => hexadecimal(createMd5()),
  sha256: () => hexadecimal(createSha256()),
  crc64: () => {
    const crc64 = new StreamCrc64()
    return {
      update: (bytes: Uint8Array) => crc64.update(bytes),
      text: () => String(crc64.digest()),
    }
  },
} as const

function hexadecimal(hash: { update(bytes: Uint8Array): void; digest(): Uint8Array }) {
  return {
    update: (bytes: Uint8Array) => hash.update(bytes),
    text: () => Buffer.from(hash.digest()).toString('hex'),
  }
}
