import { finished, pipeline } from 'node:stream/promises'
import { createOssReadStream, createOssWriteStream, OssClient } from '../../../dist/index.js'
import { sourceOf, writeAll } from './sources.mjs'

const ACCOUNT = {
  region: 'cn-hangzhou',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
}

export function connect({ endpoint, partSize, concurrency, options }) {
  const client = new OssClient({ ...ACCOUNT, endpoint, pathStyle: true })
  const newStream = (key) =>
    createOssWriteStream({ client, bucket: 'bucket', key, partSize, concurrency, ...options })
  return {
    upload: (run) => pipeline(sourceOf(run), newStream('object')),
    async write({ bytes, writeSize }) {
      const out = newStream('object')
      await Promise.all([finished(out), writeAll(out, bytes, writeSize)])
    },
    async put(key, content) {
      const out = newStream(key)
      out.end(content)
      await finished(out)
    },
    async read({ bytes }, sink) {
      await pipeline(
        createOssReadStream({ client, bucket: 'bucket', key: `stored-${bytes}`, ...options }),
        sink,
      )
    },
  }
}
