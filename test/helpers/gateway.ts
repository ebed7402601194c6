/** A gateway in front of a server: it may ask twice by itself, or answer in the server's place. */
import { request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { type SeenRequest, startServer, type TestAnswer } from './http-server.js'

export type Passage =
  | 'pass'
  /** Asks the server twice, and passes on the second answer. */
  | 'twice'
  /** Answers for the server, which has done what was asked, or has never heard of it. */
  | { readonly status: number; readonly body?: string; readonly forwards: boolean }
  /** Says nothing at all. It is told once the server has done what was asked, if it was. */
  | { readonly silent: () => void; readonly forwards: boolean }

/** Its address. */
export async function startGateway(
  port: number,
  choose: (request: SeenRequest) => Passage,
): Promise<string> {
  const gateway = await startServer(async (request) => {
    const passage = choose(request)
    if (passage === 'pass') return forward(port, request)
    if (passage === 'twice') {
      await forward(port, request)
      return forward(port, request)
    }
    if (passage.forwards) await forward(port, request)
    if ('silent' in passage) {
      passage.silent()
      return new Promise(() => {})
    }
    // Not even an empty one: no answer of a gateway has the service's request id.
    const headers = { 'x-oss-request-id': [] }
    return { status: passage.status, headers, body: passage.body ?? '' }
  })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway.origin
}

async function forward(port: number, request: SeenRequest): Promise<TestAnswer> {
  const { method, path, headers, body } = request
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    ask({ port, host: '127.0.0.1', method, path, headers }, resolve).on('error', reject).end(body)
  })
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return {
    status: answer.statusCode ?? 0,
    headers: defined(answer.headers),
    body: Buffer.concat(chunks),
  }
}

function defined(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const { connection: _, 'keep-alive': __, ...rest } = headers
  const entries = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return Object.fromEntries(entries)
}
