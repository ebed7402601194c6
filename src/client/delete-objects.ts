/**
 * Many objects in one request. What that request does not say it has deleted, and what a document cannot carry
 * safely, is deleted in a request of its own: so that each key has an answer of its own, and a failure its reason.
 */

import { asError, InvalidOptionError } from '../errors.js'
import { createMd5, md5Base64 } from '../protocol/digest.js'
import { checkObjectKey } from '../protocol/endpoint.js'
import { decodeDeleteResult, encodeDeleteRequest } from '../protocol/xml-objects.js'
import { decodeDocument, refuseHiddenError } from './answer-fields.js'
import type { Call } from './call.js'
import type { CallOptions } from './call-options.js'
import type { DeleteObjectOptions, DeleteObjectResult } from './objects.js'

/** Which objects; one that is not there is no error. */
export interface DeleteObjectsOptions extends CallOptions {
  /** 1 to 1000. */
  readonly keys: readonly string[]
}

/** What the deletion of one of several objects has done. */
export interface DeletedObject {
  readonly key: string
  /** In a bucket with versioning: that of the delete marker. */
  readonly versionId?: string | undefined
  readonly deleteMarker: boolean
}

/** What has become of each key, in the order given. */
export interface DeleteObjectsResult {
  readonly bucket: string
  readonly deleted: readonly DeletedObject[]
  /** Keys of objects that may still be there, and why. */
  readonly failed: readonly { readonly key: string; readonly error: Error }[]
}

/** How the two kinds of requests are made. */
export interface Deletions {
  many<Result>(call: Call<Result>): Promise<Result>
  one(options: DeleteObjectOptions): Promise<DeleteObjectResult>
}

const MAX_KEYS = 1000
/** OSS documentation page "DeleteMultipleObjects": 2 MB, however they are counted. */
const MAX_DOCUMENT = 2_000_000

export async function deleteObjects(
  bucket: string,
  { keys, ...options }: DeleteObjectsOptions,
  { many, one }: Deletions,
): Promise<DeleteObjectsResult> {
  checkKeys(keys)
  const deleted = new Map<string, DeletedObject>()
  for (const document of documentsOf(keys.filter(survivesXml))) {
    const found = await many(deleteObjectsCall(bucket, options, document))
    for (const each of found) deleted.set(each.key, each)
  }
  const failed = new Map<string, Error>()
  for (const key of new Set(keys)) {
    if (deleted.has(key)) continue
    try {
      const { requestId: _, ...rest } = await one({ ...options, bucket, key })
      deleted.set(key, { key, ...rest })
    } catch (error) {
      options.signal?.throwIfAborted()
      options.stop?.throwIfAborted()
      failed.set(key, asError(error))
    }
  }
  return {
    bucket,
    deleted: keys.flatMap((key) => deleted.get(key) ?? []),
    failed: keys.flatMap((key) => {
      const error = failed.get(key)
      return error === undefined ? [] : [{ key, error }]
    }),
  }
}

/**
 * Whether a key is certain to come out of an XML document as it went in: control characters cannot stand in one or
 * are changed by parsers, and blanks at the ends may be taken away. Another key might be deleted then.
 */
export function survivesXml(key: string): boolean {
  return !/^\s|\s$|[\p{Cc}\uFFFE\uFFFF]/u.test(key)
}

function checkKeys(keys: unknown): void {
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > MAX_KEYS) {
    const got = Array.isArray(keys) ? keys.length : keys
    throw InvalidOptionError.expected('keys', `an array of 1 to ${MAX_KEYS} keys`, got)
  }
  for (const key of keys) checkObjectKey(key, 'keys')
}

/** As few as are small enough; none for no keys. */
function* documentsOf(keys: readonly string[]): Generator<Buffer, void, undefined> {
  if (keys.length === 0) return
  // Not quiet: that answer says nothing, of what has failed neither (OSS documentation, EC 0016-00000610).
  const objects = keys.map((key) => ({ key }))
  const document = Buffer.from(encodeDeleteRequest({ quiet: false, objects }))
  if (document.byteLength <= MAX_DOCUMENT || keys.length === 1) {
    yield document
    return
  }
  const half = keys.length >>> 1
  yield* documentsOf(keys.slice(0, half))
  yield* documentsOf(keys.slice(half))
}

function deleteObjectsCall(
  bucket: string,
  options: CallOptions,
  document: Buffer,
): Call<readonly DeletedObject[]> {
  const md5 = createMd5()
  md5.update(document)
  return {
    operation: 'DeleteMultipleObjects',
    options,
    bucket,
    query: { delete: '', 'encoding-type': 'url' },
    headers: { 'content-type': 'application/xml', 'content-md5': md5Base64(md5.digest()) },
    body: { size: document.byteLength, source: [document] },
    decode(answer) {
      refuseHiddenError(answer, false)
      const { deleted } = decodeDocument(answer, decodeDeleteResult)
      return deleted.map(({ key, deleteMarker = false, deleteMarkerVersionId: versionId }) => ({
        key,
        ...(versionId === undefined ? {} : { versionId }),
        deleteMarker,
      }))
    },
  }
}
