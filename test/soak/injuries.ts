/**
 * What a bad wire does to a request or to its answer, drawn by chance. It is what broken middleboxes
 * do: cut, delay, swallow, repeat, answer in the service's place, damage what is vouched for.
 *
 * Plain HTTP vouches for nothing in the head of an answer. A client can be expected to notice an ETag,
 * a CRC-64, a length, a status or a document that is not what it should be, and an answer that is not
 * the service's. It cannot notice a well-formed lie: another marker in the answer to HeadObject, another
 * error code in a whole error document. These are not drawn.
 */
import { type HttpMessage, headerOf, serialized, withHeader } from './http-message.js'
import type { SeededRandom } from './random.js'

/** Each strikes one request, once. `at` is a share of the message, from 0 up to 1. */
export type Injury =
  | { readonly kind: 'delayed request' | 'delayed answer' | 'swallowed'; readonly ms: number }
  | { readonly kind: 'cut request' | 'cut answer'; readonly at: number; readonly reset: boolean }
  | { readonly kind: 'damaged request' | 'damaged document'; readonly at: number; bit: number }
  | { readonly kind: 'lost answer' | 'hang-up' | 'repeated request' | 'repeated answer' }
  | { readonly kind: 'interim answer' | 'dripping answer' | 'damaged length' }
  | { readonly kind: 'stripped header' | 'damaged digest'; readonly header: string }
  | { readonly kind: 'damaged status'; readonly digit: number; readonly value: number }
  | { readonly kind: 'garbled head' }
  /** `forwards`: the request has taken its effect all the same. */
  | { readonly kind: 'foreign answer'; readonly page: string; readonly forwards: boolean }

export function drawInjury(random: SeededRandom): Injury {
  const at = random.next()
  const reset = random.chance(0.5)
  return random.pick<Injury>([
    { kind: 'delayed request', ms: random.pick([5, 40, 150, 600]) },
    { kind: 'delayed answer', ms: random.pick([5, 40, 150, 600]) },
    { kind: 'swallowed', ms: random.pick([10, 600]) },
    { kind: 'cut request', at, reset },
    { kind: 'cut request', at, reset },
    { kind: 'cut answer', at, reset },
    { kind: 'cut answer', at, reset },
    { kind: 'damaged request', at, bit: random.integer(0, 7) },
    { kind: 'damaged request', at, bit: random.integer(0, 7) },
    { kind: 'damaged document', at, bit: random.integer(0, 7) },
    { kind: 'lost answer' },
    { kind: 'lost answer' },
    { kind: 'hang-up' },
    { kind: 'repeated request' },
    { kind: 'repeated request' },
    { kind: 'repeated answer' },
    { kind: 'interim answer' },
    { kind: 'dripping answer' },
    { kind: 'damaged length' },
    {
      kind: 'stripped header',
      header: random.pick(['etag', 'x-oss-hash-crc64ecma', 'x-oss-request-id', 'date']),
    },
    { kind: 'damaged digest', header: random.pick(['etag', 'x-oss-hash-crc64ecma']) },
    { kind: 'damaged status', digit: random.integer(0, 2), value: random.integer(0, 9) },
    { kind: 'garbled head' },
    { kind: 'foreign answer', page: random.pick(PAGES), forwards: random.chance(0.5) },
    { kind: 'foreign answer', page: random.pick(PAGES), forwards: random.chance(0.5) },
  ])
}

/** The bytes of an answer as the client shall get them. */
export function injured(answer: HttpMessage, injury: Injury): Buffer {
  switch (injury.kind) {
    case 'foreign answer':
      return Buffer.from(injury.page)
    case 'stripped header':
      return serialized(withHeader(answer, injury.header, undefined))
    case 'damaged digest': {
      const value = headerOf(answer, injury.header)
      if (value === undefined) return serialized(answer)
      const damaged = value.replace(/\d/, (digit) => String((Number(digit) + 1) % 10))
      return serialized(withHeader(answer, injury.header, damaged))
    }
    case 'damaged length': {
      const length = Number(headerOf(answer, 'content-length') ?? 0)
      return serialized(withHeader(answer, 'content-length', String(length + 7)))
    }
    case 'damaged status': {
      const digits = [...(answer.startLine.split(' ')[1] ?? '')]
      digits[injury.digit] = String(injury.value)
      return serialized({ ...answer, startLine: `HTTP/1.1 ${digits.join('')} Damaged` })
    }
    case 'garbled head':
      return serialized({ ...answer, startLine: `HTTQ/1.1 \u0001\u0002${answer.startLine}` })
    case 'damaged document':
      return serialized({ ...answer, body: flipped(answer.body, injury.at, injury.bit) })
    case 'repeated answer':
      return Buffer.concat([serialized(answer), serialized(answer)])
    case 'interim answer':
      return Buffer.concat([Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'), serialized(answer)])
    case 'cut answer': {
      const bytes = serialized(answer)
      return bytes.subarray(0, Math.floor(injury.at * bytes.byteLength))
    }
    default:
      return serialized(answer)
  }
}

export function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  const offset = Math.floor(at * copy.byteLength)
  const byte = copy[offset]
  if (byte !== undefined) copy[offset] = byte ^ (1 << bit)
  return copy
}

const PAGE = '<html><body><h1>The network administrator says hello</h1></body></html>'

/** What stands between answers in the service's name. */
const PAGES: readonly [string, ...string[]] = [
  page('502 Bad Gateway', PAGE),
  page('504 Gateway Timeout', ''),
  page('503 Service Unavailable', PAGE),
  page('403 Forbidden', PAGE),
  page('404 Not Found', ''),
  page('404 Not Found', PAGE),
  page('413 Payload Too Large', PAGE),
  page('200 OK', PAGE),
  page('200 OK', ''),
  page('204 No Content', ''),
  page('302 Found\r\nLocation: http://127.0.0.1:9/login', ''),
]

function page(status: string, body: string): string {
  const length = status.startsWith('204') ? '' : `Content-Length: ${body.length}\r\n`
  return `HTTP/1.1 ${status}\r\nServer: middlebox\r\n${length}\r\n${body}`
}
