/** A request as the handlers see it: recognised, authorised, addressed to a bucket that exists. */

import type { OperationName } from '../protocol/operations.js'
import type { Answer } from './answers.js'
import { failures } from './failures.js'
import type { RequestBody } from './request-body.js'
import type { Bucket, Store } from './store.js'

export interface OssRequest {
  readonly operation: OperationName
  /** `''` for ListBuckets. */
  readonly bucket: string
  /** Decoded; `''` for requests to a bucket. */
  readonly key: string
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: RequestBody
  /** Host as the client spelt it. */
  readonly host: string
  /** Whether the bucket stands in the path. */
  readonly pathStyle: boolean
  readonly isAnonymous: boolean
  readonly requestId: string
  readonly region: string
  readonly store: Store
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  /** Milliseconds since the epoch, as this request sees it. */
  now(): number
  /** Whether to store another byte than was received. */
  readonly damage: boolean
}

export type Handler = (request: OssRequest) => Promise<Answer>

/** The bucket addressed. @throws {Failure} 404 NoSuchBucket */
export function bucketOf(request: OssRequest): Bucket {
  const bucket = request.store.bucket(request.bucket)
  if (bucket === undefined) throw failures.noSuchBucket(request.bucket)
  return bucket
}

/** An integer parameter, or `byDefault` without one. @throws {Failure} 400 InvalidArgument */
export function integerQuery(
  request: OssRequest,
  name: string,
  byDefault: number,
  [min, max]: readonly [number, number],
): number {
  const text = request.query.get(name)
  if (text === undefined || text === '') return byDefault
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw failures.invalidArgument(
    `Argument ${name} must be an integer between ${min} and ${max}.`,
    name,
    text,
  )
}

/** `url` if names in the answer shall be encoded. @throws {Failure} 400 InvalidArgument */
export function encodingTypeOf(request: OssRequest): { encodingType?: 'url' } {
  const text = request.query.get('encoding-type')
  if (text === undefined || text === '') return {}
  if (text.toLowerCase() === 'url') return { encodingType: 'url' }
  throw failures.invalidArgument(
    'Invalid Encoding Method specified in Request.',
    'encoding-type',
    text,
  )
}

/** A moment as documents have it: the service knows no milliseconds. */
export function isoTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString()
}
