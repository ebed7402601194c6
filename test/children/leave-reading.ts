/** Leaves a read stream as argv[2] says, with nothing left to do: it must not keep the process. */
import { once } from 'node:events'
import { createOssReadStream } from '../../src/index.js'

const how = process.argv[2]
const source = createOssReadStream('oss://bucket/object', { partSize: 65_536, maxMemory: 131_072 })
if (how === 'paused') {
  source.read(0)
  // Until all that fits has come: nothing is asked for any more.
  while (source.progress.rangesInFlight > 0) await once(source, 'progress')
}
if (how === 'broken off') {
  for await (const _ of source) break
}
if (how === 'read') for await (const _ of source);
console.log(how)
