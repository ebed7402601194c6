/**
 * Ways in which an answer can be bad, each made from the good answer of any operation.
 */

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { FakeClock } from '../helpers/fake-clock.js'
import type { Script } from './evil-server.js'
import { type GoodAnswer, headOf, type Operation, written } from './good-answers.js'

export interface Scene {
  readonly operation: Operation
  readonly clock: FakeClock
  /** Where nobody must ever be seen. */
  readonly elsewhere: string
  /** Ends the connection. */
  readonly hangUp: () => void
  /** Whether the client is still there. */
  readonly isOpen: () => boolean
}

export interface Hostility {
  readonly name: string
  readonly script: (scene: Scene) => Script
  /**
   * `fail`: there is no way to understand it. `either`: an operation for which the spoilt piece does
   * not matter may give the value of the good answer, and no other. @default 'fail'
   */
  readonly ends?: 'fail' | 'either'
  /** The answer comes before the body of the request has been read. */
  readonly early?: boolean
  /** Nothing comes unless time passes. */
  readonly silent?: boolean
  /** Operations that it makes no sense for. */
  readonly except?: RegExp
}

const MIB = 1024 * 1024
const HEAD = 'HTTP/1.1 200 OK\r\n'

function withHeaders(good: GoodAnswer, ...headers: (readonly [string, string])[]): GoodAnswer {
  return { ...good, headers: [...good.headers, ...headers] }
}

/** The good answer with another status and a body that goes with it. */
function answer(status: number, headers: [string, string][], body = ''): string {
  return written({ status, headers, body })
}

/** The same bytes again and again, as long as somebody takes them. */
function* endless(bytes: string | Buffer, { isOpen }: Scene): Generator<string | Buffer> {
  while (isOpen()) yield bytes
}

function once(name: string, make: (scene: Scene) => string | Buffer, more = {}): Hostility {
  return {
    name,
    *script(scene) {
      yield make(scene)
    },
    ...more,
  }
}

/** The good answer, and after it the connection is closed, as some of these need to be complete. */
function closing(name: string, make: (scene: Scene) => string, more = {}): Hostility {
  return {
    name,
    *script(scene) {
      yield make(scene)
      scene.hangUp()
    },
    ...more,
  }
}

/** A piece of the answer, then a byte each 9 s for ever. */
function dripping(name: string, beginning: string, bytes: string, more = {}): Hostility {
  return {
    name,
    async *script({ clock, isOpen }) {
      yield beginning
      for (let at = 0; isOpen(); at = (at + 1) % bytes.length) {
        yield bytes.charAt(at)
        await clock.breathe()
        await clock.advance(9_000)
      }
    },
    ...more,
  }
}

function compressed(encoding: string, compress: (body: Buffer) => Buffer): Hostility {
  return once(
    `a body in ${encoding}`,
    ({ operation: { good } }) => {
      const body = compress(Buffer.from(good.body)).toString('latin1')
      return written({ ...withHeaders(good, ['Content-Encoding', encoding]), body })
    },
    // Without a document there is nothing to misunderstand.
    { ends: 'either', except: /Abort|Delete|Head|GetObject/ },
  )
}

const heads: readonly Hostility[] = [
  { name: 'headers without end', script: headers },
  once('5,000 headers', ({ operation: { good } }) =>
    written(withHeaders(good, ...Array.from({ length: 5000 }, (_, i) => [`X-${i}`, 'x'] as const))),
  ),
  once('a header of 1 MiB', ({ operation: { good } }) =>
    written(withHeaders(good, ['X-Oss-Request-Id', 'x'.repeat(MIB)])),
  ),
  once('a header name of 1 MiB', ({ operation: { good } }) =>
    written(withHeaders(good, ['X'.repeat(MIB), 'x'])),
  ),
  {
    name: 'a status line without end',
    script: (scene) => endless('HTTP/1.1 200 '.padEnd(4096, 'O'), scene),
    silent: true,
  },
  once('a status line of nonsense', () => 'HTTP/1.1 abc Whatever\r\n\r\n'),
  once('a status of four digits', () => 'HTTP/1.1 2000 Whatever\r\nContent-Length: 0\r\n\r\n'),
  once('a status of 99', () => 'HTTP/1.1 099 Whatever\r\nContent-Length: 0\r\n\r\n'),
  once('a status of 600', () => answer(600, []), { except: /^$/ }),
  once('HTTP/2 in plain text', () => 'HTTP/2.0 200\r\ncontent-length: 0\r\n\r\n'),
  closing('HTTP/0.9', ({ operation: { good } }) => good.body || 'hello'),
  once('another protocol', () => 'SSH-2.0-OpenSSH_9.6\r\n'),
  once('binary nonsense', () => Buffer.from([0, 1, 2, 255, 254, 13, 10, 13, 10])),
  once('nothing but line ends', () => '\r\n'.repeat(10_000), { silent: true }),
  once('a header with NUL', ({ operation: { good } }) =>
    written(withHeaders(good, ['X-Oss-Request-Id', 'a\0b'])),
  ),
  once('a header with a lone CR', ({ operation: { good } }) =>
    written(withHeaders(good, ['X-Oss-Request-Id', 'a\rX-Injected: b'])),
  ),
  once('a header name with a blank', ({ operation: { good } }) =>
    written(withHeaders(good, ['X Oss', 'b'])),
  ),
  once(
    'folded headers',
    ({ operation: { good } }) => written(withHeaders(good, ['X-Oss-Request-Id', 'a\r\n b'])),
    { ends: 'either' },
  ),
  once(
    'names like `__proto__`',
    ({ operation: { good } }) =>
      written(
        withHeaders(
          good,
          ['__proto__', 'a'],
          ['__proto__', 'b'],
          ['constructor', 'c'],
          ['toString', 'd'],
          ['hasOwnProperty', 'd'],
          ['x-oss-meta-__proto__', 'e'],
        ),
      ),
    { ends: 'either' },
  ),
]

function* headers(scene: Scene): Generator<string> {
  yield HEAD
  let count = 0
  while (scene.isOpen()) yield `X-${count++}: ${'x'.repeat(100)}\r\n`
}

const lengths: readonly Hostility[] = [
  once(
    'a length that is too long',
    ({ operation: { good } }) => written(withHeaders(good, ['Content-Length', '1000'])),
    { silent: true, except: /Head|Abort|Delete/ },
  ),
  closing(
    'a length that is too long, and an end',
    ({ operation: { good } }) => written(withHeaders(good, ['Content-Length', '1000'])),
    { except: /Head|Abort|Delete/ },
  ),
  once(
    'a length that is too short',
    ({ operation: { good } }) => written(withHeaders(good, ['Content-Length', '3'])),
    // Of a body in no known form the beginning is as good as the whole.
    { except: /Put|Head|Abort|Delete|UploadPart|GetObject/ },
  ),
  once('a negative length', ({ operation: { good } }) =>
    written(withHeaders(good, ['Content-Length', '-5'])),
  ),
  once('a length of 2^64', ({ operation: { good } }) =>
    written(withHeaders(good, ['Content-Length', '18446744073709551617'])),
  ),
  once('a length in hexadecimal', ({ operation: { good } }) =>
    written(withHeaders(good, ['Content-Length', '0x5'])),
  ),
  once('two lengths', ({ operation: { good } }) =>
    written(withHeaders(good, ['Content-Length', '5'], ['Content-Length', '6'])),
  ),
  once(
    'a length and chunks',
    ({ operation: { good } }) =>
      headOf(withHeaders(good, ['Content-Length', '5'], ['Transfer-Encoding', 'chunked'])) +
      '5\r\nhello\r\n0\r\n\r\n',
  ),
  once(
    'an unknown transfer encoding',
    ({ operation: { good } }) => written(withHeaders(good, ['Transfer-Encoding', 'rot13'])),
    { silent: true, ends: 'either' },
  ),
]

function chunked(name: string, body: (good: string) => string, more = {}): Hostility {
  return once(
    name,
    ({ operation: { good } }) =>
      headOf(withHeaders(good, ['Transfer-Encoding', 'chunked'])) + body(good.body),
    { except: /Head|Abort|Delete/, ...more },
  )
}

const chunks: readonly Hostility[] = [
  chunked('a chunk of 2^63 bytes', (body) => `7fffffffffffffff\r\n${body}`, { silent: true }),
  chunked('a chunk of 2^70 bytes', (body) => `400000000000000000\r\n${body}`),
  chunked('a negative chunk', (body) => `-5\r\n${body}`),
  chunked('a chunk without size', (body) => `\r\n${body}\r\n`),
  chunked('a chunk that is longer than it says', () => '2\r\nhello\r\n0\r\n\r\n'),
  chunked(
    'chunks with 100 KiB of extensions',
    (body) => `${body.length.toString(16)};${'e=x;'.repeat(25_000)}\r\n${body}\r\n0\r\n\r\n`,
    { ends: 'either', except: /Put|UploadPart|Head|Abort|Delete/ },
  ),
  chunked('trailers of 1 MiB', (body) => {
    const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`
    return `${chunk}0\r\n${`X-Trailer: ${'x'.repeat(1000)}\r\n`.repeat(1000)}\r\n`
  }),
  {
    name: 'chunk extensions without end',
    *script(scene) {
      yield `${HEAD}Transfer-Encoding: chunked\r\n\r\n5;`
      yield* endless('x'.repeat(4096), scene)
    },
    silent: true,
    except: /Head/,
  },
  {
    name: 'trailers without end',
    *script(scene) {
      yield `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n`
      yield* endless(`X-Trailer: ${'x'.repeat(1000)}\r\n`, scene)
    },
    except: /Head/,
  },
]

const bodies: readonly Hostility[] = [
  {
    name: 'a body without end',
    *script(scene) {
      yield headOf({ status: 200, headers: scene.operation.good.headers })
      yield* endless(Buffer.alloc(64 * 1024, 'x'), scene)
    },
    except: /Head/,
  },
  {
    name: 'a body of 100 MiB',
    *script(scene) {
      const { good } = scene.operation
      yield headOf(withHeaders(good, ['Content-Length', String(100 * MIB)]))
      for (let i = 0; i < 100 && scene.isOpen(); i++) yield Buffer.alloc(MIB, '<')
    },
    except: /Head|Abort|Delete|GetObject/,
  },
  {
    name: 'an error body without end',
    *script(scene) {
      yield headOf({ status: 400, headers: [] })
      yield* endless(Buffer.alloc(64 * 1024, 'x'), scene)
    },
    except: /Head/,
  },
  once('elements, ten million deep', () => answer(200, [], '<a>'.repeat(2_700_000)), {
    except: /Put|UploadPart|Head|GetObject/,
  }),
  once(
    'elements, a million beside each other',
    () => answer(200, [], `<ListPartsResult>${'<a/>'.repeat(1_900_000)}</ListPartsResult>`),
    {
      except: /Put|UploadPart|Head|GetObject/,
    },
  ),
  once(
    'an entity bomb',
    () => {
      const levels = Array.from(
        { length: 20 },
        (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`,
      )
      return answer(200, [], `<!DOCTYPE x [<!ENTITY e0 "lol">${levels.join('')}]><x>&e20;</x>`)
    },
    { except: /Put|UploadPart|Head|GetObject/ },
  ),
  once(
    'an external entity',
    ({ elsewhere }) => answer(200, [], `<!DOCTYPE x SYSTEM "${elsewhere}/x.dtd"><x>&e;</x>`),
    { except: /Put|UploadPart|Head|GetObject/ },
  ),
  once('a document of another kind', () => answer(200, [], '<html>Log in, please</html>'), {
    except: /Head/,
  }),
  once(
    'a document that is an error',
    () => answer(200, [], '<Error><Code>InternalError</Code></Error>'),
    { except: /Head/ },
  ),
]

const encodings: readonly Hostility[] = [
  compressed('gzip', gzipSync),
  compressed('br', brotliCompressSync),
  compressed('deflate', deflateSync),
  once(
    'a bomb in gzip',
    ({ operation: { good } }) => {
      const body = gzipSync(Buffer.alloc(100 * MIB)).toString('latin1')
      return written({ ...withHeaders(good, ['Content-Encoding', 'gzip']), body })
    },
    { ends: 'either', except: /Abort|Delete|Head|GetObject/ },
  ),
]

const times: readonly Hostility[] = [
  { name: 'silence', script: () => [], silent: true },
  { name: 'silence in the head', script: () => [`${HEAD}Content-Le`], silent: true },
  dripping('a head in drops', HEAD, 'X-Drop: x\r\n'),
  dripping('an endless body in drops', `${HEAD}\r\n`, '.', { except: /Head/ }),
  dripping('an endless error body in drops', 'HTTP/1.1 500 No\r\n\r\n', '.', { except: /Head/ }),
  dripping('chunks in drops', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n.\r\n', {
    except: /Head/,
  }),
  {
    name: 'a KiB of a document each 29 s',
    async *script({ clock, isOpen }) {
      yield `${HEAD}Content-Length: 1048576\r\n\r\n`
      for (let count = 0; count < 1024 && isOpen(); count++) {
        yield '.'.repeat(1024)
        for (let turn = 0; turn < 5; turn++) await clock.breathe()
        await clock.advance(29_000)
      }
    },
    // The network may be slow: whoever asks for the bytes of an object gets them.
    except: /Head|GetObject/,
  },
  dripping('interim answers in drops', '', 'HTTP/1.1 102 Processing\r\n\r\n'),
]

const interims: readonly Hostility[] = [
  {
    name: '100 Continue without end',
    script: (scene) => endless('HTTP/1.1 100 Continue\r\n\r\n', scene),
  },
  {
    name: '102 and 103 without end',
    async *script(scene) {
      while (scene.isOpen()) {
        yield 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
        await scene.clock.breathe()
        await scene.clock.advance(100)
      }
    },
  },
  once(
    'a few early hints',
    ({ operation: { good } }) =>
      'HTTP/1.1 103 Early Hints\r\nETag: "X"\r\n\r\n'.repeat(3) + written(good),
    { ends: 'either' },
  ),
  once(
    '101 to a WebSocket',
    () =>
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello',
  ),
  once('101 without an upgrade', () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n', {
    silent: true,
  }),
]

const elsewheres: readonly Hostility[] = [300, 301, 302, 303, 304, 305, 307, 308].map((status) =>
  once(`a ${status} to another host`, ({ elsewhere }) =>
    answer(status, [
      ['Location', `${elsewhere}/x`],
      ['Refresh', `0; url=${elsewhere}/x`],
      ['Alt-Svc', `h2="${elsewhere.slice(7)}"; ma=3600`],
    ]),
  ),
)

const challenges: readonly Hostility[] = [
  once('a 401 with a challenge', ({ elsewhere }) =>
    answer(401, [['WWW-Authenticate', `Basic realm="${elsewhere}"`]]),
  ),
  once('a 407 with a challenge', ({ elsewhere }) =>
    answer(407, [['Proxy-Authenticate', `Negotiate, Basic realm="${elsewhere}"`]]),
  ),
]

const endings: readonly Hostility[] = [
  {
    name: 'a reset',
    *script({ hangUp }) {
      yield ''
      hangUp()
    },
  },
  {
    name: 'an end in the head',
    *script({ hangUp }) {
      yield `${HEAD}X-Oss`
      hangUp()
    },
  },
  {
    name: 'an end in the body',
    *script({ operation: { good }, hangUp }) {
      yield written(withHeaders(good, ['Content-Length', '100']))
      hangUp()
    },
    except: /Head|Abort|Delete/,
  },
  once(
    'an answer before the body of the request was read',
    ({ operation: { good } }) => written(good),
    { early: true, ends: 'either' },
  ),
  once(
    'a refusal before the body of the request was read',
    () => answer(403, [], '<Error><Code>AccessDenied</Code></Error>'),
    { early: true },
  ),
  once(
    'a second answer behind the first',
    ({ operation: { good } }) =>
      written(good) +
      written({
        status: 200,
        headers: [
          ['ETag', '"STALE"'],
          ['Content-Length', '9'],
        ],
        body: '',
      }),
    { ends: 'either' },
  ),
  once(
    'a body where there must be none',
    ({ operation: { good } }) =>
      `${headOf({ ...good, headers: [...good.headers, ['Content-Length', '5']] })}stale`,
    { ends: 'either', except: /Get|List|Initiate|Complete|Put|UploadPart/ },
  ),
]

export const HOSTILITIES: readonly Hostility[] = [
  ...heads,
  ...lengths,
  ...chunks,
  ...bodies,
  ...encodings,
  ...times,
  ...interims,
  ...elsewheres,
  ...challenges,
  ...endings,
]
