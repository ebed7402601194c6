/** Reads slowly with argv[2] as `maxMemory`, and prints the most memory that the bytes occupied. */
import { setImmediate } from 'node:timers/promises'
import { createOssReadStream } from '../../src/index.js'

const maxMemory = Number(process.argv[2])
const { gc } = globalThis
if (gc === undefined) throw new Error('Run with --expose-gc')
// A number of one's own: without it a busy event loop has fewer ranges read ahead.
const source = createOssReadStream('oss://bucket/object', { maxMemory, concurrency: 4 })
let [size, rounds, mostHeld, mostBuffers] = [0, 0, 0, 0]
gc()
const base = process.memoryUsage().arrayBuffers
for await (const chunk of source) {
  size += chunk.length
  mostHeld = Math.max(mostHeld, source.progress.heldBytes)
  if (rounds++ % 50 > 0) continue
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  // What the first finds is freed in the background; the second waits for that.
  gc()
  await setImmediate()
  gc()
  mostBuffers = Math.max(mostBuffers, process.memoryUsage().arrayBuffers - base)
}
console.log(JSON.stringify({ size, mostHeld, mostBuffers }))
