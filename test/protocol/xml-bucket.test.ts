import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedXmlError } from '../../src/errors.js'
import {
  decodeAccessControl,
  decodeBucketInfo,
  decodeCreateBucketConfiguration,
  decodeListBucketsResult,
  decodeLocation,
  decodeTagging,
  encodeAccessControl,
  encodeBucketInfo,
  encodeCreateBucketConfiguration,
  encodeListBucketsResult,
  encodeLocation,
  encodeTagging,
} from '../../src/protocol/xml-bucket.js'

const bytes = (text: string) => Buffer.from(text)
const owner = { id: '0022012', displayName: 'user_example' }
const bucket = {
  name: '007',
  location: 'oss-cn-hangzhou',
  creationDate: '2014-12-09T11:59:06.000Z',
  extranetEndpoint: 'oss-cn-hangzhou.aliyuncs.com',
  intranetEndpoint: 'oss-cn-hangzhou-internal.aliyuncs.com',
  region: 'cn-hangzhou',
  storageClass: 'Standard',
}

describe('ListAllMyBucketsResult', () => {
  it.each([
    ['no bucket', { owner, isTruncated: false, buckets: [] }],
    ['one bucket', { owner, isTruncated: false, buckets: [bucket] }],
    [
      'a page of two',
      {
        owner,
        prefix: '0',
        marker: '006',
        maxKeys: 2,
        isTruncated: true,
        nextMarker: '1e5',
        buckets: [bucket, { name: '1e5', location: 'oss-cn-hangzhou', creationDate: '' }],
      },
    ],
  ])('with %s is read back as it was written', (_, result) => {
    expect(decodeListBucketsResult(bytes(encodeListBucketsResult(result)))).toEqual(result)
  })

  it('is one whole page if it says nothing of paging', () => {
    const document = bytes(
      '<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>',
    )
    expect(decodeListBucketsResult(document)).toEqual({
      isTruncated: false,
      buckets: [{ name: 'b', location: '', creationDate: '' }],
    })
  })

  it('is refused with a bucket that has no name', () => {
    const document = bytes(
      '<ListAllMyBucketsResult><Buckets><Bucket/></Buckets></ListAllMyBucketsResult>',
    )
    expect(() => decodeListBucketsResult(document)).toThrow(MalformedXmlError)
  })
})

describe('BucketInfo', () => {
  it('is read back as it was written, grant and owner included', () => {
    const info = { ...bucket, owner, acl: 'private' }
    const document = encodeBucketInfo(info)
    expect(decodeBucketInfo(bytes(document))).toEqual(info)
    expect(document).toMatch(
      /<AccessControlList>\s*<Grant>private<\/Grant>\s*<\/AccessControlList>/,
    )
  })

  it('is refused without a bucket', () => {
    expect(() => decodeBucketInfo(bytes('<BucketInfo/>'))).toThrow(MalformedXmlError)
  })
})

describe('LocationConstraint', () => {
  it('holds its text in the root', () => {
    const document = encodeLocation('oss-cn-hangzhou')
    expect(document).toContain('<LocationConstraint>oss-cn-hangzhou</LocationConstraint>')
    expect(decodeLocation(bytes(document))).toBe('oss-cn-hangzhou')
  })

  it('is refused with elements inside', () => {
    const document = bytes('<LocationConstraint>a<b/></LocationConstraint>')
    expect(() => decodeLocation(document)).toThrow(MalformedXmlError)
  })
})

describe('CreateBucketConfiguration', () => {
  it.each([{}, { storageClass: 'IA' }, { storageClass: 'Standard', dataRedundancyType: 'ZRS' }])(
    'is read back as it was written: %j',
    (configuration) => {
      const document = bytes(encodeCreateBucketConfiguration(configuration))
      expect(decodeCreateBucketConfiguration(document)).toEqual(configuration)
    },
  )
})

describe('AccessControlPolicy', () => {
  it.each([{ grant: 'default' }, { owner, grant: 'public-read' }])(
    'is read back as it was written: %j',
    (policy) => {
      expect(decodeAccessControl(bytes(encodeAccessControl(policy)))).toEqual(policy)
    },
  )

  it.each([
    '<AccessControlPolicy/>',
    '<AccessControlPolicy><Grant>private</Grant></AccessControlPolicy>',
    '<AccessControlPolicy><AccessControlList><Grant/></AccessControlList></AccessControlPolicy>',
  ])('is refused without a grant: %s', (document) => {
    expect(() => decodeAccessControl(bytes(document))).toThrow(MalformedXmlError)
  })
})

describe('Tagging', () => {
  it('is read back as it was written, blanks and prototype names included', () => {
    const key = fc.oneof(
      fc.string({ unit: 'grapheme-composite', minLength: 1 }),
      fc.constantFrom('__proto__', 'constructor', ' a ', '007'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.string())), (list) => {
        const tags = new Map(list)
        expect(decodeTagging(bytes(encodeTagging(tags)))).toEqual(tags)
      }),
    )
  })

  it('of no tags is an empty set', () => {
    expect(decodeTagging(bytes('<Tagging/>')).size).toBe(0)
    expect(decodeTagging(bytes('<Tagging><TagSet/></Tagging>')).size).toBe(0)
  })

  it.each([
    '<Tag><Value>v</Value></Tag>',
    '<Tag><Key/><Value>v</Value></Tag>',
    '<Tag><Key>a</Key></Tag><Tag><Key>a</Key></Tag>',
  ])('is refused with an absent or repeated key: %s', (tags) => {
    const document = bytes(`<Tagging><TagSet>${tags}</TagSet></Tagging>`)
    expect(() => decodeTagging(document)).toThrow(MalformedXmlError)
  })
})
