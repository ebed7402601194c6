// Zips files on their way to OSS with archiver; one that cannot be read publishes nothing.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipArchive } from 'archiver'
import { createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

async function zip(key: string, files: Record<string, Readable>) {
  const archive = new ZipArchive()
  archive.on('warning', (error) => archive.destroy(error)) // else it leaves out what it does not find
  for (const [name, source] of Object.entries(files)) {
    source.on('error', (error) => archive.destroy(error)) // archiver does not listen
    archive.append(source, { name })
  }
  archive.finalize().catch(() => undefined) // not awaited: it ends when the archive has been read
  const out = createOssWriteStream(`oss://demo/${key}`)
  await pipeline(archive, out).catch((error) => console.log(`${key}: ${error.code}`))
  await out.settled
  console.log(`${key} is ${out.outcome}`)
}

const lines = Readable.from(['id;name\n', '1;one\n'.repeat(50_000)])
await zip('report.zip', { 'report.csv': lines, 'zip.ts': createReadStream(import.meta.filename) })
await zip('broken.zip', { gone: createReadStream('no-such-file') })
await server.close()
