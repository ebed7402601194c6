// Compresses on the way, with what node:zlib has: gzip, brotli, and zstd from Node 22.15 on.
import { Readable, type Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const log = 'GET /index.html 200\n'.repeat(50_000)

const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } } // 11 takes 50 times as long
const ways: [string, Transform, Transform][] = [
  ['log.gz', zlib.createGzip(), zlib.createGunzip()],
  ['log.br', zlib.createBrotliCompress(quality), zlib.createBrotliDecompress()],
]
const createZstd: (() => Transform) | undefined = Reflect.get(zlib, 'createZstdCompress')
const createUnzstd: (() => Transform) | undefined = Reflect.get(zlib, 'createZstdDecompress')
if (createZstd && createUnzstd) ways.push(['log.zst', createZstd(), createUnzstd()])

for (const [name, compress, decompress] of ways) {
  const out = createOssWriteStream(`oss://demo/${name}`)
  await pipeline(Readable.from([log]), compress, out)
  const back = await text(createOssReadStream(`oss://demo/${name}`).pipe(decompress))
  const isSame = back === log ? 'comes back as it was' : 'is another text'
  console.log(`${name}: ${log.length} bytes in ${out.result?.size}, ${isSame}`)
}
await server.close()
