/**
 * What an OssClient is made from. Names are those that users of OSS know already. Everything is
 * checked when the client is made; the environment fills in what the options leave out.
 */

import type { Dispatcher } from 'undici'
import { type CredentialsCache, type CredentialsSource, credentialsFrom } from '../credentials.js'
import { InvalidOptionError } from '../errors.js'
import {
  checkBucketName,
  type EndpointOptions,
  resolveEndpoint,
  standardRegion,
} from '../protocol/endpoint.js'
import { plainObject, refuseUnknown } from '../unknown-option.js'
import type { RetryNotice } from './call-options.js'
import { type Clock, checkClock } from './clock.js'
import { type RetryPolicy, resolveRetry } from './retry.js'
import type { Signing } from './sign-request.js'

/** How long the client waits for what, in milliseconds. Each counts one attempt. */
export interface Timeouts {
  /**
   * For a connection, TLS included. A `dispatcher` of the caller's has a time limit of its own; should
   * it never connect, an attempt ends when for `connectMs` and the longer of `stallMs` and
   * `responseMs` nothing has moved on any connection of it. @default 10_000
   */
  readonly connectMs: number
  /**
   * While sending or receiving, without any progress; what the operating system has taken is sent, and
   * it may take nothing for long on a slow line. An answer that is no object's bytes must also have
   * ended after ten times as long. @default 30_000
   */
  readonly stallMs: number
  /**
   * For the beginning of the answer, after the last byte was handed to the operating system, which may
   * still have some MiB to send. @default 60_000
   */
  readonly responseMs: number
  /** For each step of cleaning up after a failed upload, all its attempts included. @default 30_000 */
  readonly abortMs: number
}

/** Options of {@link OssClient}; the environment fills in what is not given. */
export interface OssClientOptions extends EndpointOptions {
  /** Bucket of calls that name none. @default `OSS_BUCKET` of the environment, else none */
  readonly bucket?: string | undefined
  /** @default `OSS_ACCESS_KEY_ID` and its kin, else `ALIBABA_CLOUD_ACCESS_KEY_ID` and its kin */
  readonly credentials?: CredentialsSource | undefined
  /** How requests are signed; `v4` needs a region. @default 'v4' */
  readonly signatureVersion?: 'v4' | 'v1' | undefined
  /** How failed attempts are repeated. */
  readonly retry?: Partial<RetryPolicy> | undefined
  /** How long to wait for what, in milliseconds; what is not given stays at its default. */
  readonly timeouts?: Partial<Timeouts> | undefined
  /**
   * Most bytes that the part buffers of all write streams of this client hold together, beside one part
   * each, without which a stream could not go on; 0 leaves them that. Streams that want more wait, and
   * share what there is.
   * @default what all such clients of a process share: a quarter of the memory of the machine, or of
   * the container, and at least 256 MiB
   */
  readonly memoryBudget?: number | undefined
  /** An undici dispatcher (proxy, mock, TLS options) to send through; the caller closes it. */
  readonly dispatcher?: Dispatcher | undefined
  /** Stands in for the environment. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Stands in for time and chance, for tests. */
  readonly clock?: Clock | undefined
  /** Is told of every failed attempt that will be repeated, after the call's own `onRetry`. */
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined
}

/** Names of all options of a client. */
export const CLIENT_OPTION_NAMES = [
  'accelerate',
  'bucket',
  'clock',
  'cname',
  'credentials',
  'dispatcher',
  'dualStack',
  'endpoint',
  'env',
  'internal',
  'memoryBudget',
  'onRetry',
  'pathStyle',
  'region',
  'retry',
  'secure',
  'signatureVersion',
  'timeouts',
] as const satisfies readonly (keyof OssClientOptions)[]

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  stallMs: 30_000,
  responseMs: 60_000,
  abortMs: 30_000,
}

/** What a client works with. */
export interface ResolvedClientOptions {
  readonly bucket: string | undefined
  readonly signing: Signing
  readonly credentials: CredentialsCache
  readonly policy: RetryPolicy
  readonly timeouts: Timeouts
  readonly memoryBudget: number | undefined
  readonly dispatcher: Dispatcher | undefined
  readonly clock: Clock
  readonly onRetry: ((notice: RetryNotice) => void) | undefined
}

/** Checks the options; throws an InvalidOptionError for the first that cannot be. */
export function resolveClientOptions(options: OssClientOptions): ResolvedClientOptions {
  if (typeof options !== 'object' || options === null) {
    throw InvalidOptionError.expected('options', 'an object', options)
  }
  refuseUnknown(options, CLIENT_OPTION_NAMES, 'OssClient')
  const { env = process.env, onRetry, dispatcher } = options
  if (typeof env !== 'object' || env === null)
    throw InvalidOptionError.expected('env', 'an object', env)
  const clock = checkClock(options.clock)
  const bucket = options.bucket ?? (env.OSS_BUCKET || undefined)
  const timeouts = resolveTimeouts(options.timeouts)
  if (onRetry !== undefined && typeof onRetry !== 'function') {
    throw InvalidOptionError.expected('onRetry', 'a function', onRetry)
  }
  if (dispatcher !== undefined && typeof dispatcher?.dispatch !== 'function') {
    throw InvalidOptionError.expected('dispatcher', 'an undici dispatcher', dispatcher)
  }
  return {
    bucket: bucket === undefined ? undefined : checkBucketName(bucket),
    signing: resolveSigning(options, env),
    policy: resolveRetry(options.retry),
    timeouts,
    memoryBudget: memoryBudgetOf(options),
    dispatcher,
    clock,
    onRetry,
    credentials: credentialsFrom(options.credentials, {
      clock,
      env,
      timeoutMs: timeouts.responseMs,
    }),
  }
}

function memoryBudgetOf({ memoryBudget }: OssClientOptions): number | undefined {
  if (memoryBudget === undefined) return undefined
  if (Number.isSafeInteger(memoryBudget) && memoryBudget >= 0) return memoryBudget
  throw InvalidOptionError.expected('memoryBudget', 'an integer from 0 (bytes)', memoryBudget)
}

type Environment = Readonly<Record<string, string | undefined>>

function resolveSigning(options: OssClientOptions, env: Environment): Signing {
  const { signatureVersion = 'v4' } = options
  const version: unknown = signatureVersion
  const endpoint = resolveEndpoint(withEnvironment(options, env))
  if (version === 'v1') return { version, endpoint }
  if (version !== 'v4') {
    throw InvalidOptionError.expected('signatureVersion', '`v4` or `v1`', version)
  }
  const { region } = endpoint
  if (region !== undefined) return { version, endpoint, region }
  throw new InvalidOptionError(
    'region',
    `Expected \`region\`, which signature V4 needs and \`${endpoint.host}\` does not tell`,
  )
}

/**
 * Fills in region and endpoint from the environment, each only where the options say nothing about
 * it: an endpoint given as an option is not signed for the environment's region, and the
 * environment's endpoint does not move a region (or a network) given as an option elsewhere.
 */
function withEnvironment(options: OssClientOptions, env: Environment): EndpointOptions {
  const { internal, dualStack, accelerate, cname, secure, pathStyle } = options
  const others = { internal, dualStack, accelerate, cname, secure, pathStyle }
  const envRegion = env.OSS_REGION || undefined
  const envEndpoint = env.OSS_ENDPOINT || undefined
  if (options.endpoint !== undefined) {
    const { endpoint } = options
    const told = resolveEndpoint({ ...others, endpoint }).region
    return { ...others, endpoint, region: options.region ?? told ?? envRegion }
  }
  const region = options.region ?? envRegion
  if (envEndpoint === undefined || internal || dualStack || accelerate) return { ...others, region }
  const told = resolveEndpoint({ ...others, endpoint: envEndpoint }).region
  const elsewhere =
    options.region !== undefined && told !== undefined && told !== standardRegion(options.region)
  return elsewhere
    ? { ...others, region }
    : { ...others, endpoint: envEndpoint, region: region ?? told }
}

function resolveTimeouts(options: Partial<Timeouts> = {}): Timeouts {
  refuseUnknown(plainObject(options, 'timeouts'), Object.keys(DEFAULT_TIMEOUTS), '`timeouts`')
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const timeouts: Timeouts = { ...DEFAULT_TIMEOUTS, ...Object.fromEntries(given) }
  for (const [name, value] of Object.entries(timeouts)) {
    if (!Number.isInteger(value) || value < 1 || value > MAX_TIMEOUT_MS) {
      throw InvalidOptionError.expected(
        `timeouts.${name}`,
        `an integer from 1 to ${MAX_TIMEOUT_MS} (milliseconds)`,
        value,
      )
    }
  }
  return timeouts
}

/** What Node's timers hold. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1
