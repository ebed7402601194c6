/** Digests of the bytes as they are handed over, and the comparison at the end. */
import { createHash } from 'node:crypto'
import type { DigestAlgorithm, DigestComparison } from '../download-errors.js'
import { createCrc64, createMd5, md5Hex, parseCrc64 } from '../protocol/digest.js'
import type { OpenedObject } from './download-source.js'

/** Name of the user metadata that holds the SHA-256 of an object's bytes, in hexadecimal. */
export const SHA256_NAME = 'osspipe-sha256'

/** Digests that the caller wants to see: lower-case hexadecimal, and decimal for CRC-64. */
export type ExpectedDigests = Readonly<Partial<Record<DigestAlgorithm, string>>>

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
  readonly expectedDigest: ExpectedDigests
}

interface Digester {
  readonly update: (bytes: Uint8Array) => void
  readonly digest: () => string
}

export class Verification {
  readonly #expectations: readonly Expectation[]
  readonly #digesters = new Map<DigestAlgorithm, Digester>()

  constructor(expectations: readonly Expectation[]) {
    this.#expectations = expectations
    for (const { algorithm } of expectations) {
      if (!this.#digesters.has(algorithm)) this.#digesters.set(algorithm, DIGESTERS[algorithm]())
    }
  }

  update(bytes: Uint8Array): void {
    for (const digester of this.#digesters.values()) digester.update(bytes)
  }

  /** The first expectation that the bytes do not meet. Ends the digests. */
  finish(): DigestComparison | undefined {
    const actual = new Map<DigestAlgorithm, string>()
    for (const [algorithm, digester] of this.#digesters) actual.set(algorithm, digester.digest())
    const wrong = this.#expectations.find(
      ({ algorithm, expected }) => actual.get(algorithm) !== expected,
    )
    return wrong && { ...wrong, actual: actual.get(wrong.algorithm) ?? '' }
  }
}

const DIGESTERS: Readonly<Record<DigestAlgorithm, () => Digester>> = {
  crc64: () => {
    const crc64 = createCrc64()
    return { update: (bytes) => crc64.update(bytes), digest: () => crc64.digest().toString() }
  },
  md5: () => {
    const md5 = createMd5()
    return {
      update: (bytes) => md5.update(bytes),
      digest: () => md5Hex(md5.digest()).toLowerCase(),
    }
  },
  sha256: () => {
    const sha256 = createHash('sha256')
    return {
      update: (bytes) => {
        sha256.update(bytes)
      },
      digest: () => sha256.digest('hex'),
    }
  },
}
