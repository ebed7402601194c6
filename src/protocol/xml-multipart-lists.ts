/**
 * The two lists of multipart uploads, read and written: the parts of one upload (ListParts) and the
 * unfinished uploads of a bucket (ListMultipartUploads). One entry or many, it is always a list.
 */

import { parseCrc64, quoteEtag } from './digest.js'
import {
  childrenOf,
  defined,
  malformed,
  nameReader,
  optionalInteger,
  optionalText,
  requiredBoolean,
  requiredEtag,
  requiredId,
  requiredInteger,
} from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { type EncodingType, writeName, writeXml, type XmlNode } from './xml-writer.js'

/** A part as ListParts tells of it. */
export interface ListedPart {
  readonly partNumber: number
  /** Without quotes. */
  readonly etag: string
  /** Bytes. */
  readonly size: number
  readonly crc64?: bigint | undefined
  /** As sent, such as `2012-02-23T07:01:34.000Z`. */
  readonly lastModified?: string | undefined
}

/** One page of ListParts. */
export interface ListPartsResult {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** The page begins behind this part number; 0 on the first. */
  readonly partNumberMarker: number
  /** Marker of the next page; 0 if there is no part. */
  readonly nextPartNumberMarker: number
  readonly maxParts: number
  readonly isTruncated: boolean
  readonly storageClass?: string | undefined
  readonly parts: readonly ListedPart[]
}

/**
 * Reads a page of ListParts. What paging does not need may be missing; then markers are 0 and the
 * last part's number, `maxParts` 1000, texts ''.
 * @throws {MalformedXmlError} also without IsTruncated, or for a part without number, ETag or size
 */
export function decodeListPartsResult(body: Uint8Array): ListPartsResult {
  const root = parseXml(body, 'ListPartsResult')
  const names = nameReader(root)
  const parts = childrenOf(root, 'Part').map(readPart)
  return {
    bucket: optionalText(root, 'Bucket') ?? '',
    key: names.orEmpty(root, 'Key'),
    uploadId: optionalText(root, 'UploadId') ?? '',
    partNumberMarker: optionalInteger(root, 'PartNumberMarker') ?? 0,
    nextPartNumberMarker:
      optionalInteger(root, 'NextPartNumberMarker') ?? parts.at(-1)?.partNumber ?? 0,
    maxParts: optionalInteger(root, 'MaxParts') ?? 1000,
    isTruncated: requiredBoolean(root, 'IsTruncated'),
    ...defined({ storageClass: optionalText(root, 'StorageClass') }),
    parts,
  }
}

/** Writes a page of ListParts. */
export function encodeListPartsResult(
  result: ListPartsResult & { readonly encodingType?: EncodingType },
): string {
  return writeXml([
    'ListPartsResult',
    [
      ['EncodingType', result.encodingType],
      ['Bucket', result.bucket],
      ['Key', writeName(result.key, result.encodingType)],
      ['UploadId', result.uploadId],
      ['StorageClass', result.storageClass],
      ['PartNumberMarker', result.partNumberMarker],
      ['NextPartNumberMarker', result.nextPartNumberMarker],
      ['MaxParts', result.maxParts],
      ['IsTruncated', result.isTruncated],
      ...result.parts.map(
        (part): XmlNode => [
          'Part',
          [
            ['PartNumber', part.partNumber],
            ['LastModified', part.lastModified],
            ['ETag', quoteEtag(part.etag)],
            ['HashCrc64ecma', part.crc64],
            ['Size', part.size],
          ],
        ],
      ),
    ],
  ])
}

/** An unfinished upload as ListMultipartUploads tells of it. */
export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  /** As sent, such as `2012-02-23T04:18:23.000Z`. */
  readonly initiated?: string | undefined
  readonly storageClass?: string | undefined
}

/** One page of ListMultipartUploads. */
export interface ListUploadsResult {
  readonly bucket: string
  readonly prefix?: string | undefined
  readonly delimiter?: string | undefined
  readonly keyMarker: string
  readonly uploadIdMarker: string
  /** Together with `nextUploadIdMarker` the beginning of the next page, if `isTruncated`. */
  readonly nextKeyMarker: string
  readonly nextUploadIdMarker: string
  readonly maxUploads: number
  readonly isTruncated: boolean
  readonly uploads: readonly ListedUpload[]
  readonly commonPrefixes: readonly string[]
}

/**
 * Reads a page of ListMultipartUploads. What paging does not need may be missing; `prefix` and
 * `delimiter` are absent if they are empty.
 * @throws {MalformedXmlError} also without IsTruncated, or for an upload without key or id
 */
export function decodeListUploadsResult(body: Uint8Array): ListUploadsResult {
  const root = parseXml(body, 'ListMultipartUploadsResult')
  const names = nameReader(root)
  return {
    bucket: optionalText(root, 'Bucket') ?? '',
    ...defined({
      prefix: names.optional(root, 'Prefix'),
      delimiter: names.optional(root, 'Delimiter'),
    }),
    keyMarker: names.orEmpty(root, 'KeyMarker'),
    uploadIdMarker: optionalText(root, 'UploadIdMarker') ?? '',
    nextKeyMarker: names.orEmpty(root, 'NextKeyMarker'),
    nextUploadIdMarker: optionalText(root, 'NextUploadIdMarker') ?? '',
    maxUploads: optionalInteger(root, 'MaxUploads') ?? 1000,
    isTruncated: requiredBoolean(root, 'IsTruncated'),
    uploads: childrenOf(root, 'Upload').map((upload) => {
      return {
        key: names.required(upload, 'Key'),
        uploadId: requiredId(upload, 'UploadId'),
        ...defined({
          initiated: optionalText(upload, 'Initiated'),
          storageClass: optionalText(upload, 'StorageClass'),
        }),
      }
    }),
    commonPrefixes: childrenOf(root, 'CommonPrefixes').map((entry) =>
      names.required(entry, 'Prefix'),
    ),
  }
}

/** Writes a page of ListMultipartUploads. */
export function encodeListUploadsResult(
  result: ListUploadsResult & { readonly encodingType?: EncodingType },
): string {
  const { encodingType } = result
  return writeXml([
    'ListMultipartUploadsResult',
    [
      ['EncodingType', encodingType],
      ['Bucket', result.bucket],
      ['KeyMarker', writeName(result.keyMarker, encodingType)],
      ['UploadIdMarker', result.uploadIdMarker],
      ['NextKeyMarker', writeName(result.nextKeyMarker, encodingType)],
      ['NextUploadIdMarker', result.nextUploadIdMarker],
      ['Delimiter', writeName(result.delimiter ?? '', encodingType)],
      ['Prefix', writeName(result.prefix ?? '', encodingType)],
      ['MaxUploads', result.maxUploads],
      ['IsTruncated', result.isTruncated],
      ...result.uploads.map(
        (upload): XmlNode => [
          'Upload',
          [
            ['Key', writeName(upload.key, encodingType)],
            ['UploadId', upload.uploadId],
            ['StorageClass', upload.storageClass],
            ['Initiated', upload.initiated],
          ],
        ],
      ),
      ...result.commonPrefixes.map(
        (prefix): XmlNode => ['CommonPrefixes', [['Prefix', writeName(prefix, encodingType)]]],
      ),
    ],
  ])
}

function readPart(part: XmlElement): ListedPart {
  const crc64Text = optionalText(part, 'HashCrc64ecma')
  const crc64 = parseCrc64(crc64Text)
  if (crc64Text !== undefined && crc64 === undefined) throw malformed(part, 'a malformed CRC-64')
  return {
    partNumber: requiredInteger(part, 'PartNumber'),
    etag: requiredEtag(part),
    size: requiredInteger(part, 'Size'),
    ...defined({ crc64, lastModified: optionalText(part, 'LastModified') }),
  }
}
