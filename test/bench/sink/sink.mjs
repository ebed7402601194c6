/**
 * A server that drains: the other end of the benchmark, in a process of its own, cheap enough that
 * the clients are what is measured. Reads into one buffer for all connections, so that plain HTTP
 * costs it little more than the kernel's copy. Started by `fork` with its settings as JSON.
 */
import { createHash } from 'node:crypto'
import { createServer, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createCrc64 } from '../../../dist/protocol/crc64.js'
import { answerTo } from './answers.mjs'
import { RequestReader } from './request-reader.mjs'
import { storedBytes, storedCrc64, storedSize } from './stored-object.mjs'

/**
 * @typedef {object} SinkSettings
 * @property {{ key: string, cert: string }} [tls]
 * @property {number} latencyMs of each answer, and once of each new connection
 * @property {number} bytesPerSecond of each connection; 0 is no limit
 * @property {boolean} checksDigests compute the digests of all bodies, refuse wrong ones, answer CRC-64
 */

/** @type {SinkSettings} */
const settings = JSON.parse(process.argv[2] ?? '{}')
const { latencyMs, bytesPerSecond, checksDigests } = settings

/** Bytes on a slow line between two looks at the clock: 4 ms at 60 MB/s. */
const SENT_AT_ONCE = 256 * 1024

const shared = Buffer.allocUnsafeSlow(512 * 1024)
const counts = { opened: 0, busy: 0, mostBusy: 0, requests: 0, bytes: 0 }
/** Connections that are in the middle of a request are not dozens; those open may be. */
const open = new Set()

/** One connection: its requests, its share of the bandwidth. */
class Connection {
  #socket
  #reader
  #digests = {}
  /** When the bytes so far have crossed the line, in milliseconds. */
  #crossed = 0
  #isPaused = false

  constructor(socket) {
    this.#socket = socket
    this.#reader = new RequestReader({
      onHead: (head) => this.#begin(head),
      ...(checksDigests && { onBody: (bytes) => this.#look(bytes) }),
      onEnd: (head) => this.#end(head),
    })
  }

  /** Takes bytes; whether more may come at once. */
  take(bytes) {
    counts.bytes += bytes.length
    this.#reader.take(bytes)
    if (bytesPerSecond === 0) return true
    const now = performance.now()
    this.#crossed = Math.max(this.#crossed, now) + (1000 * bytes.length) / bytesPerSecond
    // Less than what a timer can tell apart is carried over.
    if (this.#crossed - now < 2) return true
    this.pauseFor(this.#crossed - now)
    return false
  }

  pauseFor(ms) {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
    setTimeout(() => {
      this.#isPaused = false
      this.#socket.resume()
    }, ms)
  }

  #begin(head) {
    counts.requests += 1
    counts.busy += 1
    counts.mostBusy = Math.max(counts.mostBusy, counts.busy)
    if (checksDigests) this.#digests = { md5: createHash('md5'), crc64: createCrc64() }
    if (head.headers.get('expect') === '100-continue') {
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
  }

  #look(bytes) {
    this.#digests.md5.update(bytes)
    this.#digests.crc64.update(bytes)
  }

  #end(head) {
    const { md5, crc64 } = this.#digests
    const found = { md5: md5?.digest('hex'), crc64: crc64 && String(crc64.digest()) }
    if (latencyMs > 0) setTimeout(() => this.#answer(head, found), latencyMs)
    else this.#answer(head, found)
  }

  #answer(head, found) {
    counts.busy -= 1
    const size = head.method === 'GET' || head.method === 'HEAD' ? storedSize(head.path) : undefined
    if (size !== undefined) this.#send(head, size).catch(() => this.#socket.destroy())
    else this.#socket.write(formatAnswer(answerTo(head, found)))
  }

  /** Sends a stored object, or the range of it that is asked for. */
  async #send({ method, headers }, size) {
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.get('range') ?? '') ?? []
    const [from, to] = [Number(first), last === '' ? size : Math.min(size, Number(last) + 1)]
    const isPart = headers.has('range')
    const head = {
      'content-length': String(to - from),
      etag: '"5B3C1A2E053D763E1B002CC607C5A0FE-1"',
      'x-oss-hash-crc64ecma': storedCrc64(size),
      'last-modified': 'Sat, 22 Nov 2025 00:00:00 GMT',
      'x-oss-object-type': 'Multipart',
      'x-oss-request-id': '5FF16B65F05BC932307A3C3C',
      ...(isPart && { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
    }
    this.#socket.write(formatHead(isPart ? 206 : 200, head))
    if (method === 'HEAD') return
    for (let at = from; at < to; ) {
      const bytes = storedBytes(at, bytesPerSecond > 0 ? Math.min(to, at + SENT_AT_ONCE) : to)
      at += bytes.length
      if (this.#socket.destroyed) return
      if (!this.#socket.write(bytes)) await drained(this.#socket)
      if (bytesPerSecond > 0) await this.#cross(bytes.length)
    }
  }

  /** Waits until bytes sent have crossed the line. */
  async #cross(bytes) {
    const now = performance.now()
    this.#crossed = Math.max(this.#crossed, now) + (1000 * bytes) / bytesPerSecond
    if (this.#crossed - now >= 2) {
      await new Promise((resolve) => setTimeout(resolve, this.#crossed - now))
    }
  }
}

function drained(socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

function formatHead(status, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} OK\r\n${lines.join('')}\r\n`
}

function formatAnswer({ status, headers, body }) {
  const length = status === 204 ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return formatHead(status, { ...headers, ...length }) + body
}

function accept(socket, connection) {
  counts.opened += 1
  open.add(socket)
  socket.setNoDelay(true)
  // Clients close as they please.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => open.delete(socket))
  if (latencyMs > 0) connection.pauseFor(latencyMs)
}

function onPlainConnection(accepted) {
  // Only a socket made by hand can read into a buffer of ours; the handle moves over to one.
  const handle = accepted._handle
  accepted._handle = null
  const socket = new Socket({
    handle,
    onread: {
      buffer: shared,
      callback: (length, buffer) => connection.take(buffer.subarray(0, length)),
    },
  })
  const connection = new Connection(socket)
  accept(socket, connection)
  if (latencyMs === 0) socket.resume()
}

function onTlsConnection(socket) {
  const connection = new Connection(socket)
  accept(socket, connection)
  socket.on('data', (bytes) => connection.take(bytes))
}

const server =
  settings.tls === undefined
    ? createServer({ pauseOnConnect: true, noDelay: true }, onPlainConnection)
    : createTlsServer(settings.tls, onTlsConnection)

process.on('message', (message) => {
  if (message === 'reset') {
    for (const socket of open) socket.destroy()
    Object.assign(counts, { opened: 0, busy: 0, mostBusy: 0, requests: 0, bytes: 0 })
  }
  const { user, system } = process.cpuUsage()
  process.send?.({ ...counts, cpuSeconds: (user + system) / 1e6 })
})
process.once('disconnect', () => process.exit(0))

server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
