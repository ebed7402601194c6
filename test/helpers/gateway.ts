/** A gateway in front of a server that asks it twice by itself, and passes on the second answer. */
import { request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { type SeenRequest, startServer, type TestAnswer } from './http-server.js'

/** Its address. It asks once what `isTwice` does not choose. */
export async function startGateway(
  port: number,
  isTwice: (request: SeenRequest) => boolean,
): Promise<string> {
  const gateway = await startServer(async (request) => {
    if (isTwice(request)) await forward(port, request)
    return forward(port, request)
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
