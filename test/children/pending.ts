/** Leaves an upload unfinished with nothing left to do, as argv[2] says: the process must not end as if all were well. */
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, uploadToOss } from '../../src/index.js'

const how = process.argv[2]
const out = createOssWriteStream('oss://bucket/object', {
  partSize: 100 * 1024,
  ...(how === 'unanswered' && { beforeComplete: () => new Promise<void>(() => {}) }),
})

async function main(): Promise<void> {
  if (how === 'unopened') await uploadToOss(() => new Promise(() => {}), 'oss://bucket/object')
  const source = new PassThrough()
  if (how === 'silent') await pipeline(source, out)
  source.write(Buffer.alloc(how === 'small' ? 1000 : 250 * 1024))
  if (how === 'unanswered') source.end()
  await pipeline(source, out)
}

if (how === 'unheard') out.write(Buffer.alloc(250 * 1024))
else {
  main().catch((error: unknown) => {
    console.log(error instanceof Error ? error.message : error)
    out.settled.then(() => console.log(out.outcome, process.listenerCount('beforeExit')))
    process.exitCode = 1
  })
}
