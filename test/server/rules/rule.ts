/** What a row of the conformance table is, and the few steps that rows are made of. */

import { decodeInitiateResult, encodeCompleteRequest } from '../../../src/protocol/xml.js'
import type { OssServer } from '../../../src/server/server.js'
import { type Call, call, type Reply } from '../caller.js'

export interface Rule {
  /** What the service does, as a sentence. */
  readonly rule: string
  /** The page of the OSS documentation, the SDK, or the client that shows it. */
  readonly source: string
  readonly run: (world: World) => Promise<void>
}

export function rule(text: string, source: string, run: Rule['run']): Rule {
  return { rule: text, source, run }
}

/** Least size of a part that is not the last. */
export const MIN_PART = 102_400

/** A server with an empty bucket `bucket`, and how to ask it. */
export class World {
  readonly server: OssServer

  constructor(server: OssServer) {
    this.server = server
  }

  call(options: Call): Promise<Reply> {
    return call(this.server, options)
  }

  /** A request to an object, `key` unless told otherwise. */
  object(method: string, options: Partial<Call> = {}): Promise<Reply> {
    return this.call({ method, bucket: 'bucket', key: 'key', ...options })
  }

  put(body: string | Uint8Array = 'content', headers: Record<string, string> = {}, key = 'key') {
    return this.object('PUT', { body, headers, key })
  }

  get(headers: Record<string, string> = {}, query: Record<string, string> = {}) {
    return this.object('GET', { headers, query })
  }

  bucket(method: string, query: Record<string, string>, options: Partial<Call> = {}) {
    return this.call({ method, bucket: 'bucket', query, ...options })
  }

  async initiate(headers: Record<string, string> = {}, key = 'key'): Promise<string> {
    const reply = await this.object('POST', { key, query: { uploads: '' }, headers })
    return decodeInitiateResult(reply.body).uploadId
  }

  part(uploadId: string, partNumber: number | string, body: string | Uint8Array, more = {}) {
    return this.object('PUT', {
      query: { partNumber: String(partNumber), uploadId },
      body,
      ...more,
    })
  }

  /** Completes with this document, or with these parts. */
  complete(
    uploadId: string,
    parts: string | readonly { partNumber: number; etag: string }[],
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const body = typeof parts === 'string' ? parts : encodeCompleteRequest(parts)
    return this.object('POST', { query: { uploadId }, body, headers })
  }

  /** An upload with these parts, and their numbers and ETags. */
  async upload(...bodies: (string | Uint8Array)[]) {
    const uploadId = await this.initiate()
    const parts: { partNumber: number; etag: string }[] = []
    for (const [i, body] of bodies.entries()) {
      const reply = await this.part(uploadId, i + 1, body)
      parts.push({ partNumber: i + 1, etag: String(reply.headers.etag) })
    }
    return { uploadId, parts }
  }
}

/** Texts of all elements of that name, anywhere in a document, in order. */
export function textsOf(reply: Reply, name: string): string[] {
  const pattern = new RegExp(`<${name}>([^<]*)</${name}>`, 'g')
  return [...reply.body.toString().matchAll(pattern)].map((match) => match[1] ?? '')
}
