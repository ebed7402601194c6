/**
 * The digests of the OSS wire: MD5 (Content-MD5, ETags) and CRC-64 (x-oss-hash-crc64ecma), and the
 * texts they travel as. Never compares anything: who asked for a digest judges it.
 */

import { createHash, hash } from 'node:crypto'

export { type Crc64, combineCrc64, crc64, crc64Combiner, createCrc64 } from './crc64.js'

/** An MD5 that grows with the bytes. */
export interface Md5 {
  update(bytes: Uint8Array): void
  /** The 16 bytes; ends it, no call may follow. */
  digest(): Uint8Array
}

/** Starts an MD5. */
export function createMd5(): Md5 {
  const hash = createHash('md5')
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    digest: () => hash.digest(),
  }
}

/**
 * The 16 bytes of the MD5 of `bytes`. Without an object that grows, which costs a small upload as much as
 * hashing 5 KiB, and its garbage collection.
 */
export function md5Of(bytes: Uint8Array): Uint8Array {
  // By way of text: its own buffer would cost the garbage collector more than the text costs us.
  return Buffer.from(hash('md5', bytes, 'binary'), 'binary')
}

/** A SHA-256 that grows with the bytes. */
export interface Sha256 {
  update(bytes: Uint8Array): void
  /** The 32 bytes; ends it, no call may follow. */
  digest(): Uint8Array
}

/** Starts a SHA-256. The service knows none of a whole object: it is for people and their tools. */
export function createSha256(): Sha256 {
  const hash = createHash('sha256')
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    digest: () => hash.digest(),
  }
}

/** Returns a digest as Content-MD5 has it: base64 of the bytes, never of their hexadecimal text. */
export function md5Base64(digest: Uint8Array): string {
  return bufferOf(digest).toString('base64')
}

/** Returns a digest as ETags have it, in upper-case hexadecimal, without quotes. */
export function md5Hex(digest: Uint8Array): string {
  return bufferOf(digest).toString('hex').toUpperCase()
}

/** Returns the 16 bytes of a Content-MD5, or `undefined` if it is not base64 of exactly 16 bytes. */
export function parseContentMd5(value: string): Uint8Array | undefined {
  // The last of 22 digits carries two bits only: any other spelling is not what an encoder writes.
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(value)) return undefined
  return Buffer.from(value, 'base64')
}

const MAX_CRC64 = 2n ** 64n - 1n

/**
 * Reads a CRC-64 from a header or document: unsigned decimal, 0 to 2^64 - 1, exact.
 * Anything else (absent, empty, signed, hexadecimal, too large) is `undefined`.
 */
export function parseCrc64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return value <= MAX_CRC64 ? value : undefined
}

/**
 * Returns the ETag of a multipart object, without quotes: MD5 over the ASCII text of the parts'
 * ETags in order (upper case, no quotes), then `-` and their number. Derived from the example on
 * OSS's CompleteMultipartUpload page; documented only as unique, so no client may depend on it.
 */
export function multipartEtag(partEtags: readonly string[]): string {
  const md5 = createHash('md5')
  for (const etag of partEtags) md5.update(unquoteEtag(etag).toUpperCase(), 'latin1')
  return `${md5.digest('hex').toUpperCase()}-${partEtags.length}`
}

/** Returns an ETag without its surrounding blanks and one pair of double quotes, if it has them. */
export function unquoteEtag(etag: string): string {
  const text = etag.trim()
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

/** Returns an ETag as the wire has it, in double quotes; one that is quoted already stays as it is. */
export function quoteEtag(etag: string): string {
  return `"${unquoteEtag(etag)}"`
}

function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
