/** HTTP/1.1 messages as bytes: where one ends, and one made of its changed pieces. No I/O. */

export interface HttpMessage {
  readonly startLine: string
  /** As they came, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/**
 * The message that `bytes` begin with, and its length; `undefined` while it is not whole.
 * @param isBodiless it has no body, whatever its headers announce: an answer to HEAD
 */
export function parseMessage(
  bytes: Buffer,
  isBodiless = false,
): { readonly message: HttpMessage; readonly length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const head: HttpMessage = { startLine, headers, body: Buffer.alloc(0) }
  const start = end + 4
  const length = isBodiless || / (204|304) /.test(startLine) ? 0 : bodyLength(head, bytes, start)
  if (length === undefined || bytes.length < start + length) return undefined
  const body = bytes.subarray(start, start + length)
  return { message: { ...head, body }, length: start + length }
}

export function serialized({ startLine, headers, body }: HttpMessage): Buffer {
  const lines = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`)]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/** @param name in lower case */
export function headerOf(message: HttpMessage, name: string): string | undefined {
  return message.headers.find(([other]) => other.toLowerCase() === name)?.[1]
}

/** Another value for a header that is there, or none. */
export function withHeader(
  message: HttpMessage,
  name: string,
  value: string | undefined,
): HttpMessage {
  const headers = message.headers.flatMap(([other, old]): (readonly [string, string])[] => {
    if (other.toLowerCase() !== name) return [[other, old]]
    return value === undefined ? [] : [[other, value]]
  })
  return { ...message, headers }
}

/** Chunks count as they are on the wire: nothing here looks into them. */
function bodyLength(head: HttpMessage, bytes: Buffer, start: number): number | undefined {
  if (headerOf(head, 'transfer-encoding') !== 'chunked') {
    return Number(headerOf(head, 'content-length') ?? 0)
  }
  const last = bytes.indexOf('0\r\n\r\n', start)
  return last === -1 ? undefined : last + 5 - start
}
