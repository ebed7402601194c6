// A test of a backup job: when the third part fails for good, the job fails and leaves nothing.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createOssWriteStream, type OssWriteStreamOptions } from 'osspipe'
import { createOssServer } from 'osspipe/server'
import { expect, it } from 'vitest'

// Your job; it would import nothing of the server.
async function backUp(options: OssWriteStreamOptions) {
  const dump = Readable.from([Buffer.alloc(500 * 1024)])
  await pipeline(dump, createOssWriteStream('oss://backups/dump.sql', options))
}

it('leaves nothing behind when the third part fails', async () => {
  await using server = await createOssServer({ buckets: ['backups'] })
  server.faults.add({ operation: 'UploadPart', partNumber: 3, times: Infinity }, { status: 503 })
  const options = { ...server.options(), partSize: 100 * 1024, retry: { baseDelayMs: 0 } }
  await expect(backUp(options)).rejects.toThrow('503')
  expect(server.objects.list()).toEqual([])
  expect(server.uploads.list()).toEqual([])
  expect(server.storedBodies).toBe(0)
})
