/**
 * The operations of OSS, one row each: how a request is recognised and what a retry may assume.
 * The client formats requests from this table, the server matches them against it.
 * A request for something that has no row is matched to nothing, never to a less specific row.
 */

export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** What the request addresses. */
  readonly scope: 'service' | 'bucket' | 'object'
  /** Query names that make a request this operation; a valueless sub-resource or one with a value. */
  readonly query: readonly string[]
  /** Request header that makes a request this operation (`x-oss-copy-source`). */
  readonly header?: string
  /** Whether doing it twice leaves the same state as doing it once. */
  readonly idempotent: boolean
}

/** Every operation this library speaks or hears, under the name that the OSS documentation gives it. */
export const OPERATIONS = {
  ListBuckets: { method: 'GET', scope: 'service', query: [], idempotent: true },

  PutBucket: { method: 'PUT', scope: 'bucket', query: [], idempotent: true },
  DeleteBucket: { method: 'DELETE', scope: 'bucket', query: [], idempotent: true },
  GetBucketInfo: { method: 'GET', scope: 'bucket', query: ['bucketInfo'], idempotent: true },
  GetBucketLocation: { method: 'GET', scope: 'bucket', query: ['location'], idempotent: true },
  GetBucketAcl: { method: 'GET', scope: 'bucket', query: ['acl'], idempotent: true },
  PutBucketAcl: { method: 'PUT', scope: 'bucket', query: ['acl'], idempotent: true },
  GetBucketLifecycle: { method: 'GET', scope: 'bucket', query: ['lifecycle'], idempotent: true },
  PutBucketLifecycle: { method: 'PUT', scope: 'bucket', query: ['lifecycle'], idempotent: true },
  DeleteBucketLifecycle: {
    method: 'DELETE',
    scope: 'bucket',
    query: ['lifecycle'],
    idempotent: true,
  },
  ListObjects: { method: 'GET', scope: 'bucket', query: [], idempotent: true },
  ListObjectsV2: { method: 'GET', scope: 'bucket', query: ['list-type'], idempotent: true },
  ListMultipartUploads: { method: 'GET', scope: 'bucket', query: ['uploads'], idempotent: true },
  DeleteMultipleObjects: { method: 'POST', scope: 'bucket', query: ['delete'], idempotent: true },

  PutObject: { method: 'PUT', scope: 'object', query: [], idempotent: true },
  CopyObject: {
    method: 'PUT',
    scope: 'object',
    query: [],
    header: 'x-oss-copy-source',
    idempotent: true,
  },
  AppendObject: {
    method: 'POST',
    scope: 'object',
    query: ['append', 'position'],
    idempotent: false,
  },
  GetObject: { method: 'GET', scope: 'object', query: [], idempotent: true },
  HeadObject: { method: 'HEAD', scope: 'object', query: [], idempotent: true },
  GetObjectMeta: { method: 'HEAD', scope: 'object', query: ['objectMeta'], idempotent: true },
  DeleteObject: { method: 'DELETE', scope: 'object', query: [], idempotent: true },
  GetObjectAcl: { method: 'GET', scope: 'object', query: ['acl'], idempotent: true },
  PutObjectAcl: { method: 'PUT', scope: 'object', query: ['acl'], idempotent: true },
  GetObjectTagging: { method: 'GET', scope: 'object', query: ['tagging'], idempotent: true },
  PutObjectTagging: { method: 'PUT', scope: 'object', query: ['tagging'], idempotent: true },
  DeleteObjectTagging: { method: 'DELETE', scope: 'object', query: ['tagging'], idempotent: true },

  // A second Initiate leaves a second upload; a second Complete finds no upload and changes nothing.
  InitiateMultipartUpload: {
    method: 'POST',
    scope: 'object',
    query: ['uploads'],
    idempotent: false,
  },
  UploadPart: {
    method: 'PUT',
    scope: 'object',
    query: ['partNumber', 'uploadId'],
    idempotent: true,
  },
  UploadPartCopy: {
    method: 'PUT',
    scope: 'object',
    query: ['partNumber', 'uploadId'],
    header: 'x-oss-copy-source',
    idempotent: true,
  },
  ListParts: { method: 'GET', scope: 'object', query: ['uploadId'], idempotent: true },
  CompleteMultipartUpload: {
    method: 'POST',
    scope: 'object',
    query: ['uploadId'],
    idempotent: true,
  },
  AbortMultipartUpload: {
    method: 'DELETE',
    scope: 'object',
    query: ['uploadId'],
    idempotent: true,
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS

/** What of a request decides which operation it is. */
export interface MatchableRequest {
  /** Upper case. */
  readonly method: string
  readonly scope: 'service' | 'bucket' | 'object'
  /** Decoded; `''` for a name without a value, with or without `=`. */
  readonly query: ReadonlyMap<string, string>
  /** Whether the request has a header of this lower-case name. */
  readonly hasHeader: (name: string) => boolean
}

/**
 * Names the operation that a request asks for: the most specific row all of whose marks it bears.
 * `undefined` if no row accounts for every sub-resource of the request. Parameters that are no
 * sub-resources (paging, `response-*`, signatures, `versionId`, `callback`) do not count.
 */
export function matchOperation(request: MatchableRequest): OperationName | undefined {
  const asked = [...request.query.keys()].filter((name) => SUBRESOURCES.has(name))
  let best: { name: OperationName; marks: number } | undefined
  for (const [name, row] of ROWS) {
    if (row.method !== request.method || row.scope !== request.scope) continue
    if (!row.query.every((mark) => request.query.has(mark))) continue
    if (!asked.every((mark) => row.query.includes(mark))) continue
    if (row.header !== undefined && !request.hasHeader(row.header)) continue
    const marks = row.query.length + (row.header === undefined ? 0 : 1)
    if (best === undefined || marks > best.marks) best = { name, marks }
  }
  // The only value that is part of an operation's identity; there is no other list type.
  if (best?.name === 'ListObjectsV2' && request.query.get('list-type') !== '2') return undefined
  return best?.name
}

const ROWS: readonly (readonly [OperationName, Operation])[] = (
  Object.keys(OPERATIONS) as OperationName[]
).map((name) => [name, OPERATIONS[name]])

/**
 * Every query name that changes what a request does. `sequential` and `position` are not here:
 * they only say how (InitiateMultipartUpload, AppendObject).
 */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  ...ROWS.flatMap(([, row]) => row.query).filter((name) => name !== 'position'),
  ...['accessPoint', 'accessPointPolicy', 'accessmonitor', 'asyncFetch', 'bucketArchiveDirectRead'],
  ...['cleanRestoredObject', 'cloudboxes', 'cname', 'comp', 'cors', 'dataAccelerator'],
  ...['encryption', 'endTime', 'httpsConfig', 'img', 'inventory', 'inventoryId', 'live', 'logging'],
  ...['metaQuery', 'objectInfo', 'objectWorm', 'overwriteConfig', 'policy', 'policyStatus'],
  ...['publicAccessBlock', 'qos', 'qosInfo', 'redundancyTransition', 'referer', 'regionList'],
  ...['regions', 'rename', 'replication', 'replicationLocation', 'replicationProgress'],
  ...['requestPayment', 'requesterQosInfo', 'resourceGroup', 'resourcePool', 'restore', 'rtc'],
  ...['seal', 'startTime', 'stat', 'status', 'style', 'styleName', 'symlink'],
  ...['transferAcceleration', 'userDefinedLogFieldsConfig', 'versioning', 'versions', 'vod'],
  ...['website', 'worm', 'wormExtend', 'wormId', 'x-oss-async-process', 'x-oss-process'],
])
