/** Answers what the HTTP parser refused: no request came of it, but the client shall hear why. */

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { encodeError } from '../protocol/xml.js'
import type { ServerClock } from './clock.js'
import { Failure, failures } from './failures.js'
import { newRequestId } from './ids.js'

/** Writes a last answer to a connection, if it can still be written to, and ends it. */
export function answerParseError(error: Error, socket: Duplex, clock: ServerClock): void {
  const code = 'code' in error ? String(error.code) : ''
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const failure = failureFor(code)
  const requestId = newRequestId()
  const body = encodeError({ code: failure.ossCode, message: failure.message, requestId })
  const head = [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status] ?? ''}`,
    'Server: AliyunOSS',
    `Date: ${new Date(clock.now()).toUTCString()}`,
    'Content-Type: application/xml',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-oss-request-id: ${requestId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function failureFor(code: string): Failure {
  switch (code) {
    case 'HPE_INVALID_EOF_STATE':
      return failures.incompleteBody()
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return failures.requestTimeout()
    case 'HPE_HEADER_OVERFLOW':
      return new Failure(
        400,
        'RequestHeaderSectionTooLarge',
        'Your request header section exceeds the maximum allowed request header section size.',
      )
    default:
      return new Failure(400, 'BadRequest', 'The request is not well-formed HTTP/1.1.')
  }
}
