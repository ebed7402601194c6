// Publishes a dump only if it is whole: by its trailer, and by its digest where that is known.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, type OssWriteStreamOptions, type UploadSummary } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const dump = `${'INSERT INTO t VALUES (1234567);'.padEnd(59)}\n`.repeat(1000)
const trailer = '-- PostgreSQL database dump complete\n'

function beforeComplete({ size, tail }: UploadSummary) {
  if (!tail.includes(trailer)) throw new Error(`no trailer after ${size} bytes`)
}

async function backUp(name: string, text: string, options: OssWriteStreamOptions = {}) {
  const out = createOssWriteStream(`oss://demo/${name}`, { beforeComplete, ...options })
  await pipeline(Readable.from([text]), out).then(
    () => console.log(`${name}: published, ${out.result?.size} bytes`),
    (error) => console.log(`${name}: not published: ${error.message}`),
  )
}

await backUp('whole.sql', dump + trailer)
await backUp('half.sql', dump.slice(0, dump.length / 2))
await backUp('forged.sql', dump + trailer, { expectedDigest: { sha256: '0'.repeat(64) } })
console.log('stored:', ...server.objects.list().map(({ key }) => key))
await server.close()
