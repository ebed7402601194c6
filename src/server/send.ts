/**
 * Sends an answer and ends the exchange: drips if it shall, and lingers over a body that nobody read,
 * so that the client gets to see the answer before the connection closes.
 */

import type { ServerResponse } from 'node:http'
import { type Answer, type AnswerContext, answerHead, writeBody, writeChunk } from './answers.js'
import type { ServerClock } from './clock.js'
import { Disconnected } from './failures.js'
import type { RequestBody } from './request-body.js'

/** How long to read on after an early error, in milliseconds. */
const LINGER_MS = 5000

export interface SendOptions {
  readonly context: AnswerContext
  readonly body: RequestBody
  readonly clock: ServerClock
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  readonly drip?: { readonly bytes?: number; readonly everyMs?: number } | undefined
  /** Bytes of the body after which the connection breaks off. */
  readonly breakAfter?: number | undefined
  /** Called right before the first byte goes out. */
  readonly onHead: () => void
}

/** @throws {Disconnected} if the client went away */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  options: SendOptions,
): Promise<void> {
  const { context, body, clock } = options
  // A socket that the closing server has just destroyed tells its response a little later.
  if (response.destroyed || options.closing.aborted) throw new Disconnected()
  const { status, headers } = answerHead(answer, context)
  response.sendDate = false
  response.writeHead(status, headers)
  options.onHead()
  const hasBody = !context.isHead && status !== 204 && status !== 304
  if (hasBody && options.breakAfter !== undefined) {
    await breakOff(response, answer, options.breakAfter)
    return
  }
  if (hasBody && options.drip !== undefined) await drip(response, answer, options.drip, options)
  else if (hasBody) await writeBody(response, answer.body)
  if (context.close && !body.isHeldBack) {
    // Closing with unread bytes in the socket would reset it, and cost the client the answer.
    response.flushHeaders()
    const done = new AbortController()
    const signal = AbortSignal.any([done.signal, options.closing])
    await Promise.race([body.drain().finally(() => done.abort()), clock.sleep(LINGER_MS, signal)])
  }
  response.end()
}

/** Sends a beginning and closes, not by a reset: that could cost the client bytes it was sent. */
async function breakOff(response: ServerResponse, answer: Answer, bytes: number): Promise<void> {
  response.flushHeaders()
  let left = bytes
  for await (const chunk of chunksOf(answer.body)) {
    await writeChunk(response, chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) break
  }
  const { socket } = response
  if (socket === null || socket.destroyed) return
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.destroySoon()
  await closed
}

async function drip(
  response: ServerResponse,
  answer: Answer,
  { bytes = 1, everyMs = 1 }: { bytes?: number; everyMs?: number },
  { clock, closing }: SendOptions,
): Promise<void> {
  response.flushHeaders()
  for await (const chunk of chunksOf(answer.body)) {
    for (let i = 0; i < chunk.length; i += bytes) {
      await clock.sleep(everyMs, closing)
      await writeChunk(response, chunk.subarray(i, i + bytes))
    }
  }
}

async function* chunksOf(body: Answer['body']): AsyncGenerator<Uint8Array, void, void> {
  if (body === undefined) return
  if (typeof body === 'string') yield Buffer.from(body)
  else if (body instanceof Uint8Array) yield body
  else yield* body.chunks
}
