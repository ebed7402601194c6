/** Thousands of broken requests: each gets an answer or an end, nothing is left, and the server still serves. */

import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { memfs } from 'memfs'
import { expect, it } from 'vitest'
import { encodeCompleteRequest } from '../../src/protocol/xml.js'
import { startServer } from '../helpers/start-server.js'
import { World } from './rules/rule.js'

const SEED = 20_260_124
const REQUESTS = 10_000
const AT_ONCE = 16
/** Growth that is noise, and what memfs keeps of files that were renamed over: a third of a KiB a request. */
const MEMORY_LIMIT = 3 * 2 ** 20
// One small file that memfs keeps would keep a whole slab: 8 KiB up to Node 22, 64 KiB from 24 on.
Buffer.poolSize = 0

/** A small generator of numbers that look random (mulberry32): the same for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

type Random = ReturnType<typeof generator>

const SNIPPETS = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '\0',
    '%',
    '%00',
    '%ff',
    '%2F',
    '..',
    '/',
    '?',
    '&',
    '=',
    ' ',
    '\t',
    '\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 99999999999\r\n',
  ],
  ...[
    'Range: bytes=0-0\r\n',
    'Expect: 100-continue\r\n',
    'Host: a.localhost\r\n',
    'é',
    '\u{1F600}',
  ],
  ...[
    'uploadId=',
    'partNumber=0',
    'uploads',
    'acl',
    'x-oss-copy-source: /bucket/a\r\n',
    'Upgrade: x\r\n',
  ],
  ...['<Part>', ']]>', '<!DOCTYPE a>', '&#0;', 'x'.repeat(20_000)],
]

/** Changes a request in one or two places. */
function mutate(request: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let bytes = request
  for (let n = 1 + random(2); n > 0; n -= 1) {
    const at = random(bytes.length + 1)
    const to = Math.min(bytes.length, at + random(20))
    const [head, cut, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
    const other = others[random(others.length)] ?? bytes
    switch (random(6)) {
      case 0:
        bytes = Buffer.concat([
          head,
          Buffer.from([random(2) ? random(256) : 32 + random(95)]),
          tail,
        ])
        break
      case 1:
        bytes = Buffer.concat([head, tail])
        break
      case 2:
        bytes = Buffer.concat([head, cut, cut, tail])
        break
      case 3:
        bytes = Buffer.concat([
          head,
          Buffer.from(SNIPPETS[random(SNIPPETS.length)] ?? ''),
          cut,
          tail,
        ])
        break
      case 4:
        bytes = head
        break
      default:
        bytes = Buffer.concat([head, other.subarray(random(other.length))])
    }
  }
  return bytes
}

/** Bytes that are alive, on the heap and outside of it. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Sends bytes, says that there are no more, and resolves with all that came back. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text
    })
    // A connection that the server cuts is an end like any other.
    socket.on('error', () => {}).on('close', () => resolve(received))
    socket.end(bytes)
  })
}

function plain(line: string, body = '', headers = ''): Buffer {
  const length =
    body === '' && !/^P/.test(line) ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${line} HTTP/1.1\r\nHost: x\r\n${length}${headers}\r\n${body}`)
}

it(`serves on in the same memory after ${REQUESTS} broken requests (seed ${SEED})`, {
  timeout: 400_000,
}, async () => {
  const { fs } = memfs()
  const server = await startServer({ fs })
  const world = new World(server)
  // Open to everybody, so that no signature stops what is sent at the door.
  const headers = { 'x-oss-acl': 'public-read-write' }
  await world.bucket('PUT', { acl: '' }, { headers, body: '' })
  await world.put('content', {}, 'a')
  const { uploadId, parts } = await world.upload('part')
  const originals = [
    plain('PUT /bucket/a', 'content', 'x-oss-meta-a: b\r\nContent-Type: text/plain\r\n'),
    plain('GET /bucket/a', '', 'Range: bytes=1-2\r\n'),
    plain('HEAD /bucket/a'),
    plain('GET /bucket/?prefix=a&delimiter=%2F&max-keys=10&encoding-type=url'),
    plain('GET /bucket/?list-type=2'),
    plain('POST /bucket/b?uploads'),
    plain(`PUT /bucket/key?partNumber=2&uploadId=${uploadId}`, 'another part'),
    plain(`GET /bucket/key?uploadId=${uploadId}`),
    plain(`POST /bucket/key?uploadId=${uploadId}`, encodeCompleteRequest(parts)),
    plain('POST /bucket/log?append&position=0', 'line'),
    plain('DELETE /bucket/a'),
    Buffer.from(
      'PUT /bucket/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n',
    ),
  ]
  const random = generator(SEED)
  const statuses = new Map<string, number>()
  const send = async (requests: number): Promise<void> => {
    let left = requests
    const sendOn = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        const original = originals[random(originals.length)]
        if (original === undefined) return
        const answer = await exchange(server.port, mutate(original, originals, random))
        if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /)
        for (const [, status = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, sendOn))
  }
  const removeAll = async (): Promise<void> => {
    for (const { bucket, key } of server.objects.list())
      await world.call({ method: 'DELETE', bucket, key })
    for (const { bucket, key, uploadId: id } of server.uploads.list()) {
      if (id !== uploadId)
        await world.call({ method: 'DELETE', bucket, key, query: { uploadId: id } })
    }
    server.requests.clear()
  }

  // The first tenth warms caches and compiled code up; from then on memory stays what it is.
  await send(REQUESTS / 10)
  await removeAll()
  const memory = memoryInUse()
  await send(REQUESTS - REQUESTS / 10)
  expect(server.requests.inFlight()).toBe(0)
  const files = (fs.readdirSync('/oss', { recursive: true }) as string[]).map(String)
  expect(files.filter((name) => name.startsWith('blobs/'))).toHaveLength(server.storedBodies)
  expect(files.filter((name) => name.endsWith('.tmp') || name.startsWith('trash/'))).toEqual([])
  for (const object of server.objects.list())
    expect(await object.content()).toHaveLength(object.size)

  // All sorts of requests got through, and none of them broke the server.
  for (const status of ['200', '400', '403', '404']) expect([...statuses.keys()]).toContain(status)
  expect([...statuses.keys()].filter((status) => status.startsWith('5'))).toEqual([])

  // What is there can all be removed, and then there is nothing.
  await removeAll()
  expect(memoryInUse() - memory).toBeLessThan(MEMORY_LIMIT)
  await world.call({ method: 'DELETE', bucket: 'bucket', key: 'key', query: { uploadId } })
  expect(server.storedBodies).toBe(0)
  expect((await world.put()).status).toBe(200)
})
