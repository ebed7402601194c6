/** DigestTap: bytes pass through unchanged, and are counted and hashed on their way. */
import type { TransformCallback } from 'node:stream'
import type { DigestAlgorithm, Digests } from './expected-digest.js'
import { flag } from './stream-options.js'
import { StreamWitness } from './stream-witness.js'
import { StrictTransform } from './strict-writable.js'
import { plainObject, refuseUnknown } from './unknown-option.js'

/** Options of {@link createDigestTap}: which digests to compute. None: bytes are counted only. */
export interface DigestTapOptions {
  /** About 1.5 s of CPU a GiB. @default false */
  readonly md5?: boolean | undefined
  /** About 0.7 to 3 s of CPU a GiB. @default false */
  readonly sha256?: boolean | undefined
  /** CRC-64/XZ, as OSS has it; about 0.3 s of CPU a GiB. @default false */
  readonly crc64?: boolean | undefined
}

const ALGORITHMS = ['md5', 'sha256', 'crc64'] as const satisfies readonly DigestAlgorithm[]

/**
 * Makes a Transform that passes bytes on and computes digests of them, anywhere in a pipeline: before a gzip for the
 * digest of what is inside, say. Of what reaches OSS, the upload stream tells `result.crc64` by itself.
 * @throws {InvalidOptionError} synchronously, for a bad or unknown option.
 */
export function createDigestTap(options: DigestTapOptions = {}): DigestTap {
  return new DigestTap(options)
}

export class DigestTap extends StrictTransform {
  readonly #witness: StreamWitness
  #bytes = 0
  #digests: Digests | undefined

  constructor(options: DigestTapOptions = {}) {
    refuseUnknown(plainObject(options, 'options'), ALGORITHMS, 'createDigestTap()')
    super()
    const algorithms = ALGORITHMS.filter((name) => flag(options[name], name, false))
    this.#witness = new StreamWitness({ algorithms, keepsTail: false })
  }

  /** Bytes that have passed so far. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * What was asked for, of all bytes: lower-case hexadecimal, unsigned decimal for CRC-64. `undefined` until the last
   * byte has come.
   */
  get digests(): Digests | undefined {
    return this.#digests
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#bytes += chunk.byteLength
    this.#witness.update(chunk)
    callback(null, chunk)
  }

  override _flush(callback: TransformCallback): void {
    this.#digests = this.#witness.digests()
    callback()
  }
}
