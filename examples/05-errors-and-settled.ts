// A failure publishes nothing: an error tells what happened, `settled` when all is cleaned up.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, OssError } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

async function attempt(target: string, source: Readable) {
  const out = createOssWriteStream(target, { partSize: 100 * 1024 })
  try {
    await pipeline(source, out)
  } catch (error) {
    await out.settled // a source's error arrives here while the parts are still being dropped
    const code = error instanceof OssError ? error.code : 'an error of the source'
    const { length } = server.uploads.list()
    console.log(`${target}: ${code}, object ${out.outcome}, ${length} unfinished uploads left`)
    console.log(`  ${error instanceof Error ? error.message : error}`)
  }
}

async function* brokenDump() {
  for (let row = 0; row < 30; row++) yield Buffer.alloc(10 * 1024)
  throw new Error('pg_dump: the server closed the connection')
}
await attempt('oss://demo/dump.sql', Readable.from(brokenDump()))
await attempt('oss://no-such-bucket/dump.sql', Readable.from(['CREATE TABLE t ()']))
await server.close()
