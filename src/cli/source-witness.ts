/** Looks at the bytes of a source before they are compressed, for what is asked about them. */
import { Transform, type TransformCallback } from 'node:stream'
import { count } from './format.js'
import { CommandError } from './usage-error.js'

/** How much of the end of a source is kept, in bytes. */
const TAIL_BYTES = 4096

export class SourceWitness extends Transform {
  #size = 0
  #tail = Buffer.alloc(0)

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  /** The last 4,096 bytes, or all if there are fewer. */
  get tail(): Buffer {
    return this.#tail
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#size += chunk.length
    this.#tail =
      chunk.length >= TAIL_BYTES
        ? Buffer.from(chunk.subarray(-TAIL_BYTES))
        : Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES)
    callback(null, chunk)
  }
}

/** What a source must look like in the end, else nothing is published. */
export interface SourceGuards {
  readonly minSize?: number | undefined
  readonly expectTrailer?: string | undefined
}

/**
 * The veto of `--min-size` and `--expect-trailer`.
 * @throws {CommandError} that ends with exit code 4
 */
export function checkSource(
  { size, tail }: { readonly size: number; readonly tail: Buffer },
  { minSize, expectTrailer }: SourceGuards,
): void {
  if (minSize !== undefined && size < minSize) {
    throw new CommandError(
      `Expected at least ${count(minSize, 'byte')}, got ${size}; nothing is published`,
      4,
    )
  }
  if (expectTrailer !== undefined && !tail.includes(expectTrailer)) {
    throw new CommandError(
      `Expected ${JSON.stringify(expectTrailer)} in the last ${TAIL_BYTES} bytes; nothing is published`,
      4,
    )
  }
}
