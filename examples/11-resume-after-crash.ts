// Goes on with an upload that was cut short: what is stored is neither sent nor read again.
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, fileCheckpoint } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const dump = Buffer.alloc(600_000, 'INSERT INTO t VALUES (1);')
await writeFile(join(folder, 'dump.sql'), dump)
const checkpoint = fileCheckpoint(join(folder, 'dump.sql.upload'))
const options = { checkpoint, sourceVersion: '2026-11-24', partSize: 100 * 1024 }

const first = createOssWriteStream('oss://demo/dump.sql', options)
first.write(dump.subarray(0, 320_000))
while (first.partsUploaded < 3) await once(first, 'part')
first.destroy() // or kill -9, or a power cut

const out = createOssWriteStream('oss://demo/dump.sql', options) // in another process, say
const start = await out.skipStored()
console.log(`${out.partsUploaded} parts are stored: reading on at byte ${start}`)
await pipeline(createReadStream(join(folder, 'dump.sql'), { start }), out)
console.log(`Stored ${out.result?.size} bytes in ${out.result?.parts} parts`)
console.log(`Left: ${await readdir(folder)}; ${server.uploads.list().length} unfinished uploads`)
await Promise.all([server.close(), rm(folder, { recursive: true })])
