// A database to OSS with pg_dump, whole or not at all; connects as PGHOST and the like say.
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { ChildProcessError, createDigestTap, createOssWriteStream, spawnSource } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

async function backUp(key: string, ...args: string[]) {
  const out = createOssWriteStream(`oss://demo/${key}`)
  const tap = createDigestTap({ sha256: true })
  try {
    await pipeline(spawnSource('pg_dump', args), tap, createGzip(), out)
    console.log(`${key}: ${tap.bytes} bytes of SQL, sha256 ${tap.digests?.sha256}`)
  } catch (error) {
    await out.settled
    const told = error instanceof ChildProcessError ? error.stderr.trim() : error
    console.log(`${key} is ${out.outcome}: ${told}`)
  }
}
await backUp('app.sql.gz', '--no-owner')
await backUp('none.sql.gz', '--table=no_such_table') // pg_dump exits with 1
console.log(...server.objects.list().map(({ key }) => key))
await server.close()
