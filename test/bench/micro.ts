/**
 * What the small pieces cost, each alone: the signer, the XML of Complete, the pool of part buffers, the
 * filling of parts by writes of several sizes, the diagnostics channels of a part. The digests have a benchmark of their own.
 *
 *     npm run bench:micro [-- rounds]
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import { Cancellation } from '../../src/cancellation.js'
import { signV1 } from '../../src/protocol/signature-v1.js'
import { signV4 } from '../../src/protocol/signature-v4.js'
import { decodeInitiateResult, encodeCompleteRequest } from '../../src/protocol/xml.js'
import { TracedTarget } from '../../src/traced-target.js'
import { BufferPool } from '../../src/upload/buffer-pool.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import { PartFiller } from '../../src/upload/part-filler.js'
import { ProcessSlabs } from '../../src/upload/slabs.js'
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { median } from './statistics.js'

const KIB = 1024
const MIB = 1024 * KIB
const ROUNDS = Number(process.argv[2] ?? 7)

interface Candidate {
  readonly name: string
  readonly times: number
  run(): unknown
}

const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' }
const request = {
  method: 'PUT',
  bucket: 'bucket',
  key: 'backups/2026/11/24/database.sql.gz',
  query: { partNumber: '17', uploadId: '0004B9894A22E5B1888A1E29F823BAAA' },
  headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==', 'content-type': 'application/gzip' },
}
const date = new Date()
const parts = Array.from({ length: 10_000 }, (_, i) => ({
  partNumber: i + 1,
  etag: 'D41D8CD98F00B204E9800998ECF8427E',
}))
const initiated = Buffer.from(
  '<?xml version="1.0" encoding="UTF-8"?><InitiateMultipartUploadResult><Bucket>bucket</Bucket>' +
    '<Key>key</Key><UploadId>0004B9894A22E5B1888A1E29F823BAAA</UploadId></InitiateMultipartUploadResult>',
)
const slabs = new ProcessSlabs(() => undefined)

const CANDIDATES: readonly Candidate[] = [
  {
    name: 'sign, version 4',
    times: 5000,
    run: () => signV4(request, { credentials, date, region: 'cn-hangzhou' }),
  },
  { name: 'sign, version 1', times: 5000, run: () => signV1(request, { credentials, date }) },
  {
    name: 'XML, Complete of 10,000 parts',
    times: 5,
    run: () => encodeCompleteRequest(parts),
  },
  { name: 'XML, answer to Initiate', times: 2000, run: () => decodeInitiateResult(initiated) },
  { name: 'pool, lend and take back 8 MiB', times: 20_000, run: lendAndRelease },
  fill('fill 8 MiB by writes of 1 MiB', MIB, 8 * MIB),
  fill('fill 8 MiB by writes of 64 KiB', 64 * KIB, 8 * MIB),
  fill('fill 8 MiB by writes of 1 KiB', KIB, 8 * MIB),
  fill('fill 1 MiB by writes of 16 B', 16, MIB),
  sendParts('1,000 parts, no channels', partTarget()),
  sendParts('1,000 parts, nobody listens', tracedPartTarget()),
  sendParts('1,000 parts, somebody listens', tracedPartTarget(), listen),
]

const pool = newPool(64 * MIB)

function newPool(maxMemory: number): BufferPool {
  const budget = new MemoryBudget(maxMemory)
  return new BufferPool({ bufferSize: 8 * MIB, maxMemory, ownBuffers: 1, budget, slabs })
}

function lendAndRelease(): void {
  const buffer = pool.tryAcquire()
  if (buffer !== undefined) pool.release([buffer])
}

/** Stores a part at once: what is left is the cost of telling of it. */
function partTarget(): UploadTarget {
  const unasked = () => Promise.reject(new Error('not to be asked'))
  return {
    uploadPart: () => Promise.resolve({ etag: 'etag' }),
    ...{ put: unasked, initiate: unasked, complete: unasked, abort: unasked, head: unasked },
    ...{ listParts: unasked, remove: unasked, isAlive: unasked },
  }
}

function tracedPartTarget(): UploadTarget {
  return new TracedTarget(partTarget(), () => ({ bucket: 'bucket', key: 'key' }))
}

/** @param open what is done before, and returns what undoes it */
function sendParts(name: string, target: UploadTarget, open = () => () => {}): Candidate {
  const part = { uploadId: 'id', body: [], size: 0, digests: {}, cancellation: new Cancellation() }
  return {
    name,
    times: 1,
    async run() {
      const close = open()
      for (let i = 1; i <= 1000; i++) await target.uploadPart({ ...part, partNumber: i })
      close()
    },
  }
}

function listen(): () => void {
  const listener = () => {}
  subscribe('tracing:osspipe:part:start', listener)
  return () => unsubscribe('tracing:osspipe:part:start', listener)
}

/** Copies and hashes a part, as a stream does, but without a stream. */
function fill(name: string, writeSize: number, size: number): Candidate {
  const chunk = Buffer.alloc(writeSize, 'osspipe')
  return {
    name,
    times: 1,
    async run() {
      const own = newPool(16 * MIB)
      const sizes = { partSize: 8 * MIB, maxPartSize: 8 * MIB, maxMemory: 16 * MIB }
      const filler = new PartFiller({ ...sizes, growAfter: 10_000 }, own, {
        onOpen: () => ({ digests: { md5: true, crc64: false }, hashesAsItFills: true }),
        onFullMemory: () => {},
        onMemory: () => {},
        breathe: () => turn(),
        onFull: (part) => own.release(part.buffers),
        onPartLimit: () => new Error('limit'),
      })
      for (let at = 0; at < size; at += writeSize) {
        const waiting = filler.append(chunk)
        if (waiting !== undefined) await waiting
      }
      filler.close(new Error('done'))
      own.close(new Error('done'))
    },
  }
}

/** Microseconds of CPU for one run. */
async function measure({ times, run }: Candidate): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    const result = run()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

const costs = new Map<Candidate, number[]>(CANDIDATES.map((candidate) => [candidate, []]))
for (let round = 0; round <= ROUNDS; round++) {
  for (const [candidate, list] of costs) {
    const cost = await measure(candidate)
    // The first is for the compiler.
    if (round > 0) list.push(cost)
  }
}
console.log(`Node ${process.versions.node}, medians of ${ROUNDS} rounds, CPU in microseconds\n`)
for (const [{ name }, list] of costs) {
  const range = `${Math.min(...list).toFixed(1)}..${Math.max(...list).toFixed(1)}`
  console.log(`${name.padEnd(34)}${median(list).toFixed(1).padStart(10)}  (${range})`)
}
