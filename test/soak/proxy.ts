/**
 * A bad wire: a TCP proxy in front of the server that injures requests and answers at random. It
 * passes on whole requests, each on a connection of its own. What it repeats it repeats at once, as a
 * gateway does that asks the next server, before the client has its answer: against a network that
 * brings a copy up after everybody has gone home no client could ever call a Put failed.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpMessage, parseMessage, serialized } from './http-message.js'
import { drawInjury, flipped, type Injury, injured } from './injuries.js'
import { SeededRandom } from './random.js'

/** After so long without an answer it gives the server up, in milliseconds. */
const PATIENCE_MS = 3000

export interface Weather {
  readonly seed: number
  /** Share of the requests that are injured. */
  readonly rate: number
}

export class BadWire {
  readonly #port: number
  readonly #server: Server
  readonly #random: SeededRandom
  readonly #count: (kind: Injury['kind']) => void
  readonly #sockets = new Set<Socket>()
  readonly #passing = new Set<Promise<void>>()
  #rate: number

  private constructor(port: number, weather: Weather, count: (kind: Injury['kind']) => void) {
    this.#port = port
    this.#random = new SeededRandom(weather.seed)
    this.#rate = weather.rate
    this.#count = count
    this.#server = createServer((socket) => this.#serve(socket))
  }

  /** @param count is told of every injury */
  static async to(
    port: number,
    weather: Weather,
    count: (kind: Injury['kind']) => void,
  ): Promise<BadWire> {
    const wire = new BadWire(port, weather, count)
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    return wire
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /** From here on nothing is injured any more. */
  calm(): void {
    this.#rate = 0
  }

  /** Resolves when nothing is under way: what a client has sent has had its effect, if it ever will. */
  async quiet(): Promise<void> {
    while (this.#passing.size > 0) await Promise.all(this.#passing)
  }

  async close(): Promise<void> {
    await this.quiet()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(client: Socket): void {
    this.#own(client)
    let received: Buffer = Buffer.alloc(0)
    let isBusy = false
    let injury: Injury | undefined
    let hasDrawn = false
    client.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (isBusy) return
      if (!hasDrawn && received.includes('\r\n\r\n')) {
        hasDrawn = true
        injury = this.#random.chance(this.#rate) ? drawInjury(this.#random) : undefined
        if (injury !== undefined) this.#count(injury.kind)
      }
      const parsed = parseMessage(received)
      if (injury?.kind === 'cut request') {
        // Half of all cuts strike before the whole request is there.
        if (parsed !== undefined || injury.at < 0.5) end(client, injury.reset)
        return
      }
      if (parsed === undefined) return
      const request = received.subarray(0, parsed.length)
      isBusy = true
      const passing = this.#pass(client, request, parsed.message, injury).finally(() => {
        this.#passing.delete(passing)
        received = received.subarray(parsed.length)
        isBusy = false
        hasDrawn = false
        injury = undefined
      })
      this.#passing.add(passing)
    })
  }

  async #pass(
    client: Socket,
    request: Buffer,
    { startLine }: HttpMessage,
    injury: Injury | undefined,
  ): Promise<void> {
    const isHead = startLine.startsWith('HEAD ')
    if (injury?.kind === 'swallowed') {
      await sleep(injury.ms)
      return end(client, true)
    }
    if (injury?.kind === 'foreign answer' && !injury.forwards) {
      client.write(isHead ? headOf(injury.page) : injury.page)
      return
    }
    if (injury?.kind === 'delayed request') await sleep(injury.ms)
    const bytes =
      injury?.kind === 'damaged request' ? flipped(request, injury.at, injury.bit) : request
    let answer = await this.#ask(bytes, isHead)
    if (injury?.kind === 'repeated request') answer = await this.#ask(bytes, isHead)
    if (answer === undefined) return end(client, true)
    await this.#deliver(client, answer, injury, isHead)
  }

  async #deliver(
    client: Socket,
    answer: HttpMessage,
    injury: Injury | undefined,
    isHead: boolean,
  ): Promise<void> {
    if (injury === undefined) return void client.write(serialized(answer))
    if (injury.kind === 'lost answer') return end(client, true)
    if (injury.kind === 'delayed answer') await sleep(injury.ms)
    const bytes = injured(answer, injury)
    if (injury.kind === 'dripping answer') {
      for (let offset = 0; offset < bytes.length; offset += 50) {
        client.write(bytes.subarray(offset, offset + 50))
        await sleep(1)
      }
      return
    }
    client.write(injury.kind === 'foreign answer' && isHead ? headOf(injury.page) : bytes)
    if (injury.kind === 'cut answer') end(client, injury.reset)
    if (injury.kind === 'hang-up') client.end()
  }

  /** The server's answer; `undefined` if the connection ends before it is whole. */
  async #ask(request: Buffer, isHead: boolean): Promise<HttpMessage | undefined> {
    const upstream = this.#own(connect(this.#port, '127.0.0.1'))
    upstream.setTimeout(PATIENCE_MS, () => upstream.destroy())
    let received: Buffer = Buffer.alloc(0)
    let answer: HttpMessage | undefined
    upstream.on('data', (data) => {
      received = Buffer.concat([received, data])
      answer ??= parseMessage(received, isHead)?.message
      if (answer !== undefined) upstream.destroy()
    })
    upstream.write(request)
    await new Promise((resolve) => upstream.once('close', resolve))
    return answer
  }

  #own(socket: Socket): Socket {
    socket.setNoDelay(true)
    this.#sockets.add(socket)
    // The client may have gone: then there is nobody to tell.
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    return socket
  }
}

function end(socket: Socket, reset: boolean): void {
  if (reset) socket.resetAndDestroy()
  else socket.destroy()
}

function headOf(page: string): string {
  return page.slice(0, page.indexOf('\r\n\r\n') + 4)
}
