/**
 * Every operation of the client with the answer that it hopes for, in pieces that a test can spoil.
 */

import { createHash } from 'node:crypto'
import type { ObjectCallOptions } from '../../src/client/call-options.js'
import type { OssClient } from '../../src/client/client.js'

export interface GoodAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export interface Operation {
  readonly name: string
  /** Makes the call, and gives what shows that the answer was understood. */
  readonly call: (client: OssClient, options?: Partial<ObjectCallOptions>) => Promise<unknown>
  readonly good: GoodAnswer
  /** What `call` gives for the good answer. */
  readonly value: unknown
  readonly method: 'PUT' | 'POST' | 'GET' | 'HEAD' | 'DELETE'
}

export const BODY = 'hello'
export const ETAG = createHash('md5').update(BODY).digest('hex').toUpperCase()

const etag = ['ETag', `"${ETAG}"`] as const
const xml = ['Content-Type', 'application/xml'] as const
const key = 'k'
const uploadId = 'U'

function document(root: string, fields: string): GoodAnswer {
  return { status: 200, headers: [xml], body: `<${root}>${fields}</${root}>` }
}

const PART = `<Part><PartNumber>1</PartNumber><ETag>"${ETAG}"</ETag><Size>5</Size></Part>`

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'PutObject',
    method: 'PUT',
    call: async (client, options) => (await client.putObject({ key, body: BODY, ...options })).etag,
    good: { status: 200, headers: [etag], body: '' },
    value: ETAG,
  },
  {
    name: 'InitiateMultipartUpload',
    method: 'POST',
    call: async (client, options) =>
      (await client.initiateMultipartUpload({ key, ...options })).uploadId,
    good: document('InitiateMultipartUploadResult', `<UploadId>${uploadId}</UploadId>`),
    value: uploadId,
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    call: async (client, options) =>
      (await client.uploadPart({ key, uploadId, partNumber: 1, body: BODY, ...options })).etag,
    good: { status: 200, headers: [etag], body: '' },
    value: ETAG,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    call: async (client, options) => {
      const parts = [{ partNumber: 1, etag: ETAG }]
      return (await client.completeMultipartUpload({ key, uploadId, parts, ...options })).etag
    },
    good: document('CompleteMultipartUploadResult', '<ETag>"E-1"</ETag>'),
    value: 'E-1',
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    call: async (client, options) => {
      await client.abortMultipartUpload({ key, uploadId, ...options })
      return 'aborted'
    },
    good: { status: 204, headers: [], body: '' },
    value: 'aborted',
  },
  {
    name: 'ListParts',
    method: 'GET',
    call: async (client, options) => {
      const numbers: number[] = []
      const listing = client.iterateParts({ key, uploadId, ...options })
      for await (const { partNumber } of listing) numbers.push(partNumber)
      return numbers
    },
    good: document('ListPartsResult', `<IsTruncated>false</IsTruncated>${PART}`),
    value: [1],
  },
  {
    name: 'HeadObject',
    method: 'HEAD',
    call: async (client, options) => {
      const { size, etag } = await client.headObject({ key, ...options })
      return { size, etag }
    },
    good: { status: 200, headers: [etag, ['Content-Length', '5']], body: '' },
    value: { size: 5, etag: ETAG },
  },
  {
    name: 'GetObject',
    method: 'GET',
    call: async (client, options) => {
      const received: Uint8Array[] = []
      await client.receiveObject({ key, onData: (bytes) => received.push(bytes), ...options })
      return Buffer.concat(received).toString('latin1')
    },
    good: { status: 200, headers: [etag], body: BODY },
    value: BODY,
  },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    call: async (client, options) => {
      await client.deleteObject({ key, ...options })
      return 'deleted'
    },
    good: { status: 204, headers: [], body: '' },
    value: 'deleted',
  },
  {
    name: 'DeleteMultipleObjects',
    method: 'POST',
    call: async (client) => {
      const { deleted, failed } = await client.deleteObjects({ keys: [key] })
      for (const { error } of failed) throw error
      return deleted.map((each) => each.key)
    },
    good: document('DeleteResult', `<Deleted><Key>${key}</Key></Deleted>`),
    value: [key],
  },
  {
    name: 'ListObjects',
    method: 'GET',
    call: async (client) => (await client.listObjects()).objects.map((object) => object.key),
    good: document(
      'ListBucketResult',
      `<IsTruncated>false</IsTruncated><Contents><Key>a</Key><ETag>"${ETAG}"</ETag><Size>5</Size><LastModified>2026-11-24T10:00:00.000Z</LastModified></Contents>`,
    ),
    value: ['a'],
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    call: async (client) => {
      const keys: string[] = []
      for await (const upload of client.listUploads()) keys.push(upload.key)
      return keys
    },
    good: document(
      'ListMultipartUploadsResult',
      '<IsTruncated>false</IsTruncated><Upload><Key>a</Key><UploadId>U</UploadId></Upload>',
    ),
    value: ['a'],
  },
]

/** Writes an answer with a request id; its length is announced unless it is one that has no body. */
export function written({ status, headers, body }: GoodAnswer): string {
  const isNamed = headers.some(([name]) => /^x-oss-request-id$/i.test(name))
  const id: [string, string][] = isNamed ? [] : [['x-oss-request-id', '5F00']]
  return `${headOf({ status, headers: [...id, ...headers, ...lengthOf(status, headers, body)] })}${body}`
}

/** Status line and headers of an answer, as they are. */
export function headOf({ status, headers }: Pick<GoodAnswer, 'status' | 'headers'>): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`
}

function lengthOf(
  status: number,
  headers: GoodAnswer['headers'],
  body: string,
): [string, string][] {
  const isKnown = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  return status === 204 || isKnown ? [] : [['Content-Length', String(body.length)]]
}
