// Cleans up on Ctrl-C and SIGTERM before the process ends; a second signal ends it at once.
import { constants } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { abortOnSignals, createOssWriteStream } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const stop = abortOnSignals()

function* endless() {
  for (;;) yield Buffer.alloc(64 * 1024)
}

const options = { partSize: 100 * 1024, signal: stop.signal }
const out = createOssWriteStream('oss://demo/endless.bin', options)
out.once('part', () => process.kill(process.pid, 'SIGINT')) // somebody presses Ctrl-C
try {
  await pipeline(Readable.from(endless()), out)
} catch (error) {
  await out.settled
  if (stop.received === undefined) throw error
  const code = 128 + constants.signals[stop.received]
  const { length } = server.uploads.list()
  console.log(
    `${stop.received}: the object is ${out.outcome}, ${length} uploads left; a command exits with ${code} now`,
  )
}
await server.close()
