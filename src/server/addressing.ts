/**
 * Takes a request's target apart: bucket from the Host first, else from the path; the key as its raw
 * bytes say, never normalised; the query decoded. Pure, and never `new URL`.
 */

import { isIP } from 'node:net'
import { percentDecode } from '../protocol/percent-encoding.js'
import { failures } from './failures.js'

/** What a request addresses. */
export interface Address {
  readonly scope: 'service' | 'bucket' | 'object'
  /** `''` if the scope is `service`. */
  readonly bucket: string
  /** Decoded; `''` unless the scope is `object`. */
  readonly key: string
  /** Decoded; `''` for a name without a value, with or without `=`. The first of a name counts. */
  readonly query: ReadonlyMap<string, string>
  /** Region that an official host names, such as `cn-hangzhou`. */
  readonly hostRegion: string | undefined
  /** Whether an official host was asked for a bucket in the path, which the service refuses. */
  readonly forbiddenStyle: boolean
  /** Whether the bucket stands in the path. */
  readonly pathStyle: boolean
  /** As sent, for `HostId`. */
  readonly host: string
}

/** What the server answers to, beside the official hosts. */
export interface KnownHosts {
  /** Domains bound to a bucket, lower case, with their bucket. */
  readonly cnames: ReadonlyMap<string, string>
  /** Hosts of the service itself: `bucket.<host>` addresses a bucket. */
  readonly hosts: readonly string[]
}

/**
 * Reads the request target (`/key?query`, or the absolute form) and the Host header.
 *
 * @throws {Failure} 400 for percent-encoding that is malformed or no UTF-8.
 */
export function parseAddress(target: string, hostHeader: string, known: KnownHosts): Address {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/is.exec(target)
  const host = absolute?.[1] ?? hostHeader
  const rest = absolute === null ? target : absolute[2] || '/'
  const mark = rest.indexOf('?')
  const path = mark < 0 ? rest : rest.slice(0, mark)
  const query = parseQuery(mark < 0 ? '' : rest.slice(mark + 1))
  const { bucket: hostBucket, region, official } = parseHost(host, known)
  const pathText = path.startsWith('/') ? path.slice(1) : path
  const common = { query, hostRegion: region, host }
  if (hostBucket !== undefined) {
    const key = decode(pathText)
    const scope = key === '' ? 'bucket' : 'object'
    return { ...common, scope, bucket: hostBucket, key, pathStyle: false, forbiddenStyle: false }
  }
  const slash = pathText.indexOf('/')
  const bucket = decode(slash < 0 ? pathText : pathText.slice(0, slash))
  const key = slash < 0 ? '' : decode(pathText.slice(slash + 1))
  const scope = bucket === '' && key === '' ? 'service' : key === '' ? 'bucket' : 'object'
  const forbiddenStyle = official && scope !== 'service'
  return { ...common, scope, bucket, key, pathStyle: true, forbiddenStyle }
}

/** Finds the bucket and the region that a host names. */
function parseHost(
  hostHeader: string,
  known: KnownHosts,
): { bucket?: string; region?: string; official: boolean } {
  const host = hostHeader.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  const bound = known.cnames.get(host)
  if (bound !== undefined) return { bucket: bound, official: false }
  for (const name of known.hosts) {
    if (host.endsWith(`.${name}`) && isIP(name) === 0) {
      return { bucket: host.slice(0, -name.length - 1), official: false }
    }
  }
  const match = OFFICIAL.exec(host)
  if (match === null) return { official: false }
  const { bucket, region, dual } = match.groups ?? {}
  return {
    official: true,
    ...(bucket === undefined ? {} : { bucket }),
    ...(region === undefined && dual === undefined ? {} : { region: region ?? dual ?? '' }),
  }
}

/** `oss-cn-hangzhou[-internal]`, `cn-hangzhou.oss`, `oss-accelerate[-overseas]`, with or without a bucket. */
const OFFICIAL =
  /^(?:(?<bucket>[^.]+)\.)?(?:oss-accelerate(?:-overseas)?|(?:vpc100-)?oss-(?<region>[a-z0-9-]+?)(?:-internal)?|(?<dual>[a-z]{2}(?:-[a-z0-9]+)+)\.oss|oss)\.aliyuncs\.com$/

function parseQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    // In a query, a `+` counts as a blank (as the official SDKs' canonical query has it).
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1).replaceAll('+', '%20'))
    if (!query.has(name)) query.set(name, value)
  }
  return query
}

function decode(text: string): string {
  try {
    return percentDecode(escapeRawBytes(text))
  } catch {
    throw failures.invalidObjectName()
  }
}

/** Node hands bytes above 0x7F over as Latin-1 characters: they are UTF-8 that nobody encoded. */
function escapeRawBytes(text: string): string {
  return text.replace(
    /[\u0080-\u00ff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
