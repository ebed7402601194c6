import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import {
  decodeDeleteRequest,
  decodeDeleteResult,
  decodeListObjectsResult,
  decodeListObjectsV2Result,
  encodeDeleteRequest,
  encodeDeleteResult,
  encodeListObjectsResult,
  encodeListObjectsV2Result,
} from '../../src/protocol/xml-objects.js'

const bytes = (text: string) => Buffer.from(text)
const url = 'url' as const
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.constantFrom('a+b%2B c', ' ', '\u0000', '007', '1e5', '<&>'),
)
const object = fc.record(
  {
    key,
    etag: fc.stringMatching(/^[0-9A-F]{32}(-\d{1,5})?$/),
    size: fc.maxSafeNat(),
    lastModified: fc.constant('2026-11-22T00:00:00.000Z'),
    type: fc.constantFrom('Normal', 'Multipart'),
    storageClass: fc.constant('Standard'),
    owner: fc.constant({ id: '0022012', displayName: 'user_example' }),
  },
  { requiredKeys: ['key', 'etag', 'size', 'lastModified'] },
)
const page = {
  bucket: fc.constant('007'),
  prefix: fc.oneof(key, fc.constant('')),
  maxKeys: fc.integer({ min: 1, max: 1000 }),
  isTruncated: fc.boolean(),
  objects: fc.array(object, { maxLength: 4 }),
  commonPrefixes: fc.array(key, { maxLength: 3 }),
}
const pageKeys = [
  'bucket',
  'prefix',
  'maxKeys',
  'isTruncated',
  'objects',
  'commonPrefixes',
] as const

describe('ListBucketResult', () => {
  it('of ListObjects is read back as it was written under encoding-type=url', () => {
    const result = fc.record(
      { ...page, delimiter: key, marker: fc.oneof(key, fc.constant('')), nextMarker: key },
      { requiredKeys: [...pageKeys, 'marker'] },
    )
    fc.assert(
      fc.property(result, (value) => {
        const document = bytes(encodeListObjectsResult({ ...value, encodingType: url }))
        expect(decodeListObjectsResult(document)).toEqual(value)
      }),
    )
  })

  it('of ListObjectsV2 is read back as it was written under encoding-type=url', () => {
    const result = fc.record(
      {
        ...page,
        delimiter: key,
        keyCount: fc.nat(1000),
        startAfter: key,
        continuationToken: key,
        nextContinuationToken: key,
      },
      { requiredKeys: [...pageKeys, 'keyCount'] },
    )
    fc.assert(
      fc.property(result, (value) => {
        const document = bytes(encodeListObjectsV2Result({ ...value, encodingType: url }))
        expect(decodeListObjectsV2Result(document)).toEqual(value)
      }),
    )
  })

  it('is written in the shape of the ListObjects page', () => {
    const document = encodeListObjectsResult({
      bucket: 'b',
      prefix: 'fun/',
      delimiter: '/',
      marker: '',
      nextMarker: 'fun/a b',
      maxKeys: 1,
      isTruncated: true,
      objects: [{ key: 'fun/a b', etag: 'E', size: 1, lastModified: 'T', type: 'Normal' }],
      commonPrefixes: ['fun/movie/'],
    })
    expect(document).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult>
  <Name>b</Name>
  <Prefix>fun/</Prefix>
  <MaxKeys>1</MaxKeys>
  <Delimiter>/</Delimiter>
  <IsTruncated>true</IsTruncated>
  <Marker></Marker>
  <NextMarker>fun/a b</NextMarker>
  <Contents>
    <Key>fun/a b</Key>
    <LastModified>T</LastModified>
    <ETag>"E"</ETag>
    <Type>Normal</Type>
    <Size>1</Size>
  </Contents>
  <CommonPrefixes>
    <Prefix>fun/movie/</Prefix>
  </CommonPrefixes>
</ListBucketResult>
`)
  })

  it('counts for itself if the service did not', () => {
    const document = bytes(
      '<ListBucketResult><IsTruncated>false</IsTruncated>' +
        '<Contents><Key>k</Key><ETag>"E"</ETag><Size>1</Size></Contents>' +
        '<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>',
    )
    expect(decodeListObjectsV2Result(document)).toEqual({
      bucket: '',
      prefix: '',
      maxKeys: 100,
      keyCount: 2,
      isTruncated: false,
      objects: [{ key: 'k', etag: 'E', size: 1, lastModified: '' }],
      commonPrefixes: ['p/'],
    })
  })

  it.each([
    ['no IsTruncated', ''],
    [
      'an object without key',
      '<IsTruncated>false</IsTruncated><Contents><ETag>E</ETag><Size>1</Size></Contents>',
    ],
    [
      'an object without size',
      '<IsTruncated>false</IsTruncated><Contents><Key>k</Key><ETag>E</ETag></Contents>',
    ],
    ['an empty common prefix', '<IsTruncated>false</IsTruncated><CommonPrefixes/>'],
  ])('is refused with %s', (_, inner) => {
    const document = bytes(`<ListBucketResult>${inner}</ListBucketResult>`)
    expect(() => decodeListObjectsResult(document)).toThrow(MalformedXmlError)
    expect(() => decodeListObjectsV2Result(document)).toThrow(MalformedXmlError)
  })
})

describe('Delete', () => {
  it('is read back as it was written; keys are never percent-decoded', () => {
    const request = {
      quiet: true,
      objects: [{ key: ' a+b%2B ' }, { key: '007', versionId: '1e5' }, { key: '<&>\r' }],
    }
    expect(decodeDeleteRequest(bytes(encodeDeleteRequest(request)))).toEqual(request)
  })

  it('is not quiet unless it says so', () => {
    const document = bytes('<Delete><Object><Key>k</Key></Object></Delete>')
    expect(decodeDeleteRequest(document)).toEqual({ quiet: false, objects: [{ key: 'k' }] })
  })

  it.each([
    '<Delete/>',
    '<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>',
    '<Delete><Object/></Delete>',
    '<Delete><Object><Key></Key></Object></Delete>',
    '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>',
    '<Deletes><Object><Key>k</Key></Object></Deletes>',
  ])('is refused as %s', (document) => {
    expect(() => decodeDeleteRequest(bytes(document))).toThrow(MalformedXmlError)
  })
})

describe('DeleteResult', () => {
  it('is read back as it was written under encoding-type=url', () => {
    const deleted = fc.record(
      {
        key,
        versionId: fc.constant('1e5'),
        deleteMarker: fc.boolean(),
        deleteMarkerVersionId: fc.constant('007'),
      },
      { requiredKeys: ['key'] },
    )
    fc.assert(
      fc.property(fc.array(deleted, { maxLength: 4 }), (list) => {
        const document = bytes(encodeDeleteResult({ deleted: list, encodingType: url }))
        expect(decodeDeleteResult(document)).toEqual({ deleted: list })
      }),
    )
  })

  it('may be no bytes at all', () => {
    expect(decodeDeleteResult(new Uint8Array())).toEqual({ deleted: [] })
  })
})
