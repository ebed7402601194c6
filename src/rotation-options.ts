/** The options of a stream of objects and their documentation; checks them. No I/O. */
import type { OssClient } from './client/client.js'
import { CLIENT_OPTION_NAMES } from './client/options.js'
import { InvalidOptionError } from './errors.js'
import type { OssWriteStreamOptions } from './options.js'
import { OPTION_NAMES, resolveOptions } from './resolve-options.js'
import type { RotationSplit } from './rotation-plan.js'
import { integer } from './stream-options.js'
import { plainObject, refuseUnknown } from './unknown-option.js'

/** Options of the single upload that make no sense for one of many. */
type OptionOfOne =
  | 'key'
  | 'expectedSize'
  | 'exactSize'
  | 'expectedDigest'
  | 'checkpoint'
  | 'sourceVersion'
  | 'onProgress'

/**
 * Options of {@link createOssRotatingWriteStream}: its own, and those of each upload. At least one of `maxObjectBytes`
 * and `maxAgeMs` is to be given.
 */
export interface OssRotatingWriteStreamOptions extends Omit<OssWriteStreamOptions, OptionOfOne> {
  /**
   * Names the next object: `n` counts from 1, `startedAt` is when its first byte came. What it throws, a key that is
   * none, or the key of the object before fails the stream. A later run counts from 1 again: with a key of `n` alone it
   * replaces the objects of this one.
   */
  readonly key: (n: number, startedAt: Date) => string
  /**
   * Ends an object before it would have more bytes: an integer from 1. Only what `split` keeps whole may
   * make one longer: a chunk or a line that is longer itself, in an object of its own; and a line of more than
   * 1 MiB, which is not kept back in memory until it ends.
   */
  readonly maxObjectBytes?: number | undefined
  /**
   * Ends an object so many milliseconds after its first byte, also when nothing is written: an integer from 1. While an
   * object is open the process lives on until then.
   */
  readonly maxAgeMs?: number | undefined
  /**
   * What is never divided between two objects: a `chunk` as it was written; a `line` with its line feed, wherever chunks end;
   * with `byte` nothing, so that every object that is ended by its size has exactly `maxObjectBytes`. @default 'chunk'
   */
  readonly split?: RotationSplit | undefined
}

const ROTATION_OPTION_NAMES = ['key', 'maxObjectBytes', 'maxAgeMs', 'split'] as const

const OF_ONE: readonly string[] = [
  'key',
  'expectedSize',
  'exactSize',
  'expectedDigest',
  'checkpoint',
  'sourceVersion',
  'onProgress',
] satisfies readonly OptionOfOne[]

const KNOWN = [...ROTATION_OPTION_NAMES, ...OPTION_NAMES.filter((name) => !OF_ONE.includes(name))]

/** What a stream of objects is built from. */
export interface RotationSettings {
  readonly key: (n: number, startedAt: Date) => string
  readonly maxObjectBytes: number
  readonly maxAgeMs: number | undefined
  readonly split: RotationSplit
  readonly client: OssClient
  readonly bucket: string
  readonly signal: AbortSignal | undefined
  readonly highWaterMark: number
  /** Of each upload, but for its key. */
  readonly upload: OssWriteStreamOptions
}

/** @throws {InvalidOptionError} */
export function resolveRotation(options: OssRotatingWriteStreamOptions): RotationSettings {
  refuseUnknown(plainObject(options, 'options'), KNOWN, 'createOssRotatingWriteStream()')
  const { key, maxObjectBytes, maxAgeMs, split = 'chunk', ...each } = options
  if (typeof key !== 'function') {
    throw InvalidOptionError.expected('key', 'a function that names object n', key)
  }
  if (split !== 'chunk' && split !== 'line' && split !== 'byte') {
    throw InvalidOptionError.expected('split', "'chunk', 'line' or 'byte'", split)
  }
  if (maxObjectBytes === undefined && maxAgeMs === undefined) {
    const message = 'Expected `maxObjectBytes` or `maxAgeMs`: without them no object would ever end'
    throw new InvalidOptionError('maxObjectBytes', message)
  }
  for (const [name, value, unit] of [
    ['maxObjectBytes', maxObjectBytes, 'bytes'],
    ['maxAgeMs', maxAgeMs, 'milliseconds'],
  ] as const) {
    if (value !== undefined) integer(value, name, 1, Number.MAX_SAFE_INTEGER, unit)
  }
  // Parts large enough for the largest object that is to be expected.
  const planned = { ...each, expectedSize: maxObjectBytes }
  const { client, bucket, signal, highWaterMark } = resolveFirst(planned)
  const upload: Record<string, unknown> = { ...planned, client, bucket, signal: undefined }
  // The client has them: one for all objects, with its connections and credentials.
  for (const name of CLIENT_OPTION_NAMES) if (name !== 'bucket') delete upload[name]
  return {
    key,
    maxObjectBytes: maxObjectBytes ?? Number.POSITIVE_INFINITY,
    maxAgeMs,
    split,
    client,
    bucket,
    signal,
    highWaterMark,
    upload,
  }
}

/** Checks the options of an upload before there is one. */
function resolveFirst(options: OssWriteStreamOptions) {
  try {
    return resolveOptions(undefined, { ...options, key: 'n' })
  } catch (error) {
    if (!(error instanceof InvalidOptionError) || error.option !== 'expectedSize') throw error
    const message = `Expected \`maxObjectBytes\` to be what one upload can hold: ${error.message}`
    throw new InvalidOptionError('maxObjectBytes', message, { cause: error })
  }
}
