/** What the options of both streams have in common: the place, the client, and plain checks. No I/O. */
import { OssClient } from './client/client.js'
import { CLIENT_OPTION_NAMES, type OssClientOptions } from './client/options.js'
import { InvalidOptionError } from './errors.js'
import { checkBucketName, checkObjectKey, parseTarget } from './protocol/endpoint.js'
import { DEFAULT_CONCURRENCY } from './protocol/part-plan.js'

/** Most requests at once that a caller may ask for. */
export const MAX_CONCURRENCY = 1000

/** Options of both streams that say where an object is, and through whom. */
export interface PlaceOptions extends OssClientOptions {
  readonly key?: string | undefined
  readonly client?: OssClient | undefined
}

/** Where an object is, and the client that goes there. */
export interface Place {
  readonly client: OssClient
  readonly bucket: string
  readonly key: string
}

/**
 * The place that a target, the options, the client or the environment name, in this order.
 * @param verb a method that the client must have: the package may be loaded twice, in two versions
 */
export function resolvePlace(
  target: string | undefined,
  options: PlaceOptions,
  verb: keyof OssClient,
): Place {
  const named = placeOf(target, options)
  const client = clientOf(options, verb)
  const bucket = named.bucket ?? client.bucket
  if (bucket === undefined) {
    throw InvalidOptionError.expected(
      'bucket',
      "given: as 'oss://bucket/key', as an option, or as OSS_BUCKET in the environment",
      undefined,
    )
  }
  return { client, bucket, key: named.key }
}

/** Most requests at once, under either of its names. */
export function concurrencyOf(options: ConcurrencyOptions<number>): number {
  const { name, value } = givenConcurrency(options)
  return integer(value === undefined ? DEFAULT_CONCURRENCY : value, name, 1, MAX_CONCURRENCY, '')
}

/** One option that has two names. */
export interface ConcurrencyOptions<Value> {
  readonly concurrency?: Value | undefined
  readonly parallel?: Value | undefined
}

/** The value that was given, and under which name. */
export function givenConcurrency<Value>(options: ConcurrencyOptions<Value>) {
  const { concurrency, parallel } = options
  if (concurrency !== undefined && parallel !== undefined) {
    throw new InvalidOptionError('parallel', 'Expected `concurrency` or `parallel`, not both')
  }
  return parallel === undefined
    ? { name: 'concurrency', value: concurrency }
    : { name: 'parallel', value: parallel }
}

/** Passes an integer within the bounds; one that has no upper bound ends at 2^53 - 1. */
export function integer(
  value: unknown,
  name: string,
  least: number,
  most: number,
  unit = 'bytes',
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value
  }
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  const suffix = unit === '' ? '' : ` (${unit})`
  throw InvalidOptionError.expected(name, `an integer ${range}${suffix}`, value)
}

/** Passes a boolean; `fallback` for none. */
export function flag(value: unknown, name: string, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw InvalidOptionError.expected(name, 'a boolean', value)
}

export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw InvalidOptionError.expected('signal', 'an AbortSignal', signal)
}

/** Passes a function, if one is given. */
export function checkFunction<T>(value: T, name: string): T {
  if (value === undefined || typeof value === 'function') return value
  throw InvalidOptionError.expected(name, 'a function', value)
}

function placeOf(
  target: string | undefined,
  options: PlaceOptions,
): { readonly bucket: string | undefined; readonly key: string } {
  if (target === undefined) {
    const bucket = options.bucket === undefined ? undefined : checkBucketName(options.bucket)
    return { bucket, key: checkObjectKey(options.key) }
  }
  if (typeof target !== 'string') {
    throw InvalidOptionError.expected('target', "a string such as 'oss://bucket/key'", target)
  }
  for (const name of ['bucket', 'key'] as const) {
    if (options[name] !== undefined) {
      throw new InvalidOptionError(
        name,
        `Expected no \`${name}\` beside the target ${JSON.stringify(target)}, which names it`,
      )
    }
  }
  return parseTarget(target)
}

function clientOf(options: PlaceOptions, verb: keyof OssClient): OssClient {
  const { client } = options
  if (client === undefined) return new OssClient(connectionOf(options))
  if (!isClient(client, verb)) throw InvalidOptionError.expected('client', 'an OssClient', client)
  for (const [name, value] of Object.entries(options)) {
    // The bucket says where to, not how.
    if (name === 'bucket' || value === undefined || !CONNECTING.has(name)) continue
    throw new InvalidOptionError(
      name,
      `Expected no \`${name}\` beside \`client\`, which has its own`,
    )
  }
  return client
}

const CONNECTING: ReadonlySet<string> = new Set(CLIENT_OPTION_NAMES)

function connectionOf(options: PlaceOptions): Record<string, unknown> {
  const connection: Record<string, unknown> = {}
  for (const name of CLIENT_OPTION_NAMES) {
    if (options[name] !== undefined) connection[name] = options[name]
  }
  return connection
}

/** By what it can do: each copy of the package has a class of its own. */
function isClient(value: unknown, verb: keyof OssClient): value is OssClient {
  return typeof value === 'object' && value !== null && verb in value
}
