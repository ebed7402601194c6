/** The digests that a caller expects of all bytes: how they are given, and how they are compared. No I/O. */
import { InvalidOptionError } from './errors.js'
import { parseCrc64 } from './protocol/digest.js'
import { plainObject, refuseUnknown } from './unknown-option.js'

/** Digests of all bytes that are known beforehand. All that are given have to agree. */
export interface ExpectedDigest {
  /** 32 hexadecimal digits. */
  readonly md5?: string | undefined
  /** 64 hexadecimal digits, as `sha256sum` prints them. */
  readonly sha256?: string | undefined
  /** CRC-64/XZ, unsigned decimal, as `result.crc64` has it. */
  readonly crc64?: string | bigint | undefined
}

export type DigestAlgorithm = 'md5' | 'sha256' | 'crc64'

/** Lower-case hexadecimal, and unsigned decimal for CRC-64. */
export type Digests = Readonly<Partial<Record<DigestAlgorithm, string>>>

/** Name of the user metadata that holds the SHA-256 of an object, in lower-case hexadecimal. */
export const SHA256_NAME = 'osspipe-sha256'

/**
 * Checks what was given as `expectedDigest`.
 * @throws {InvalidOptionError}
 */
export function expectedDigests(given: ExpectedDigest | undefined): Digests {
  if (given === undefined) return {}
  refuseUnknown(
    plainObject(given, 'expectedDigest'),
    ['md5', 'sha256', 'crc64'],
    '`expectedDigest`',
  )
  const md5 = hexadecimal(given.md5, 'md5', 32)
  const sha256 = hexadecimal(given.sha256, 'sha256', 64)
  const crc64 = decimal(given.crc64)
  return {
    ...(md5 !== undefined && { md5 }),
    ...(sha256 !== undefined && { sha256 }),
    ...(crc64 !== undefined && { crc64 }),
  }
}

/** A number is refused: beyond 2^53 it is another one than the digits said. */
function decimal(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const isText = typeof value === 'string' || typeof value === 'bigint'
  const crc64 = isText ? parseCrc64(value.toString()) : undefined
  if (crc64 !== undefined) return crc64.toString()
  throw InvalidOptionError.expected(
    'expectedDigest.crc64',
    'unsigned decimal, as a string or a bigint',
    value,
  )
}

function hexadecimal(value: unknown, name: string, digits: number): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[0-9a-f]*$/i.test(value) && value.length === digits) {
    return value.toLowerCase()
  }
  throw InvalidOptionError.expected(
    `expectedDigest.${name}`,
    `a string of ${digits} hexadecimal digits`,
    value,
  )
}
