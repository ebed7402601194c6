/**
 * The process under measurement: one client, one run. Told what by JSON in its arguments; sends what
 * it cost. JavaScript, because a loader for TypeScript in the process would be measured, too.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Writable } from 'node:stream'

/** Of the loop's delay as measured, the period of the measuring timer is no delay. */
const PERIOD_MS = 2

const run = JSON.parse(process.argv[2] ?? '{}')
const { connect } = await import(`./${run.module}.mjs`)
const client = connect(run)

const loop = monitorEventLoopDelay({ resolution: PERIOD_MS })
// A fresh process counts from its start, loading included; a long run from its first byte.
const isFresh = run.work === 'first'
const startCpu = isFresh ? undefined : process.cpuUsage()
const startedAt = isFresh ? 0 : performance.now()
loop.enable()
await perform()
loop.disable()
const wallMs = performance.now() - startedAt
const { user, system } = process.cpuUsage(startCpu)
const delayMs = (ns) => Math.max(0, ns / 1e6 - PERIOD_MS)
const { maxRSS } = process.resourceUsage()
process.send?.(
  {
    wallSeconds: wallMs / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakRssMiB: maxRSS / 1024,
    loopP99Ms: delayMs(loop.percentile(99)),
    loopMaxMs: delayMs(loop.max),
  },
  () => process.exit(0),
)

async function perform() {
  switch (run.work) {
    case 'upload':
      return client.upload(run)
    case 'write':
      return client.write(run)
    case 'first':
      return client.put('first', Buffer.alloc(run.bytes, 'osspipe'))
    case 'small':
      return putMany()
    case 'read':
      return readAll()
  }
  throw new RangeError(`No such work: ${run.work}`)
}

/** `count` objects of `bytes` bytes each, so many at once. */
async function putMany() {
  const content = Buffer.alloc(run.bytes, 'osspipe')
  let next = 0
  const lanes = Array.from({ length: run.atOnce }, async () => {
    while (next < run.count) {
      next += 1
      await client.put(`small/${next}`, content)
    }
  })
  await Promise.all(lanes)
}

/** Reads and drops; what has ended early is not measured. */
async function readAll() {
  let bytes = 0
  const write = (chunk, _encoding, done) => {
    bytes += chunk.length
    done()
  }
  await client.read(run, new Writable({ highWaterMark: 1024 * 1024, write }))
  if (bytes !== run.bytes) throw new Error(`Read ${bytes} bytes of ${run.bytes}`)
}
