// Watches an upload with onProgress, and ends it with an AbortSignal.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, type UploadProgress } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()

function* endless() {
  for (;;) yield Buffer.alloc(64 * 1024)
}

const stop = new AbortController()
function onProgress({ bytesWritten, bytesUploaded, partsUploaded, partsInFlight }: UploadProgress) {
  console.log(
    `${bytesWritten} bytes in, ${bytesUploaded} acknowledged; parts: ${partsUploaded} + ${partsInFlight} in flight`,
  )
  if (partsUploaded >= 5) stop.abort(new Error('five parts are enough'))
}

const options = { partSize: 200 * 1024, signal: stop.signal, onProgress }
const out = createOssWriteStream('oss://demo/endless.bin', options)
await pipeline(Readable.from(endless()), out).catch((error) =>
  console.log(`Ended: ${error.message}`),
)
await out.settled
console.log(`The object is ${out.outcome}.`)
await server.close()
