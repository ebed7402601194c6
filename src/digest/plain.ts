/**
 * Digests without the kernels: MD5 by node:crypto, CRC-64 in TypeScript. For a part that stands
 * alone, which they serve best, and for everything where there is no WebAssembly.
 */
import { createCrc64, createMd5 } from '../protocol/digest.js'
import type { Breathe, Digests, HashJob } from './job.js'

/** Bytes hashed between two turns of the event loop, about 2 ms. */
const BREATH = 1024 * 1024

/** Bytes of which both digests are computed while they are in the cache. */
const STRIDE = 64 * 1024

/** Hashes one job. Rejects only if `breathe` does. */
export async function hashPlainly(job: HashJob, breathe: Breathe): Promise<Digests> {
  const md5 = job.md5 ? createMd5() : undefined
  const crc64 = job.crc64 ? createCrc64() : undefined
  let sinceBreath = 0
  for (const bytes of job.bytes) {
    for (let at = 0; at < bytes.byteLength; at += STRIDE) {
      if (sinceBreath >= BREATH) {
        await breathe()
        sinceBreath = 0
      }
      const stride = bytes.subarray(at, at + STRIDE)
      md5?.update(stride)
      crc64?.update(stride)
      sinceBreath += stride.byteLength
    }
  }
  return { md5: md5?.digest(), crc64: crc64?.digest() }
}
