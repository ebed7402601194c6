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
