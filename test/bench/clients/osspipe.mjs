import { finished, pipeline } from 'node:stream/promises'
import {
  createOssReadStream,
  createOssWriteStream,
  OssClient,
  uploadFile,
} from '../../../dist/index.js'
import { sourceOf, writeAll } from './sources.mjs'

const ACCOUNT = {
  region: 'cn-hangzhou',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
}

/** `options.method`: `uploadFile`, a file by itself; without it a stream. */
export function connect({ endpoint, partSize, concurrency, options: { method, ...options } = {} }) {
  const client = new OssClient({ ...ACCOUNT, endpoint, pathStyle: true })
  const optionsOf = (key) => ({ client, bucket: 'bucket', key, partSize, concurrency, ...options })
  const newStream = (key) => createOssWriteStream(optionsOf(key))
  return {
    upload: (run) =>
      method === 'uploadFile'
        ? uploadFile(run.file, optionsOf('object'))
        : pipeline(sourceOf(run), newStream('object')),
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
