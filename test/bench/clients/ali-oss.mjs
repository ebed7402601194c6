import { pipeline } from 'node:stream/promises'
import OSS from 'ali-oss'
import { sourceOf } from './sources.mjs'

/** `options.method`: `putStream`, one request of a stream; `multipartUpload`, parts of a file. */
export function connect({ endpoint, partSize, concurrency, options }) {
  const client = new OSS({
    endpoint,
    region: 'oss-cn-hangzhou',
    bucket: 'bucket',
    accessKeyId: 'id',
    accessKeySecret: 'secret',
    secure: endpoint.startsWith('https:'),
    timeout: 600_000,
  })
  return {
    async upload(run) {
      if (options?.method === 'putStream') await client.putStream('object', sourceOf(run))
      else await client.multipartUpload('object', run.file, { partSize, parallel: concurrency })
    },
    async put(key, content) {
      await client.put(key, content)
    },
    async read({ bytes }, sink) {
      const { stream } = await client.getStream(`stored-${bytes}`)
      await pipeline(stream, sink)
    },
  }
}
