import { once } from 'node:events'
import uploadStream from 'aliyun-oss-upload-stream'
import ALY from 'aliyun-sdk'
import { sourceOf } from './sources.mjs'

export function connect({ endpoint, partSize }) {
  const oss = new ALY.OSS({
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    endpoint,
    apiVersion: '2013-10-15',
  })
  return {
    async upload(run) {
      const out = uploadStream(oss).upload({ Bucket: 'bucket', Key: 'object' })
      out.minPartSize(partSize)
      sourceOf(run).pipe(out)
      await once(out, 'uploaded')
    },
  }
}
