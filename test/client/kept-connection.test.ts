/** A connection over TLS is kept however busy the event loop is, and however quick the service. */
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/client/clock.js'
import { Transport, type TransportRequest } from '../../src/client/transport.js'
import { CERTIFICATE, KEY } from '../hostile/certificate.js'

const TIMEOUTS = { connectMs: 10_000, stallMs: 30_000, responseMs: 60_000 }
const KIB = 1024
const CONTENT = Buffer.alloc(600 * KIB)

async function startServer() {
  const options = { cert: CERTIFICATE, key: KEY }
  const worker = new Worker(new URL('../children/tls-server.mjs', import.meta.url), {
    workerData: options,
  })
  onTestFinished(async () => {
    await worker.terminate()
  })
  const [{ port }] = await once(worker, 'message')
  const connections = async (): Promise<number> => {
    worker.postMessage('connections')
    const [count] = await once(worker, 'message')
    return count
  }
  return { origin: `https://127.0.0.1:${port}`, connections }
}

/** Keeps the event loop so busy that every answer is there before it has looked at the socket again. */
async function keepBusy(signal: AbortSignal): Promise<void> {
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (!signal.aborted) {
    Atomics.wait(never, 0, 0, 2)
    await nextTurn()
  }
}

async function* inPieces() {
  yield CONTENT.subarray(0, 500 * KIB)
  yield CONTENT.subarray(500 * KIB)
}

describe('a connection over TLS', () => {
  it.each<[string, Pick<TransportRequest, 'body' | 'size'>]>([
    ['large', { body: [CONTENT], size: CONTENT.byteLength }],
    ['of a few slices', { body: [CONTENT.subarray(0, 100 * KIB)], size: 100 * KIB }],
    ['just too large for one go', { body: [CONTENT.subarray(0, 17 * KIB)], size: 17 * KIB }],
    ['small', { body: [CONTENT.subarray(0, 16 * KIB)], size: 16 * KIB }],
    ['of several buffers', { body: [CONTENT, CONTENT.subarray(0, 5)], size: 600 * KIB + 5 }],
    ['read as it is sent', { body: inPieces, size: CONTENT.byteLength }],
  ])('serves one request after the other whose body is %s', async (_name, body) => {
    const { origin, connections } = await startServer()
    const dispatcher = new Agent({ connect: { ca: CERTIFICATE, servername: 'elsewhere.test' } })
    onTestFinished(() => dispatcher.destroy())
    const transport = new Transport({ clock: systemClock, timeouts: TIMEOUTS, dispatcher })
    const over = new AbortController()
    const busy = keepBusy(over.signal)
    for (let request = 0; request < 5; request++) {
      const answer = await transport.send({
        origin,
        path: '/',
        method: 'PUT',
        headers: {},
        expect: 'buffer',
        maxBodyBytes: KIB,
        ...body,
      })
      expect(answer.status).toBe(200)
    }
    over.abort()
    await busy
    expect(await connections()).toBe(1)
  })
})
