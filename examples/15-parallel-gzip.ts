// Compresses on all cores: one thread of gzip is slower than most networks and most sources.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream, createParallelGzip } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

let [plain, restored] = ['', '']
for (let id = 1; id <= 200_000; id++)
  plain += `INSERT INTO orders VALUES (${id}, ${Math.random()});\n`

const out = createOssWriteStream('oss://demo/orders.sql.gz', { partSize: 1024 * 1024 })
await pipeline(Readable.from([plain]), createParallelGzip({ level: 6 }), out)
console.log(`${out.result?.size} bytes stored of ${plain.length}, in ${out.result?.parts} parts`)

const gunzip = createGunzip().setEncoding('utf8') // zcat does it, too
await pipeline(createOssReadStream('oss://demo/orders.sql.gz'), gunzip, async (text) => {
  for await (const part of text) restored += part
})
console.log(`read back: ${restored === plain ? 'equal' : 'different'}`)

await server.close()
