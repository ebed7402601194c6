/** GetObject with its body handed over: what the caller's functions throw ends it, whatever it is. */
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import { TransportError } from '../../src/errors.js'
import { bytes } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const INPUT = bytes(300_000)

describe('receiveObject', () => {
  it('hands over the bytes in order, each once, over all attempts', async () => {
    const { server, client } = await stored()
    server.faults.add({ times: 3 }, { breakAfter: 50_000 })
    const chunks: Uint8Array[] = []
    const onData = (chunk: Uint8Array) => chunks.push(chunk)
    const { size } = await client.receiveObject({ key: 'key', onData })
    expect(size).toBe(INPUT.length)
    expect(Buffer.concat(chunks).equals(INPUT)).toBe(true)
    expect(server.requests.all).toHaveLength(4)
  })

  it.each([
    ['a page', { status: 200, body: '<html>' }],
    ['nothing', { status: 200, body: '' }],
    [
      'a part of a page',
      { status: 206, body: '<html>', headers: { 'content-range': 'bytes 0-5/6' } },
    ],
  ])(
    'asks for all of it again when %s without an ETag has come in its place',
    async (_, answer) => {
      const { server, client } = await stored()
      for (const range of [undefined, { start: 0, end: 200_000 }]) {
        server.faults.add({ operation: 'GetObject' }, answer)
        const chunks: Uint8Array[] = []
        const onData = (chunk: Uint8Array) => chunks.push(chunk)
        const { size } = await client.receiveObject({ key: 'key', range, onData })
        expect(size).toBe(INPUT.length)
        expect(Buffer.concat(chunks).equals(INPUT.subarray(0, range?.end))).toBe(true)
      }
      expect(server.requests.all).toHaveLength(4)
    },
  )

  it.each(['onHead', 'onData'])(
    'ends with what %s throws, though it be one of ours',
    async (name) => {
      const { server, client } = await stored()
      const thrown = new TransportError('interrupted', 'of another request')
      let count = 0
      const refuse = () => {
        count += 1
        throw thrown
      }
      const receiving = client.receiveObject({ key: 'key', onData: () => {}, [name]: refuse })
      await expect(receiving).rejects.toBe(thrown)
      expect(thrown.message).toBe('of another request')
      expect(count).toBe(1)
      expect(server.requests.all).toHaveLength(1)
    },
  )
})

async function stored() {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {}, retry: FAST })
  await client.putObject({ key: 'key', body: INPUT })
  server.requests.clear()
  return { server, client }
}
