/** The bytes of `put` on their way: from the source, perhaps compressed, into the upload. */
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  createOssWriteStream,
  fileCheckpoint,
  type OssWriteStream,
  type OssWriteStreamOptions,
  type UploadResult,
  uploadFile,
} from '../index.js'
import { newCompressor } from './compression.js'
import type { Context } from './context.js'
import type { Console } from './output.js'
import type { PutOptions } from './put-options.js'
import type { PutReport } from './put-result.js'
import { type PutSource, sourceFailure } from './put-source.js'
import { watchUpload } from './put-watch.js'
import { checkSource, SourceWitness } from './source-witness.js'

export interface Compression {
  /** Sees the bytes of the source. */
  readonly witness: SourceWitness
  readonly compressor: Duplex
}

/** What compresses, if the options ask for it. */
export function compressionOf({ compress }: PutOptions): Compression | undefined {
  if (compress === undefined) return undefined
  return { witness: new SourceWitness(), compressor: newCompressor(compress) }
}

export interface Transfer {
  readonly context: Context
  readonly console: Console
  readonly options: PutOptions
  readonly source: PutSource
  readonly compression: Compression | undefined
  readonly target: string
  readonly upload: OssWriteStreamOptions
  /** Is told the stream as soon as there is one. */
  readonly onStream: (out: OssWriteStream) => void
}

/** Resolves once the object is published; rejects once nothing is left to do. */
export async function transfer(what: Transfer): Promise<PutReport> {
  const { context, console, options, source, compression, target, onStream } = what
  const watched: { out?: OssWriteStream; end?: () => void } = {}
  const begun = (out: OssWriteStream) => {
    onStream(out)
    watched.out = out
    watched.end = watchUpload({
      context,
      console,
      out,
      mode: options.progress ?? 'auto',
      size: source.size ?? options.expectedSize,
      isCompressed: compression !== undefined,
      bytesIn: () => compression?.witness.size ?? out.bytesWritten,
    })
  }
  const upload = { ...what.upload, ...guardOptions(what) }
  try {
    const result =
      source.path !== undefined && compression === undefined
        ? await uploadFile(source.path, target, upload, begun)
        : await uploadStream(what, upload, begun)
    return { result, stats: watched.out?.stats(), sourceSize: compression?.witness.size }
  } catch (error) {
    throw sourceFailure(error, source.name)
  } finally {
    watched.end?.()
  }
}

async function uploadStream(
  { source, compression, target }: Transfer,
  options: OssWriteStreamOptions,
  begun: (out: OssWriteStream) => void,
): Promise<UploadResult> {
  const out = createOssWriteStream(target, options)
  try {
    begun(out)
    const steps = compression === undefined ? [] : [compression.witness, compression.compressor]
    await pipeline([source.open(), ...steps, out])
    return await out.completed
  } catch (error) {
    // Does nothing where the failure came through the stream; else nobody would end it.
    out.destroy()
    await out.settled
    throw error
  }
}

function guardOptions({ options, source, compression }: Transfer): OssWriteStreamOptions {
  const { checkpoint, minSize, expectTrailer } = options
  const verify = compression === undefined ? undefined : source.verify
  const isGuarded = minSize !== undefined || expectTrailer !== undefined || verify !== undefined
  return {
    ...(isGuarded && {
      beforeComplete: async (summary) => {
        checkSource(compression?.witness ?? summary, { minSize, expectTrailer })
        await verify?.()
      },
    }),
    ...(checkpoint !== undefined && { checkpoint: fileCheckpoint(checkpoint) }),
  }
}
