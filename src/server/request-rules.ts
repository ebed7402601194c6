/** What is refused before any handler sees it: names that are none, requests that are no operation. */

import type { Address } from './addressing.js'
import { Failure, failures } from './failures.js'

/** @throws {Failure} 400 InvalidBucketName or InvalidObjectName, 403 for the wrong kind of address */
export function checkNames(address: Address, region: string): void {
  const { scope, bucket, key, hostRegion } = address
  if (scope === 'service') return
  if (address.forbiddenStyle) {
    throw new Failure(
      403,
      'SecondLevelDomainForbidden',
      'The bucket you are attempting to access must be addressed using OSS third level domain.',
    )
  }
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) throw failures.invalidBucketName(bucket)
  if (hostRegion !== undefined && hostRegion !== region) {
    throw failures.accessDenied(
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      { details: { Bucket: bucket, Endpoint: `oss-${region}.aliyuncs.com` } },
    )
  }
  if (scope !== 'object') return
  if (Buffer.byteLength(key) > 1023) throw failures.invalidObjectName(true)
  if (/^[/\\]/.test(key)) throw failures.invalidObjectName()
}

/**
 * Parameters that go with any operation.
 *
 * @throws {Failure} 400 NotImplemented for a version other than `null` and for a condition on a change,
 * InvalidArgument for a traffic limit out of range
 */
export function checkParameters(
  method: string,
  query: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>>,
): void {
  // No bucket has versions here: `null` is the one of an object that has none.
  const version = query.get('versionId')
  if (version !== undefined && version !== 'null') throw failures.notImplemented('versionId')
  if (method !== 'GET' && method !== 'HEAD') {
    // To ignore one would change what the client wants to be left alone.
    const condition = CONDITIONS.find((name) => headers[name] !== undefined)
    if (condition !== undefined) throw failures.notImplemented(condition)
  }
  const inQuery = query.get(TRAFFIC_LIMIT)
  const limit = headers[TRAFFIC_LIMIT] ?? inQuery
  if (limit === undefined) return
  const value = /^\d{1,10}$/.test(limit) ? Number(limit) : 0
  const twice = inQuery !== undefined && headers[TRAFFIC_LIMIT] !== undefined
  if (twice || value < MIN_LIMIT || value > MAX_LIMIT) {
    throw failures.invalidArgument(
      `The ${TRAFFIC_LIMIT} must be an integer between ${MIN_LIMIT} and ${MAX_LIMIT}, in a header or in the query.`,
      TRAFFIC_LIMIT,
      limit,
      '0004-00000502',
    )
  }
}

const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']

/** Bit/s ("Single-connection bandwidth throttling"). Checked, not enforced. */
const TRAFFIC_LIMIT = 'x-oss-traffic-limit'
const MIN_LIMIT = 819_200
const MAX_LIMIT = 838_860_800

/** What to say to a request that matches no operation: never a guess. */
export function refuseUnknown(method: string, query: ReadonlyMap<string, string>): Failure {
  if (!METHODS.includes(method)) return failures.methodNotAllowed(method)
  if (method === 'PUT' && (query.has('uploadId') || query.has('partNumber'))) {
    const missing = query.has('uploadId') ? 'partNumber' : 'uploadId'
    return failures.invalidArgument(`Missing ${missing}.`, missing, '')
  }
  return failures.notImplemented([...query.keys()].slice(0, 8).join(',') || method)
}

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']
