// Pipes a local file into OSS: once pipeline() resolves, the object is there, whole and checked.
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

const out = createOssWriteStream('oss://demo/examples/01-pipe-a-file.ts')
await pipeline(createReadStream(new URL(import.meta.url)), out)
console.log(out.result)

await server.close()
