/**
 * A raw TCP server that answers each request with a script of bytes: whatever a hostile or broken
 * server may say, and when. Nothing of it is HTTP but what the script writes.
 */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'

/** A request, as far as it has been read. */
export interface EvilRequest {
  /** Request line and header lines, byte for byte. */
  readonly head: string
  /** Request line alone: `PUT /bucket/key HTTP/1.1`. */
  readonly line: string
  /** Announced bytes of the body. */
  readonly size: number
  /** The body as far as it has been read, each byte a character. */
  readonly body: string
  /** Number of its connection, from 1. */
  readonly connection: number
}

/** Bytes to write; the script may wait for anything between them, and returning waits for more. */
export type Script = AsyncIterable<string | Buffer> | Iterable<string | Buffer>

export interface EvilOptions {
  /** Whether a script runs before the body of its request has been read. @default false */
  readonly early?: boolean
  readonly tls?: TlsOptions
}

export class EvilServer {
  readonly requests: EvilRequest[] = []
  /** Bytes that sockets took from scripts. */
  bytesWritten = 0
  connections = 0
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #secure: boolean
  readonly #answer: (request: EvilRequest, socket: Socket) => Script
  readonly #options: EvilOptions

  constructor(answer: (request: EvilRequest, socket: Socket) => Script, options: EvilOptions) {
    this.#answer = answer
    this.#options = options
    this.#secure = options.tls !== undefined
    const listen = (socket: Socket) => {
      this.#talk(socket).catch(() => socket.destroy())
    }
    this.#server =
      options.tls === undefined ? createServer(listen) : createTlsServer(options.tls, listen)
    this.#server.prependListener('connection', () => {
      this.connections += 1
    })
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#secure ? 'https' : 'http'}://127.0.0.1:${port}`
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** One connection: requests, one after the other, and their scripts. */
  async #talk(socket: Socket): Promise<void> {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
    const connection = this.connections
    let buffered = ''
    /** Bytes of a body that nobody waits for. */
    let unread = 0
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      const skipped = Math.min(unread, chunk.byteLength)
      unread -= skipped
      buffered += chunk.toString('latin1', skipped)
      for (;;) {
        const end = buffered.indexOf('\r\n\r\n')
        if (end === -1) break
        const head = buffered.slice(0, end)
        const size = Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0)
        const body = Math.min(size, buffered.length - end - 4)
        if (!this.#options.early && body < size) break
        const read = buffered.slice(end + 4, end + 4 + body)
        buffered = buffered.slice(end + 4 + body)
        unread = size - body
        const [line = ''] = head.split('\r\n')
        const request = { head, line, size, body: read, connection }
        this.requests.push(request)
        await this.#play(this.#answer(request, socket), socket)
      }
    }
  }

  async #play(script: Script, socket: Socket): Promise<void> {
    for await (const bytes of script) {
      if (socket.destroyed) return
      this.bytesWritten += bytes.length
      const hasRoom =
        typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes)
      if (!hasRoom) await drained(socket)
    }
  }
}

/** Starts a server for the test that runs, answering each request with what `answer` yields. */
export async function startEvilServer(
  answer: (request: EvilRequest, socket: Socket) => Script,
  options: EvilOptions = {},
): Promise<EvilServer> {
  const server = new EvilServer(answer, options)
  await server.open()
  onTestFinished(() => server.close())
  return server
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
    if (socket.destroyed) done()
  })
}
