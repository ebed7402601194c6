/** Names the server makes up: request ids, upload ids, blob names, STS pairs. Random, never derived from a key. */

import { randomBytes } from 'node:crypto'

/** 24 upper-case hexadecimal digits, the shape of `x-oss-request-id`. */
export function newRequestId(): string {
  return randomHex(12).toUpperCase()
}

/** 32 upper-case hexadecimal digits, the shape of an `UploadId`. */
export function newUploadId(): string {
  return randomHex(16).toUpperCase()
}

/** So many random bytes as lower-case hexadecimal digits. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
