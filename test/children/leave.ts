/** Ends as argv[2] says, and then does nothing: the process must end by itself. */
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import { createOssWriteStream } from '../../src/index.js'

const out = createOssWriteStream('oss://bucket/object', { partSize: 100 * 1024 })
out.on('close', () => console.log('closed', process.getActiveResourcesInfo().join()))
switch (process.argv[2]) {
  case 'success':
    out.end(Buffer.alloc(250 * 1024))
    await finished(out)
    break
  case 'destroy':
    out.write(Buffer.alloc(250 * 1024))
    await once(out, 'part')
    out.destroy()
    break
  case 'failure':
    out.end(Buffer.alloc(250 * 1024))
    // Nobody listens to `completed`: ignoring it must not end the process.
    await finished(out).catch((error) => console.log(error.code))
    break
  case 'unused':
    break
}
