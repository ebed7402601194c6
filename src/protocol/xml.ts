/**
 * The documents of multipart uploads and of copying, read and written: by the client as requests
 * and answers, by the server the other way round. ETags are without quotes inside, with quotes on
 * the wire. Every `decode…` throws MalformedXmlError, and nothing else.
 */

import { quoteEtag } from './digest.js'
import {
  childrenOf,
  defined,
  malformed,
  nameReader,
  optionalText,
  requiredEtag,
  requiredId,
  requiredInteger,
} from './xml-fields.js'
import { parseXml, type XmlElement } from './xml-parser.js'
import { type EncodingType, writeName, writeXml, type XmlNode } from './xml-writer.js'

export { decodeError, type ErrorDocument, encodeError, isErrorDocument } from './xml-error.js'
export {
  decodeListPartsResult,
  decodeListUploadsResult,
  encodeListPartsResult,
  encodeListUploadsResult,
  type ListedPart,
  type ListedUpload,
  type ListPartsResult,
  type ListUploadsResult,
} from './xml-multipart-lists.js'
export { parseXml, type XmlElement } from './xml-parser.js'

/** Answer of InitiateMultipartUpload. `bucket` and `key` are '' if the service left them out. */
export interface InitiateResult {
  readonly bucket: string
  readonly key: string
  /** Opaque; never a number, whatever it looks like. */
  readonly uploadId: string
}

/** Reads the answer of InitiateMultipartUpload. @throws {MalformedXmlError} also without an upload id */
export function decodeInitiateResult(body: Uint8Array): InitiateResult {
  const root = parseXml(body, 'InitiateMultipartUploadResult')
  const names = nameReader(root)
  return {
    bucket: optionalText(root, 'Bucket') ?? '',
    key: names.orEmpty(root, 'Key'),
    uploadId: requiredId(root, 'UploadId'),
  }
}

/** Writes the answer of InitiateMultipartUpload. */
export function encodeInitiateResult(
  result: InitiateResult & { readonly encodingType?: EncodingType },
): string {
  return writeXml([
    'InitiateMultipartUploadResult',
    [
      ['EncodingType', result.encodingType],
      ['Bucket', result.bucket],
      ['Key', writeName(result.key, result.encodingType)],
      ['UploadId', result.uploadId],
    ],
  ])
}

/** Answer of CompleteMultipartUpload; with a callback the service answers something else. */
export interface CompleteResult {
  /** Where the object is, as the service spells it: percent-encoded in its own ways, not decoded. */
  readonly location?: string | undefined
  readonly bucket: string
  readonly key: string
  /** Without quotes. */
  readonly etag: string
}

/** Reads the answer of CompleteMultipartUpload. @throws {MalformedXmlError} also without an ETag */
export function decodeCompleteResult(body: Uint8Array): CompleteResult {
  const root = parseXml(body, 'CompleteMultipartUploadResult')
  const names = nameReader(root)
  return {
    ...defined({ location: optionalText(root, 'Location') }),
    bucket: optionalText(root, 'Bucket') ?? '',
    key: names.orEmpty(root, 'Key'),
    etag: requiredEtag(root),
  }
}

/** Writes the answer of CompleteMultipartUpload; `location` goes out as it is given. */
export function encodeCompleteResult(
  result: CompleteResult & { readonly encodingType?: EncodingType },
): string {
  return writeXml([
    'CompleteMultipartUploadResult',
    [
      ['EncodingType', result.encodingType],
      ['Location', result.location],
      ['Bucket', result.bucket],
      ['Key', writeName(result.key, result.encodingType)],
      ['ETag', quoteEtag(result.etag)],
    ],
  ])
}

/** One part in the request of CompleteMultipartUpload. */
export interface CompletedPart {
  readonly partNumber: number
  /** Without quotes, spelt as it was received. */
  readonly etag: string
}

/**
 * Reads the request of CompleteMultipartUpload: parts in the order sent, which is not judged here.
 * ETags may be quoted, escaped or bare, the two fields of a part may come in either order.
 * @throws {MalformedXmlError} also without any part, and for a part number that is no integer
 */
export function decodeCompleteRequest(body: Uint8Array): CompletedPart[] {
  const root = parseXml(body, 'CompleteMultipartUpload')
  const parts = childrenOf(root, 'Part').map((part) => ({
    partNumber: requiredInteger(part, 'PartNumber'),
    etag: requiredEtag(part),
  }))
  if (parts.length === 0) throw malformed(root, 'no <Part>')
  return parts
}

/** Writes the request of CompleteMultipartUpload, parts in the order given. */
export function encodeCompleteRequest(parts: readonly CompletedPart[]): string {
  return writeXml([
    'CompleteMultipartUpload',
    parts.map(
      (part): XmlNode => [
        'Part',
        [
          ['PartNumber', part.partNumber],
          ['ETag', quoteEtag(part.etag)],
        ],
      ],
    ),
  ])
}

/** Answer of UploadPartCopy and of CopyObject. */
export interface CopyResult {
  /** Without quotes. */
  readonly etag: string
  /** As sent, such as `2014-07-17T06:27:54.000Z`. */
  readonly lastModified?: string | undefined
}

/** Reads the answer of UploadPartCopy. @throws {MalformedXmlError} also without an ETag */
export function decodeCopyPartResult(body: Uint8Array): CopyResult {
  return readCopyResult(parseXml(body, 'CopyPartResult'))
}

/** Writes the answer of UploadPartCopy. */
export function encodeCopyPartResult(result: CopyResult): string {
  return writeXml(['CopyPartResult', copyFields(result)])
}

/** Reads the answer of CopyObject. @throws {MalformedXmlError} also without an ETag */
export function decodeCopyObjectResult(body: Uint8Array): CopyResult {
  return readCopyResult(parseXml(body, 'CopyObjectResult'))
}

/** Writes the answer of CopyObject. */
export function encodeCopyObjectResult(result: CopyResult): string {
  return writeXml(['CopyObjectResult', copyFields(result)])
}

function readCopyResult(root: XmlElement): CopyResult {
  return {
    etag: requiredEtag(root),
    ...defined({ lastModified: optionalText(root, 'LastModified') }),
  }
}

function copyFields(result: CopyResult): XmlNode[] {
  return [
    ['LastModified', result.lastModified],
    ['ETag', quoteEtag(result.etag)],
  ]
}
