/** Compression in the pipe. */
import type { Duplex } from 'node:stream'
import * as zlib from 'node:zlib'
import { createParallelGzip } from '../index.js'
import { UsageError } from './usage-error.js'

export type CompressionMethod = 'gzip' | 'zstd' | 'br'

/** The default of brotli is for files that are compressed once and served for ever: 100 times slower. */
const BROTLI_QUALITY = 5

/**
 * A stream that compresses.
 * @throws {UsageError} where this Node has not what it needs
 */
export function newCompressor(method: CompressionMethod): Duplex {
  switch (method) {
    case 'gzip':
      return createParallelGzip()
    case 'br':
      return zlib.createBrotliCompress({
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
      })
    case 'zstd':
      return zstd('createZstdCompress', '--compress')
  }
}

/**
 * A stream that undoes it.
 * @throws {UsageError} where this Node has not what it needs
 */
export function newDecompressor(method: CompressionMethod): Duplex {
  switch (method) {
    case 'gzip':
      return zlib.createGunzip()
    case 'br':
      return zlib.createBrotliDecompress()
    case 'zstd':
      return zstd('createZstdDecompress', '--decompress')
  }
}

function zstd(name: string, option: string): Duplex {
  // Node has it from 22.15 and 23.8 on; the types are those of the oldest Node.
  const create: unknown = Reflect.get(zlib, name)
  if (typeof create === 'function') return create()
  throw new UsageError(
    `Expected Node 22.15 or newer for ${option} zstd, this is ${process.versions.node}; gzip and br are there`,
  )
}
