/** Turns what a caller gave into what an upload stream is built from, or says what was wrong. No I/O. */
import type { OssClient } from './client/client.js'
import { CLIENT_OPTION_NAMES } from './client/options.js'
import type { HashingMode } from './digest/schedule.js'
import { InvalidOptionError } from './errors.js'
import { expectedDigests } from './expected-digest.js'
import type { OssWriteStreamOptions, UploadProgress } from './options.js'
import { OBJECT_HEADER_OPTION_NAMES, type ObjectHeaderOptions } from './protocol/headers.js'
import {
  DEFAULT_CONCURRENCY,
  MAX_PART_SIZE,
  MIN_PART_SIZE,
  type PartPlan,
  planParts,
} from './protocol/part-plan.js'
import type { GuardSettings } from './publish-guard.js'
import { newMarker, resolveHeaders } from './resolve-headers.js'
import {
  checkFunction,
  checkSignal,
  flag,
  givenConcurrency,
  integer,
  MAX_CONCURRENCY,
  resolvePlace,
} from './stream-options.js'
import { refuseUnknown } from './unknown-option.js'
import { MOST_AUTOMATIC } from './upload/concurrency-control.js'
import type { OnMismatch } from './upload/publisher.js'
import type { CheckpointSettings } from './upload/upload-settings.js'

/** What an upload stream is built from. */
export interface ResolvedOptions {
  readonly client: OssClient
  readonly bucket: string
  readonly key: string
  /** Address of the object, without a signature. */
  readonly url: string
  readonly headers: ObjectHeaderOptions
  readonly plan: PartPlan
  readonly concurrency: number
  readonly maxConcurrency: number | undefined
  readonly spareParts: number
  readonly expectedSize: number | undefined
  readonly exactSize: boolean
  readonly leavePartsOnError: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: UploadProgress) => void) | undefined
  /** Which digests of the bytes we compute ourselves. */
  readonly digests: { readonly md5: boolean; readonly crc64: boolean }
  readonly marker: string | undefined
  readonly hashing: HashingMode
  readonly hedge: boolean
  readonly guard: GuardSettings
  readonly onMismatch: OnMismatch
  readonly checkpoint: CheckpointSettings | undefined
  readonly highWaterMark: number
}

const DEFAULT_HIGH_WATER_MARK = 1024 * 1024

const UPLOAD_OPTION_NAMES = [
  'key',
  'client',
  'partSize',
  'concurrency',
  'parallel',
  'maxMemory',
  'expectedSize',
  'exactSize',
  'expectedDigest',
  'sha256',
  'beforeComplete',
  'onMismatch',
  'checkpoint',
  'sourceVersion',
  'leavePartsOnError',
  'signal',
  'onProgress',
  'integrity',
  'hashing',
  'hedge',
  'marker',
  'highWaterMark',
] as const satisfies readonly (keyof OssWriteStreamOptions)[]

/** Every option of an upload stream. */
export const OPTION_NAMES: readonly string[] = [
  ...UPLOAD_OPTION_NAMES,
  ...CLIENT_OPTION_NAMES,
  ...OBJECT_HEADER_OPTION_NAMES,
]

/** Refuses what is no object, and an option that there is not. @param where the function that was called */
export function checkNames(options: unknown, where: string): void {
  if (typeof options !== 'object' || options === null) {
    throw InvalidOptionError.expected('options', 'an object', options)
  }
  refuseUnknown(options, OPTION_NAMES, where)
}

/**
 * Checks what the caller gave, before any I/O.
 * @throws {InvalidOptionError}
 */
export function resolveOptions(
  target: string | undefined,
  options: OssWriteStreamOptions,
): ResolvedOptions {
  checkNames(options, 'createOssWriteStream()')
  const { client, bucket, key } = resolvePlace(target, options, 'completeMultipartUpload')
  const sizes = sizesOf(options)
  const exactSize = flag(options.exactSize, 'exactSize', false)
  if (exactSize && sizes.expectedSize === undefined) {
    throw InvalidOptionError.expected('expectedSize', 'given with `exactSize`', undefined)
  }
  const { partSize, maxMemory, expectedSize } = sizes
  const plan = planParts({
    concurrency: sizes.concurrency,
    partSize,
    maxMemory,
    expectedSize,
    exactSize,
  })
  const url = client.urlOf(bucket, key)
  const marker = flag(options.marker, 'marker', true) ? newMarker(client.clock) : undefined
  const guard = guardOf(options)
  const { sha256 = guard.sha256 } = guard.expectedDigest
  const { headers, headersDigest } = resolveHeaders(options, { marker, sha256 })
  const { concurrency, maxConcurrency } = concurrencyWithin(plan, sizes)
  return {
    client,
    bucket,
    key,
    url,
    headers,
    plan,
    concurrency,
    maxConcurrency,
    // Four full parts are hashed at a time: they fill while others are sent. Who names a budget gets it.
    spareParts: maxMemory === undefined ? 4 : Number.POSITIVE_INFINITY,
    expectedSize,
    exactSize,
    leavePartsOnError: flag(options.leavePartsOnError, 'leavePartsOnError', !!options.checkpoint),
    hashing: hashingOf(options.hashing),
    hedge: flag(options.hedge, 'hedge', mayHedge(url, options)),
    guard,
    onMismatch: onMismatchOf(options),
    checkpoint: checkpointOf(options, headersDigest),
    signal: checkSignal(options.signal),
    onProgress: checkFunction(options.onProgress, 'onProgress'),
    digests: digestsOf(options),
    marker,
    highWaterMark: integer(
      options.highWaterMark === undefined ? DEFAULT_HIGH_WATER_MARK : options.highWaterMark,
      'highWaterMark',
      0,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

function sizesOf(options: OssWriteStreamOptions) {
  const { partSize, maxMemory, expectedSize } = options
  const { concurrency, isAutomatic } = concurrencyOf(options)
  return {
    concurrency,
    isAutomatic,
    partSize:
      partSize === undefined
        ? undefined
        : integer(partSize, 'partSize', MIN_PART_SIZE, MAX_PART_SIZE),
    maxMemory:
      maxMemory === undefined
        ? undefined
        : integer(maxMemory, 'maxMemory', 2 * MIN_PART_SIZE, Number.MAX_SAFE_INTEGER),
    expectedSize:
      expectedSize === undefined
        ? undefined
        : integer(expectedSize, 'expectedSize', 0, Number.MAX_SAFE_INTEGER),
  }
}

function concurrencyOf(options: OssWriteStreamOptions) {
  const { name, value } = givenConcurrency(options)
  if (value === undefined || value === 'auto') {
    return { concurrency: DEFAULT_CONCURRENCY, isAutomatic: value === 'auto' }
  }
  if (Number.isInteger(value) && value >= 1 && value <= MAX_CONCURRENCY) {
    return { concurrency: value, isAutomatic: false }
  }
  throw InvalidOptionError.expected(
    name,
    `an integer from 1 to ${MAX_CONCURRENCY}, or 'auto'`,
    value,
  )
}

/** What grows by itself does so within the memory: one part fills while the others are sent. */
function concurrencyWithin(
  { maxMemory, partSize }: PartPlan,
  { concurrency, isAutomatic }: { readonly concurrency: number; readonly isAutomatic: boolean },
): Pick<ResolvedOptions, 'concurrency' | 'maxConcurrency'> {
  if (!isAutomatic) return { concurrency, maxConcurrency: undefined }
  const max = Math.min(MOST_AUTOMATIC, Math.floor(maxMemory / partSize) - 1)
  return { concurrency: Math.min(concurrency, max), maxConcurrency: max }
}

/** What is kept for a later run; `undefined` without a store. */
function checkpointOf(
  options: OssWriteStreamOptions,
  headersDigest: () => string,
): CheckpointSettings | undefined {
  const { checkpoint: store, sourceVersion: source } = options
  if (source !== undefined && (typeof source !== 'string' || !/^.{1,1024}$/s.test(source))) {
    throw InvalidOptionError.expected('sourceVersion', 'a string of 1 to 1024 characters', source)
  }
  if (store === undefined) {
    if (source === undefined) return undefined
    throw InvalidOptionError.expected('checkpoint', 'given with `sourceVersion`', store)
  }
  if (!isStore(store)) {
    const expected = 'a store with the methods load, save and remove, such as fileCheckpoint(path)'
    throw InvalidOptionError.expected('checkpoint', expected, store)
  }
  if (options.integrity === false) {
    throw new InvalidOptionError(
      'integrity',
      'Expected `integrity` to be on with `checkpoint`: stored parts are recognised by their digests',
    )
  }
  // Only the reader of an answer compares a CRC-64: parts that nobody has read one for are no basis for MD5s.
  const headers = options.integrity === 'crc64' ? `crc64:${headersDigest()}` : headersDigest()
  return { store, headers, source }
}

function isStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return ['load', 'save', 'remove'].every((name) => typeof Reflect.get(value, name) === 'function')
}

function guardOf(options: OssWriteStreamOptions): GuardSettings {
  const { beforeComplete } = options
  return {
    expectedDigest: expectedDigests(options.expectedDigest),
    sha256: flag(options.sha256, 'sha256', false),
    beforeComplete: checkFunction(beforeComplete, 'beforeComplete'),
  }
}

/** Whether to send a part twice costs no more than a request, and may be faster. */
function mayHedge(url: string, { headers, trafficLimit }: OssWriteStreamOptions): boolean {
  const isAccelerated = /^https?:\/\/[^/]*oss-accelerate/i.test(url)
  const isPaidByUs =
    headers !== undefined &&
    Object.keys(headers).some((name) => /^x-oss-request-payer$/i.test(name))
  return !isAccelerated && !isPaidByUs && trafficLimit === undefined
}

function hashingOf(mode: HashingMode = 'auto'): HashingMode {
  if (mode === 'auto' || mode === 'inline' || mode === 'worker') return mode
  throw InvalidOptionError.expected('hashing', "'auto', 'inline' or 'worker'", mode)
}

function onMismatchOf({ onMismatch = 'keep', marker }: OssWriteStreamOptions): OnMismatch {
  if (onMismatch !== 'keep' && onMismatch !== 'delete') {
    throw InvalidOptionError.expected('onMismatch', "'delete' or 'keep'", onMismatch)
  }
  if (onMismatch === 'delete' && marker === false) {
    throw new InvalidOptionError(
      'onMismatch',
      "Expected `marker` to be on with `onMismatch: 'delete'`: without it another's object could be deleted",
    )
  }
  return onMismatch
}

/** What is to be deleted has to differ from what we have computed, not from what we were told. */
function digestsOf({ onMismatch, ...options }: OssWriteStreamOptions): ResolvedOptions['digests'] {
  const { integrity = onMismatch === 'delete' ? 'md5+crc64' : 'md5' } = options
  switch (integrity) {
    case 'md5':
      return { md5: true, crc64: false }
    case 'crc64':
      return { md5: false, crc64: true }
    case 'md5+crc64':
      return { md5: true, crc64: true }
    case false:
      return { md5: false, crc64: false }
    default:
      throw InvalidOptionError.expected(
        'integrity',
        "'md5', 'md5+crc64', 'crc64' or false",
        integrity,
      )
  }
}
