// A progress bar for a terminal: what the service has acknowledged, out of what is expected.
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, type UploadProgress } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const path = join(folder, 'film.mp4')
await writeFile(path, Buffer.alloc(1_000_000))

function onProgress({ bytesUploaded, expectedSize = 0 }: UploadProgress) {
  const share = expectedSize === 0 ? 1 : Math.min(1, bytesUploaded / expectedSize)
  const bar = '#'.repeat(Math.round(share * 30)).padEnd(30, '.')
  const line = `[${bar}] ${String(Math.round(share * 100)).padStart(3)} %`
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`)
}
const { size } = await stat(path)
const options = { expectedSize: size, exactSize: true, partSize: 100 * 1024, onProgress }
const out = createOssWriteStream('oss://demo/film.mp4', options)
await pipeline(createReadStream(path), out)
if (process.stderr.isTTY) process.stderr.write('\n')
console.log(`Stored ${out.result?.size} bytes in ${out.result?.parts} parts`)
await Promise.all([server.close(), rm(folder, { recursive: true })])
