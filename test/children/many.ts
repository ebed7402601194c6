/** Makes argv[2] uploads in a row and prints what has grown since the first tenth of them. */
import { finished } from 'node:stream/promises'
import { createOssWriteStream, OssClient } from '../../src/index.js'

const rounds = Number(process.argv[2])
const { signal } = new AbortController()
const client = new OssClient()
const input = Buffer.alloc(250 * 1024, 'x')

async function upload(round: number): Promise<void> {
  // Every kind of ending: multipart, Put, given up before and after parts were sent.
  const kind = round % 4
  const own = round % 8 < 4 ? { client } : {}
  const options = { ...own, partSize: 100 * 1024, signal }
  const out = createOssWriteStream(`oss://bucket/object-${kind}`, options)
  if (kind === 0) out.end(input)
  if (kind === 1) out.end('small')
  if (kind === 2) out.write(input, () => out.destroy())
  if (kind === 3) out.destroy()
  await finished(out).catch(() => {})
  await out.settled
}

function measure() {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return {
    heapUsed,
    arrayBuffers,
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'TTYWrap').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  }
}

for (let round = 0; round < rounds / 10; round++) await upload(round)
const before = measure()
for (let round = 0; round < rounds; round++) await upload(round)
const after = measure()
console.log(
  JSON.stringify({
    heapUsed: after.heapUsed - before.heapUsed,
    arrayBuffers: after.arrayBuffers - before.arrayBuffers,
    resources: after.resources - before.resources,
    listeners: after.listeners - before.listeners,
  }),
)
