// Cancels a multipart upload: its parts are gone and its upload id is dead.
import { OssClient, ServiceError } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const client = new OssClient({ bucket: 'demo' })

const { key, uploadId } = await client.initiateMultipartUpload({ key: 'never.bin' })
const upload = { key, uploadId }
const body = Buffer.alloc(100 * 1024)
await client.uploadPart({ ...upload, partNumber: 1, body })
console.log(`parts before: ${(await client.listParts(upload)).parts.length}`)

await client.abortMultipartUpload(upload)

const ossCode = (error: unknown) => (error instanceof ServiceError ? error.ossCode : error)
console.log('listing the parts:', await client.listParts(upload).catch(ossCode))
console.log(
  'one more part:',
  await client.uploadPart({ ...upload, partNumber: 2, body }).catch(ossCode),
)
console.log(
  'completing it:',
  await client.completeMultipartUpload({ ...upload, completeAll: true }).catch(ossCode),
)
console.log(`unfinished uploads: ${(await client.listMultipartUploads()).uploads.length}`)

await server.close()
