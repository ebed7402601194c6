/**
 * The documents of buckets and their settings, read and written: ListBuckets, GetBucketInfo,
 * GetBucketLocation, PutBucket, ACLs, tagging. Lists of objects are in xml-objects.ts, lifecycle rules
 * in xml-lifecycle.ts. Times are ISO texts and come from the caller.
 */

import {
  childOf,
  childrenOf,
  defined,
  malformed,
  optionalInteger,
  optionalText,
  rawText,
  requiredBoolean,
  requiredText,
} from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { writeXml, type XmlContent, type XmlNode } from './xml-writer.js'

/** Who owns a bucket or object. */
export interface Owner {
  readonly id: string
  readonly displayName: string
}

/** A bucket as ListBuckets and GetBucketInfo tell of it. */
export interface BucketDescription {
  readonly name: string
  /** Such as `oss-cn-hangzhou`. */
  readonly location: string
  /** Such as `2014-12-09T11:59:06.000Z`. */
  readonly creationDate: string
  readonly extranetEndpoint?: string | undefined
  readonly intranetEndpoint?: string | undefined
  readonly region?: string | undefined
  readonly storageClass?: string | undefined
}

/** One page of ListBuckets. */
export interface ListBucketsResult {
  readonly owner?: Owner | undefined
  readonly prefix?: string | undefined
  readonly marker?: string | undefined
  readonly maxKeys?: number | undefined
  readonly isTruncated: boolean
  readonly nextMarker?: string | undefined
  readonly buckets: readonly BucketDescription[]
}

/** Reads a page of ListBuckets; the service leaves out all about paging if everything fits in one. */
export function decodeListBucketsResult(body: Uint8Array): ListBucketsResult {
  const root = parseXml(body, 'ListAllMyBucketsResult')
  const buckets = childOf(root, 'Buckets')
  return {
    ...defined({
      owner: readOwner(root),
      prefix: optionalText(root, 'Prefix'),
      marker: optionalText(root, 'Marker'),
      maxKeys: optionalInteger(root, 'MaxKeys'),
      nextMarker: optionalText(root, 'NextMarker'),
    }),
    isTruncated:
      childOf(root, 'IsTruncated') === undefined ? false : requiredBoolean(root, 'IsTruncated'),
    buckets: buckets === undefined ? [] : childrenOf(buckets, 'Bucket').map(readBucket),
  }
}

/** Writes a page of ListBuckets. */
export function encodeListBucketsResult(result: ListBucketsResult): string {
  return writeXml([
    'ListAllMyBucketsResult',
    [
      ['Prefix', result.prefix],
      ['Marker', result.marker],
      ['MaxKeys', result.maxKeys],
      ['IsTruncated', result.isTruncated],
      ['NextMarker', result.nextMarker],
      ownerNode(result.owner),
      ['Buckets', result.buckets.map((bucket): XmlNode => ['Bucket', bucketFields(bucket)])],
    ],
  ])
}

/** Answer of GetBucketInfo. */
export interface BucketInfo extends BucketDescription {
  readonly owner?: Owner | undefined
  /** `private`, `public-read` or `public-read-write`. */
  readonly acl?: string | undefined
}

/** Reads the answer of GetBucketInfo. */
export function decodeBucketInfo(body: Uint8Array): BucketInfo {
  const root = parseXml(body, 'BucketInfo')
  const bucket = childOf(root, 'Bucket')
  if (bucket === undefined) throw malformed(root, 'no <Bucket>')
  return { ...readBucket(bucket), ...defined({ owner: readOwner(bucket), acl: readGrant(bucket) }) }
}

/** Writes the answer of GetBucketInfo. */
export function encodeBucketInfo(info: BucketInfo): string {
  return writeXml([
    'BucketInfo',
    [['Bucket', [...bucketFields(info), ownerNode(info.owner), grantNode(info.acl)]]],
  ])
}

/** Reads the answer of GetBucketLocation, such as `oss-cn-hangzhou`. */
export function decodeLocation(body: Uint8Array): string {
  const root = parseXml(body, 'LocationConstraint')
  if (root.children.length > 0) throw malformed(root, 'elements inside')
  return root.text.trim()
}

/** Writes the answer of GetBucketLocation. */
export function encodeLocation(location: string): string {
  return writeXml(['LocationConstraint', location])
}

/** Request of PutBucket. */
export interface CreateBucketConfiguration {
  readonly storageClass?: string | undefined
  readonly dataRedundancyType?: string | undefined
}

/** Reads the request of PutBucket, when it has a body. */
export function decodeCreateBucketConfiguration(body: Uint8Array): CreateBucketConfiguration {
  const root = parseXml(body, 'CreateBucketConfiguration')
  return defined({
    storageClass: optionalText(root, 'StorageClass'),
    dataRedundancyType: optionalText(root, 'DataRedundancyType'),
  })
}

/** Writes the request of PutBucket. */
export function encodeCreateBucketConfiguration(configuration: CreateBucketConfiguration): string {
  return writeXml([
    'CreateBucketConfiguration',
    [
      ['StorageClass', configuration.storageClass],
      ['DataRedundancyType', configuration.dataRedundancyType],
    ],
  ])
}

/** Answer of GetBucketAcl and GetObjectAcl. */
export interface AccessControl {
  readonly owner?: Owner | undefined
  /** `default` (objects only), `private`, `public-read` or `public-read-write`. */
  readonly grant: string
}

/** Reads the answer of GetBucketAcl or GetObjectAcl. @throws {MalformedXmlError} also without a grant */
export function decodeAccessControl(body: Uint8Array): AccessControl {
  const root = parseXml(body, 'AccessControlPolicy')
  const grant = readGrant(root)
  if (grant === undefined) throw malformed(root, 'no <Grant>')
  return { ...defined({ owner: readOwner(root) }), grant }
}

/** Writes the answer of GetBucketAcl or GetObjectAcl. */
export function encodeAccessControl(policy: AccessControl): string {
  return writeXml(['AccessControlPolicy', [ownerNode(policy.owner), grantNode(policy.grant)]])
}

/** Reads a tag set, request or answer alike. Later tags of the same key are refused. */
export function decodeTagging(body: Uint8Array): ReadonlyMap<string, string> {
  const root = parseXml(body, 'Tagging')
  const tagSet = childOf(root, 'TagSet')
  const tags = new Map<string, string>()
  for (const tag of tagSet === undefined ? [] : childrenOf(tagSet, 'Tag')) {
    const key = rawText(tag, 'Key')
    if (!key || tags.has(key)) throw malformed(tag, 'an absent or repeated <Key>')
    tags.set(key, rawText(tag, 'Value') ?? '')
  }
  return tags
}

/** Writes a tag set. */
export function encodeTagging(tags: Iterable<readonly [key: string, value: string]>): string {
  const nodes = Array.from(
    tags,
    ([key, value]): XmlNode => [
      'Tag',
      [
        ['Key', key],
        ['Value', value],
      ],
    ],
  )
  return writeXml(['Tagging', [['TagSet', nodes]]])
}

/** Reads the `<Owner>` inside an element, if it has one with an id. */
export function readOwner(element: XmlElement): Owner | undefined {
  const owner = childOf(element, 'Owner')
  const id = owner && optionalText(owner, 'ID')
  if (owner === undefined || id === undefined) return undefined
  return { id, displayName: optionalText(owner, 'DisplayName') ?? id }
}

/** Returns `<Owner>` to be written, or nothing for no owner. */
export function ownerNode(owner: Owner | undefined): XmlNode {
  const fields: XmlContent = owner && [
    ['ID', owner.id],
    ['DisplayName', owner.displayName],
  ]
  return ['Owner', fields]
}

function readBucket(element: XmlElement): BucketDescription {
  return {
    name: requiredText(element, 'Name'),
    location: optionalText(element, 'Location') ?? '',
    creationDate: optionalText(element, 'CreationDate') ?? '',
    ...defined({
      extranetEndpoint: optionalText(element, 'ExtranetEndpoint'),
      intranetEndpoint: optionalText(element, 'IntranetEndpoint'),
      region: optionalText(element, 'Region'),
      storageClass: optionalText(element, 'StorageClass'),
    }),
  }
}

function bucketFields(bucket: BucketDescription): XmlNode[] {
  return [
    ['CreationDate', bucket.creationDate],
    ['ExtranetEndpoint', bucket.extranetEndpoint],
    ['IntranetEndpoint', bucket.intranetEndpoint],
    ['Location', bucket.location],
    ['Name', bucket.name],
    ['Region', bucket.region],
    ['StorageClass', bucket.storageClass],
  ]
}

function readGrant(element: XmlElement): string | undefined {
  const list = childOf(element, 'AccessControlList')
  return list && optionalText(list, 'Grant')
}

function grantNode(grant: string | undefined): XmlNode {
  const fields: XmlContent = grant === undefined ? undefined : [['Grant', grant]]
  return ['AccessControlList', fields]
}
