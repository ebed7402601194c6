// One dump to two regions and a file at once; the buckets publish it together, or neither does.
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, createTee } from 'osspipe'
import { createOssServer } from 'osspipe/server'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const other = await createOssServer({ buckets: ['far'], region: 'cn-beijing' })
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const copy = join(folder, 'dump.sql')

const tee = createTee({
  near: (together) => createOssWriteStream('oss://demo/dump.sql', together),
  far: (together) =>
    createOssWriteStream('oss://far/dump.sql', { ...other.options(), ...together }),
  disk: createWriteStream(copy),
})
await pipeline(Readable.from(['INSERT INTO t VALUES (1);\n'.repeat(30_000)]), tee)
for (const { name, status } of tee.results ?? []) console.log(`${name}: ${status}`)
console.log(`on disk: ${(await stat(copy)).size} bytes`)

await Promise.all([server.close(), other.close(), rm(folder, { recursive: true })])
