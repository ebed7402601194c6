import { describe, expect, it } from 'vitest'
import { matchOperation, OPERATIONS } from '../../src/protocol/operations.js'

type Scope = 'service' | 'bucket' | 'object'

function match(method: string, scope: Scope, query: string, header?: string) {
  const pairs = query
    .split('&')
    .filter((part) => part !== '')
    .map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=')
      return [name, value]
    })
  return matchOperation({
    method,
    scope,
    query: new Map(pairs),
    hasHeader: (name) => name === header,
  })
}

const requests: [string, string, Scope, string, string?][] = [
  ['ListBuckets', 'GET', 'service', ''],
  ['ListBuckets', 'GET', 'service', 'prefix=a&max-keys=10'],
  ['PutBucket', 'PUT', 'bucket', ''],
  ['DeleteBucket', 'DELETE', 'bucket', ''],
  ['GetBucketInfo', 'GET', 'bucket', 'bucketInfo'],
  ['GetBucketLocation', 'GET', 'bucket', 'location'],
  ['GetBucketAcl', 'GET', 'bucket', 'acl'],
  ['PutBucketAcl', 'PUT', 'bucket', 'acl'],
  ['GetBucketLifecycle', 'GET', 'bucket', 'lifecycle'],
  ['PutBucketLifecycle', 'PUT', 'bucket', 'lifecycle'],
  ['DeleteBucketLifecycle', 'DELETE', 'bucket', 'lifecycle='],
  ['ListObjects', 'GET', 'bucket', ''],
  ['ListObjects', 'GET', 'bucket', 'prefix=a&delimiter=/&marker=b&max-keys=5&encoding-type=url'],
  ['ListObjectsV2', 'GET', 'bucket', 'list-type=2'],
  ['ListObjectsV2', 'GET', 'bucket', 'list-type=2&continuation-token=x&start-after=a'],
  ['ListMultipartUploads', 'GET', 'bucket', 'uploads'],
  ['ListMultipartUploads', 'GET', 'bucket', 'uploads=&key-marker=a&max-uploads=2'],
  ['DeleteMultipleObjects', 'POST', 'bucket', 'delete'],
  ['PutObject', 'PUT', 'object', ''],
  ['PutObject', 'PUT', 'object', 'callback=abc&callback-var=def&x-oss-traffic-limit=819200'],
  ['CopyObject', 'PUT', 'object', '', 'x-oss-copy-source'],
  ['AppendObject', 'POST', 'object', 'append&position=0'],
  ['GetObject', 'GET', 'object', ''],
  ['GetObject', 'GET', 'object', 'versionId=v&response-content-type=a&response-expires=b'],
  ['GetObject', 'GET', 'object', 'OSSAccessKeyId=a&Expires=1&Signature=s&security-token=t'],
  [
    'GetObject',
    'GET',
    'object',
    'x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=d&x-oss-expires=1&x-oss-credential=c&x-oss-signature=s&x-oss-security-token=t&x-oss-additional-headers=host',
  ],
  ['HeadObject', 'HEAD', 'object', ''],
  ['GetObjectMeta', 'HEAD', 'object', 'objectMeta'],
  ['DeleteObject', 'DELETE', 'object', 'versionId=v'],
  ['GetObjectAcl', 'GET', 'object', 'acl'],
  ['PutObjectAcl', 'PUT', 'object', 'acl'],
  ['GetObjectTagging', 'GET', 'object', 'tagging'],
  ['PutObjectTagging', 'PUT', 'object', 'tagging'],
  ['DeleteObjectTagging', 'DELETE', 'object', 'tagging'],
  ['InitiateMultipartUpload', 'POST', 'object', 'uploads'],
  ['InitiateMultipartUpload', 'POST', 'object', 'uploads='],
  ['InitiateMultipartUpload', 'POST', 'object', 'uploads&sequential&encoding-type=url'],
  ['UploadPart', 'PUT', 'object', 'partNumber=1&uploadId=U'],
  ['UploadPartCopy', 'PUT', 'object', 'uploadId=U&partNumber=1', 'x-oss-copy-source'],
  ['ListParts', 'GET', 'object', 'uploadId=U&max-parts=3&part-number-marker=2&encoding-type=url'],
  ['CompleteMultipartUpload', 'POST', 'object', 'uploadId=U&encoding-type=url'],
  ['AbortMultipartUpload', 'DELETE', 'object', 'uploadId=U'],
]

describe('matchOperation', () => {
  it.each(requests)('finds %s in %s %s ?%s', (name, method, scope, query, header) => {
    expect(match(method, scope, query, header)).toBe(name)
  })

  it('is asked for every operation by the table above', () => {
    expect(new Set(requests.map(([name]) => name))).toEqual(new Set(Object.keys(OPERATIONS)))
  })

  const unknown: [string, Scope, string, string?][] = [
    ['GET', 'object', 'x-oss-process=image/resize,w_100'],
    ['POST', 'object', 'x-oss-process'],
    ['POST', 'object', 'x-oss-async-process'],
    ['PUT', 'object', 'symlink'],
    ['GET', 'object', 'symlink'],
    ['POST', 'object', 'restore'],
    ['DELETE', 'object', 'acl'],
    ['HEAD', 'object', 'acl'],
    ['HEAD', 'object', 'uploadId=U'],
    ['PUT', 'object', 'uploadId=U'],
    ['PUT', 'object', 'partNumber=1'],
    ['PUT', 'object', 'partNumber=1&uploadId=U&acl'],
    ['POST', 'object', 'uploads&uploadId=U'],
    ['POST', 'object', 'append'],
    ['POST', 'object', ''],
    ['POST', 'object', '', 'x-oss-copy-source'],
    ['GET', 'object', 'uploads'],
    ['GET', 'object', 'UPLOADID=U&acl&tagging'],
    ['GET', 'bucket', 'versions'],
    ['PUT', 'bucket', 'versioning'],
    ['GET', 'bucket', 'cors'],
    ['GET', 'bucket', 'stat'],
    ['PUT', 'bucket', 'policy'],
    ['GET', 'bucket', 'list-type=1'],
    ['GET', 'bucket', 'list-type'],
    ['POST', 'bucket', ''],
    ['POST', 'bucket', 'metaQuery&comp=query'],
    ['HEAD', 'bucket', ''],
    ['PUT', 'service', ''],
    ['GET', 'service', 'regions'],
    ['OPTIONS', 'object', ''],
    ['get', 'object', ''],
  ]
  it.each(unknown)('finds nothing in %s %s ?%s', (method, scope, query, header) => {
    expect(match(method, scope, query, header)).toBeUndefined()
  })
})

describe('OPERATIONS', () => {
  it('lets everything be repeated but what adds something each time', () => {
    const once = Object.entries(OPERATIONS).filter(([, row]) => !row.idempotent)
    expect(once.map(([name]) => name)).toEqual(['AppendObject', 'InitiateMultipartUpload'])
  })
})
