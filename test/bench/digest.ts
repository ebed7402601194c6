/**
 * What digests cost: node:crypto and plain TypeScript against the kernels with one to four lanes,
 * here and in the worker. Prints medians over interleaved rounds; ratios hold, times are the machine's.
 *
 *     npm run bench:digest [-- rounds]
 */
import { createHash } from 'node:crypto'
import { availableParallelism, cpus } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { Arena } from '../../src/digest/arena.js'
import { Hasher } from '../../src/digest/hasher.js'
import type { DigestWish, HashJob } from '../../src/digest/job.js'
import { writeTables } from '../../src/digest/kernels.js'
import { hashPlainly } from '../../src/digest/plain.js'
import type { HashingMode } from '../../src/digest/schedule.js'

const MIB = 1024 ** 2
const PART = 8 * MIB
const PARTS = 4
const ROUNDS = Number(process.argv[2] ?? 15)

const arena = new Arena({ maxBytes: 256 * MIB, prepare: writeTables })
const breathe = () => turn()
const hasher = new Hasher({ arena, breathe, cores: 1, utilization: () => 0 })

const inside = Array.from({ length: 2 * PARTS }, () => {
  const slab = arena.tryAllocate(PART)
  if (slab === undefined) throw new Error('This engine has no WebAssembly')
  return slab
})
for (const [n, slab] of inside.entries()) {
  for (let at = 0; at < PART; at += 4) slab.writeInt32LE(Math.imul(at + n, 0x9e3779b1), at)
}
const outside = inside.slice(0, PARTS).map((slab) => Buffer.from(slab))

const md5 = { md5: true, crc64: false }
const crc64 = { md5: false, crc64: true }
const both = { md5: true, crc64: true }
const jobs = (buffers: readonly Buffer[], wish: DigestWish): HashJob[] =>
  buffers.map((buffer) => ({ bytes: [buffer], ...wish }))

interface Candidate {
  readonly name: string
  readonly bytes: number
  run(): unknown
}

function batch(name: string, parts: number, wish: DigestWish, mode: HashingMode): Candidate {
  const together = jobs(inside.slice(0, parts), wish)
  return { name, bytes: parts * PART, run: () => hasher.hash(together, mode) }
}

function plain(name: string, wish: DigestWish): Candidate {
  const [job] = jobs(inside.slice(0, 1), wish)
  return { name, bytes: PART, run: () => job && hashPlainly(job, breathe) }
}

const candidates: Candidate[] = [
  {
    name: 'MD5, node:crypto, strides of 64 KiB',
    bytes: PART,
    run: () => {
      const hash = createHash('md5')
      for (let at = 0; at < PART; at += 65536)
        hash.update(inside[0]?.subarray(at, at + 65536) ?? '')
      return hash.digest()
    },
  },
  ...(['inline', 'worker'] as const).flatMap((mode) =>
    [2, 4, 5, 8].map((parts) => batch(`MD5, ${parts} parts at once, ${mode}`, parts, md5, mode)),
  ),
  {
    name: 'MD5, 4 parts at once, inline, copied',
    bytes: PARTS * PART,
    run: () => hasher.hash(jobs(outside, md5), 'inline'),
  },
  plain('CRC-64, TypeScript', crc64),
  ...[1, 2, 4].map((parts) =>
    batch(`CRC-64, ${parts} parts at once, inline`, parts, crc64, 'inline'),
  ),
  plain('both, node:crypto and TypeScript', both),
  ...[1, 2, 3, 4].map((parts) =>
    batch(`both, ${parts} parts at once, inline`, parts, both, 'inline'),
  ),
  batch('both, 4 parts at once, worker', 4, both, 'worker'),
  {
    name: 'both, 4 parts at once, inline, copied',
    bytes: PARTS * PART,
    run: () => hasher.hash(jobs(outside, both), 'inline'),
  },
]

interface Sample {
  readonly cpu: number
  readonly wall: number
}

const samples = new Map<string, Sample[]>(candidates.map(({ name }) => [name, []]))
for (let round = -3; round < ROUNDS; round++) {
  for (const { name, bytes, run } of candidates) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    await run()
    const wall = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    // The first rounds are for the compiler.
    if (round < 0) continue
    const gib = bytes / 1024 ** 3
    samples.get(name)?.push({ cpu: (user + system) / 1e6 / gib, wall: wall / gib })
  }
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const costs = new Map(
  [...samples].map(([name, all]) => [name, median(all.map(({ cpu }) => cpu))] as const),
)
const baselines = ['MD5, node:crypto', 'CRC-64, TypeScript', 'both, node:crypto'].map(
  (start) => [...costs].find(([name]) => name.startsWith(start)) ?? (['', Number.NaN] as const),
)

console.log(`Node ${process.version}, ${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`)
console.log(`parts of ${PART / MIB} MiB, medians of ${ROUNDS} rounds\n`)
console.log(`${''.padEnd(42)}    MiB/s  CPU s/GiB   ratio`)
for (const [name, all] of samples) {
  const cpu = costs.get(name) ?? Number.NaN
  const base = baselines.find(([start]) => start.split(',')[0] === name.split(',')[0])
  const speed = 1024 / median(all.map(({ wall }) => wall))
  const ratio = cpu / (base?.[1] ?? Number.NaN)
  console.log(
    `${name.padEnd(42)} ${speed.toFixed(0).padStart(8)} ${cpu.toFixed(2).padStart(10)} ${ratio.toFixed(2).padStart(7)}`,
  )
}
await hasher.trim()
process.exit()
