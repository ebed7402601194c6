/** Many streams of one client share a budget: what they hold together, and that all of them go on. */
import { finished } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { uploadFile } from '../../src/upload-file.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

async function openMany(count: number, memoryBudget: number, options: OssWriteStreamOptions) {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), env: {}, retry: FAST, memoryBudget })
  const common = { client, partSize: PART, concurrency: 4, ...options }
  const streams = Array.from({ length: count }, (_, index) =>
    createOssWriteStream(`oss://bucket/${index}`, common),
  )
  return { server, client, streams }
}

describe.each([
  ['hashed as they fill', { integrity: 'md5', hashing: 'inline' }],
  ['hashed in batches', { integrity: 'md5+crc64', hashing: 'worker', maxMemory: 16 * PART }],
] as const)('streams of a client, %s', (_name, options) => {
  it.each([
    ['nothing', 0],
    ['less than a part', PART - 1],
    ['three parts', 3 * PART],
  ])('that may have %s beside one part each are whole', async (_budget, memoryBudget) => {
    const { server, streams } = await openMany(12, memoryBudget, options)
    let most = 0
    const look = () => {
      const held = streams.reduce((sum, { progress }) => sum + progress.heldBytes, 0)
      most = Math.max(most, held)
    }
    const inputs = streams.map((_, index) => bytes(5.5 * PART, index + 1))
    await Promise.all(
      streams.map(async (out, index) => {
        out.on('part', look)
        out.end(inputs[index])
        await finished(out)
      }),
    )
    expect(most).toBeGreaterThan(PART)
    expect(most).toBeLessThanOrEqual(12 * PART + memoryBudget)
    for (const [index, input] of inputs.entries()) {
      const content = await server.objects.get('bucket', `${index}`)?.content()
      expect(content?.equals(input)).toBe(true)
    }
    expect(streams.map(({ progress }) => progress.heldBytes)).toEqual(Array(12).fill(0))
  })
})

it('a stream that does not go on keeps no other from doing so', async () => {
  const { server, streams } = await openMany(3, 2 * PART, { integrity: 'md5' })
  const [idle, busy, other] = streams
  if (idle === undefined || busy === undefined || other === undefined) throw new Error('no streams')
  const parts = server.faults.add({ operation: 'UploadPart', key: '0' }, { hold: 'arrival' })
  // All of the budget is in parts that are never answered.
  idle.write(bytes(3.5 * PART))
  await parts.reached(1)
  await Promise.all([busy, other].map((out) => finished(out.end(bytes(4.5 * PART)))))
  idle.destroy()
  await idle.settled
  expect(streams.map(({ progress }) => progress.heldBytes)).toEqual([0, 0, 0])
})

it('a file is read within it, too', async () => {
  const { server, client } = await openMany(0, 0, {})
  const file = new URL('../../package-lock.json', import.meta.url)
  const options = { client, bucket: 'bucket', key: 'file', partSize: PART, concurrency: 3 }
  const result = await uploadFile(file, options)
  expect(result.size).toBe((await server.objects.get('bucket', 'file')?.content())?.byteLength)
})
