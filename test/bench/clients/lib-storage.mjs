import { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { sourceOf } from './sources.mjs'

export function connect({ endpoint, partSize, concurrency, options }) {
  const client = new S3Client({
    endpoint,
    region: 'cn-hangzhou',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    forcePathStyle: true,
    ...options,
  })
  return {
    async upload(run) {
      const params = { Bucket: 'bucket', Key: 'object', Body: sourceOf(run) }
      await new Upload({ client, params, partSize, queueSize: concurrency }).done()
    },
  }
}
