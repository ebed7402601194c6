/**
 * Who is asking, and whether they may: signatures first, the ACLs for whoever did not sign.
 * Everybody with a key owns everything; policies and roles are not modelled.
 */

import type { OperationName } from '../protocol/operations.js'
import { verify, whichVersion } from '../protocol/signature.js'
import type { VerifiableRequest } from '../protocol/signature-verdict.js'
import { Failure, failures } from './failures.js'
import type { KeyRing } from './key-ring.js'
import type { Acl } from './records.js'
import type { Bucket } from './store.js'

/** Who signed a request; `undefined` for nobody. */
export type Principal = string | undefined

/**
 * Verifies the signature, if there is one, and names the access key.
 *
 * @throws {Failure} 403 (400 for what cannot be read) if there is one that does not hold.
 */
export function authenticate(
  request: VerifiableRequest,
  options: { keys: KeyRing; now: number; region: string },
): Principal {
  if (whichVersion(request) === 'none' && request.headers.authorization === undefined) {
    return undefined
  }
  const verdict = verify(request, {
    now: new Date(options.now),
    region: options.region,
    lookup: options.keys.lookupAt(options.now),
  })
  if (verdict.ok) return verdict.accessKeyId
  const { status, code, message, ec, details } = verdict
  throw new Failure(status, code, message, {
    ...(ec === undefined ? {} : { ec }),
    ...(details === undefined ? {} : { details }),
  })
}

/**
 * Lets a request pass that nobody signed only where an ACL opens the bucket or the object.
 *
 * @throws {Failure} 403 AccessDenied
 */
export function permitAnonymous(operation: OperationName, bucket: Bucket, key: string): void {
  const needed = ANONYMOUS.get(operation)
  const bucketAcl = bucket.record.acl
  const acl: Acl = key === '' ? bucketAcl : (bucket.objects.get(key)?.acl ?? bucketAcl)
  if (needed === 'read' && acl !== 'private') return
  if (needed === 'write' && acl === 'public-read-write') return
  throw failures.anonymous(acl === bucketAcl ? 'bucket acl' : 'object acl')
}

/** What the ACLs can open to everybody; all else is the owner's. */
const ANONYMOUS: ReadonlyMap<OperationName, 'read' | 'write'> = new Map([
  ['GetObject', 'read'],
  ['HeadObject', 'read'],
  ['GetObjectMeta', 'read'],
  ['ListObjects', 'read'],
  ['ListObjectsV2', 'read'],
  ['PutObject', 'write'],
  ['AppendObject', 'write'],
  ['DeleteObject', 'write'],
  ['InitiateMultipartUpload', 'write'],
  ['UploadPart', 'write'],
  ['ListParts', 'write'],
  ['CompleteMultipartUpload', 'write'],
  ['AbortMultipartUpload', 'write'],
])
