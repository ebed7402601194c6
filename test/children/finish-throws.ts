/** A listener of `finish` throws, and somebody else swallows that: what is promised is told all the same. */
import { createOssWriteStream } from '../../src/index.js'

process.on('uncaughtException', () => {})
const out = createOssWriteStream('oss://bucket/object')
out.on('finish', () => {
  throw new Error('a listener threw')
})
out.end('small')
const { size } = await out.completed
await out.settled
console.log(out.outcome, size)
