// The multipart upload of the OSS documentation, call by call: a local file in parts of 100 KB.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OssClient } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const path = join(folder, 'file.bin')
await writeFile(path, randomBytes(350 * 1024))

const client = new OssClient({ bucket: 'demo' })
const { key, uploadId } = await client.initiateMultipartUpload({ key: 'file.bin' })
const { size } = await stat(path)
for (let partNumber = 1, start = 0; start < size; partNumber++, start += 100 * 1024) {
  const end = Math.min(start + 100 * 1024, size)
  await client.uploadPart({ key, uploadId, partNumber, body: { path, start, end } })
}
const { parts } = await client.listParts({ key, uploadId })
for (const part of parts) console.log(`part ${part.partNumber}: ${part.size} bytes, ${part.etag}`)
const { etag } = await client.completeMultipartUpload({ key, uploadId, parts })
const head = await client.headObject({ key })
console.log(
  `object: ${head.size} bytes, ${head.etag}, ${head.etag === etag ? 'as' : 'not as'} completed`,
)

await rm(folder, { recursive: true })
await server.close()
