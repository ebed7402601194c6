/** What is asked of a hasher, and what it answers. */

/** Which digests of the bytes are wanted. */
export interface DigestWish {
  readonly md5: boolean
  readonly crc64: boolean
}

/** The bytes of a part. They must not change until the digests are there. */
export interface HashJob extends DigestWish {
  /**
   * In order. Views of the arena are read where they lie if all but the last have a multiple of 64
   * bytes; whatever lies elsewhere, or is cut elsewhere, is copied through a window of 64 KiB.
   */
  readonly bytes: readonly Uint8Array[]
}

/** `undefined` is what was not asked for. */
export interface Digests {
  /** 16 bytes. */
  readonly md5: Uint8Array | undefined
  /** 0 to 2^64 - 1. */
  readonly crc64: bigint | undefined
}

/** Lets the event loop take one turn. */
export type Breathe = () => Promise<void>

/** Bytes of a job. */
export function sizeOf(job: HashJob): number {
  return job.bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** Copies the job's bytes from `from` on into all of `target`, whose length they must cover. */
export function copyBytes(job: HashJob, from: number, target: Uint8Array): void {
  let start = 0
  let copied = 0
  for (const bytes of job.bytes) {
    const offset = from + copied - start
    if (copied < target.byteLength && offset < bytes.byteLength) {
      const piece = bytes.subarray(offset, offset + target.byteLength - copied)
      target.set(piece, copied)
      copied += piece.byteLength
    }
    start += bytes.byteLength
  }
}
