/**
 * Real servers on 127.0.0.1, as good or as bad as a test wants them: for the layers below an
 * operation, and for what the embedded server would never say. It checks signatures and answers by
 * the rules, so it cannot break a status line or a header, play another version's documents, or
 * show what a client puts on the wire for a request that it refuses itself. What can go wrong with a
 * request that it does understand is for its fault script (`start-server.ts`).
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'

/** A request that has been read to its end. */
export interface SeenRequest {
  readonly method: string
  /** The request target, byte for byte. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Number of its connection, from 1. */
  readonly connection: number
}

/** What a server answers; a number stands for a status without a body. */
export type TestAnswer =
  | number
  | { status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer }

export interface TestServer extends AsyncDisposable {
  readonly origin: string
  readonly requests: SeenRequest[]
}

/** Answers every request, once it is read, with what `answer` returns; `count` is from 1. */
export async function startServer(
  answer: (request: SeenRequest, count: number) => TestAnswer | Promise<TestAnswer>,
): Promise<TestServer> {
  const requests: SeenRequest[] = []
  const connections = new Map<Socket, number>()
  const server = await startRawServer(async (incoming, response) => {
    if (!connections.has(incoming.socket)) connections.set(incoming.socket, connections.size + 1)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks),
      connection: connections.get(incoming.socket) ?? 0,
    }
    requests.push(request)
    const given = await answer(request, requests.length)
    const {
      status = 200,
      headers = {},
      body = '',
    } = typeof given === 'number' ? { status: given } : given
    response.writeHead(status, { 'x-oss-request-id': '5F00', ...headers }).end(body)
  })
  return Object.assign(server, { requests })
}

/** Hands over each request as it arrives. */
export async function startRawServer(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    // A client that gives up in the middle is part of the game.
    Promise.resolve(handle(request, response)).catch(() => response.destroy())
  })
  return listen(server)
}

/** Hands over each connection. */
export function startTcpServer(
  handle: (socket: Socket) => void,
): Promise<{ origin: string } & AsyncDisposable> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => {})
      handle(socket)
    }),
  )
}

async function listen(server: Server): Promise<{ origin: string } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
