/**
 * A network for a `ConcurrencyControl`, simulated event by event: no clock but its own, no chance
 * but the seed's. Parts of equal size go over connections that share a bottleneck; a request beyond
 * what the server takes is refused, and sent again a little later.
 */
import type { ConcurrencyControl } from '../../src/upload/concurrency-control.js'

export interface Network {
  /** Bytes a millisecond that one connection carries. */
  readonly perConnection: number
  /** Bytes a millisecond that all carry together. */
  readonly bottleneck?: number | undefined
  /** Milliseconds that each request takes beside its bytes. */
  readonly latency?: number | undefined
  /** The server answers 503 to a request beyond so many. */
  readonly accepts?: number | undefined
  /** Bytes a millisecond that the source brings. */
  readonly source?: number | undefined
  /** Share by which the time of a request varies, 0 to 1. */
  readonly jitter?: number | undefined
}

interface Request {
  /** Bytes still to be sent, and milliseconds still to be waited for. */
  bytes: number
  wait: number
  isRefused: boolean
  readonly sentAt: number
}

export const PART_SIZE = 8 * 1024 ** 2
/** Parts that are ready ahead of their turn, at most. */
const AHEAD = 4
/** Wait before a refused request is sent again, in milliseconds. */
const BACKOFF = 200

export class Simulation {
  /** The limit after each acknowledged part. */
  readonly limits: number[] = []
  /** When each part was acknowledged. */
  readonly times: number[] = []
  refusals = 0
  network: Network
  readonly #control: ConcurrencyControl
  readonly #requests: Request[] = []
  #now = 0
  #ready = 0
  #seed = 1

  constructor(control: ConcurrencyControl, network: Network) {
    this.#control = control
    this.network = network
  }

  /** Goes on until `parts` more are acknowledged. */
  run(parts: number): this {
    const end = this.limits.length + parts
    this.#fill()
    while (this.limits.length < end) this.#step()
    return this
  }

  /** Bytes a millisecond, over the last `parts` parts. */
  rate(parts: number): number {
    const [from = 0] = this.times.slice(-parts - 1)
    return (parts * PART_SIZE) / (this.#now - from)
  }

  /** How often the limit changed over the last `parts` parts. */
  changes(parts: number): number {
    const last = this.limits.slice(-parts)
    return last.filter((limit, index) => index > 0 && limit !== last[index - 1]).length
  }

  #fill(): void {
    if (this.network.source === undefined) this.#ready = AHEAD
    while (this.#requests.length < this.#control.limit && this.#ready >= 1) {
      this.#ready--
      this.#send({ bytes: 0, wait: 0, isRefused: false, sentAt: this.#now })
      if (this.network.source === undefined) this.#ready = AHEAD
    }
  }

  #send(request: Request): void {
    const { accepts = Number.POSITIVE_INFINITY, latency = 0, jitter = 0 } = this.network
    const underWay = this.#requests.filter(({ isRefused }) => !isRefused).length
    const factor = 1 + jitter * (2 * this.#chance() - 1)
    request.isRefused = underWay >= accepts
    request.bytes = request.isRefused ? 0 : PART_SIZE * factor
    request.wait = latency + (request.isRefused ? BACKOFF * factor : 0)
    this.#requests.push(request)
    if (!request.isRefused) return
    this.refusals++
    this.#control.pushBack()
  }

  #step(): void {
    const { perConnection, bottleneck = Number.POSITIVE_INFINITY, source = 0 } = this.network
    const sending = this.#requests.filter(({ bytes }) => bytes > 0).length
    const speed = Math.min(perConnection, bottleneck / Math.max(1, sending))
    const ends = this.#requests.map(({ bytes, wait }) => (bytes > 0 ? bytes / speed : wait))
    if (source > 0) ends.push(((1 - (this.#ready % 1)) * PART_SIZE) / source)
    const passed = Math.min(...ends)
    this.#now += passed
    this.#ready = Math.min(AHEAD, this.#ready + (passed * source) / PART_SIZE + 1e-9)
    for (const request of [...this.#requests]) {
      if (request.bytes > 0) request.bytes = atLeastZero(request.bytes - passed * speed)
      else request.wait = atLeastZero(request.wait - passed)
      if (request.bytes === 0 && request.wait === 0) this.#answer(request)
    }
    this.#fill()
  }

  #answer(request: Request): void {
    if (request.isRefused) {
      // It keeps its turn while it waits, as a call of the client does.
      request.isRefused = false
      this.#requests.splice(this.#requests.indexOf(request), 1)
      this.#send(request)
      return
    }
    this.#requests.splice(this.#requests.indexOf(request), 1)
    this.#control.acknowledge({ bytes: PART_SIZE, sentAt: request.sentAt, at: this.#now })
    this.limits.push(this.#control.limit)
    this.times.push(this.#now)
  }

  /** Marsaglia's xorshift: 0 to 1, the same in every run. */
  #chance(): number {
    this.#seed ^= this.#seed << 13
    this.#seed ^= this.#seed >>> 17
    this.#seed ^= this.#seed << 5
    return (this.#seed >>> 0) / 2 ** 32
  }
}

function atLeastZero(value: number): number {
  return value < 1e-6 ? 0 : value
}
