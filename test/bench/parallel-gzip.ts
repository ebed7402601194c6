/**
 * What compressing on all cores brings: createParallelGzip() against node:zlib's createGzip(), in turns,
 * on text, on machine code and on noise. Prints medians of the ratios of each round; they hold, times are the machine's.
 *
 *     npm run bench:gzip [-- rounds [file…]]
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { basename } from 'node:path'
import { Readable, type Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createParallelGzip } from '../../src/parallel-gzip.js'

const MIB = 1024 ** 2
const SIZE = 16 * MIB
const CHUNK = 64 * 1024
const [ROUNDS = '5', ...FILES] = process.argv.slice(2)
const LEVELS = [1, 6, 9]

interface Cost {
  readonly wall: number
  readonly cpu: number
  readonly size: number
}

async function cost(gzip: Transform, input: Buffer): Promise<Cost> {
  let size = 0
  function* chunks() {
    for (let at = 0; at < input.byteLength; at += CHUNK) yield input.subarray(at, at + CHUNK)
  }
  const sink = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      size += chunk.byteLength
      callback()
    },
  })
  const [startCpu, start] = [process.cpuUsage(), performance.now()]
  await pipeline(Readable.from(chunks(), { objectMode: false }), gzip, sink)
  const { user, system } = process.cpuUsage(startCpu)
  return { wall: performance.now() - start, cpu: (user + system) / 1000, size }
}

/** Rows of a dump: words, numbers and dates, of which some come again. */
function rows(): Buffer {
  const words = [
    'open',
    'paid',
    'shipped',
    'returned',
    'lost in transit',
    'refused by the customer',
  ]
  let [text, state] = ['', 1]
  const next = (below: number) => {
    state = Math.imul(state, 1_103_515_245) + 12_345
    return (state >>> 8) % below
  }
  for (let id = 1; text.length < SIZE; id++) {
    const day = `2026-${1 + next(12)}-${1 + next(28)}`
    text += `INSERT INTO orders VALUES (${id}, ${next(1e6)}, '${words[next(6)]}', '${day}', ${next(1e4) / 100});\n`
  }
  return Buffer.from(text)
}

function noise(): Buffer {
  const buffer = Buffer.allocUnsafe(SIZE)
  for (let at = 0, state = 1; at < SIZE; at += 4) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    buffer.writeInt32LE(state ^ (state >>> 15), at)
  }
  return buffer
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

const inputs: [string, Buffer][] =
  FILES.length > 0
    ? FILES.map((path) => [basename(path), readFileSync(path)])
    : [
        ['rows of a dump', rows()],
        ['machine code', readFileSync(process.execPath).subarray(0, SIZE)],
        ['noise', noise()],
      ]

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${ROUNDS} rounds`,
)
console.log('input            level   createGzip        speed    CPU    size')
for (const [name, input] of inputs) {
  for (const level of LEVELS) {
    const rounds: { speed: number; cpu: number; size: number; base: number }[] = []
    for (let round = 0; round < Number(ROUNDS); round++) {
      const base = await cost(createGzip({ level }), input)
      const ours = await cost(createParallelGzip({ level }), input)
      rounds.push({
        speed: base.wall / ours.wall,
        cpu: ours.cpu / base.cpu,
        size: ours.size / base.size,
        base: (input.byteLength / MIB / base.wall) * 1000,
      })
    }
    const of = (pick: keyof (typeof rounds)[number], digits: number) =>
      median(rounds.map((each) => each[pick])).toFixed(digits)
    console.log(
      `${name.padEnd(16)} ${level}  ${of('base', 1).padStart(9)} MiB/s   ${of('speed', 2).padStart(6)} x  ` +
        `${of('cpu', 2)} x  ${of('size', 4)} x`,
    )
  }
}
