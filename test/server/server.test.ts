import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createOssServer } from '../../src/server/server.js'
import { startServer } from '../helpers/start-server.js'
import { call, send } from './caller.js'

describe('a server', () => {
  it('gives what a client needs', async () => {
    const server = await startServer({ region: 'oss-cn-beijing' })
    const { endpoint, region, credentials } = server.options()
    expect(endpoint).toBe(`http://127.0.0.1:${server.port}`)
    expect(region).toBe('cn-beijing')
    expect(credentials.accessKeyId).toMatch(/^LTAI/)
    expect((await call(server, { method: 'GET' })).status).toBe(200)
  })

  it('takes the credentials it is given, all of them', async () => {
    const credentials = [
      { accessKeyId: 'a', accessKeySecret: '1' },
      { accessKeyId: 'b', accessKeySecret: '2', securityToken: 'token' },
    ]
    const server = await startServer({ credentials })
    expect(server.options().credentials).toEqual(credentials[0])
    for (const pair of credentials) {
      expect((await call(server, { method: 'GET', credentials: pair })).status).toBe(200)
    }
  })

  it.each([
    ['a bad region', { region: 'a b' }],
    ['a bad bucket name', { buckets: ['UPPER'] }],
    ['an empty list of credentials', { credentials: [] }],
  ])('refuses %s', async (_, options) => {
    await expect(createOssServer(options)).rejects.toMatchObject({ code: 'ERR_OSS_INVALID_OPTION' })
  })

  it('says so if the port is taken', async () => {
    const { port } = await startServer()
    await expect(createOssServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('says what to install if memfs is missing', async () => {
    vi.doMock('memfs', () => {
      throw new Error('Cannot find package')
    })
    onTestFinished(() => void vi.doUnmock('memfs'))
    await expect(createOssServer()).rejects.toThrow(/npm install --save-dev memfs/)
  })

  it('keeps what it has in the folder it is given, and nowhere else', async () => {
    const dataDir = join(mkdtempSync(join(tmpdir(), 'oss-')), 'made')
    onTestFinished(() => rmSync(join(dataDir, '..'), { recursive: true }))
    const server = await startServer({ dataDir })
    await call(server, { method: 'PUT', bucket: 'bucket', key: '../../../x', body: 'content' })
    expect(existsSync(join(dataDir, 'buckets/bucket/bucket.json'))).toBe(true)
    expect(existsSync(join(dataDir, '../../x'))).toBe(false)
    await server.close()
    const again = await startServer({ dataDir, buckets: [] })
    expect(String(await again.objects.get('bucket', '../../../x')?.content())).toBe('content')
  })

  it.each(['PUT', 'DELETE'])(
    'says so if what a test looks into is gone by a %s',
    async (method) => {
      const server = await startServer()
      const at = { bucket: 'bucket', key: 'key' }
      await call(server, { method: 'PUT', ...at, body: 'content' })
      const object = server.objects.get('bucket', 'key')
      await call(server, { method, ...at, body: '' })
      await expect(object?.content()).rejects.toThrow('oss://bucket/key')
      await call(server, { method: 'PUT', ...at, body: 'other' })
      expect(String(await server.objects.get('bucket', 'key')?.content())).toBe('other')
    },
  )

  it('closes with connections open and idle, twice, and leaves no handle', async () => {
    const handles = () => process.getActiveResourcesInfo().filter((name) => /TCP/.test(name))
    const server = await createOssServer({ buckets: ['bucket'] })
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    await call(server, { method: 'GET' })
    await Promise.all([server.close(), server.close()])
    await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
    await vi.waitFor(() => expect(handles()).toEqual([]))
    await expect(call(server, { method: 'GET' })).rejects.toThrow()
  })

  it('closes at the end of an `await using`', async () => {
    let port = 0
    {
      await using server = await createOssServer()
      port = server.port
    }
    await new Promise<void>((resolve) => {
      const free = createServer().listen(port, '127.0.0.1', () => free.close(() => resolve()))
    })
  })

  it('tells of its own failures, and serves on', async () => {
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    let broken = false
    const now = () => {
      if (broken) throw new Error('clock')
      return Date.now()
    }
    const server = await startServer({ onError, now, buckets: ['bucket'] })
    await call(server, { method: 'PUT', bucket: 'bucket', key: 'key', body: 'x' })
    broken = true
    await expect(call(server, { method: 'GET' })).rejects.toThrow()
    broken = false
    expect(errors).not.toEqual([])
    expect((await call(server, { method: 'GET' })).status).toBe(200)
  })
})

it('a client that stalls gets RequestTimeout, and its bytes are gone', async () => {
  const server = await startServer({ stallMs: 500 })
  await call(server, {
    method: 'PUT',
    bucket: 'bucket',
    query: { acl: '' },
    headers: { 'x-oss-acl': 'public-read-write' },
    body: '',
  })
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.write('PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf')
    socket.once('data', (bytes) => {
      socket.destroy()
      resolve(String(bytes))
    })
    socket.on('error', reject)
  })
  expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*<Code>RequestTimeout<\/Code>/)
  await vi.waitFor(() => expect(server.storedBodies).toBe(0))
})

it('a client that never ends the head of its request gets RequestTimeout, and the end', async () => {
  const server = await startServer({ stallMs: 20 })
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let received = ''
    socket.write('PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Le')
    socket.setEncoding('utf8').on('data', (text) => {
      received += text
    })
    socket.on('close', () => resolve(received)).on('error', reject)
  })
  expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*<Code>RequestTimeout<\/Code>/)
})

it('a client that goes away leaves nothing, and the next one is served', async () => {
  const server = await startServer()
  const hold = server.faults.add({ operation: 'PutObject' }, { hold: 'arrival' })
  const socket = connect(server.port, '127.0.0.1')
  socket.write('PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf')
  await hold.reached()
  socket.destroy()
  hold.release()
  await vi.waitFor(() => expect(server.requests.inFlight()).toBe(0))
  expect(server.storedBodies).toBe(0)
  expect((await send(server, { method: 'GET', path: '/' })).status).toBe(403)
})

it('lets a client that reads only after it has written all find its early error', async () => {
  const server = await startServer()
  const answer = await new Promise<string>((resolve, reject) => {
    const size = 32 * 1024 * 1024
    const socket = connect(server.port, '127.0.0.1')
    let received = ''
    socket.on('error', reject).pause()
    socket.write(`PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`)
    socket.write(Buffer.alloc(size), () => socket.resume())
    socket.on('data', (bytes) => {
      received += bytes
    })
    socket.on('end', () => resolve(received))
  })
  expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*<Code>AccessDenied<\/Code>/)
})

it('answers requests that come in one packet, in their order', async () => {
  const server = await startServer()
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let received = ''
    socket.on('data', (bytes) => {
      received += bytes
    })
    socket.on('close', () => resolve(received)).on('error', reject)
    const get = (key: string): string => `GET /bucket/${key} HTTP/1.1\r\nHost: x\r\n\r\n`
    socket.end(get('a') + get('%') + get('c'))
  })
  expect([...answer.matchAll(/<Code>(\w+)/g)].map((match) => match[1])).toEqual([
    'AccessDenied',
    'InvalidObjectName',
    'AccessDenied',
  ])
  expect(server.requests.all.map((request) => request.requestOfConnection)).toEqual([1, 2, 3])
})
