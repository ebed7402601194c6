/** The headers of an object: the caller's, and the metadata that this library adds. No I/O. */
import { InvalidOptionError } from './errors.js'
import { SHA256_NAME } from './expected-digest.js'
import type { OssWriteStreamOptions } from './options.js'
import { createSha256 } from './protocol/digest.js'
import {
  checkObjectHeaders,
  OBJECT_HEADER_OPTION_NAMES,
  type ObjectHeaderOptions,
} from './protocol/headers.js'

/** Name of the user metadata that holds the marker of an upload. */
export const MARKER_NAME = 'osspipe-upload'

/** By a table: `toString(16)` of a large number takes as long as all options of a stream together. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** 96 random bits in hexadecimal: the value of an upload's marker. */
export function newMarker(chance: { random(): number }): string {
  let marker = ''
  for (let words = 3; words > 0; words--) {
    const word = Math.floor(chance.random() * 2 ** 32)
    for (let shift = 24; shift >= 0; shift -= 8) marker += HEX[(word >>> shift) & 0xff]
  }
  return marker
}

/** What this library adds to the caller's metadata. */
export interface OwnMetadata {
  /** Value of the marker; `undefined` if it was turned off. */
  readonly marker: string | undefined
  /** The SHA-256 if it is known beforehand, `true` if it may become known, `false` if nobody asks. */
  readonly sha256: string | boolean
}

/** The headers of an object, and what tells them from others. */
export interface ResolvedHeaders {
  readonly headers: ObjectHeaderOptions
  /** Computes the SHA-256 of what a multipart upload fixes when it begins, but for the marker. */
  headersDigest(): string
}

/**
 * Checks the options that become headers, with what is added to them.
 * @throws {InvalidOptionError}
 */
export function resolveHeaders(options: OssWriteStreamOptions, own: OwnMetadata): ResolvedHeaders {
  const picked: Record<string, unknown> = {}
  for (const name of OBJECT_HEADER_OPTION_NAMES) {
    if (options[name] !== undefined) picked[name] = options[name]
  }
  const given: ObjectHeaderOptions = picked
  const isPlain = Object.keys(given).length === 0
  if (!isPlain) checkObjectHeaders(given)
  const added: Record<string, string> = {}
  if (own.marker !== undefined) added[MARKER_NAME] = own.marker
  if (own.sha256 !== false) added[SHA256_NAME] = sha256Or(own.sha256)
  for (const name of Object.keys(given.meta ?? {})) {
    if (Object.hasOwn(added, name.toLowerCase())) throw takenName(name)
  }
  // Once more, because all of it counts towards the limit of the user metadata. Ours alone keeps it.
  if (!isPlain) checkObjectHeaders({ ...given, meta: { ...given.meta, ...added } })
  if (own.sha256 === true) delete added[SHA256_NAME]
  const headers = withMeta(given, added)
  return {
    headers,
    headersDigest() {
      const { [MARKER_NAME]: _, ...told } = added
      return digestOf(withMeta(given, told))
    },
  }
}

function withMeta(
  given: ObjectHeaderOptions,
  added: Readonly<Record<string, string>>,
): ObjectHeaderOptions {
  if (Object.keys(added).length === 0) return given
  return { ...given, meta: { ...given.meta, ...added } }
}

function takenName(name: string): InvalidOptionError {
  const lower = name.toLowerCase()
  const why = lower === MARKER_NAME ? "the upload's marker (see `marker`)" : 'set by `sha256`'
  return new InvalidOptionError('meta', `Expected no \`meta\` named ${lower}: it is ${why}`)
}

/** Counts as long as the real one. */
function sha256Or(known: string | true): string {
  return known === true ? '0'.repeat(64) : known
}

function digestOf(headers: ObjectHeaderOptions): string {
  const sha256 = createSha256()
  sha256.update(Buffer.from(JSON.stringify(sorted(headers))))
  return Buffer.from(sha256.digest()).toString('hex')
}

/** The order in which options are given makes no other object. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, each]) => [name, sorted(each)])
}
