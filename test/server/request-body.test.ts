import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { RequestBody } from '../../src/server/request-body.js'

/** A request of which only this has arrived so far. */
async function receive(
  head: string,
): Promise<{ body: RequestBody; request: IncomingMessage; client: Socket }> {
  const server = createServer({ highWaterMark: 256 * 1024 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const arrived = new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
    server.on('request', (request, response) => resolve([request, response]))
  })
  client.write(head)
  const [request, response] = await arrived
  const body = new RequestBody(request, response, { stallMs: 60_000, expectsContinue: false })
  return { body, request, client }
}

const head = (length: number): string =>
  `PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`

it('reads ahead of a slow disk by a megabyte, not by the body', async () => {
  const size = 64 * 1024 * 1024
  const { body, request, client } = await receive(head(size))
  client.write(Buffer.alloc(size, 'x'))
  const batches = body.batches()
  const first = await batches.next()
  // Nobody asks for more: give the sockets all the time they want.
  for (let i = 0; i < 2000; i += 1) await turn()
  expect(request.socket.bytesRead).toBeLessThan(2 * 1024 * 1024)
  let received = sizeOf(first.value ?? [])
  for await (const batch of batches) received += sizeOf(batch)
  expect(received).toBe(size)
})

it('tells of every piece once, in order, whatever the batches', async () => {
  const content = Buffer.alloc(1_000_000, 'abcdefghijk')
  const { body, client } = await receive(head(content.length))
  client.write(content)
  const told: Uint8Array[] = []
  const given: Uint8Array[] = []
  for await (const batch of body.batches((piece) => told.push(piece))) given.push(...batch)
  expect(Buffer.concat(told).equals(content)).toBe(true)
  expect(Buffer.concat(given).equals(content)).toBe(true)
})

it('fails when the client goes away, what arrived before included', async () => {
  const { body, client } = await receive(head(10))
  client.write('half', () => client.destroy())
  await expect(body.bytes(100)).rejects.toThrow('the connection ended before the request')
})

it('gives a document up to its limit and not a byte more', async () => {
  const { body, client } = await receive(head(5))
  client.write('12345')
  expect(String(await body.bytes(5))).toBe('12345')
  const longer = await receive(
    'PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n',
  )
  await expect(longer.body.bytes(5)).rejects.toMatchObject({ ossCode: 'EntityTooLarge' })
})

function sizeOf(batch: readonly Uint8Array[]): number {
  return batch.reduce((sum, piece) => sum + piece.length, 0)
}
