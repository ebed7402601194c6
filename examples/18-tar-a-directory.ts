// Packs a directory into a tar.gz on its way to OSS, and lists it again (links and odd names: see start/).
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createOssReadStream, createOssWriteStream } from 'osspipe'
import { extract, type Pack, pack } from 'tar-stream'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const root = join(import.meta.dirname, 'start')

async function fill(archive: Pack) {
  for (const name of await readdir(root)) {
    const { size, mode, mtime } = await stat(join(root, name))
    const entry = archive.entry({ name, size, mode, mtime }) // fails if the file has another size
    await pipeline(createReadStream(join(root, name)), entry)
  }
  archive.finalize()
}
const archive = pack()
const filling = fill(archive).catch((error) => archive.destroy(error))
await pipeline(archive, createGzip(), createOssWriteStream('oss://demo/start.tar.gz'))
await filling
const back = createOssReadStream('oss://demo/start.tar.gz').pipe(createGunzip()).pipe(extract())
for await (const entry of back) console.log(entry.resume().header.name, entry.header.size)
await server.close()
