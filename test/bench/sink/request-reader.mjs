/**
 * Reads the requests of one connection out of its bytes and drops their bodies: just enough of
 * HTTP/1.1 for clients that behave. Keeps nothing of the buffer it is given, which is used again.
 */

const MAX_HEAD = 64 * 1024

/**
 * @typedef {object} Head
 * @property {string} method
 * @property {string} path
 * @property {Map<string, string>} headers names in lower case
 *
 * @typedef {object} Listener
 * @property {(head: Head) => void} onHead
 * @property {(bytes: Uint8Array) => void} [onBody] sees the body's bytes; must not keep them
 * @property {(head: Head) => void} onEnd
 */

export class RequestReader {
  #listener
  /** @type {Head | undefined} */
  #head
  #text = ''
  /** @type {'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer'} */
  #state = 'head'
  #left = 0

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener
  }

  /** @param {Buffer} bytes */
  take(bytes) {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'body' || this.#state === 'chunk') {
        const count = Math.min(this.#left, bytes.length - at)
        this.#listener.onBody?.(bytes.subarray(at, at + count))
        this.#left -= count
        at += count
        if (this.#left === 0) this.#state === 'body' ? this.#end() : this.#expect('chunk-end')
      } else {
        at = this.#takeText(bytes, at)
      }
    }
  }

  /** Reads what ends with a line break: a head, with an empty line; the size of a chunk. */
  #takeText(bytes, at) {
    const end = Math.min(bytes.length, at + MAX_HEAD)
    const had = this.#text.length
    const text = this.#text + bytes.latin1Slice(at, end)
    const mark = this.#state === 'head' ? '\r\n\r\n' : '\r\n'
    const found = text.indexOf(mark)
    if (found === -1) {
      if (text.length > MAX_HEAD) throw new RangeError('A head longer than 64 KiB')
      this.#text = text
      return end
    }
    this.#text = ''
    this.#line(text.slice(0, found))
    return at + found + mark.length - had
  }

  #line(text) {
    if (this.#state === 'head') {
      this.#begin(parseHead(text))
    } else if (this.#state === 'chunk-size') {
      this.#left = Number.parseInt(text, 16)
      this.#expect(this.#left === 0 ? 'trailer' : 'chunk')
    } else if (this.#state === 'chunk-end') {
      this.#expect('chunk-size')
    } else if (text === '') {
      this.#end()
    }
  }

  #begin(head) {
    this.#head = head
    this.#listener.onHead(head)
    if (head.headers.get('transfer-encoding') === 'chunked') {
      this.#expect('chunk-size')
      return
    }
    this.#left = Number(head.headers.get('content-length') ?? 0)
    if (this.#left === 0) this.#end()
    else this.#expect('body')
  }

  #expect(state) {
    this.#state = state
  }

  #end() {
    this.#expect('head')
    this.#listener.onEnd(this.#head)
  }
}

/** @returns {Head} */
function parseHead(text) {
  const [request = '', ...lines] = text.split('\r\n')
  const [method = '', path = ''] = request.split(' ')
  const headers = new Map()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method, path, headers }
}
