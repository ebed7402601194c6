// Rows to lines of JSON (NDJSON) on their way to OSS, and back to rows.
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

async function* rows() {
  for (let id = 1; id <= 20_000; id++) yield { id, name: `Ünal\n${id}`, price: id / 100 }
}
async function* lines(values: AsyncIterable<unknown>) {
  for await (const value of values) yield `${JSON.stringify(value)}\n`
}
const out = createOssWriteStream('oss://demo/rows.ndjson.gz', { contentType: 'application/gzip' })
await pipeline(Readable.from(rows()), lines, createGzip(), out)

let sum = 0
const back = createOssReadStream('oss://demo/rows.ndjson.gz')
await pipeline(back, createGunzip(), async (text) => {
  for await (const line of createInterface({ input: Readable.from(text) })) {
    sum += JSON.parse(line).id
  }
})
console.log(`Stored and read back: ids that add up to ${sum}`)
await server.close()
