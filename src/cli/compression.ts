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
      return zstd()
  }
}

function zstd(): Duplex {
  // Node has it from 22.15 and 23.8 on; the types are those of the oldest Node.
  const create: unknown = Reflect.get(zlib, 'createZstdCompress')
  if (typeof create === 'function') return create()
  throw new UsageError(
    `Expected Node 22.15 or newer for --compress zstd, this is ${process.versions.node}; gzip and br are there`,
  )
}
