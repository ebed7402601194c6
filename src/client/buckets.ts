/** What a bucket tells of itself: its objects page by page, where it is, and its lifecycle rules. */

import { type BucketInfo, decodeBucketInfo } from '../protocol/xml-bucket.js'
import { decodeLifecycle, type LifecycleRule } from '../protocol/xml-lifecycle.js'
import { decodeListObjectsV2Result, type ListedObject } from '../protocol/xml-objects.js'
import { decodeDocument } from './answer-fields.js'
import type { Call } from './call.js'
import type { CallOptions } from './call-options.js'
import { requestIdOf } from './error-answer.js'
import { checkRange, given } from './listings.js'

export interface ListObjectsOptions extends CallOptions {
  /** Only keys that begin with it. */
  readonly prefix?: string | undefined
  /** Keys with it behind the prefix are folded into `commonPrefixes`; `/` makes folders. */
  readonly delimiter?: string | undefined
  /** Only keys behind this one in UTF-8 order; has no effect with `continuationToken`. */
  readonly startAfter?: string | undefined
  /** `nextContinuationToken` of the page before. */
  readonly continuationToken?: string | undefined
  /** Objects and common prefixes a page, 1 to 1000. @default 100, the service's */
  readonly maxKeys?: number | undefined
}

/** One page of objects, by key. */
export interface ListObjectsResult {
  readonly bucket: string
  readonly objects: readonly ListedObject[]
  /** What `delimiter` has folded. */
  readonly commonPrefixes: readonly string[]
  readonly isTruncated: boolean
  /** `continuationToken` of the next page, if there is one. */
  readonly nextContinuationToken?: string | undefined
  readonly requestId: string | undefined
}

/** Where a bucket is, and what it is like. */
export type BucketInfoResult = BucketInfo & { readonly requestId: string | undefined }

/** The lifecycle rules of a bucket. */
export interface BucketLifecycleResult {
  readonly rules: readonly LifecycleRule[]
  readonly requestId: string | undefined
}

export function listObjectsCall(
  bucket: string,
  options: ListObjectsOptions,
): Call<ListObjectsResult> {
  const { prefix, delimiter, startAfter, continuationToken, maxKeys } = options
  checkRange('maxKeys', maxKeys, 1, 1000)
  return {
    operation: 'ListObjectsV2',
    options,
    bucket,
    query: {
      'list-type': '2',
      ...given({
        'encoding-type': 'url',
        prefix: prefix || undefined,
        delimiter: delimiter || undefined,
        'start-after': startAfter || undefined,
        'continuation-token': continuationToken || undefined,
        'max-keys': maxKeys,
      }),
    },
    decode(answer) {
      const page = decodeDocument(answer, decodeListObjectsV2Result)
      const { objects, commonPrefixes, isTruncated, nextContinuationToken } = page
      return {
        bucket,
        objects,
        commonPrefixes,
        isTruncated,
        ...(nextContinuationToken === undefined ? {} : { nextContinuationToken }),
        requestId: requestIdOf(answer),
      }
    },
  }
}

export function bucketInfoCall(bucket: string, options: CallOptions): Call<BucketInfoResult> {
  return {
    operation: 'GetBucketInfo',
    options,
    bucket,
    query: { bucketInfo: '' },
    decode: (answer) => ({
      ...decodeDocument(answer, decodeBucketInfo),
      requestId: requestIdOf(answer),
    }),
  }
}

export function bucketLifecycleCall(
  bucket: string,
  options: CallOptions,
): Call<BucketLifecycleResult> {
  return {
    operation: 'GetBucketLifecycle',
    options,
    bucket,
    query: { lifecycle: '' },
    decode: (answer) => ({
      rules: decodeDocument(answer, decodeLifecycle),
      requestId: requestIdOf(answer),
    }),
  }
}
