// Uploads a file without a stream: read straight into the parts, and refused if it changes meanwhile.
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileCheckpoint, uploadFile } from 'osspipe'
import { startDemoServer } from './demo-server.js'

const server = await startDemoServer()
const folder = await mkdtemp(join(tmpdir(), 'osspipe-example-'))
const path = join(folder, 'dump.sql')
await writeFile(path, Buffer.alloc(600_000, 'INSERT INTO t VALUES (1);'))

// With a checkpoint a later run goes on where one was cut short, if it is still the same file.
const checkpoint = fileCheckpoint(join(folder, 'dump.sql.upload'))
const partSize = 100 * 1024
const { size, parts } = await uploadFile(path, 'oss://demo/dump.sql', { partSize, checkpoint })
console.log(`Stored ${size} bytes in ${parts} parts`)

const uploading = uploadFile(path, 'oss://demo/half.sql', {
  ...{ partSize, concurrency: 1, maxMemory: 2 * partSize },
  onProgress: () => appendFileSync(path, 'INSERT INTO t VALUES (2);'),
})
const error = await uploading.catch((thrown) => thrown)
const stored = server.objects.list('demo').map(({ key }) => key)
console.log(`changed meanwhile: ${error.code}, stored: ${stored}`)
await Promise.all([server.close(), rm(folder, { recursive: true })])
