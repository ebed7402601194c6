/** The options of `put` as the options of an upload stream. Pure. */
import type { OssWriteStreamOptions } from '../index.js'
import { connectionOf } from './connection.js'
import type { Context } from './context.js'
import type { OptionsOf } from './description.js'
import type { PUT } from './descriptions/put.js'
import { UsageError } from './usage-error.js'
import { pairsAsObject } from './value-parsers.js'

export type PutOptions = OptionsOf<typeof PUT>

/** What the command line says about the upload; what it does not say is left to the library. */
export function uploadOptions(context: Context, options: PutOptions): OssWriteStreamOptions {
  const { expectMd5: md5, expectSha256: sha256, expectCrc64: crc64 } = options
  const digests = {
    ...(md5 !== undefined && { md5 }),
    ...(sha256 !== undefined && { sha256 }),
    ...(crc64 !== undefined && { crc64 }),
  }
  if (options.compress !== undefined && options.exactSize) {
    throw new UsageError('Expected --exact-size without --compress, which changes the size')
  }
  return {
    ...connectionOf(context, options),
    ...objectOptions(options),
    partSize: options.partSize,
    concurrency: options.concurrency,
    maxMemory: options.maxMemory,
    expectedSize: options.expectedSize,
    exactSize: options.exactSize,
    ...(Object.keys(digests).length > 0 && { expectedDigest: digests }),
    sha256: options.sha256,
    integrity: options.integrity === 'none' ? false : options.integrity,
    onMismatch: options.onMismatch,
    leavePartsOnError: options.leavePartsOnError,
    marker: options.noMarker === undefined ? undefined : !options.noMarker,
  }
}

function objectOptions(options: PutOptions): OssWriteStreamOptions {
  const { contentType, cacheControl, contentDisposition, contentEncoding, expires } = options
  return {
    contentType,
    cacheControl,
    contentDisposition,
    contentEncoding,
    expires,
    meta: pairsAsObject(options.meta, '--meta'),
    headers: pairsAsObject(options.header, '--header'),
    tagging: pairsAsObject(options.tag, '--tag'),
    acl: options.acl,
    storageClass: options.storageClass,
    serverSideEncryption: options.sse,
    sseKmsKeyId: options.sseKmsKeyId,
    trafficLimit: options.trafficLimit,
    forbidOverwrite: options.noClobber,
  }
}

/** What `put` was told to upload, and where to. */
export interface PutOperands {
  readonly source:
    | { readonly kind: 'stdin' }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'child'; readonly command: string; readonly args: readonly string[] }
  readonly target: string
}

/**
 * Tells the three forms of the command apart.
 * @throws {UsageError} for what is none of them
 */
export function putOperands(
  operands: readonly string[],
  child: readonly string[] | undefined,
): PutOperands {
  const last = operands.at(-1) ?? ''
  const from = operands.length > 1 ? operands[0] : undefined
  if (child !== undefined) {
    const [command, ...args] = child
    if (command === undefined || command === '') throw new UsageError('Expected a command after --')
    if (from !== undefined) {
      throw new UsageError(`Expected no source beside a command, got ${JSON.stringify(from)}`)
    }
    return { source: { kind: 'child', command, args }, target: objectTarget(last) }
  }
  if (from === undefined || from === '-') {
    return { source: { kind: 'stdin' }, target: objectTarget(last) }
  }
  if (from.startsWith('oss://')) {
    throw new UsageError(`Expected a file or - as the source, got ${JSON.stringify(from)}`)
  }
  return { source: { kind: 'file', path: from }, target: objectTarget(last, from) }
}

function objectTarget(text: string, file?: string): string {
  if (!text.startsWith('oss://')) {
    throw new UsageError(`Expected the target to be oss://BUCKET/KEY, got ${JSON.stringify(text)}`)
  }
  if (!/^oss:\/\/[^/]*(\/.*)?$/s.test(text) || !endsInFolder(text)) return text
  const name = file?.split('/').at(-1)
  if (name === undefined || name === '') {
    throw new UsageError(`Expected the target to have a key, got ${JSON.stringify(text)}`)
  }
  return text.endsWith('/') ? text + name : `${text}/${name}`
}

/** `oss://bucket`, `oss://bucket/`, `oss://bucket/folder/`. */
function endsInFolder(target: string): boolean {
  return target.endsWith('/') || !target.slice('oss://'.length).includes('/')
}
