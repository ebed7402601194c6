/**
 * Options of an object and the headers they become: one row each, with the requests it goes on.
 * Object metadata is fixed at PutObject or InitiateMultipartUpload, the ACL and the callback belong
 * to the request that publishes. Everything is checked before anything is sent.
 */

import { InvalidOptionError } from '../errors.js'
import { percentEncode } from './percent-encoding.js'

export const ACLS = ['default', 'private', 'public-read', 'public-read-write'] as const
export const STORAGE_CLASSES = [
  'Standard',
  'IA',
  'Archive',
  'ColdArchive',
  'DeepColdArchive',
] as const
export const ENCRYPTIONS = ['AES256', 'KMS', 'SM4'] as const

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
  readonly contentType?: string | undefined
  readonly cacheControl?: string | undefined
  readonly contentDisposition?: string | undefined
  readonly contentEncoding?: string | undefined
  /** When caches shall let go of the object. */
  readonly expires?: string | Date | undefined
  /** Further headers, for PutObject and InitiateMultipartUpload. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** User metadata (`x-oss-meta-*`): names of letters, digits and `-`, values Latin-1, at most 8 KiB together. */
  readonly meta?: Readonly<Record<string, string>> | undefined
  readonly acl?: (typeof ACLS)[number] | undefined
  readonly storageClass?: (typeof STORAGE_CLASSES)[number] | undefined
  readonly serverSideEncryption?: (typeof ENCRYPTIONS)[number] | undefined
  /** Only with `serverSideEncryption: 'KMS'`. */
  readonly sseKmsKeyId?: string | undefined
  /** At most 10 tags; names up to 128 bytes, values up to 256 bytes. */
  readonly tagging?: Readonly<Record<string, string>> | undefined
  /** Fail if the object exists. @default false */
  readonly forbidOverwrite?: boolean | undefined
  readonly callback?: CallbackOptions | undefined
  /** Bit/s: an integer from 819200 to 838860800 (100 KiB/s to 100 MiB/s). */
  readonly trafficLimit?: number | undefined
}

/** The requests of an upload that carry headers of the object. */
export type ObjectRequest =
  | 'PutObject'
  | 'InitiateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'

/**
 * Gives the headers that options put on a request, under lower-case names.
 *
 * @throws {InvalidOptionError} for whatever {@link checkObjectHeaders} refuses.
 */
export function objectHeaders(
  options: ObjectHeaderOptions,
  request: ObjectRequest,
): Record<string, string> {
  return Object.fromEntries(
    [...allHeaders(options)].filter(([name]) => requestsOf(name).includes(request)),
  )
}

/** Checks every value of the options; throws {@link InvalidOptionError} for the first bad one. */
export function checkObjectHeaders(options: ObjectHeaderOptions): void {
  allHeaders(options)
}

/**
 * Checks that a header can be sent and signed: a token as name; a Latin-1 value without control
 * characters (CR and LF would begin another header) and without outer blanks (which signers trim).
 */
export function checkHeader(name: string, value: unknown, option: string): void {
  if (!TOKEN.test(name)) throw InvalidOptionError.expected(option, 'named by a header name', name)
  if (typeof value !== 'string') {
    throw InvalidOptionError.expected(option, 'a string', value)
  }
  if (/[\u0100-\uffff]/.test(value)) {
    throw InvalidOptionError.expected(
      option,
      'Latin-1, as HTTP headers are (encode it yourself, for example with encodeURIComponent)',
      value,
    )
  }
  if (hasControlCharacter(value)) {
    throw InvalidOptionError.expected(
      option,
      'free of line breaks and control characters',
      JSON.stringify(value),
    )
  }
  if (value !== value.trim()) {
    throw InvalidOptionError.expected(option, 'free of outer blanks', value)
  }
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

/** Guesses a content type by the key's extension; `application/octet-stream` if it knows none. */
export function contentTypeOf(key: string): string {
  const [, extension = ''] = /\.([a-z0-9]{1,10})$/i.exec(key) ?? []
  return CONTENT_TYPES.get(extension.toLowerCase()) ?? 'application/octet-stream'
}

const META = 'x-oss-meta-'
const MAX_META_BYTES = 8 * 1024
const MAX_CALLBACK_BYTES = 5 * 1024
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const CREATING: readonly ObjectRequest[] = ['PutObject', 'InitiateMultipartUpload']
const PUBLISHING: readonly ObjectRequest[] = ['PutObject', 'CompleteMultipartUpload']
const UPLOADING: readonly ObjectRequest[] = ['PutObject', 'UploadPart']
const ALL: readonly ObjectRequest[] = [...CREATING, 'UploadPart', 'CompleteMultipartUpload']

interface HeaderRow {
  /** Option that gives the header; none for one that only comes in `headers`. */
  readonly option?: Exclude<keyof ObjectHeaderOptions, 'headers' | 'meta'>
  readonly on: readonly ObjectRequest[]
  /** All values there are, if they are few. */
  readonly values?: readonly string[]
}

/** By header. One that is not here goes where the object is created. */
const HEADERS: ReadonlyMap<string, HeaderRow> = new Map<string, HeaderRow>([
  ['content-type', { option: 'contentType', on: CREATING }],
  ['cache-control', { option: 'cacheControl', on: CREATING }],
  ['content-disposition', { option: 'contentDisposition', on: CREATING }],
  ['content-encoding', { option: 'contentEncoding', on: CREATING }],
  ['expires', { option: 'expires', on: CREATING }],
  ['x-oss-object-acl', { option: 'acl', on: PUBLISHING, values: ACLS }],
  ['x-oss-storage-class', { option: 'storageClass', on: CREATING, values: STORAGE_CLASSES }],
  [
    'x-oss-server-side-encryption',
    { option: 'serverSideEncryption', on: CREATING, values: ENCRYPTIONS },
  ],
  ['x-oss-server-side-encryption-key-id', { option: 'sseKmsKeyId', on: CREATING }],
  ['x-oss-tagging', { option: 'tagging', on: CREATING }],
  [
    'x-oss-forbid-overwrite',
    {
      option: 'forbidOverwrite',
      on: [...CREATING, 'CompleteMultipartUpload'],
      values: ['true', 'false'],
    },
  ],
  ['x-oss-callback', { option: 'callback', on: PUBLISHING }],
  ['x-oss-callback-var', { option: 'callback', on: PUBLISHING }],
  ['x-oss-traffic-limit', { option: 'trafficLimit', on: UPLOADING }],
  ['x-oss-request-payer', { on: ALL, values: ['requester'] }],
])

/** Headers that are ours to set, that would change the operation, or that undici refuses. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['authorization', 'connection', 'content-length', 'content-md5', 'date', 'expect', 'host'],
  ...['keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'x-oss-complete-all', 'x-oss-content-sha256'],
  ...['x-oss-copy-source', 'x-oss-date', 'x-oss-hash-crc64ecma', 'x-oss-metadata-directive'],
  ...['x-oss-security-token', 'x-oss-tagging-directive'],
])

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '7z': 'application/x-7z-compressed',
    avif: 'image/avif',
    bz2: 'application/x-bzip2',
    css: 'text/css',
    csv: 'text/csv',
    gif: 'image/gif',
    gz: 'application/gzip',
    htm: 'text/html',
    html: 'text/html',
    ico: 'image/x-icon',
    jpeg: 'image/jpeg',
    jpg: 'image/jpeg',
    js: 'text/javascript',
    json: 'application/json',
    jsonl: 'application/jsonl',
    log: 'text/plain',
    md: 'text/markdown',
    mjs: 'text/javascript',
    mp3: 'audio/mpeg',
    mp4: 'video/mp4',
    ndjson: 'application/x-ndjson',
    parquet: 'application/vnd.apache.parquet',
    pdf: 'application/pdf',
    png: 'image/png',
    rar: 'application/vnd.rar',
    sql: 'application/sql',
    svg: 'image/svg+xml',
    tar: 'application/x-tar',
    tgz: 'application/gzip',
    tsv: 'text/tab-separated-values',
    txt: 'text/plain',
    wasm: 'application/wasm',
    wav: 'audio/wav',
    webm: 'video/webm',
    webp: 'image/webp',
    xml: 'application/xml',
    xz: 'application/x-xz',
    yaml: 'application/yaml',
    yml: 'application/yaml',
    zip: 'application/zip',
    zst: 'application/zstd',
  }),
)

function requestsOf(header: string): readonly ObjectRequest[] {
  return HEADERS.get(header)?.on ?? CREATING
}

/** Every header of the options, checked, wherever it goes. */
function allHeaders(options: ObjectHeaderOptions): Map<string, string> {
  const headers = new Map<string, string>()
  for (const [name, { option, values }] of HEADERS) {
    if (option === undefined) continue
    const value = headerValue(options, name, option, values)
    if (value === undefined) continue
    checkHeader(name, value, option)
    headers.set(name, value)
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

function addFreeHeaders(headers: Map<string, string>, free: unknown): void {
  for (const [name, value] of entries(free, 'headers')) {
    const lower = name.toLowerCase()
    if (RESERVED.has(lower) || lower.startsWith('x-oss-copy-source')) {
      throw new InvalidOptionError(
        'headers',
        `Expected \`headers\` without \`${lower}\`, which is set by this library`,
      )
    }
    checkHeader(name, value, at('headers', name))
    if (headers.has(lower)) {
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
    if (row?.option === 'trafficLimit') checkTrafficLimit(Number(value), at('headers', name))
    headers.set(lower, String(value))
  }
}

function addMetadata(headers: Map<string, string>, meta: unknown): void {
  for (const [name, value] of entries(meta, 'meta')) {
    const header = META + name.toLowerCase()
    if (headers.has(header)) {
      throw new InvalidOptionError(
        'meta',
        `Expected \`meta\` to have \`${name.toLowerCase()}\` once, whatever its case`,
      )
    }
    checkMetadataName(name, 'meta')
    checkHeader(header, value, at('meta', name))
    headers.set(header, String(value))
  }
  let bytes = 0
  for (const [header, value] of headers) {
    if (!header.startsWith(META)) continue
    const name = header.slice(META.length)
    checkMetadataName(name, 'headers')
    bytes += name.length + value.length
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

function checkEncryption(headers: ReadonlyMap<string, string>): void {
  const algorithm = headers.get('x-oss-server-side-encryption')
  const keyId = headers.get('x-oss-server-side-encryption-key-id')
  if (keyId !== undefined && algorithm !== 'KMS') {
    throw InvalidOptionError.expected(
      'serverSideEncryption',
      '`KMS` if there is a `sseKmsKeyId`',
      algorithm,
    )
  }
}

function formatTagging(tagging: unknown): string {
  const tags = entries(tagging, 'tagging')
  if (tags.length > 10) throw InvalidOptionError.expected('tagging', 'at most 10 tags', tags.length)
  return tags
    .map(([name, value]) => {
      if (name === '' || Buffer.byteLength(name) > 128) {
        throw InvalidOptionError.expected('tagging', 'tags with names of 1 to 128 bytes', name)
      }
      if (typeof value !== 'string' || Buffer.byteLength(value) > 256) {
        throw InvalidOptionError.expected(at('tagging', name), 'a string of up to 256 bytes', value)
      }
      return `${encoded(name, 'tagging')}=${encoded(value, at('tagging', name))}`
    })
    .join('&')
}

function formatCallback(callback: unknown): string {
  const given = new Map(entries(callback, 'callback'))
  const urls: unknown[] = [given.get('url')].flat()
  if (urls.length < 1 || urls.length > 5) {
    throw InvalidOptionError.expected('callback.url', '1 to 5 addresses', urls.length)
  }
  for (const url of urls) {
    if (typeof url !== 'string' || !/^[^\s;]+$/.test(url)) {
      throw InvalidOptionError.expected('callback.url', 'an address without blanks and `;`', url)
    }
  }
  const [host, bodyType] = [given.get('host'), given.get('bodyType')]
  return base64Json('callback', {
    callbackUrl: urls.join(';'),
    ...(host === undefined ? {} : { callbackHost: text(host, 'callback.host') }),
    callbackBody: text(given.get('body'), 'callback.body'),
    ...(bodyType === undefined ? {} : { callbackBodyType: text(bodyType, 'callback.bodyType') }),
  })
}

function formatCallbackVars(callback: unknown): string | undefined {
  const vars = new Map(entries(callback, 'callback')).get('vars')
  if (vars === undefined) return undefined
  const checked = entries(vars, 'callback.vars')
  for (const [name, value] of checked) {
    if (!/^x:./.test(name)) {
      throw InvalidOptionError.expected('callback.vars', 'named by `x:` and a name', name)
    }
    text(value, at('callback.vars', name))
  }
  return base64Json('callback.vars', Object.fromEntries(checked))
}

function base64Json(option: string, value: object): string {
  const formatted = Buffer.from(JSON.stringify(value)).toString('base64')
  if (formatted.length <= MAX_CALLBACK_BYTES) return formatted
  throw InvalidOptionError.expected(
    option,
    `at most ${MAX_CALLBACK_BYTES} bytes as Base64 of JSON`,
    formatted.length,
  )
}

function checkTrafficLimit(value: unknown, option: string): string {
  if (Number.isInteger(value) && Number(value) >= 819_200 && Number(value) <= 838_860_800) {
    return String(value)
  }
  throw InvalidOptionError.expected(option, 'an integer from 819200 to 838860800 (bit/s)', value)
}

function oneOf(values: readonly string[], value: unknown, option: string): string {
  if (typeof value === 'string' && values.includes(value)) return value
  const list = values.map((known) => `\`${known}\``).join(', ')
  throw InvalidOptionError.expected(option, values.length === 1 ? list : `one of ${list}`, value)
}

function text(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw InvalidOptionError.expected(option, 'a string that is not empty', value)
}

function httpDate(date: Date): string {
  if (!Number.isNaN(date.getTime())) return date.toUTCString()
  throw InvalidOptionError.expected('expires', 'a valid date', 'Invalid Date')
}

function encoded(value: string, option: string): string {
  try {
    return percentEncode(value)
  } catch (cause) {
    throw new InvalidOptionError(option, `Expected \`${option}\` to be well-formed Unicode`, {
      cause,
    })
  }
}

function entries(value: unknown, option: string): [string, unknown][] {
  if (value === undefined) return []
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value)
  }
  throw InvalidOptionError.expected(option, 'an object', value)
}

function at(option: string, name: string): string {
  return `${option}[${JSON.stringify(name)}]`
}

/** Tabs are fine; undici refuses the rest with a text that names no header. */
function hasControlCharacter(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}
