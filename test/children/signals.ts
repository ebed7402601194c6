/** Uploads from a source that never ends, under `abortOnSignals()`; argv[2] `dispose` gives that up. */
import { constants } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { abortOnSignals, createOssWriteStream } from '../../src/index.js'

const stop = abortOnSignals()
const source = new Readable({ read() {} })
source.push(Buffer.alloc(250 * 1024))
// What feeds a source keeps the process alive; here nothing else would.
setInterval(() => {}, 60_000)
const options = { partSize: 100 * 1024, signal: stop.signal }
const out = createOssWriteStream('oss://bucket/object', options)
out.once('part', () => {
  if (process.argv[2] === 'dispose') stop.dispose()
  console.log('ready')
})
try {
  await pipeline(source, out)
} catch (error) {
  console.log('failed:', error instanceof Error && [error.name, error.cause].join())
  await out.settled
  console.log('settled:', out.outcome)
  if (stop.received === undefined) throw error
  process.exit(128 + constants.signals[stop.received])
}
