/** The example's upload handlers: within limits, and nothing of a client that goes away. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { OssWriteStreamOptions } from 'osspipe'

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createExpressApp } from '../../examples/express-app.js'
import { createFastifyApp } from '../../examples/fastify-app.js'
import { PUT } from '../../examples/nextjs-route.js'
import type { OssServer } from '../../src/server/server.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { FAST } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const MAX = 8 * PART
const CONTENT = bytes(5 * PART + 7)

/** Each starts an app and gives its origin. */
const APPS = {
  async Express(options: OssWriteStreamOptions) {
    const app = createExpressApp(MAX, options).listen(0, '127.0.0.1')
    onTestFinished(() => {
      app.close()
      app.closeAllConnections()
    })
    await once(app, 'listening')
    return `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  },
  async Fastify(options: OssWriteStreamOptions) {
    const app = await createFastifyApp(MAX, options)
    onTestFinished(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
}

async function post(origin: string, form: FormData) {
  const response = await fetch(`${origin}/upload`, { method: 'POST', body: form })
  return { status: response.status, text: await response.text() }
}

function formOf(content: Buffer): FormData {
  const form = new FormData()
  form.set('comment', 'before the file')
  form.set('file', new File([content], 'name.bin', { type: 'application/x-thing' }))
  return form
}

/** Nothing is there, or will be once what was under way is over. */
async function expectNothing(server: OssServer) {
  while (server.uploads.list().length > 0) await turn()
  expect(server.objects.list()).toEqual([])
  expect(server.storedBodies).toBe(0)
}

describe.each(Object.entries(APPS))('the app of %s', (_name, start) => {
  async function open() {
    const server = await startServer({ buckets: ['demo'] })
    const options = { ...server.options(), env: {}, retry: FAST, partSize: PART }
    return { server, origin: await start(options) }
  }

  it('stores the file of a form', async () => {
    const { server, origin } = await open()
    const { status, text } = await post(origin, formOf(CONTENT))
    expect(status).toBe(201)
    const { key, size } = JSON.parse(text)
    expect(size).toBe(CONTENT.length)
    const object = server.objects.get('demo', key)
    expect((await object?.content())?.equals(CONTENT)).toBe(true)
    expect(object?.headers['content-type']).toBe('application/x-thing')
  })

  it('stores a file of exactly the limit, and refuses one that is longer', async () => {
    const { server, origin } = await open()
    expect(await post(origin, formOf(bytes(MAX + 1)))).toMatchObject({ status: 413 })
    expect(await post(origin, formOf(bytes(4 * MAX)))).toMatchObject({ status: 413 })
    await expectNothing(server)
    expect(await post(origin, formOf(bytes(MAX - 1)))).toMatchObject({ status: 201 })
  })

  it('refuses a form without a file, and what is no form', async () => {
    const { server, origin } = await open()
    const form = new FormData()
    form.set('comment', 'no file')
    expect(await post(origin, form)).toMatchObject({ status: 400 })
    const none = await fetch(`${origin}/upload`, { method: 'POST', body: 'text' })
    expect(none.ok).toBe(false)
    expect([...server.requests]).toEqual([])
  })

  it('answers when OSS refuses, and takes the next file', async () => {
    const { server, origin } = await open()
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    const { status, text } = await post(origin, formOf(CONTENT))
    expect(status).toBeGreaterThanOrEqual(400)
    expect(text).toContain('AccessDenied')
    await expectNothing(server)
    expect(await post(origin, formOf(CONTENT))).toMatchObject({ status: 201 })
  })

  it('publishes nothing of a client that goes away in the middle, and keeps no parts', async () => {
    const { server, origin } = await open()
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'before-answer' })
    const client = request(`${origin}/upload`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=cut' },
    })
    client.on('error', () => undefined)
    client.write(
      '--cut\r\nContent-Disposition: form-data; name="file"; filename="name.bin"\r\n\r\n',
    )
    client.write(CONTENT)
    await held.reached()
    client.destroy()
    held.release()
    while (server.requests.of('AbortMultipartUpload').length === 0) await turn()
    await expectNothing(server)
    expect(server.requests.of('CompleteMultipartUpload')).toEqual([])
    expect(await post(origin, formOf(CONTENT))).toMatchObject({ status: 201 })
  })
})

describe('the route handler of Next.js', () => {
  const params = Promise.resolve({ name: 'name.bin' })

  async function open() {
    const server = await startServer({ buckets: ['demo'] })
    const { endpoint, region, credentials } = server.options()
    vi.stubEnv('OSS_ENDPOINT', endpoint)
    vi.stubEnv('OSS_REGION', region)
    vi.stubEnv('OSS_ACCESS_KEY_ID', credentials.accessKeyId)
    vi.stubEnv('OSS_ACCESS_KEY_SECRET', credentials.accessKeySecret)
    vi.stubEnv('OSS_SESSION_TOKEN', undefined)
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    return server
  }

  function requestOf(body: ReadableStream | Buffer | string, more: object = {}): Request {
    return new Request('http://localhost/', { method: 'PUT', body, duplex: 'half', ...more })
  }

  it('stores the body', async () => {
    const server = await open()
    const headers = { 'content-type': 'text/x-thing', 'content-length': `${CONTENT.length}` }
    const response = await PUT(requestOf(CONTENT, { headers }), { params })
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ size: CONTENT.length })
    const object = server.objects.get('demo', 'uploads/name.bin')
    expect((await object?.content())?.equals(CONTENT)).toBe(true)
    expect(object?.headers['content-type']).toBe('text/x-thing')
  })

  it('publishes nothing that is shorter than it said', async () => {
    const server = await open()
    const response = await PUT(requestOf('abc', { headers: { 'content-length': '4' } }), { params })
    expect(response.status).toBe(400)
    await expectNothing(server)
  })

  it('publishes nothing of a client that goes away', async () => {
    const server = await open()
    const client = new AbortController()
    const body = new ReadableStream({
      pull(controller) {
        if (controller.desiredSize === 1) controller.enqueue(CONTENT)
        client.abort(new Error('the client went away'))
      },
    })
    const response = await PUT(requestOf(body, { signal: client.signal }), { params })
    expect(response.status).toBe(400)
    await expectNothing(server)
  })

  it('says that it was OSS that failed', async () => {
    const server = await open()
    server.faults.add({ operation: 'PutObject' }, { status: 403, code: 'AccessDenied' })
    const response = await PUT(requestOf('abc'), { params })
    expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('403')])
    await expectNothing(server)
  })
})
