// An endless log in objects of whole lines: a new one after 100 KB, or after a minute.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssRotatingWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

async function* log() {
  for (let i = 1; i <= 5000; i++) yield `2026-11-26T12:00:00Z request ${i} took ${i % 97} ms\n`
}
const out = createOssRotatingWriteStream({
  bucket: 'demo',
  // With the time: a later run counts from 1 again, and is to replace nothing.
  key: (n, startedAt) => `log/${startedAt.toISOString()}-${String(n).padStart(6, '0')}.log`,
  maxObjectBytes: 100_000,
  maxAgeMs: 60_000,
  split: 'line',
})
out.on('object', ({ key, size }) => console.log(`${key}: ${size} bytes`))
await pipeline(Readable.from(log()), out)
console.log(`${out.objectsPublished} objects, ${out.bytesPublished} bytes`)
await server.close()
