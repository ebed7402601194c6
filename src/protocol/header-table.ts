/**
 * The headers of an object, one row each: the option that gives it, the requests it goes on.
 * A table only; values are made in header-values.ts, put together in headers.ts.
 */

import { ACLS, ENCRYPTIONS, STORAGE_CLASSES } from './header-values.js'
import type { ObjectHeaderOptions } from './headers.js'

/** The requests of an upload that carry headers of the object. */
export type ObjectRequest =
  | 'PutObject'
  | 'InitiateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'

const CREATING: readonly ObjectRequest[] = ['PutObject', 'InitiateMultipartUpload']
const PUBLISHING: readonly ObjectRequest[] = ['PutObject', 'CompleteMultipartUpload']
const UPLOADING: readonly ObjectRequest[] = ['PutObject', 'UploadPart']
const ALL: readonly ObjectRequest[] = [...CREATING, 'UploadPart', 'CompleteMultipartUpload']

/** What is known of one header. */
export interface HeaderRow {
  /** Option that gives the header; none for one that only comes in `headers`. */
  readonly option?: Exclude<keyof ObjectHeaderOptions, 'headers' | 'meta'>
  readonly on: readonly ObjectRequest[]
  /** All values there are, if they are few. */
  readonly values?: readonly string[]
}

/** By header. One that is not here goes where the object is created. */
export const HEADERS: ReadonlyMap<string, HeaderRow> = new Map<string, HeaderRow>([
  ['content-type', { option: 'contentType', on: CREATING }],
  ['cache-control', { option: 'cacheControl', on: CREATING }],
  ['content-disposition', { option: 'contentDisposition', on: CREATING }],
  ['content-encoding', { option: 'contentEncoding', on: CREATING }],
  ['expires', { option: 'expires', on: CREATING }],
  ['x-oss-object-acl', { option: 'acl', on: PUBLISHING, values: ACLS }],
  ['x-oss-storage-class', { option: 'storageClass', on: CREATING, values: STORAGE_CLASSES }],
  [
    'x-oss-server-side-encryption',
    { option: 'serverSideEncryption', on: CREATING, values: ENCRYPTIONS },
  ],
  ['x-oss-server-side-encryption-key-id', { option: 'sseKmsKeyId', on: CREATING }],
  ['x-oss-tagging', { option: 'tagging', on: CREATING }],
  [
    'x-oss-forbid-overwrite',
    {
      option: 'forbidOverwrite',
      on: [...CREATING, 'CompleteMultipartUpload'],
      values: ['true', 'false'],
    },
  ],
  ['x-oss-callback', { option: 'callback', on: PUBLISHING }],
  ['x-oss-callback-var', { option: 'callback', on: PUBLISHING }],
  ['x-oss-traffic-limit', { option: 'trafficLimit', on: UPLOADING }],
  ['x-oss-request-payer', { on: ALL, values: ['requester'] }],
])

/** Headers that are ours to set, that would change the operation, or that undici refuses. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...['authorization', 'connection', 'content-length', 'content-md5', 'date', 'expect', 'host'],
  ...['keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'x-oss-complete-all', 'x-oss-content-sha256'],
  ...['x-oss-copy-source', 'x-oss-date', 'x-oss-hash-crc64ecma', 'x-oss-metadata-directive'],
  ...['x-oss-security-token', 'x-oss-tagging-directive'],
])

/** The requests that a header goes on. */
export function requestsOf(header: string): readonly ObjectRequest[] {
  return HEADERS.get(header)?.on ?? CREATING
}
