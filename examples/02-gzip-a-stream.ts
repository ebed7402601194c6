// Compresses a stream of unknown length on its way to OSS; nothing touches the local disk.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

function* rows() {
  for (let id = 1; id <= 20_000; id++)
    yield `INSERT INTO orders VALUES (${id}, ${Math.random()});\n`
}

const out = createOssWriteStream('oss://demo/orders.sql.gz', { partSize: 100 * 1024 })
await pipeline(Readable.from(rows()), createGzip(), out)
console.log(`Stored ${out.result?.size} bytes in ${out.result?.parts} parts: ${out.result?.url}`)

await server.close()
