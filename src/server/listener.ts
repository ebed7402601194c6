/** The port of the server: its connections, the requests that run on them, and their end. */

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { exchange, type ServerState } from './exchange.js'
import { answerParseError } from './parse-errors.js'

interface Connection {
  readonly id: number
  /** So far. */
  requests: number
  /** The latest request's. */
  answering: ServerResponse | undefined
}

/** The sockets and the requests that run on them. */
export class Listener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #running = new Set<Promise<void>>()
  readonly url: string
  readonly port: number

  private constructor(server: Server, host: string, port: number) {
    this.#server = server
    this.port = port
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** @throws the system's error if it cannot listen there */
  static async start(state: ServerState, host: string, port: number): Promise<Listener> {
    const server = createServer({
      keepAliveTimeout: 60_000,
      // A part of 5 GiB may take hours; clients that stall are noticed elsewhere. The head of a
      // request has a limit of its own, which Node drops with the other one unless it is given.
      requestTimeout: 0,
      headersTimeout: state.stallMs,
      connectionsCheckingInterval: Math.ceil(state.stallMs / 4),
      requireHostHeader: false,
      highWaterMark: 256 * 1024,
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, () => resolve())
    })
    server.removeAllListeners('error').on('error', state.onError)
    const { port: bound } = server.address() as AddressInfo
    const listener = new Listener(server, host, bound)
    listener.#listen(state)
    return listener
  }

  #listen(state: ServerState): void {
    const connections = new WeakMap<Duplex, Connection>()
    let opened = 0
    this.#server.on('connection', (socket: Socket) => {
      opened += 1
      connections.set(socket, { id: opened, requests: 0, answering: undefined })
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
      this.#server.on(event, (request, response) => {
        const connection = connections.get(request.socket)
        if (connection === undefined) return
        connection.requests += 1
        connection.answering = response
        const running = exchange(state, request, response, {
          expectsContinue: event === 'checkContinue',
          connection: { id: connection.id, requests: connection.requests },
        })
          .catch((error: unknown) => {
            state.onError(error)
            request.socket.destroy()
          })
          .finally(() => this.#running.delete(running))
        this.#running.add(running)
      })
    }
    this.#server.on('clientError', (error, socket) => {
      const answering = connections.get(socket)?.answering
      // In the middle of an answer another one would pass for its content.
      if (answering?.headersSent && !answering.writableFinished) socket.destroy()
      else answerParseError(error, socket, state.clock)
    })
    // CONNECT is not for us; without a listener Node would close without a word as well.
    this.#server.on('connect', (_request, socket) => socket.destroy())
  }

  /** Ends all connections; resolves when no request runs any more. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#running)
    await closed
  }
}
