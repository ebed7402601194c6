/**
 * An answer as data, and how it gets onto the wire: headers that every answer has, error documents,
 * bodies with back-pressure. Decides nothing.
 */

import type { ServerResponse } from 'node:http'
import { encodeError } from '../protocol/xml.js'
import { Disconnected, type Failure } from './failures.js'

/** A body that is read while it is sent. */
export interface StreamedBody {
  readonly size: number
  readonly chunks: AsyncIterable<Uint8Array>
  /** Called exactly once, sent or not. */
  release(): Promise<void>
}

export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | StreamedBody
  /** `<Code>` if the body is an error document. */
  readonly ossCode?: string
  /** Headers to leave out although every answer has them. Lower case. */
  readonly without?: readonly string[]
}

/** What every answer of one request says. */
export interface AnswerContext {
  readonly requestId: string
  /** Host of the request, for `HostId`. */
  readonly host: string
  /** For `Date`. */
  readonly now: number
  /** Since the request arrived, for `x-oss-server-time`. */
  readonly elapsedMs: number
  readonly isHead: boolean
  /** Say `Connection: close`. */
  readonly close: boolean
}

/** A document as an answer. */
export function xmlAnswer(
  xml: string,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Answer {
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body: xml }
}

/** The error document of a failure; without body but with `x-oss-err` where no body may be (HEAD, 304). */
export function failureAnswer(failure: Failure, context: AnswerContext): Answer {
  const xml = encodeError({
    code: failure.ossCode,
    message: failure.message,
    requestId: context.requestId,
    hostId: context.host,
    ec: failure.ec,
    details: failure.ec === undefined ? failure.details : withAdvice(failure.details, failure.ec),
  })
  const headers = {
    ...failure.headers,
    ...(failure.ec === undefined ? {} : { 'x-oss-ec': failure.ec }),
  }
  if (context.isHead || failure.status === 304) {
    const err = Buffer.from(xml).toString('base64')
    return {
      status: failure.status,
      headers: { ...headers, 'x-oss-err': err },
      ossCode: failure.ossCode,
    }
  }
  return { ...xmlAnswer(xml, headers, failure.status), ossCode: failure.ossCode }
}

/** The link to the page about an error, which every document with an EC has. */
function withAdvice(details: Failure['details'], ec: string): Failure['details'] {
  return { ...details, RecommendDoc: `https://api.aliyun.com/troubleshoot?q=${ec}` }
}

/** The status line and headers of an answer, ready to be written. */
export function answerHead(
  answer: Answer,
  context: AnswerContext,
): { status: number; headers: Record<string, string> } {
  const { status } = answer
  const headers: Record<string, string> = {
    server: 'AliyunOSS',
    date: new Date(context.now).toUTCString(),
    'x-oss-request-id': context.requestId,
    'x-oss-server-time': String(Math.round(context.elapsedMs)),
    ...answer.headers,
  }
  if (context.close) headers.connection = 'close'
  const bodyless = status === 204 || status === 304
  if (!bodyless && headers['content-length'] === undefined && !context.isHead) {
    headers['content-length'] = String(sizeOf(answer.body))
  }
  for (const name of answer.without ?? []) delete headers[name]
  return { status, headers }
}

/** Writes a body; throws {@link Disconnected} if the client goes away. Does not end the response. */
export async function writeBody(response: ServerResponse, body: Answer['body']): Promise<void> {
  if (body === undefined) return
  if (typeof body === 'string' || body instanceof Uint8Array) {
    await writeChunk(response, body)
    return
  }
  for await (const chunk of body.chunks) await writeChunk(response, chunk)
}

/** Writes one piece and waits until there is room for the next. */
export async function writeChunk(
  response: ServerResponse,
  chunk: string | Uint8Array,
): Promise<void> {
  if (response.destroyed) throw new Disconnected()
  if (chunk.length === 0 || response.write(chunk)) return
  await new Promise<void>((resolve, reject) => {
    const onDrain = (): void => {
      response.off('close', onClose)
      resolve()
    }
    const onClose = (): void => {
      response.off('drain', onDrain)
      reject(new Disconnected())
    }
    response.once('drain', onDrain).once('close', onClose)
  })
}

function sizeOf(body: Answer['body']): number {
  if (body === undefined) return 0
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : body.size
}
