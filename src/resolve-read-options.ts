/** Turns what a caller gave into what a read stream is built from, or says what was wrong. No I/O. */
import type { OssClient } from './client/client.js'
import { CLIENT_OPTION_NAMES } from './client/options.js'
import type { DownloadSettings } from './download/download.js'
import type { Span } from './download/ranges.js'
import { InvalidOptionError } from './errors.js'
import { expectedDigests } from './expected-digest.js'
import { unquoteEtag } from './protocol/digest.js'
import type { DownloadProgress, OssReadStreamOptions } from './read-options.js'
import {
  checkFunction,
  checkSignal,
  concurrencyOf,
  flag,
  givenConcurrency,
  integer,
  resolvePlace,
} from './stream-options.js'
import { refuseUnknown } from './unknown-option.js'

/** What a read stream is built from. */
export interface ResolvedReadOptions {
  readonly client: OssClient
  readonly download: DownloadSettings
  /** Nobody has said how many requests shall run at once: it may be fewer. */
  readonly isPaced: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined
  readonly highWaterMark: number
}

const MIB = 1024 ** 2
const DEFAULT_PART_SIZE = 8 * MIB
const DEFAULT_MAX_MEMORY = 64 * MIB
const DEFAULT_HIGH_WATER_MARK = 256 * 1024
/** Ranges have no limit of the service's; below this they are mostly headers. */
const MIN_PART_SIZE = 1024

/** The byte after it is a safe integer, too. */
const MAX_BYTE = Number.MAX_SAFE_INTEGER - 1

const READ_OPTION_NAMES = [
  'key',
  'client',
  'start',
  'end',
  'partSize',
  'concurrency',
  'parallel',
  'maxMemory',
  'versionId',
  'ifMatch',
  'verify',
  'expectedDigest',
  'signal',
  'onProgress',
  'highWaterMark',
] as const satisfies readonly (keyof OssReadStreamOptions)[]

/** Every option of a read stream. */
export const READ_STREAM_OPTION_NAMES: readonly string[] = [
  ...READ_OPTION_NAMES,
  ...CLIENT_OPTION_NAMES,
]

/**
 * Checks what the caller gave, before any I/O.
 * @throws {InvalidOptionError}
 */
export function resolveReadOptions(
  target: string | undefined,
  options: OssReadStreamOptions,
): ResolvedReadOptions {
  if (typeof options !== 'object' || options === null) {
    throw InvalidOptionError.expected('options', 'an object', options)
  }
  refuseUnknown(options, READ_STREAM_OPTION_NAMES, 'createOssReadStream()')
  const { client, bucket, key } = resolvePlace(target, options, 'receiveObject')
  const etag = text(options.ifMatch, 'ifMatch')
  return {
    client,
    download: {
      bucket,
      key,
      ...limitsOf(options),
      wanted: spanOf(options),
      etag: etag === undefined ? undefined : unquoteEtag(etag),
      versionId: text(options.versionId, 'versionId'),
      verify: flag(options.verify, 'verify', true),
      expectedDigest: expectedDigests(options.expectedDigest),
    },
    isPaced: givenConcurrency(options).value === undefined,
    signal: checkSignal(options.signal),
    onProgress: checkFunction(options.onProgress, 'onProgress'),
    highWaterMark: size(options.highWaterMark, 'highWaterMark', 0) ?? DEFAULT_HIGH_WATER_MARK,
  }
}

function limitsOf(options: OssReadStreamOptions) {
  const concurrency = concurrencyOf(options)
  const given = size(options.maxMemory, 'maxMemory', MIN_PART_SIZE)
  const share = Math.floor((given ?? Number.POSITIVE_INFINITY) / (concurrency + 1))
  const partSize =
    size(options.partSize, 'partSize', MIN_PART_SIZE) ??
    Math.max(MIN_PART_SIZE, Math.min(DEFAULT_PART_SIZE, share))
  const maxMemory = given ?? Math.max(DEFAULT_MAX_MEMORY, (concurrency + 1) * partSize)
  if (maxMemory < partSize) {
    throw InvalidOptionError.expected(
      'maxMemory',
      `at least \`partSize\`, which is ${partSize} (bytes)`,
      maxMemory,
    )
  }
  return { concurrency, partSize, maxMemory }
}

function spanOf(options: OssReadStreamOptions): Span {
  const start = options.start === undefined ? 0 : integer(options.start, 'start', 0, MAX_BYTE)
  // As fs.createReadStream has it.
  const isOpen = options.end === undefined || options.end === Number.POSITIVE_INFINITY
  const last = isOpen ? undefined : integer(options.end, 'end', 0, MAX_BYTE)
  if (last !== undefined && last < start) {
    throw InvalidOptionError.expected('end', `at least \`start\`, which is ${start}`, last)
  }
  return { start, end: last === undefined ? Number.MAX_SAFE_INTEGER : last + 1 }
}

function text(value: unknown, name: string): string | undefined {
  // What cannot be a header or a query would fail much later, and say less.
  if (value === undefined || (typeof value === 'string' && /^[!-~]+$/.test(value))) return value
  throw InvalidOptionError.expected(name, 'a string of printable ASCII', value)
}

function size(value: unknown, name: string, least: number): number | undefined {
  return value === undefined ? undefined : integer(value, name, least, Number.MAX_SAFE_INTEGER)
}
