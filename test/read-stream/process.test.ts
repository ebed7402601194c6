/** What a read stream is to its process: it does not keep it, and takes no more memory than it may. */
import { beforeAll, describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssServer } from '../../src/server/server.js'
import { bytes } from '../helpers/new-upload.js'
import { runChild } from '../helpers/run-child.js'
import { startServer } from '../helpers/start-server.js'

const MIB = 1024 * 1024

async function serverWith(body: Uint8Array): Promise<OssServer> {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  await client.putObject({ key: 'object', body })
  server.requests.clear()
  return server
}

describe('the process of a read stream', () => {
  it.each([
    ['unread', 0, 0],
    ['paused', 1, 8],
    ['broken off', 1, 8],
    ['read', 16, 16],
  ])('ends by itself when it is left %s', { timeout: 30_000 }, async (how, fewest, most) => {
    const server = await serverWith(bytes(MIB))
    const { code, stdout, stderr } = await runChild('leave-reading', server, [how])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${how}\n`, stderr: '' })
    expect(server.requests.all.length).toBeGreaterThanOrEqual(fewest)
    expect(server.requests.all.length).toBeLessThanOrEqual(most)
  })
})

describe('the memory of a read stream', () => {
  let object: Buffer
  beforeAll(() => {
    object = bytes(48 * MIB)
  })

  it.each([2, 8])('stays within %i MiB of `maxMemory`', { timeout: 60_000 }, async (mebibytes) => {
    const server = await serverWith(object)
    const { stdout, stderr } = await runChild('reading', server, [`${mebibytes * MIB}`])
    expect(stderr).toBe('')
    const { size, mostHeld, mostBuffers } = JSON.parse(stdout)
    expect(size).toBe(object.length)
    expect(mostHeld).toBeLessThanOrEqual(mebibytes * MIB)
    // Beside it: what Node buffers for the consumer, undici's parsers, the kernels' memory.
    expect(mostBuffers).toBeGreaterThan((mebibytes * MIB) / 2)
    expect(mostBuffers).toBeLessThan((mebibytes + 2) * MIB)
  })
})
