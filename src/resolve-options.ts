/** Turns what a caller gave into what an upload stream is built from, or says what was wrong. No I/O. */
import type { OssClient } from './client/client.js'
import type { Clock } from './client/clock.js'
import { CLIENT_OPTION_NAMES } from './client/options.js'
import { InvalidOptionError } from './errors.js'
import type { Integrity, OssWriteStreamOptions, UploadProgress } from './options.js'
import {
  checkObjectHeaders,
  OBJECT_HEADER_OPTION_NAMES,
  type ObjectHeaderOptions,
} from './protocol/headers.js'
import { MAX_PART_SIZE, MIN_PART_SIZE, type PartPlan, planParts } from './protocol/part-plan.js'
import {
  checkFunction,
  checkSignal,
  concurrencyOf,
  flag,
  integer,
  resolvePlace,
} from './stream-options.js'
import { refuseUnknown } from './unknown-option.js'

/** What an upload stream is built from. */
export interface ResolvedOptions {
  readonly client: OssClient
  readonly bucket: string
  readonly key: string
  readonly headers: ObjectHeaderOptions
  readonly plan: PartPlan
  readonly concurrency: number
  readonly expectedSize: number | undefined
  readonly exactSize: boolean
  readonly leavePartsOnError: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: UploadProgress) => void) | undefined
  /** Which digests of the bytes we compute ourselves. */
  readonly digests: { readonly md5: boolean; readonly crc64: boolean }
  readonly marker: string | undefined
  readonly highWaterMark: number
}

/** Name of the user metadata that holds the marker of an upload. */
export const MARKER_NAME = 'osspipe-upload'

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
  'leavePartsOnError',
  'signal',
  'onProgress',
  'integrity',
  'marker',
  'highWaterMark',
] as const satisfies readonly (keyof OssWriteStreamOptions)[]

/** Every option of an upload stream. */
export const OPTION_NAMES: readonly string[] = [
  ...UPLOAD_OPTION_NAMES,
  ...CLIENT_OPTION_NAMES,
  ...OBJECT_HEADER_OPTION_NAMES,
]

/**
 * Checks what the caller gave, before any I/O.
 * @throws {InvalidOptionError}
 */
export function resolveOptions(
  target: string | undefined,
  options: OssWriteStreamOptions,
): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw InvalidOptionError.expected('options', 'an object', options)
  }
  refuseUnknown(options, OPTION_NAMES, 'createOssWriteStream()')
  const { client, bucket, key } = resolvePlace(target, options, 'completeMultipartUpload')
  const sizes = sizesOf(options)
  const exactSize = flag(options.exactSize, 'exactSize', false)
  if (exactSize && sizes.expectedSize === undefined) {
    throw InvalidOptionError.expected('expectedSize', 'given with `exactSize`', undefined)
  }
  const plan = planParts({ ...sizes, exactSize })
  const marker = flag(options.marker, 'marker', true) ? newMarker(client.clock) : undefined
  const headers = headersOf(options, marker)
  return {
    client,
    bucket,
    key,
    headers,
    plan,
    concurrency: sizes.concurrency,
    expectedSize: sizes.expectedSize,
    exactSize,
    leavePartsOnError: flag(options.leavePartsOnError, 'leavePartsOnError', false),
    signal: checkSignal(options.signal),
    onProgress: checkFunction(options.onProgress),
    digests: digestsOf(options.integrity),
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
  return {
    concurrency: concurrencyOf(options),
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

function headersOf(
  options: OssWriteStreamOptions,
  marker: string | undefined,
): ObjectHeaderOptions {
  const headers: Record<string, unknown> = {}
  for (const name of OBJECT_HEADER_OPTION_NAMES) {
    if (options[name] !== undefined) headers[name] = options[name]
  }
  const given: ObjectHeaderOptions = headers
  checkObjectHeaders(given)
  if (marker === undefined) return given
  for (const name of Object.keys(given.meta ?? {})) {
    if (name.toLowerCase() === MARKER_NAME) {
      throw new InvalidOptionError(
        'meta',
        `Expected no \`meta\` named ${MARKER_NAME}: it is the upload's marker (see \`marker\`)`,
      )
    }
  }
  const marked = { ...given, meta: { ...given.meta, [MARKER_NAME]: marker } }
  // Once more, because the marker counts towards the limit of the user metadata.
  checkObjectHeaders(marked)
  return marked
}

function digestsOf(integrity: Integrity = 'md5'): ResolvedOptions['digests'] {
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

function newMarker(clock: Clock): string {
  const word = () =>
    Math.floor(clock.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return word() + word() + word()
}
