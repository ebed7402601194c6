/**
 * The body of one request, read in batches with a bounded read-ahead: at most about 1 MiB is held.
 * Asks for it (100-continue) only when somebody wants it, notices a client that stalls or goes away.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { limitSilence } from './clock.js'
import { Disconnected, failures } from './failures.js'
import { Gate } from './gate.js'

const READ_AHEAD = 512 * 1024

export class RequestBody {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #stallMs: number
  #expectsContinue: boolean
  #started = false
  #breaksInTheMiddle = false
  #isDamaged = false

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: { stallMs: number; expectsContinue: boolean },
  ) {
    this.#request = request
    this.#response = response
    this.#stallMs = options.stallMs
    this.#expectsContinue = options.expectsContinue
  }

  /** Content-Length, or `undefined` if the body comes in chunks of its own, or not at all. */
  get length(): number | undefined {
    const text = this.#request.headers['content-length']
    return text === undefined ? undefined : Number(text)
  }

  /** Whether the request says how long its body is, or that it will say so at the end. */
  get isDelimited(): boolean {
    return this.length !== undefined || this.#request.headers['transfer-encoding'] !== undefined
  }

  /** Whether there may be bytes that nobody has read: the connection cannot be used again as it is. */
  get isUnread(): boolean {
    return !this.#request.readableEnded && this.isDelimited && this.length !== 0
  }

  /** Whether the client waits for `100 Continue` and has sent nothing yet. */
  get isHeldBack(): boolean {
    return this.#expectsContinue
  }

  /** Makes reading end with {@link Disconnected} once half of the body (or its first piece) is there. */
  breakInTheMiddle(): void {
    this.#breaksInTheMiddle = true
  }

  /** Makes the first byte arrive with one bit wrong, as if the network had done it. */
  damage(): void {
    this.#isDamaged = true
  }

  /**
   * The body in batches of pieces of 512 KiB together (the last is smaller), once. `onPiece` gets
   * every piece as it arrives, while it is still in the processor's cache. Throws {@link Disconnected} if the client goes away,
   * 400 RequestTimeout if no byte moves for too long.
   */
  async *batches(
    onPiece: (piece: Uint8Array) => void = ignore,
  ): AsyncGenerator<readonly Uint8Array[], void, void> {
    if (this.#started) return
    this.#started = true
    const request = this.#request
    if (this.#expectsContinue) {
      this.#expectsContinue = false
      this.#response.writeContinue()
    }
    let pieces: Uint8Array[] = []
    let waiting = 0
    let received = 0
    let wake = new Gate()
    let failure: Error | undefined
    let ended = request.readableEnded
    const isEnough = (): boolean =>
      waiting >= READ_AHEAD || (this.#breaksInTheMiddle && waiting > 0)
    const onData = (arrived: Uint8Array): void => {
      const piece = this.#isDamaged && received === 0 ? damaged(arrived) : arrived
      pieces.push(piece)
      waiting += piece.length
      received += piece.length
      onPiece(piece)
      if (waiting >= READ_AHEAD) request.pause()
      if (isEnough()) wake.open()
    }
    const onEnd = (): void => {
      ended = true
      wake.open()
    }
    const onBroken = (cause?: unknown): void => {
      if (!ended) failure ??= new Disconnected(cause)
      wake.open()
    }
    const onStall = (): void => {
      // Silence counts against the client only while we are the ones who wait.
      if (request.isPaused()) {
        limitSilence(request.socket, this.#stallMs)
        return
      }
      failure ??= failures.requestTimeout()
      wake.open()
    }
    request.on('data', onData).on('end', onEnd).on('close', onBroken).on('error', onBroken)
    // On the request, not on the socket: without a listener there Node ends the connection at once.
    request.on('timeout', onStall)
    limitSilence(request.socket, this.#stallMs)
    if (request.destroyed && !ended) onBroken()
    try {
      for (;;) {
        if (!ended && failure === undefined && !isEnough()) await wake.passed
        if (failure !== undefined) throw failure
        if (this.#breaksInTheMiddle && (ended || received * 2 >= (this.length ?? 0))) {
          throw new Disconnected()
        }
        wake = new Gate()
        const batch = pieces
        pieces = []
        waiting = 0
        if (request.isPaused()) request.resume()
        if (batch.length > 0) yield batch
        else if (ended) return
      }
    } finally {
      request.off('data', onData).off('end', onEnd).off('close', onBroken)
      limitSilence(request.socket, 0)
      request.off('timeout', onStall)
      // Without a listener of its own Node would throw what a dying socket says later on.
      request.pause()
    }
  }

  /** The whole body, for documents. @throws {Failure} 400 EntityTooLarge beyond `limit` bytes */
  async bytes(limit: number): Promise<Uint8Array> {
    if ((this.length ?? 0) > limit) throw failures.entityTooLarge(limit)
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const batch of this.batches()) {
      for (const piece of batch) size += piece.length
      if (size > limit) throw failures.entityTooLarge(limit)
      pieces.push(...batch)
    }
    return Buffer.concat(pieces)
  }

  /** Reads the rest and throws it away. */
  async discard(): Promise<void> {
    for await (const _ of this.batches());
  }

  /** Reads on for nobody, until the body or the connection ends; also in the middle of it. */
  async drain(): Promise<void> {
    const request = this.#request
    if (request.readableEnded || request.destroyed) return
    const over = new Gate()
    const open = (): void => over.open()
    request.on('end', open).on('close', open).on('error', open)
    request.on('data', ignore).resume()
    await over.passed
  }
}

/** A copy: nobody but the request may write to what it has handed over. */
function damaged(piece: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(piece)
  const [first = 0] = copy
  copy[0] = first ^ 1
  return copy
}

function ignore(): void {}
