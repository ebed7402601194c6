/** Writes argv[2] bytes in chunks of argv[3], and prints the most memory it held. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { createOssWriteStream } from '../../src/index.js'

const [total = 0, size = 1, maxMemory = 0] = process.argv.slice(2).map(Number)
const out = createOssWriteStream('oss://bucket/object', { maxMemory, partSize: maxMemory / 4 })
const chunk = Buffer.alloc(size, 'x')
const base = process.memoryUsage().arrayBuffers
let mostHeld = 0
let mostBuffers = 0
for (let written = 0, round = 0; written < total; written += size, round++) {
  if (!out.write(chunk)) await once(out, 'drain')
  mostHeld = Math.max(mostHeld, out.progress.heldBytes)
  if (round % 1000 === 0) {
    mostBuffers = Math.max(mostBuffers, process.memoryUsage().arrayBuffers - base)
  }
}
out.end()
await finished(out)
console.log(JSON.stringify({ mostHeld, mostBuffers, size: out.result?.size }))
