/** Signed requests over bare `node:http`, for tests of the server: no client code between. */

import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { formatQuery, percentEncodePath } from '../../src/protocol/percent-encoding.js'
import type { SigningCredentials } from '../../src/protocol/signable-request.js'
import { signV4 } from '../../src/protocol/signature-v4.js'
import { decodeError, parseXml, type XmlElement } from '../../src/protocol/xml.js'
import type { OssServer } from '../../src/server/server.js'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** `<Code>` of an error document. */
  readonly code: string | undefined
  readonly ec: string | undefined
  /** The document, whatever its root. */
  xml(root: string): XmlElement
}

export interface Call {
  readonly method: string
  readonly bucket?: string
  readonly key?: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
  readonly credentials?: SigningCredentials
  readonly date?: Date
  readonly region?: string
  /** Send without a signature. */
  readonly anonymous?: boolean
  /** Path on the wire, if it shall differ from what is signed. */
  readonly path?: string
}

/** A server to ask, in this process or another. */
export type Target = Pick<OssServer, 'port' | 'options'>

/** Sends one request, path style, signed with V4. */
export function call(server: Target, options: Call): Promise<Reply> {
  const { method, bucket, key, query = {}, body } = options
  const { credentials, region } = server.options()
  const length = body === undefined ? undefined : Buffer.byteLength(body)
  const bare: Record<string, string> = {
    ...(length === undefined ? {} : { 'content-length': String(length) }),
    ...options.headers,
  }
  const headers = options.anonymous
    ? bare
    : signV4(
        { method, bucket, key, query, headers: bare },
        {
          credentials: options.credentials ?? credentials,
          date: options.date ?? new Date(),
          region: options.region ?? region,
        },
      ).headers
  const search = formatQuery(query)
  const place = bucket === undefined ? '/' : `/${bucket}/${percentEncodePath(key ?? '')}`
  const path = options.path ?? (search === '' ? place : `${place}?${search}`)
  return send(server, { method, path, headers, body })
}

/** Sends exactly this. */
export function send(
  server: Pick<OssServer, 'port'>,
  options: {
    method: string
    path: string
    headers?: Record<string, string>
    body?: Uint8Array | string | undefined
    agent?: Agent
  },
): Promise<Reply> {
  const { method, path, headers = {}, body, agent } = options
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent: agent ?? false },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () =>
          resolve(toReply(response.statusCode ?? 0, response.headers, Buffer.concat(pieces))),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

function toReply(status: number, headers: IncomingHttpHeaders, body: Buffer): Reply {
  const encoded = headers['x-oss-err']
  const error = decodeError(typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : body)
  return {
    status,
    headers,
    body,
    code: error?.code,
    ec: error?.ec,
    xml: (root) => parseXml(body, root),
  }
}
