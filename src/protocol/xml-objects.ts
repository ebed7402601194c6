/**
 * Documents about many objects, read and written: ListObjects, ListObjectsV2, DeleteMultipleObjects.
 * Keys, prefixes, delimiters and markers are percent-encoded under encoding-type=url, tokens too.
 */

import { quoteEtag } from './digest.js'
import { type Owner, ownerNode, readOwner } from './xml-bucket.js'
import {
  childrenOf,
  defined,
  malformed,
  type NameReader,
  nameReader,
  optionalBoolean,
  optionalInteger,
  optionalText,
  rawText,
  requiredBoolean,
  requiredEtag,
  requiredInteger,
} from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { type EncodingType, writeName, writeXml, type XmlNode } from './xml-writer.js'

/** An object as a list tells of it. */
export interface ListedObject {
  readonly key: string
  /** Without quotes. */
  readonly etag: string
  /** Bytes. */
  readonly size: number
  /** ISO 8601. */
  readonly lastModified: string
  /** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
  readonly type?: string | undefined
  readonly storageClass?: string | undefined
  readonly owner?: Owner | undefined
}

/** What both versions of the list have. */
interface ObjectPage {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter?: string | undefined
  readonly maxKeys: number
  readonly isTruncated: boolean
  readonly objects: readonly ListedObject[]
  readonly commonPrefixes: readonly string[]
}

/** One page of ListObjects. */
export interface ListObjectsResult extends ObjectPage {
  readonly marker: string
  /** There if `isTruncated`. */
  readonly nextMarker?: string | undefined
}

/** One page of ListObjectsV2. */
export interface ListObjectsV2Result extends ObjectPage {
  /** Objects and common prefixes on this page. */
  readonly keyCount: number
  readonly startAfter?: string | undefined
  readonly continuationToken?: string | undefined
  /** There if `isTruncated`. */
  readonly nextContinuationToken?: string | undefined
}

/** Reads a page of ListObjects. @throws {MalformedXmlError} also without IsTruncated */
export function decodeListObjectsResult(body: Uint8Array): ListObjectsResult {
  const root = parseXml(body, 'ListBucketResult')
  const names = nameReader(root)
  return {
    ...readPage(root, names),
    marker: names.orEmpty(root, 'Marker'),
    ...defined({ nextMarker: names.optional(root, 'NextMarker') }),
  }
}

/** Writes a page of ListObjects. */
export function encodeListObjectsResult(
  result: ListObjectsResult & { readonly encodingType?: EncodingType },
): string {
  const { encodingType } = result
  return writeXml([
    'ListBucketResult',
    [
      ...pageFields(result, encodingType),
      ['Marker', writeName(result.marker, encodingType)],
      ['NextMarker', writeName(result.nextMarker, encodingType)],
      ...entries(result, encodingType),
    ],
  ])
}

/** Reads a page of ListObjectsV2. @throws {MalformedXmlError} also without IsTruncated */
export function decodeListObjectsV2Result(body: Uint8Array): ListObjectsV2Result {
  const root = parseXml(body, 'ListBucketResult')
  const names = nameReader(root)
  const page = readPage(root, names)
  return {
    ...page,
    keyCount: optionalInteger(root, 'KeyCount') ?? page.objects.length + page.commonPrefixes.length,
    ...defined({
      startAfter: names.optional(root, 'StartAfter'),
      continuationToken: names.optional(root, 'ContinuationToken'),
      nextContinuationToken: names.optional(root, 'NextContinuationToken'),
    }),
  }
}

/** Writes a page of ListObjectsV2. */
export function encodeListObjectsV2Result(
  result: ListObjectsV2Result & { readonly encodingType?: EncodingType },
): string {
  const { encodingType } = result
  return writeXml([
    'ListBucketResult',
    [
      ...pageFields(result, encodingType),
      ['StartAfter', writeName(result.startAfter, encodingType)],
      ['ContinuationToken', writeName(result.continuationToken, encodingType)],
      ['NextContinuationToken', writeName(result.nextContinuationToken, encodingType)],
      ['KeyCount', result.keyCount],
      ...entries(result, encodingType),
    ],
  ])
}

/** Request of DeleteMultipleObjects. */
export interface DeleteRequest {
  /** Whether the answer names only what could not be deleted. */
  readonly quiet: boolean
  readonly objects: readonly { readonly key: string; readonly versionId?: string | undefined }[]
}

/** Reads the request of DeleteMultipleObjects. @throws {MalformedXmlError} also without any object */
export function decodeDeleteRequest(body: Uint8Array): DeleteRequest {
  const root = parseXml(body, 'Delete')
  const objects = childrenOf(root, 'Object').map((object) => {
    const key = rawText(object, 'Key')
    if (!key) throw malformed(object, 'no <Key>')
    return { key, ...defined({ versionId: optionalText(object, 'VersionId') }) }
  })
  if (objects.length === 0) throw malformed(root, 'no <Object>')
  return { quiet: optionalBoolean(root, 'Quiet') ?? false, objects }
}

/** Writes the request of DeleteMultipleObjects. */
export function encodeDeleteRequest(request: DeleteRequest): string {
  const objects = request.objects.map(
    (object): XmlNode => [
      'Object',
      [
        ['Key', object.key],
        ['VersionId', object.versionId],
      ],
    ],
  )
  return writeXml(['Delete', [['Quiet', request.quiet], ...objects]])
}

/** Answer of DeleteMultipleObjects. */
export interface DeleteResult {
  readonly deleted: readonly {
    readonly key: string
    readonly versionId?: string | undefined
    readonly deleteMarker?: boolean | undefined
    readonly deleteMarkerVersionId?: string | undefined
  }[]
}

/** Reads the answer of DeleteMultipleObjects; with `quiet` it is empty, which may be no bytes at all. */
export function decodeDeleteResult(body: Uint8Array): DeleteResult {
  if (body.byteLength === 0) return { deleted: [] }
  const root = parseXml(body, 'DeleteResult')
  const names = nameReader(root)
  return {
    deleted: childrenOf(root, 'Deleted').map((entry) => {
      return {
        key: names.required(entry, 'Key'),
        ...defined({
          versionId: optionalText(entry, 'VersionId'),
          deleteMarker: optionalBoolean(entry, 'DeleteMarker'),
          deleteMarkerVersionId: optionalText(entry, 'DeleteMarkerVersionId'),
        }),
      }
    }),
  }
}

/** Writes the answer of DeleteMultipleObjects. */
export function encodeDeleteResult(
  result: DeleteResult & { readonly encodingType?: EncodingType },
): string {
  const deleted = result.deleted.map(
    (entry): XmlNode => [
      'Deleted',
      [
        ['Key', writeName(entry.key, result.encodingType)],
        ['VersionId', entry.versionId],
        ['DeleteMarker', entry.deleteMarker],
        ['DeleteMarkerVersionId', entry.deleteMarkerVersionId],
      ],
    ],
  )
  return writeXml(['DeleteResult', [['EncodingType', result.encodingType], ...deleted]])
}

function readPage(root: XmlElement, names: NameReader): ObjectPage {
  return {
    bucket: optionalText(root, 'Name') ?? '',
    prefix: names.orEmpty(root, 'Prefix'),
    ...defined({ delimiter: names.optional(root, 'Delimiter') }),
    maxKeys: optionalInteger(root, 'MaxKeys') ?? 100,
    isTruncated: requiredBoolean(root, 'IsTruncated'),
    objects: childrenOf(root, 'Contents').map((entry) => readObject(entry, names)),
    commonPrefixes: childrenOf(root, 'CommonPrefixes').map((entry) =>
      names.required(entry, 'Prefix'),
    ),
  }
}

function readObject(entry: XmlElement, names: NameReader): ListedObject {
  return {
    key: names.required(entry, 'Key'),
    etag: requiredEtag(entry),
    size: requiredInteger(entry, 'Size'),
    lastModified: optionalText(entry, 'LastModified') ?? '',
    ...defined({
      type: optionalText(entry, 'Type'),
      storageClass: optionalText(entry, 'StorageClass'),
      owner: readOwner(entry),
    }),
  }
}

function pageFields(page: ObjectPage, encodingType: EncodingType): XmlNode[] {
  return [
    ['EncodingType', encodingType],
    ['Name', page.bucket],
    ['Prefix', writeName(page.prefix, encodingType)],
    ['MaxKeys', page.maxKeys],
    ['Delimiter', writeName(page.delimiter ?? '', encodingType)],
    ['IsTruncated', page.isTruncated],
  ]
}

function entries(page: ObjectPage, encodingType: EncodingType): XmlNode[] {
  const objects = page.objects.map(
    (object): XmlNode => [
      'Contents',
      [
        ['Key', writeName(object.key, encodingType)],
        ['LastModified', object.lastModified],
        ['ETag', quoteEtag(object.etag)],
        ['Type', object.type],
        ['Size', object.size],
        ['StorageClass', object.storageClass],
        ownerNode(object.owner),
      ],
    ],
  )
  const prefixes = page.commonPrefixes.map(
    (prefix): XmlNode => ['CommonPrefixes', [['Prefix', writeName(prefix, encodingType)]]],
  )
  return [...objects, ...prefixes]
}
