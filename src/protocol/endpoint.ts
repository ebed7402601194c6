/**
 * Where requests go: region and options to a host, bucket and key to an origin and a raw path.
 * Paths are never normalised (`a//b` and `a/../b` are keys of their own), hosts never guessed
 * beyond what the OSS documentation page "Regions and endpoints" lists.
 */

import { InvalidOptionError } from '../errors.js'
import {
  hasBucketBefore,
  isAddress,
  isDualStackOf,
  parseEndpoint,
  regionOf,
  withoutSecrets,
} from './endpoint-host.js'
import { percentEncodePath } from './percent-encoding.js'

/** How a user says where the service is. */
export interface EndpointOptions {
  /** Such as `cn-hangzhou`, with or without `oss-`. Signs; and finds the host if there is no `endpoint`. */
  readonly region?: string | undefined
  /** Host or `https://host:port` of the service itself, without the bucket; with `cname`, the bucket's own domain. */
  readonly endpoint?: string | undefined
  /** Use the network inside Alibaba Cloud. Not with `endpoint`. @default false */
  readonly internal?: boolean | undefined
  /** Use the host that has IPv6 too. Not with `endpoint`. @default false */
  readonly dualStack?: boolean | undefined
  /** Use transfer acceleration: worldwide (`true`) or outside China's mainland. Not with `endpoint`. @default false */
  readonly accelerate?: boolean | 'overseas' | undefined
  /** `endpoint` is a domain bound to the bucket. @default false */
  readonly cname?: boolean | undefined
  /** TLS. @default true, unless `endpoint` begins with `http://` */
  readonly secure?: boolean | undefined
  /** Put the bucket into the path. The public service refuses that. @default true for IP addresses and localhost, else false */
  readonly pathStyle?: boolean | undefined
}

/** Where the service is, and how buckets are addressed there. */
export interface Endpoint {
  readonly protocol: 'https:' | 'http:'
  /** With `:port`, if one was given. */
  readonly host: string
  readonly style: 'virtual-host' | 'path' | 'cname'
  /** As given, else as the host tells; absent if neither does. */
  readonly region?: string
}

/**
 * Finds the endpoint that options describe.
 *
 * @throws {InvalidOptionError} for a malformed value, a combination that contradicts itself, and if neither
 * `region`, `endpoint` nor `accelerate` is given. Credentials inside an `endpoint` are never repeated in the text.
 */
export function resolveEndpoint(options: EndpointOptions): Endpoint {
  checkTypes(options)
  checkConflicts(options)
  const region = options.region === undefined ? undefined : standardRegion(options.region)
  if (options.endpoint === undefined) return ofRegion(region, options)
  const parsed = parseEndpoint(options.endpoint, options.secure)
  const style = styleOf(parsed.hostname, options)
  if (style !== 'cname' && hasBucketBefore(parsed.hostname)) refuseBucket(parsed.hostname)
  const known = region ?? regionOf(parsed.hostname)
  return {
    protocol: parsed.protocol,
    host: parsed.host,
    style,
    ...(known === undefined ? {} : { region: known }),
  }
}

/**
 * Addresses a bucket or an object: an origin, and the raw path that goes on the request line.
 *
 * @throws {InvalidOptionError} for a malformed bucket name, and if the endpoint's host begins with the bucket already.
 */
export function addressOf(
  endpoint: Endpoint,
  bucket?: string,
  key?: string,
): { origin: string; path: string } {
  const { protocol, host, style } = endpoint
  const path = `/${percentEncodePath(key ?? '')}`
  if (bucket === undefined) {
    if (key !== undefined) throw InvalidOptionError.expected('bucket', BUCKET_RULE, bucket)
    return { origin: `${protocol}//${host}`, path: '/' }
  }
  checkBucketName(bucket)
  if (style === 'cname') return { origin: `${protocol}//${host}`, path }
  if (style === 'path') return { origin: `${protocol}//${host}`, path: `/${bucket}${path}` }
  if (isDualStackOf(bucket, host)) refuseBucket(host)
  return { origin: `${protocol}//${bucket}.${host}`, path }
}

/** The address of an object as a person would use it; not signed, so it opens only what is public. */
export function urlOf(endpoint: Endpoint, bucket: string, key: string): string {
  const { origin, path } = addressOf(endpoint, bucket, key)
  return origin + path
}

/** Returns a bucket name that keeps the rules ("Bucket naming conventions"), refuses any other. */
export function checkBucketName(bucket: unknown, option = 'bucket'): string {
  if (typeof bucket === 'string' && BUCKET.test(bucket)) return bucket
  throw InvalidOptionError.expected(option, BUCKET_RULE, withoutSecrets(bucket))
}

/** Returns an object key that keeps the rules ("Object naming conventions"), refuses any other. */
export function checkObjectKey(key: unknown, option = 'key'): string {
  const isKey =
    typeof key === 'string' &&
    key.length >= 1 &&
    key.length <= 1023 &&
    Buffer.byteLength(key) <= 1023 &&
    !LONE_SURROGATE.test(key) &&
    !/^[/\\]/.test(key)
  if (isKey) return key
  throw InvalidOptionError.expected(
    option,
    'an object key: 1 to 1023 bytes of well-formed Unicode, not beginning with `/` or `\\`',
    key,
  )
}

/** Takes `oss://bucket/key` apart. The key is what stands there: not percent-decoded, not normalised. */
export function parseTarget(target: string): { bucket: string; key: string } {
  const parts = typeof target === 'string' ? /^oss:\/\/([^/]*)\/(.+)$/s.exec(target) : null
  const [, bucket = '', key = ''] = parts ?? []
  if (!BUCKET.test(bucket)) {
    const rule = `\`oss://bucket/key\` with ${BUCKET_RULE}`
    throw InvalidOptionError.expected('target', rule, withoutSecrets(target))
  }
  return { bucket, key: checkObjectKey(key, 'target') }
}

/** Returns a region as signatures need it: `cn-hangzhou`, whether or not `oss-` stood before it. */
export function standardRegion(region: unknown, option = 'region'): string {
  const name = typeof region === 'string' ? region.replace(/^oss-/, '') : ''
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) && name !== 'internal') {
    if (name.endsWith('-internal'))
      refuseRegion(option, '; set `internal` for that network', region)
    if (name.startsWith('accelerate')) refuseRegion(option, '; set `accelerate` besides', region)
    return name
  }
  return refuseRegion(option, '', region)
}

const BUCKET_RULE = 'a bucket name: 3 to 63 of a-z, 0-9 and `-`, not beginning or ending with `-`'
const BUCKET = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/
const LONE_SURROGATE = /\p{Surrogate}/u

function refuseRegion(option: string, hint: string, region: unknown): never {
  throw InvalidOptionError.expected(option, `a region such as \`cn-hangzhou\`${hint}`, region)
}

function checkTypes(options: EndpointOptions): void {
  for (const name of ['internal', 'dualStack', 'cname', 'secure', 'pathStyle'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') {
      throw InvalidOptionError.expected(name, '`true` or `false`', value)
    }
  }
  const accelerate: unknown = options.accelerate
  if (accelerate !== undefined && accelerate !== 'overseas' && typeof accelerate !== 'boolean') {
    throw InvalidOptionError.expected('accelerate', '`true`, `false` or `overseas`', accelerate)
  }
}

function checkConflicts(options: EndpointOptions): void {
  const networks = (['internal', 'dualStack', 'accelerate'] as const).filter(
    (name) => options[name],
  )
  const [first, second] = networks
  if (first !== undefined && second !== undefined) {
    throw new InvalidOptionError(second, `Expected only one of \`${first}\` and \`${second}\``)
  }
  if (first !== undefined && options.endpoint !== undefined) {
    throw new InvalidOptionError(
      first,
      `Expected no \`${first}\` with \`endpoint\`: give the endpoint of that network itself`,
    )
  }
  if (options.cname && options.endpoint === undefined) {
    throw new InvalidOptionError(
      'cname',
      'Expected `endpoint`, the domain, to be given with `cname`',
    )
  }
  if (options.cname && options.pathStyle) {
    throw new InvalidOptionError('pathStyle', 'Expected only one of `cname` and `pathStyle`')
  }
}

function ofRegion(region: string | undefined, options: EndpointOptions): Endpoint {
  const protocol = options.secure === false ? 'http:' : 'https:'
  const style = options.pathStyle ? 'path' : 'virtual-host'
  if (options.accelerate) {
    const where = options.accelerate === 'overseas' ? '-overseas' : ''
    const host = `oss-accelerate${where}.aliyuncs.com`
    return { protocol, host, style, ...(region === undefined ? {} : { region }) }
  }
  if (region === undefined) {
    throw InvalidOptionError.expected(
      'region',
      'a region such as `cn-hangzhou` (or `endpoint` to be given)',
      region,
    )
  }
  const host = options.dualStack
    ? `${region}.oss.aliyuncs.com`
    : `oss-${region}${options.internal ? '-internal' : ''}.aliyuncs.com`
  return { protocol, host, style, region }
}

function styleOf(hostname: string, options: EndpointOptions): Endpoint['style'] {
  if (options.cname) return 'cname'
  if (isAddress(hostname) && options.pathStyle === false) {
    throw new InvalidOptionError(
      'pathStyle',
      `Expected \`pathStyle\` not to be \`false\` with an IP address as \`endpoint\` (\`${hostname}\`)`,
    )
  }
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost')
  return (options.pathStyle ?? (isAddress(hostname) || isLocal)) ? 'path' : 'virtual-host'
}

/** `bucket.oss-cn-hangzhou.aliyuncs.com` would become `bucket.bucket.oss-…`, which no certificate covers. */
function refuseBucket(host: string): never {
  throw InvalidOptionError.expected(
    'endpoint',
    'the host of the service, without the bucket before it (or with `cname`)',
    host,
  )
}
