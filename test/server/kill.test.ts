/** A real process, killed with SIGKILL while clients upload: what it acknowledged is there afterwards. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createMd5, md5Hex } from '../../src/protocol/digest.js'
import { decodeInitiateResult } from '../../src/protocol/xml.js'
import { createOssServer } from '../../src/server/server.js'
import { type Call, call, type Reply, type Target } from './caller.js'

const CHILD = fileURLToPath(new URL('./child-server.ts', import.meta.url))
const CREDENTIALS = { accessKeyId: 'id', accessKeySecret: 'secret' }
const ROUNDS = 6
const WRITERS = 4
const KEYS = ['a', 'b', 'c']
const PARTS = 6

/** What may stand at a place: what was acknowledged last, and whatever was under way since. */
class Expectations {
  readonly #possible = new Map<string, Set<string>>()

  possible(place: string): ReadonlySet<string> {
    return this.#possible.get(place) ?? new Set(['nothing'])
  }

  begin(place: string, value: string): void {
    this.#possible.set(place, new Set([...this.possible(place), value]))
  }

  /** Of one place only one writer may write at a time. */
  acknowledge(place: string, value: string): void {
    this.#possible.set(place, new Set([value]))
  }
}

it('finds all that was acknowledged after kill -9', { timeout: 400_000 }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'oss-kill-'))
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }))
  const expected = new Expectations()
  const uploads: string[] = []
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const { child, target } = await startChild(dataDir)
    await verify(target, expected, uploads)
    const begun = await call(target, object('POST', 'upload', { uploads: '' }, ''))
    const { uploadId } = decodeInitiateResult(begun.body)
    uploads.push(uploadId)
    // Another number each round, so that the blow falls at another moment; no clock involved.
    let blowAfter = 7 + round * 5
    const strike = (): void => {
      acknowledged += 1
      blowAfter -= 1
      if (blowAfter === 0) child.kill('SIGKILL')
    }
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let i = 0; ; i += 1) {
        const body = bodyOf(round, writer, i)
        const asPart = i % 2 === 1
        // Every writer has places of its own, so that the last acknowledged value is the value.
        const number = 1 + writer + WRITERS * (i % PARTS)
        const place = asPart ? `${uploadId}/${number}` : `${KEYS[i % KEYS.length]}${writer}`
        const request = asPart
          ? object('PUT', 'upload', { uploadId, partNumber: String(number) }, body)
          : object('PUT', place, {}, body)
        const value = hash(body)
        expected.begin(place, value)
        const reply = await call(target, request).catch(() => undefined)
        if (reply === undefined) return
        expect(reply.status).toBe(200)
        expected.acknowledge(place, value)
        strike()
      }
    })
    await Promise.all(writers)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
  }
  expect(acknowledged).toBeGreaterThanOrEqual(ROUNDS * 7)

  const server = await createOssServer({ dataDir, credentials: [CREDENTIALS] })
  onTestFinished(() => server.close())
  await verify(server, expected, uploads)
  expect((await readdir(join(dataDir, 'blobs'))).length).toBe(server.storedBodies)
  const names = await readdir(dataDir, { recursive: true })
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
})

async function verify(target: Target, expected: Expectations, uploads: string[]): Promise<void> {
  for (const key of KEYS.flatMap((name) => Array.from({ length: WRITERS }, (_, i) => name + i))) {
    const reply = await call(target, object('GET', key, {}))
    const found = reply.status === 404 ? 'nothing' : hash(reply.body)
    expect(expected.possible(key), key).toContain(found)
    expected.acknowledge(key, found)
  }
  for (const uploadId of uploads) {
    const parts = partsOf(await call(target, object('GET', 'upload', { uploadId })))
    for (let number = 1; number <= WRITERS * PARTS; number += 1) {
      const place = `${uploadId}/${number}`
      const found = parts.get(number) ?? 'nothing'
      expect(expected.possible(place), place).toContain(found)
      expected.acknowledge(place, found)
    }
  }
}

function partsOf(reply: Reply): Map<number, string> {
  expect(reply.status).toBe(200)
  const pattern = /<PartNumber>(\d+)<\/PartNumber>[\s\S]*?<ETag>"(\w+)"/g
  return new Map(
    [...reply.body.toString().matchAll(pattern)].map((match) => [Number(match[1]), `${match[2]}`]),
  )
}

async function startChild(dataDir: string): Promise<{ child: ChildProcess; target: Target }> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  const port = Number(line)
  const endpoint = `http://127.0.0.1:${port}`
  const options = () => ({ endpoint, region: 'cn-hangzhou', credentials: CREDENTIALS })
  return { child, target: { port, options } }
}

function object(
  method: string,
  key: string,
  query: Record<string, string>,
  body?: string | Uint8Array,
): Call {
  return { method, bucket: 'bucket', key, query, ...(body === undefined ? {} : { body }) }
}

/** Up to 700 KB, different each time. */
function bodyOf(round: number, writer: number, i: number): Buffer {
  return Buffer.alloc(
    1 + ((round * 7919 + writer * 104_729 + i * 15_485_863) % 700_000),
    `${round}.${writer}.${i} `,
  )
}

function hash(bytes: Uint8Array): string {
  const md5 = createMd5()
  md5.update(bytes)
  return md5Hex(md5.digest())
}
