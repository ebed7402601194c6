/**
 * The host of an endpoint: read from what a user gave, and what it tells of the service.
 * Knows no options but `secure`, and no bucket.
 */

import { isIPv4, isIPv6 } from 'node:net'
import { InvalidOptionError } from '../errors.js'

/** An endpoint as a user gave it, taken apart. */
export interface EndpointHost {
  readonly protocol: 'https:' | 'http:'
  /** With `:port`, if one was given. */
  readonly host: string
  /** Lower case; an IPv6 address in brackets. */
  readonly hostname: string
}

/**
 * Takes an endpoint apart. Without a scheme it is https, or what `secure` says.
 *
 * @throws {InvalidOptionError} for whatever is no host, and if `secure` contradicts the scheme.
 */
export function parseEndpoint(endpoint: unknown, secure: boolean | undefined): EndpointHost {
  const text = typeof endpoint === 'string' ? endpoint : ''
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*)$/is.exec(text) ?? []
  // A lone slash after the host is the empty path, and common.
  const [, name = '', port] = /^(\[[^[\]]*\]|[^:/[\]]*)(?::(\d{1,5}))?\/?$/s.exec(rest) ?? []
  const hostname = name.toLowerCase()
  if (!isHost(hostname) || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) {
    throw InvalidOptionError.expected('endpoint', ENDPOINT_RULE, withoutSecrets(endpoint))
  }
  const wanted = secure === undefined ? undefined : secure ? 'https:' : 'http:'
  const protocol =
    scheme === undefined
      ? (wanted ?? 'https:')
      : scheme.toLowerCase() === 'http'
        ? 'http:'
        : 'https:'
  if (wanted !== undefined && wanted !== protocol) {
    throw new InvalidOptionError(
      'secure',
      `Expected \`secure\` to agree with \`endpoint\`, got \`${secure}\` and \`${protocol}//\``,
    )
  }
  return { protocol, host: port === undefined ? hostname : `${hostname}:${port}`, hostname }
}

function isHost(name: string): boolean {
  if (name.startsWith('[')) return isIPv6(name.slice(1, -1)) && !name.includes('%')
  const labels = name.split('.')
  // A name whose last label is a number is an address or a mistake (127.1, 300.0.0.1), never a domain.
  if (/^(?:\d+|0x[\da-f]*)$/.test(labels.at(-1) ?? '')) return isIPv4(name)
  return (
    name.length <= 253 &&
    labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
  )
}

/** Whether a host is an IP address. */
export function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || isIPv4(hostname)
}

/** The region that a host of the public service is in; `undefined` if it does not tell for sure. */
export function regionOf(hostname: string): string | undefined {
  const [service, before] = serviceLabels(hostname)
  if (service === 'oss') return before !== undefined && REGION.test(before) ? before : LEGACY_REGION
  if (service === 'oss-internal') return LEGACY_REGION
  const [, region = ''] = SERVICE_LABEL.exec(service) ?? []
  // Hosts of the finance cloud end in -pub, its regions do not.
  return REGION.test(region) && !region.endsWith('-pub') ? region : undefined
}

/** Whether something stands before a host of the public service, which can only be a bucket. */
export function hasBucketBefore(hostname: string): boolean {
  const [service, before, further] = serviceLabels(hostname)
  if (before === undefined) return false
  if (service === 'oss') return further !== undefined || !REGION.test(before)
  const [, region = ''] = SERVICE_LABEL.exec(service) ?? []
  return service === 'oss-internal' || REGION.test(region) || region.startsWith('accelerate')
}

/** Whether a host is `name.oss.aliyuncs.com`: dual-stack, or legacy with a bucket named like a region. */
export function isDualStackOf(name: string, hostname: string): boolean {
  return hostname === `${name}.oss.aliyuncs.com`
}

/** Cuts out of a text for an error what may be a secret: user and password, query. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'string') return value
  // Whatever stands around an @ may belong to a password that has an @, / or ? in it.
  if (value.includes('@')) return `${/^[a-z]+:\/\//i.exec(value)?.[0] ?? ''}…`
  return value.replace(/[?#].*$/s, '?…')
}

const ENDPOINT_RULE = 'a host, or `https://host:port`, without path, query or credentials'
const LEGACY_REGION = 'cn-hangzhou'
/** `cn-hangzhou`, `us-west-1`: what tells a region from a bucket before `.oss.aliyuncs.com`. */
const REGION = /^[a-z]{2}(?:-[a-z0-9]+)+$/
const SERVICE_LABEL = /^(?:vpc100-)?oss-([a-z0-9-]+?)(?:-internal)?$/

/** Labels before `.aliyuncs.com`, last first; a first one that is empty for any other host. */
function serviceLabels(hostname: string): [string, ...string[]] {
  const own = hostname.replace(/\.aliyuncs\.com$/, '')
  if (own === hostname) return ['']
  const [service = '', ...before] = own.split('.').reverse()
  return [service, ...before]
}
