/**
 * The callback of PutObject and CompleteMultipartUpload ("Callback"): the object is stored, then an
 * application server is asked for the answer. Only loopback addresses are ever called.
 */

import { request as httpRequest } from 'node:http'
import { isIP } from 'node:net'
import type { Answer } from './answers.js'
import { deadline } from './clock.js'
import { failures } from './failures.js'
import type { OssRequest } from './oss-request.js'
import type { ObjectRecord } from './records.js'

/** What the client asked for. */
export interface Callback {
  readonly urls: readonly string[]
  readonly host: string | undefined
  readonly body: string
  readonly bodyType: string
  readonly vars: Readonly<Record<string, string>>
}

const MAX_PARAMETER = 5 * 1024
const MAX_URLS = 5
const MAX_ANSWER = 3 * 1024 * 1024
/** For one address, from connecting to the last byte of its answer. */
const TIMEOUT_MS = 5000
const FORM = 'application/x-www-form-urlencoded'

/** Reads the callback of a request, from headers or query. @throws {Failure} 400 InvalidArgument */
export function callbackOf(request: OssRequest): Callback | undefined {
  const config = parameter(request, 'callback')
  const vars = parameter(request, 'callback-var')
  if (config === undefined) return undefined
  const { callbackUrl, callbackHost, callbackBody, callbackBodyType = FORM } = config
  const urls = (callbackUrl ?? '').split(';').filter((url) => url !== '')
  if (urls.length === 0 || urls.length > MAX_URLS || callbackBody === undefined) {
    throw failures.invalidArgument('The callback configuration is not valid.', 'callback', '')
  }
  if (callbackBodyType !== FORM && callbackBodyType !== 'application/json') {
    throw failures.invalidArgument('The callback body type is not valid.', 'callback', '')
  }
  return {
    urls,
    host: callbackHost,
    body: callbackBody,
    bodyType: callbackBodyType,
    vars: vars ?? {},
  }
}

/**
 * Calls the application servers in turn; the first that answers 200 gives the body of the answer.
 *
 * @throws {Failure} 203 CallbackFailed: the object is stored all the same
 */
export async function runCallback(
  callback: Callback,
  request: OssRequest,
  object: ObjectRecord,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = fillIn(callback, variablesOf(request, object))
  let problem = 'no address'
  for (const url of callback.urls) {
    const outcome = await post(url, callback, body, request.closing)
    if (typeof outcome !== 'string') {
      return {
        status: 200,
        headers: { ...headers, 'content-type': 'application/json' },
        body: outcome,
      }
    }
    problem = outcome
  }
  throw failures.callbackFailed(problem)
}

/** Puts the variables into the body as its type needs it. Pure. */
export function fillIn(
  { body, bodyType, vars }: Pick<Callback, 'body' | 'bodyType' | 'vars'>,
  variables: Readonly<Record<string, string | number>>,
): string {
  return body.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = name.startsWith('x:') ? own(vars, name) : own(variables, name)
    if (bodyType === 'application/json') return JSON.stringify(value)
    return encodeURIComponent(String(value))
  })
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | '' {
  return Object.hasOwn(values, name) ? (values[name] ?? '') : ''
}

function variablesOf(request: OssRequest, object: ObjectRecord): Record<string, string | number> {
  return {
    bucket: request.bucket,
    object: request.key,
    etag: object.etag,
    size: object.size,
    mimeType: object.headers['content-type'] ?? '',
    crc64: object.crc64,
    contentMd5: object.contentMd5 ?? '',
    reqId: request.requestId,
    operation: request.operation,
    clientIp: '127.0.0.1',
    vpcId: '',
  }
}

/** The answer's body, or what went wrong. */
async function post(
  url: string,
  callback: Callback,
  body: string,
  closing: AbortSignal,
): Promise<Uint8Array | string> {
  const address = url.includes('://') ? url : `http://${url}`
  const target = URL.canParse(address) ? new URL(address) : undefined
  if (target === undefined || target.protocol !== 'http:' || !isLoopback(target.hostname)) {
    return 'Error status : -1. The embedded server calls http://127.0.0.1 and other loopback addresses only.'
  }
  return new Promise((resolve) => {
    const outgoing = httpRequest(
      target,
      {
        method: 'POST',
        agent: false,
        signal: AbortSignal.any([closing, deadline(TIMEOUT_MS)]),
        headers: {
          host: callback.host ?? target.host,
          'content-type': callback.bodyType,
          'content-length': Buffer.byteLength(body),
          'user-agent': 'aliyun-oss-callback',
        },
      },
      (incoming) => {
        const pieces: Buffer[] = []
        let size = 0
        incoming.on('data', (piece: Buffer) => {
          pieces.push(piece)
          size += piece.length
          if (size > MAX_ANSWER) incoming.destroy(new Error('too long'))
        })
        incoming.on('error', () => resolve('Response body is not valid.'))
        incoming.on('end', () =>
          resolve(
            incoming.statusCode === 200
              ? judge(Buffer.concat(pieces))
              : `Error status : ${incoming.statusCode}.`,
          ),
        )
      },
    )
    outgoing.on('error', () => resolve('Error status : 502.'))
    outgoing.end(body)
  })
}

function judge(answer: Buffer): Uint8Array | string {
  try {
    JSON.parse(answer.toString())
    return answer
  } catch {
    return 'Response body is not valid json format.'
  }
}

function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '')
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}

function parameter(request: OssRequest, name: string): Record<string, string> | undefined {
  const header = request.headers[`x-oss-${name}`]
  const query = request.query.get(name)
  if (header !== undefined && query !== undefined) {
    throw failures.invalidArgument(`The ${name} may be given once only.`, name, '')
  }
  const text = header ?? query
  if (text === undefined) return undefined
  if (text.length > MAX_PARAMETER) {
    throw failures.invalidArgument(`The ${name} is too long.`, name, '')
  }
  const value = parseJson(Buffer.from(text, 'base64').toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw failures.invalidArgument(`The ${name} configuration is not json format.`, name, '')
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, one]) =>
      typeof one === 'string' ? [[field, one]] : [],
    ),
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
