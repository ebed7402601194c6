/**
 * The headers of a request that stay with the object, checked as the service checks them, and the
 * headers of an answer that tell of an object.
 */

import { quoteEtag } from '../protocol/digest.js'
import { ACLS, ENCRYPTIONS, STORAGE_CLASSES } from '../protocol/headers.js'
import { percentDecode } from '../protocol/percent-encoding.js'
import { failures } from './failures.js'
import type { Acl, ObjectRecord, StoredHeaders } from './records.js'

type Headers = Readonly<Record<string, string>>

const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-oss-storage-class',
  'x-oss-server-side-encryption',
  'x-oss-server-side-data-encryption',
  'x-oss-server-side-encryption-key-id',
]
const META = 'x-oss-meta-'
const MAX_META = 8 * 1024

/**
 * What PutObject and InitiateMultipartUpload fix about an object.
 *
 * @throws {Failure} 400 for a storage class or encryption that does not exist, for metadata above 8 KiB
 * or with a name that is none.
 */
export function storedHeaders(
  headers: Headers,
  byDefault: { storageClass: string },
): StoredHeaders {
  const kept: Record<string, string> = {
    'content-type': 'application/octet-stream',
    'x-oss-storage-class': byDefault.storageClass,
  }
  let metaSize = 0
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(META) && !/^[a-z0-9-]+$/.test(name.slice(META.length))) {
      const allowed = 'Names of user metadata may have letters, digits and hyphens only.'
      throw failures.invalidArgument(allowed, name, value)
    }
    if (name.startsWith(META)) metaSize += name.length - META.length + value.length
    if (name.startsWith(META) || KEPT.includes(name)) kept[name] = value
  }
  if (metaSize > MAX_META) {
    throw failures.invalidArgument('The total size of user metadata must not exceed 8 KB.')
  }
  oneOf(STORAGE_CLASSES, kept, 'x-oss-storage-class')
  const encryption = kept['x-oss-server-side-encryption']
  if (encryption !== undefined && !ENCRYPTIONS.some((name) => name === encryption)) {
    throw failures.invalidEncryption(encryption)
  }
  return kept
}

/** The object's own ACL; `undefined` if it takes the bucket's. @throws {Failure} 400 InvalidArgument */
export function aclOf(headers: Headers, name = 'x-oss-object-acl'): Acl | undefined {
  const acl = oneOf(ACLS, headers, name)
  return acl === undefined || acl === 'default' ? undefined : acl
}

/** The tags of `x-oss-tagging`. @throws {Failure} 400 InvalidTag: more than 10, too long, malformed */
export function taggingOf(headers: Headers): Record<string, string> | undefined {
  const text = headers['x-oss-tagging']
  if (text === undefined || text === '') return undefined
  const pairs = text.split('&').map((pair) => {
    const [name = '', value = '', ...more] = pair.split('=')
    if (more.length > 0) throw failures.invalidTag(text)
    return [decodeTag(name), decodeTag(value)] as const
  })
  return checkTags(pairs)
}

/** Checks a set of tags ("Limits"). @throws {Failure} 400 InvalidTag */
export function checkTags(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const tags = new Map(pairs)
  const fits = pairs.every(
    ([name, value]) =>
      name !== '' && Buffer.byteLength(name) <= 128 && Buffer.byteLength(value) <= 256,
  )
  if (!fits || tags.size !== pairs.length || pairs.length > 10) {
    throw failures.invalidTag(pairs.map(([name]) => name).join('&'))
  }
  return Object.fromEntries(tags)
}

/** Whether an existing object must stay. @throws {Failure} 400 InvalidArgument */
export function forbidsOverwrite(headers: Headers): boolean {
  return (
    oneOf(
      ['true', 'false'],
      lowered(headers, 'x-oss-forbid-overwrite'),
      'x-oss-forbid-overwrite',
    ) === 'true'
  )
}

/** COPY or REPLACE, in any case. @throws {Failure} 400 InvalidArgument */
export function directiveOf(headers: Headers, name: string): 'COPY' | 'REPLACE' {
  const value = headers[name]?.toUpperCase() ?? 'COPY'
  if (value === 'COPY' || value === 'REPLACE') return value
  throw failures.invalidArgument(`The value of ${name} is not valid.`, name, value)
}

/** What an answer tells of an object besides its content's length. */
export function describeObject(record: ObjectRecord): Record<string, string> {
  const tags = Object.keys(record.tagging ?? {}).length
  return {
    ...record.headers,
    etag: quoteEtag(record.etag),
    'last-modified': new Date(record.lastModified).toUTCString(),
    'x-oss-object-type': record.type,
    'x-oss-hash-crc64ecma': record.crc64,
    'accept-ranges': 'bytes',
    ...(record.contentMd5 === undefined ? {} : { 'content-md5': record.contentMd5 }),
    ...(tags === 0 ? {} : { 'x-oss-tagging-count': String(tags) }),
    ...(record.type === 'Appendable' ? { 'x-oss-next-append-position': String(record.size) } : {}),
  }
}

/** The encryption headers, which Initiate, UploadPart and Complete repeat. */
export function encryptionHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('x-oss-server-side-')),
  )
}

function oneOf<T extends string>(
  allowed: readonly T[],
  headers: Headers,
  name: string,
): T | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  const found = allowed.find((one) => one === value)
  if (found === undefined)
    throw failures.invalidArgument(`The value of ${name} is not valid.`, name, value)
  return found
}

function lowered(headers: Headers, name: string): Headers {
  const value = headers[name]
  return value === undefined ? {} : { [name]: value.toLowerCase() }
}

function decodeTag(text: string): string {
  try {
    return percentDecode(text.replaceAll('+', '%20'))
  } catch {
    throw failures.invalidTag(text)
  }
}
