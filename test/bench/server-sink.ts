/**
 * What the embedded server costs as a sink: CPU time (user and system) of its process while 1 GiB
 * arrives in parts, against MD5 + CRC-64 + write of as many bytes in one process. CPU time, not wall
 * time, so that other work on the machine disturbs it little; rounds of both take turns.
 *
 *   npm run bench:server [-- rounds [MiB]]
 */

import { type ChildProcess, execFile, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatQuery } from '../../src/protocol/percent-encoding.js'
import { signV4 } from '../../src/protocol/signature-v4.js'
import { decodeInitiateResult } from '../../src/protocol/xml.js'
import type { OssServer } from '../../src/server/server.js'

/** Bytes of a part. */
const PART_SIZE = 8 * 1024 * 1024

/** Parts on their way at once. */
const AT_ONCE = 4

/** Most that the server shall cost, as a multiple of the baseline. */
const LIMIT = 1.5

interface Target {
  readonly port: number
  readonly options: ReturnType<OssServer['options']>
}

const [, , rounds = '7', mebibytes = '1024'] = process.argv
const parts = Math.ceil((Number(mebibytes) * 2 ** 20) / PART_SIZE)
const body = randomBytes(PART_SIZE)
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
const folder = await mkdtemp(join(tmpdir(), 'osspipe-bench-'))
try {
  const ratios: number[] = []
  const costs: number[] = []
  const leasts: number[] = []
  const { child, target } = await startServer(join(folder, 'server'))
  await upload(target, AT_ONCE)
  for (let round = 1; round <= Number(rounds); round += 1) {
    const least = await runBaseline(join(folder, 'baseline'))
    const before = await cpuTimeOf(child)
    const uploadId = await upload(target, parts)
    const cost = (await cpuTimeOf(child)) - before
    await call(target, 'DELETE', { uploadId })
    ratios.push(cost / least)
    costs.push(cost)
    leasts.push(least)
    console.log(
      `round ${round}: server ${cost.toFixed(2)} s, baseline ${least.toFixed(2)} s, ratio ${(cost / least).toFixed(2)}`,
    )
  }
  child.disconnect()
  await once(child, 'exit')
  ratios.sort((a, b) => a - b)
  const median = ratios[ratios.length >> 1] ?? Number.NaN
  const range = `${ratios[0]?.toFixed(2)}..${ratios.at(-1)?.toFixed(2)}`
  // Contention adds to CPU time as well: the best rounds of each say most about the code.
  const best = Math.min(...costs) / Math.min(...leasts)
  console.log(`CPU of the server per CPU of the baseline, wanted: at most ${LIMIT}`)
  console.log(`median ${median.toFixed(2)} (${range}), best round by best round ${best.toFixed(2)}`)
} finally {
  agent.destroy()
  await rm(folder, { recursive: true, force: true })
}

async function startServer(dataDir: string): Promise<{ child: ChildProcess; target: Target }> {
  const child = fork(besides('sink-server.mjs'), [dataDir], { execArgv: [] })
  const [target] = await once(child, 'message')
  return { child, target }
}

/** User and system time of the server since its start, all its threads together, in seconds. */
async function cpuTimeOf(child: ChildProcess): Promise<number> {
  child.send('cpu time?')
  const [{ seconds }] = await once(child, 'message')
  return Number(seconds)
}

/** CPU seconds of the baseline. */
async function runBaseline(own: string): Promise<number> {
  await mkdir(own)
  const args = [besides('sink-baseline.mjs'), own, String(parts), String(PART_SIZE)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  await rm(own, { recursive: true })
  return Number(stdout)
}

function besides(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** Uploads so many parts, a few at a time; leaves the upload open, and returns its id. */
async function upload(target: Target, count: number): Promise<string> {
  const { uploadId } = decodeInitiateResult(await call(target, 'POST', { uploads: '' }))
  let next = 1
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next <= count) {
        const partNumber = String(next)
        next += 1
        await call(target, 'PUT', { partNumber, uploadId }, body)
      }
    }),
  )
  return uploadId
}

function call(
  { port, options: { credentials, region } }: Target,
  method: string,
  query: Record<string, string>,
  content = Buffer.alloc(0),
): Promise<Buffer> {
  const { headers } = signV4(
    {
      method,
      bucket: 'bucket',
      key: 'object',
      query,
      headers: { 'content-length': String(content.length) },
    },
    { credentials, date: new Date(), region },
  )
  const path = `/bucket/object?${formatQuery(query)}`
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece)).on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(pieces)
          if ((response.statusCode ?? 0) < 300) resolve(answer)
          else reject(new Error(`${method} was answered ${response.statusCode}: ${answer}`))
        })
      },
    )
    request.on('error', reject).end(content)
  })
}
