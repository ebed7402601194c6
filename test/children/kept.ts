/** Keeps argv[2] finished streams, as one does for their results, and prints what memory they hold. */
import { finished } from 'node:stream/promises'
import { createOssWriteStream, type OssWriteStream } from '../../src/index.js'

const kept: OssWriteStream[] = []

async function upload(body: Buffer): Promise<void> {
  const out = createOssWriteStream(`oss://bucket/${kept.length}`, { partSize: 1024 * 1024 })
  out.end(body)
  await finished(out)
  kept.push(out)
}

const large = Buffer.alloc(5 * 1024 * 1024, 'x')
await upload(large)
globalThis.gc?.()
const before = process.memoryUsage().arrayBuffers
for (let index = 0; index < Number(process.argv[2]); index++) {
  await upload(index % 2 === 0 ? large : Buffer.from('small'))
}
globalThis.gc?.()
const after = process.memoryUsage().arrayBuffers
console.log(
  JSON.stringify({ kept: kept.filter((out) => out.result).length, grown: after - before }),
)
