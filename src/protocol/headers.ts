/**
 * Options of an object and the headers they become: one row each, with the requests it goes on.
 * Object metadata is fixed at PutObject or InitiateMultipartUpload, the ACL and the callback belong
 * to the request that publishes. Everything is checked before anything is sent.
 */

import { InvalidOptionError } from '../errors.js'
import { HEADERS, type ObjectRequest, RESERVED, requestsOf } from './header-table.js'
import {
  type ACLS,
  at,
  checkHeader,
  checkTrafficLimit,
  type ENCRYPTIONS,
  entries,
  formatCallback,
  formatCallbackVars,
  formatTagging,
  httpDate,
  oneOf,
  type STORAGE_CLASSES,
  text,
} from './header-values.js'

export { contentTypeOf } from './content-type.js'
export type { ObjectRequest } from './header-table.js'
export { ACLS, checkHeader, ENCRYPTIONS, STORAGE_CLASSES } from './header-values.js'

/** An application server that OSS calls once the object is published ("Callback"). */
export interface CallbackOptions {
  /** Up to 5 addresses, tried in order. */
  readonly url: string | readonly string[]
  /** `Host` of the call. */
  readonly host?: string | undefined
  /** Body of the call; may hold `${bucket}`, `${object}`, `${etag}`, `${size}`, `${x:name}` … */
  readonly body: string
  /** Content type of the call. */
  readonly bodyType?: string | undefined
  /** Values of the variables in `body`; names begin with `x:`. */
  readonly vars?: Readonly<Record<string, string>> | undefined
}

/** What an object is stored with. */
export interface ObjectHeaderOptions {
  /** Media type. @default guessed from the ending of the key, else `application/octet-stream` */
  readonly contentType?: string | undefined
  /** `Cache-Control` of later downloads, such as `no-cache`. @default none */
  readonly cacheControl?: string | undefined
  /** `Content-Disposition` of later downloads, such as `attachment; filename="app.sql"`. @default none */
  readonly contentDisposition?: string | undefined
  /** `Content-Encoding`, such as `gzip`: readers like browsers decode it by themselves. @default none */
  readonly contentEncoding?: string | undefined
  /** When caches shall let go of the object. */
  readonly expires?: string | Date | undefined
  /**
   * Further headers, for PutObject and InitiateMultipartUpload; one that has an option of its own
   * goes where that option goes. Not those that this library sets itself.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** User metadata (`x-oss-meta-*`): names of letters, digits and `-`, values Latin-1, at most 8 KiB together. */
  readonly meta?: Readonly<Record<string, string>> | undefined
  /** Who may read the object without credentials. @default that of the bucket */
  readonly acl?: (typeof ACLS)[number] | undefined
  /** @default that of the bucket */
  readonly storageClass?: (typeof STORAGE_CLASSES)[number] | undefined
  /** How the service encrypts it at rest. @default as the bucket says */
  readonly serverSideEncryption?: (typeof ENCRYPTIONS)[number] | undefined
  /** Only with `serverSideEncryption: 'KMS'`. */
  readonly sseKmsKeyId?: string | undefined
  /** At most 10 tags; names up to 128 bytes, values up to 256 bytes. */
  readonly tagging?: Readonly<Record<string, string>> | undefined
  /** Fail if the object exists. @default false */
  readonly forbidOverwrite?: boolean | undefined
  /** Whom the service calls once the object is published; if that fails, the error says `CallbackFailed` and the object stays. */
  readonly callback?: CallbackOptions | undefined
  /** Bit/s: an integer from 819200 to 838860800 (100 KiB/s to 100 MiB/s). */
  readonly trafficLimit?: number | undefined
}

/** The names of all of them; a test holds it complete. */
export const OBJECT_HEADER_OPTION_NAMES = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'expires',
  'headers',
  'meta',
  'acl',
  'storageClass',
  'serverSideEncryption',
  'sseKmsKeyId',
  'tagging',
  'forbidOverwrite',
  'callback',
  'trafficLimit',
] as const satisfies readonly (keyof ObjectHeaderOptions)[]

/**
 * Gives the headers that options put on a request, under lower-case names.
 *
 * @throws {InvalidOptionError} for whatever {@link checkObjectHeaders} refuses.
 */
export function objectHeaders(
  options: ObjectHeaderOptions,
  request: ObjectRequest,
): Record<string, string> {
  const all = allHeaders(options)
  const goesAlong = (name: string) => requestsOf(name).includes(request)
  const names = Object.keys(all)
  if (names.every(goesAlong)) return all
  return Object.fromEntries(Object.entries(all).filter(([name]) => goesAlong(name)))
}

/** Checks every value of the options; throws {@link InvalidOptionError} for the first bad one. */
export function checkObjectHeaders(options: ObjectHeaderOptions): void {
  allHeaders(options)
}

/** Takes the user metadata out of the headers of a request or an answer. */
export function userMetadata(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const lower = name.toLowerCase()
      if (value === undefined || !lower.startsWith(META)) return []
      return [[lower.slice(META.length), Array.isArray(value) ? value.join(', ') : value]]
    }),
  )
}

/** The headers that have an option. */
const OPTION_HEADERS = [...HEADERS].flatMap(([name, { option, values }]) =>
  option === undefined ? [] : [{ name, option, values }],
)

/** The same by option: most objects have few of these, and each is gone through. */
const BY_OPTION: ReadonlyMap<string, typeof OPTION_HEADERS> = new Map(
  OPTION_HEADERS.map(({ option }) => [
    option,
    OPTION_HEADERS.filter((header) => header.option === option),
  ]),
)

const NONE: readonly never[] = []
const META = 'x-oss-meta-'
const MAX_META_BYTES = 8 * 1024

/** Every header of the options, checked, wherever it goes; {@link checkHeader} lets no `__proto__` in. */
function allHeaders(options: ObjectHeaderOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const given of Object.keys(options)) {
    for (const { name, option, values } of BY_OPTION.get(given) ?? NONE) {
      const value = headerValue(options, name, option, values)
      if (value === undefined) continue
      checkHeader(name, value, option)
      headers[name] = value
    }
  }
  addFreeHeaders(headers, options.headers)
  addMetadata(headers, options.meta)
  checkEncryption(headers)
  return headers
}

function headerValue(
  options: ObjectHeaderOptions,
  header: string,
  option: Exclude<keyof ObjectHeaderOptions, 'headers' | 'meta'>,
  values: readonly string[] | undefined,
): string | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  switch (option) {
    case 'expires':
      return value instanceof Date ? httpDate(value) : text(value, option)
    case 'forbidOverwrite':
      if (typeof value !== 'boolean') {
        throw InvalidOptionError.expected(option, '`true` or `false`', value)
      }
      return value ? 'true' : undefined
    case 'trafficLimit':
      return checkTrafficLimit(value, option)
    case 'tagging':
      return formatTagging(value)
    case 'callback':
      return header === 'x-oss-callback' ? formatCallback(value) : formatCallbackVars(value)
    default:
      return values === undefined ? text(value, option) : oneOf(values, value, option)
  }
}

function addFreeHeaders(headers: Record<string, string>, free: unknown): void {
  if (free === undefined) return
  for (const [name, value] of entries(free, 'headers')) {
    const lower = name.toLowerCase()
    if (RESERVED.has(lower) || lower.startsWith('x-oss-copy-source')) {
      throw new InvalidOptionError(
        'headers',
        `Expected \`headers\` without \`${lower}\`, which is set by this library`,
      )
    }
    checkHeader(name, value, 'headers', name)
    if (Object.hasOwn(headers, lower)) {
      const option = HEADERS.get(lower)?.option
      throw new InvalidOptionError(
        'headers',
        option === undefined
          ? `Expected \`headers\` to have \`${lower}\` once`
          : `Expected \`headers\` without \`${lower}\`, which \`${option}\` gives`,
      )
    }
    const row = HEADERS.get(lower)
    if (row?.values !== undefined) oneOf(row.values, value, at('headers', name))
    if (row?.option === 'trafficLimit') {
      const plain = /^\d+$/.test(String(value))
      checkTrafficLimit(plain ? Number(value) : value, at('headers', name))
    }
    headers[lower] = value
  }
}

function addMetadata(headers: Record<string, string>, meta: unknown): void {
  for (const [name, value] of entries(meta, 'meta')) {
    const header = META + name.toLowerCase()
    if (Object.hasOwn(headers, header)) {
      throw new InvalidOptionError(
        'meta',
        `Expected \`meta\` to have \`${name.toLowerCase()}\` once, whatever its case`,
      )
    }
    checkMetadataName(name, 'meta')
    checkHeader(header, value, 'meta', name)
    headers[header] = value
  }
  let bytes = 0
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(META)) continue
    const { length } = headers[header] ?? ''
    const name = header.slice(META.length)
    checkMetadataName(name, 'headers')
    bytes += name.length + length
  }
  if (bytes > MAX_META_BYTES) {
    throw InvalidOptionError.expected(
      'meta',
      `at most ${MAX_META_BYTES} bytes, names and values together`,
      bytes,
    )
  }
}

function checkMetadataName(name: string, option: string): void {
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw InvalidOptionError.expected(option, 'named by letters, digits and `-`', name)
  }
}

function checkEncryption(headers: Readonly<Record<string, string>>): void {
  const algorithm = headers['x-oss-server-side-encryption']
  const keyId = headers['x-oss-server-side-encryption-key-id']
  if (keyId !== undefined && algorithm !== 'KMS') {
    throw InvalidOptionError.expected(
      'serverSideEncryption',
      '`KMS` if there is a `sseKmsKeyId`',
      algorithm,
    )
  }
}
