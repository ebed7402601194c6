/** Digests of the bytes as they are handed over, and the comparison at the end. */
import type { DigestComparison } from '../download-errors.js'
import { type DigestAlgorithm, type Digests, SHA256_NAME } from '../expected-digest.js'
import { parseCrc64 } from '../protocol/digest.js'
import { StreamWitness } from '../stream-witness.js'
import type { OpenedObject } from './download-source.js'

/** A digest to compare with, and who says so. */
export type Expectation = Omit<DigestComparison, 'actual'>

/**
 * What the bytes read will have to be compared with. What the service and the metadata say holds for
 * the whole object: of a range nothing can be said by it.
 */
export function expectationsOf(
  object: OpenedObject,
  { isWhole, verify, expectedDigest }: VerificationSettings & { readonly isWhole: boolean },
): Expectation[] {
  const expectations: Expectation[] = []
  const add = (
    source: Expectation['source'],
    algorithm: DigestAlgorithm,
    expected: string | undefined,
  ) => {
    if (expected !== undefined) expectations.push({ source, algorithm, expected })
  }
  if (verify && isWhole) {
    add('service', 'crc64', parseCrc64(object.crc64)?.toString())
    add('metadata', 'sha256', object.meta[SHA256_NAME]?.toLowerCase())
  }
  for (const algorithm of ['crc64', 'md5', 'sha256'] as const) {
    add('expectedDigest', algorithm, expectedDigest[algorithm])
  }
  return expectations
}

export interface VerificationSettings {
  readonly verify: boolean
  readonly expectedDigest: Digests
}

export class Verification {
  readonly #expectations: readonly Expectation[]
  readonly #witness: StreamWitness

  constructor(expectations: readonly Expectation[]) {
    this.#expectations = expectations
    const algorithms = [...new Set(expectations.map(({ algorithm }) => algorithm))]
    this.#witness = new StreamWitness({ algorithms, keepsTail: false })
  }

  update(bytes: Uint8Array): void {
    this.#witness.update(bytes)
  }

  /** The first expectation that the bytes do not meet. Ends the digests. */
  finish(): DigestComparison | undefined {
    const actual = this.#witness.digests()
    const wrong = this.#expectations.find(
      ({ algorithm, expected }) => actual[algorithm] !== expected,
    )
    return wrong && { ...wrong, actual: actual[wrong.algorithm] ?? '' }
  }
}
