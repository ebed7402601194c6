/** Feeds a stream of objects two bytes and then forgets it. */
import { createOssRotatingWriteStream } from '../../src/rotating-write-stream.js'

const out = createOssRotatingWriteStream({
  bucket: 'bucket',
  key: (n) => `log/${n}`,
  maxAgeMs: 50,
})
out.on('object', ({ size }) => console.log(`object ${out.objectsPublished}: ${size} bytes`))
out.on('error', (error) => console.log(error.message))
out.write('ab')
