/** What becomes of a body that is still arriving when somebody else settles the matter. */

import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { OssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'
import { World } from './rules/rule.js'

/** A server whose bucket is open to everybody, so that requests need no signature. */
async function openWorld(): Promise<World> {
  const world = new World(await startServer())
  const headers = { 'x-oss-acl': 'public-read-write' }
  await world.bucket('PUT', { acl: '' }, { headers, body: '' })
  return world
}

/** Sends half of a body and waits until the server stores it; `finish` sends the rest. */
async function beginBody(
  server: OssServer,
  target: string,
  header = '',
): Promise<{ finish(): Promise<string> }> {
  const stored = server.storedBodies
  const socket = connect(server.port, '127.0.0.1')
  const method = target.includes('?append') ? 'POST' : 'PUT'
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n${header}\r\nlate`)
  await vi.waitFor(() => expect(server.storedBodies).toBe(stored + 1))
  return {
    finish: () =>
      new Promise((resolve, reject) => {
        let answer = ''
        socket.setEncoding('utf8').on('data', (text) => {
          answer += text
        })
        socket.on('error', reject).on('close', () => resolve(answer))
        socket.end('late')
      }),
  }
}

describe('a part whose body ends', () => {
  it('after Abort is NoSuchUpload, and gone', async () => {
    const world = await openWorld()
    const { uploadId } = await world.upload('first')
    const target = `/bucket/key?partNumber=1&uploadId=${uploadId}`
    const { finish } = await beginBody(world.server, target)
    expect((await world.object('DELETE', { query: { uploadId } })).status).toBe(204)
    expect(await finish()).toMatch(/^HTTP\/1\.1 404 [\s\S]*NoSuchUpload[\s\S]*0042-00000104/)
    expect(world.server.uploads.list()).toEqual([])
    expect(world.server.storedBodies).toBe(0)
  })

  it('after Complete is NoSuchUpload, and the object stays as it is', async () => {
    const world = await openWorld()
    const { uploadId, parts } = await world.upload('first')
    const target = `/bucket/key?partNumber=1&uploadId=${uploadId}`
    const { finish } = await beginBody(world.server, target)
    expect((await world.complete(uploadId, parts)).status).toBe(200)
    expect(await finish()).toMatch(/^HTTP\/1\.1 404 [\s\S]*<Code>NoSuchUpload/)
    expect((await world.get()).body.toString()).toBe('first')
    expect(world.server.storedBodies).toBe(1)
  })

  it('after that of another with its number replaces it: the last one counts', async () => {
    const world = await openWorld()
    const { uploadId } = await world.upload('first')
    const target = `/bucket/key?partNumber=1&uploadId=${uploadId}`
    const { finish } = await beginBody(world.server, target)
    await world.part(uploadId, 1, 'second')
    expect(await finish()).toMatch(/^HTTP\/1\.1 200 /)
    await world.complete(uploadId, '', { 'x-oss-complete-all': 'yes' })
    expect((await world.get()).body.toString()).toBe('latelate')
    expect(world.server.storedBodies).toBe(1)
  })
})

describe('an object whose body ends', () => {
  it('after its bucket was deleted is NoSuchBucket, and gone', async () => {
    const world = await openWorld()
    const { finish } = await beginBody(world.server, '/bucket/key')
    expect((await world.bucket('DELETE', {})).status).toBe(204)
    expect(await finish()).toMatch(/^HTTP\/1\.1 404 [\s\S]*<Code>NoSuchBucket/)
    expect(world.server.storedBodies).toBe(0)
  })

  it('after another one took its key is refused, if it forbids to overwrite', async () => {
    const world = await openWorld()
    const forbid = 'x-oss-forbid-overwrite: true\r\n'
    const { finish } = await beginBody(world.server, '/bucket/key', forbid)
    await world.put('first')
    expect(await finish()).toMatch(/^HTTP\/1\.1 409 [\s\S]*<Code>FileAlreadyExists/)
    expect((await world.get()).body.toString()).toBe('first')
    expect(world.server.storedBodies).toBe(1)
  })

  it('after another one was appended there is refused', async () => {
    const world = await openWorld()
    const { finish } = await beginBody(world.server, '/bucket/key?append&position=0')
    const query = { append: '', position: '0' }
    expect((await world.object('POST', { query, body: 'first' })).status).toBe(200)
    expect(await finish()).toMatch(/^HTTP\/1\.1 409 [\s\S]*<Code>PositionNotEqualToLength/)
    expect((await world.get()).body.toString()).toBe('first')
    expect(world.server.storedBodies).toBe(1)
  })
})
