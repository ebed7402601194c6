import { once } from 'node:events'
import { Agent } from 'node:http'
import uploadStream from 'aliyun-oss-upload-stream'
import ALY from 'aliyun-sdk'
import { sourceOf } from './sources.mjs'

export function connect({ endpoint, partSize }) {
  const oss = new ALY.OSS({
    accessKeyId: 'id',
    secretAccessKey: 'secret',
    endpoint,
    apiVersion: '2013-10-15',
    // It takes the end of an idle connection of Node's own agent for the end of a request.
    httpOptions: { timeout: 600_000, agent: new Agent({ keepAlive: false }) },
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
