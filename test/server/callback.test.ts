import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fillIn } from '../../src/server/callback.js'
import { Gate } from '../helpers/gate.js'
import { startServer } from '../helpers/start-server.js'
import { World } from './rules/rule.js'

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An application server that answers this to everything. */
async function startApplication(status = 200, answer = '{"ok":true}') {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      heard.push({ headers: request.headers, body })
      response.writeHead(status).end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/done`, heard }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64')
}

async function startWorld(): Promise<World> {
  return new World(await startServer())
}

/** A variable of a callback body. */
const slot = (name: string): string => `\${${name}}`

const BODY = ['bucket', 'object', 'size', 'etag', 'x:my']
  .map((name) => `${name.replace('x:', '')}=${slot(name)}`)
  .join('&')

describe('a callback', () => {
  it('is posted after PutObject, and answers for it', async () => {
    const world = await startWorld()
    const { url, heard } = await startApplication()
    const reply = await world.put(
      'content',
      {
        'x-oss-callback': encoded({ callbackUrl: url, callbackBody: BODY, callbackHost: 'app' }),
        'x-oss-callback-var': encoded({ 'x:my': 'a&b' }),
      },
      'a b',
    )
    expect(reply.status).toBe(200)
    expect(reply.body.toString()).toBe('{"ok":true}')
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.headers['x-oss-hash-crc64ecma']).toMatch(/^\d+$/)
    const etag = String(reply.headers.etag).replaceAll('"', '')
    expect(heard).toHaveLength(1)
    expect(heard[0]?.body).toBe(`bucket=bucket&object=a%20b&size=7&etag=${etag}&my=a%26b`)
    expect(heard[0]?.headers).toMatchObject({
      host: 'app',
      'content-type': 'application/x-www-form-urlencoded',
    })
  })

  it('is posted after Complete, and not before', async () => {
    const world = await startWorld()
    const { url, heard } = await startApplication()
    const callback = encoded({ callbackUrl: url, callbackBody: 'x=1' })
    const { uploadId, parts } = await world.upload('part')
    const failed = await world.complete(uploadId, [], { 'x-oss-callback': callback })
    expect([failed.status, heard.length]).toEqual([400, 0])
    const reply = await world.complete(uploadId, parts, { 'x-oss-callback': callback })
    expect([reply.status, reply.body.toString(), heard.length]).toEqual([200, '{"ok":true}', 1])
  })

  it('that fails is a 203, with the object stored', async () => {
    const world = await startWorld()
    const { url } = await startApplication(301)
    const { uploadId, parts } = await world.upload('part')
    const reply = await world.complete(uploadId, parts, {
      'x-oss-callback': encoded({ callbackUrl: url, callbackBody: 'x=1' }),
    })
    expect(reply).toMatchObject({ status: 203, code: 'CallbackFailed', ec: '0007-00000203' })
    expect(reply.body.toString()).toContain('Error status : 301.')
    expect(world.server.objects.get('bucket', 'key')?.size).toBe(4)
    expect(world.server.uploads.list()).toEqual([])
  })

  it('with an answer that is no JSON is a 203', async () => {
    const world = await startWorld()
    const { url } = await startApplication(200, 'fine')
    const headers = { 'x-oss-callback': encoded({ callbackUrl: url, callbackBody: 'x=1' }) }
    expect((await world.put('', headers)).status).toBe(203)
  })

  it('tries its addresses in turn', async () => {
    const world = await startWorld()
    const { url: broken } = await startApplication(500)
    const { url, heard } = await startApplication()
    const callbackUrl = `${broken};${url}`
    const headers = { 'x-oss-callback': encoded({ callbackUrl, callbackBody: 'x=1' }) }
    expect((await world.put('', headers)).status).toBe(200)
    expect(heard).toHaveLength(1)
  })

  it.each(['http://192.0.2.1/', 'http://example.com/', 'https://127.0.0.1/', 'file:///etc/passwd'])(
    'to %s is not made',
    async (callbackUrl) => {
      const world = await startWorld()
      const headers = { 'x-oss-callback': encoded({ callbackUrl, callbackBody: 'x=1' }) }
      const reply = await world.put('', headers)
      expect(reply).toMatchObject({ status: 203, code: 'CallbackFailed' })
    },
  )

  it.each([
    ['no base64', '%'],
    ['no object', encoded([])],
    ['no address', encoded({ callbackBody: 'x' })],
    ['no body', encoded({ callbackUrl: 'http://127.0.0.1' })],
    ['six addresses', encoded({ callbackUrl: 'a;b;c;d;e;f', callbackBody: 'x' })],
    ['more than 5 KiB', encoded({ callbackUrl: 'a', callbackBody: 'x'.repeat(5000) })],
  ])('with %s is InvalidArgument, and nothing is stored', async (_, callback) => {
    const world = await startWorld()
    const reply = await world.put('content', { 'x-oss-callback': callback })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
    expect(world.server.objects.list()).toEqual([])
  })

  it('may not come in header and query at once', async () => {
    const world = await startWorld()
    const callback = encoded({ callbackUrl: 'http://127.0.0.1:1', callbackBody: 'x' })
    const headers = { 'x-oss-callback': callback }
    const reply = await world.object('PUT', { headers, query: { callback }, body: '' })
    expect(reply).toMatchObject({ status: 400, code: 'InvalidArgument' })
  })

  it('does not keep the server from closing, however long its answer takes', async () => {
    const server = await startServer()
    const asked = new Gate()
    const application = createServer((_request, response) => {
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
      void asked.arrive()
    })
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void application.close().closeAllConnections())
    const { port } = application.address() as AddressInfo
    const callback = encoded({ callbackUrl: `http://127.0.0.1:${port}`, callbackBody: 'x=1' })
    const reply = new World(server).put('content', { 'x-oss-callback': callback })
    await Promise.all([expect(reply).rejects.toThrow(), asked.reached().then(() => server.close())])
    expect(server.objects.get('bucket', 'key')?.size).toBe(7)
  })

  it('knows its own variables only', () => {
    const body = `a=${slot('constructor')}&b=${slot('x:toString')}&c=${slot('bucket')}`
    const filled = fillIn({ body, bodyType: 'text', vars: {} }, { bucket: 'mine' })
    expect(filled).toBe('a=&b=&c=mine')
  })

  it('of type JSON has its values quoted', () => {
    const body = `{"o":${slot('object')},"s":${slot('size')},"x":${slot('x:a')}}`
    const filled = fillIn(
      { body, bodyType: 'application/json', vars: { 'x:a': '"' } },
      { object: 'a"b', size: 7 },
    )
    expect(JSON.parse(filled)).toEqual({ o: 'a"b', s: 7, x: '"' })
  })
})
