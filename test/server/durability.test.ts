/** What was acknowledged survives; what was not has either happened or not; nothing else is left. */

import { memfs } from 'memfs'
import { describe, expect, it } from 'vitest'
import { decodeInitiateResult } from '../../src/protocol/xml.js'
import { createOssServer, type OssServer } from '../../src/server/server.js'
import type { ServerFs } from '../../src/server/store-fs.js'
import { startServer } from '../helpers/start-server.js'
import { type Call, call } from './caller.js'
import { CrashingFs } from './crashing-fs.js'

const PART = Buffer.alloc(102_400, 'p')
const CREDENTIALS = [{ accessKeyId: 'id', accessKeySecret: 'secret' }]

/** Ids of uploads by the name that the story gives them. */
type Ids = Map<string, string>

interface Step {
  readonly what: string
  readonly call: (ids: Ids) => Call
  /** Name under which to remember the id of an upload. */
  readonly remember?: string
}

const object = (method: string, key: string, more: Partial<Call> = {}): Call => ({
  method,
  bucket: 'bucket',
  key,
  ...more,
})
const put = (key: string, body: string): Step => ({
  what: `put ${key} ${body}`,
  call: () => object('PUT', key, { body }),
})
const initiate = (key: string, name: string): Step => ({
  what: `initiate ${name}`,
  call: () => object('POST', key, { query: { uploads: '' }, body: '' }),
  remember: name,
})
const part = (key: string, name: string, number: number, body: Uint8Array | string): Step => ({
  what: `part ${number} of ${name}`,
  call: (ids) =>
    object('PUT', key, {
      query: { partNumber: String(number), uploadId: ids.get(name) ?? '' },
      body,
    }),
})
const complete = (key: string, name: string): Step => ({
  what: `complete ${name}`,
  call: (ids) =>
    object('POST', key, {
      query: { uploadId: ids.get(name) ?? '' },
      headers: { 'x-oss-complete-all': 'yes', 'content-length': '0' },
    }),
})
const abort = (key: string, name: string): Step => ({
  what: `abort ${name}`,
  call: (ids) => object('DELETE', key, { query: { uploadId: ids.get(name) ?? '' } }),
})

const STORY: readonly Step[] = [
  { what: 'create another', call: () => ({ method: 'PUT', bucket: 'another', body: '' }) },
  put('a', 'one'),
  put('a', 'two'),
  put('empty', ''),
  initiate('a', 'first'),
  part('a', 'first', 1, PART),
  part('a', 'first', 2, 'tail'),
  part('a', 'first', 2, 'better tail'),
  initiate('b', 'second'),
  part('b', 'second', 1, PART),
  complete('a', 'first'),
  {
    what: 'copy',
    call: () => object('PUT', 'copy', { headers: { 'x-oss-copy-source': '/bucket/a' }, body: '' }),
  },
  { what: 'delete a', call: () => object('DELETE', 'a') },
  {
    what: 'append',
    call: () => object('POST', 'log', { query: { append: '', position: '0' }, body: 'x' }),
  },
  {
    what: 'append more',
    call: () => object('POST', 'log', { query: { append: '', position: '1' }, body: 'y' }),
  },
  abort('b', 'second'),
  {
    what: 'acl',
    call: () =>
      object('PUT', 'log', {
        query: { acl: '' },
        headers: { 'x-oss-object-acl': 'public-read' },
        body: '',
      }),
  },
  { what: 'delete another', call: () => ({ method: 'DELETE', bucket: 'another' }) },
]

function start(fs: ServerFs): Promise<OssServer> {
  return createOssServer({ fs, credentials: CREDENTIALS, onError: () => {}, buckets: ['bucket'] })
}

/** Everything a client could find out, without ids and times. */
async function snapshot(server: OssServer): Promise<string> {
  const objects = []
  for (const one of server.objects.list()) {
    const content = await one.content()
    objects.push([one.bucket, one.key, one.acl, content.length, content.toString('base64', 0, 60)])
  }
  const uploads = server.uploads
    .list()
    .map(({ key, parts }) => [key, parts.map(({ partNumber, etag }) => [partNumber, etag])])
  const { body } = await call(server, { method: 'GET' })
  const buckets = [...body.toString().matchAll(/<Name>([^<]*)/g)].map((match) => match[1])
  return JSON.stringify({ buckets, objects: objects.sort(), uploads: uploads.sort() })
}

/** Tells the story until it ends or a step fails; returns how many steps were acknowledged. */
async function tell(server: OssServer, after?: () => Promise<void>): Promise<number> {
  const ids: Ids = new Map()
  for (const [i, step] of STORY.entries()) {
    const reply = await call(server, step.call(ids))
    if (reply.status >= 300) return i
    if (step.remember) ids.set(step.remember, decodeInitiateResult(reply.body).uploadId)
    await after?.()
  }
  return STORY.length
}

function filesOf(fs: ReturnType<typeof memfs>['fs']): string[] {
  return (fs.readdirSync('/oss', { recursive: true }) as string[]).map(String)
}

describe('a crash', () => {
  it('at any change leaves the state before or after the step, and no litter', async () => {
    const whole = new CrashingFs(memfs().fs, Infinity)
    const server = await start(whole)
    const before = whole.changes
    const states = [await snapshot(server)]
    const told = await tell(server, async () => {
      states.push(await snapshot(server))
    })
    await server.close()
    expect(told).toBe(STORY.length)

    for (let budget = before; budget <= whole.changes; budget += 1) {
      const { fs } = memfs()
      const crashing = await start(new CrashingFs(fs, budget))
      const acknowledged = await tell(crashing)
      await crashing.close()

      const restarted = await start(fs)
      const found = await snapshot(restarted)
      const where = `after ${budget} changes, in: ${STORY[acknowledged]?.what}`
      expect([states[acknowledged], states[acknowledged + 1]], where).toContain(found)
      expect(
        filesOf(fs).filter((name) => name.endsWith('.tmp')),
        where,
      ).toEqual([])
      expect(filesOf(fs).filter((name) => name.startsWith('blobs/')).length, where).toBe(
        restarted.storedBodies,
      )
      await restarted.close()
    }
  }, 60_000)
})

describe('a restart', () => {
  it('finds objects with all that belongs to them', async () => {
    const { fs } = memfs()
    const key = '../../etc/passwd\u0000/😀'
    const server = await startServer({ fs, dataDir: '/data', credentials: CREDENTIALS })
    const headers = {
      'content-type': 'text/plain',
      'x-oss-meta-a': 'b',
      'x-oss-tagging': 'k=v',
      'x-oss-object-acl': 'public-read',
    }
    await call(server, object('PUT', key, { body: 'content', headers }))
    const [was] = server.objects.list()
    await server.close()
    const again = await startServer({ fs, dataDir: '/data', credentials: CREDENTIALS, buckets: [] })
    const found = again.objects.get('bucket', key)
    expect(JSON.stringify(found)).toBe(JSON.stringify(was))
    expect(found).toMatchObject({ meta: { a: 'b' }, tagging: { k: 'v' }, acl: 'public-read' })
    expect(String(await found?.content())).toBe('content')
    expect(fs.readdirSync('/')).toEqual(['data'])
  })

  it('completes an upload begun before', async () => {
    const { fs } = memfs()
    const ids: Ids = new Map()
    const server = await startServer({ fs, credentials: CREDENTIALS })
    const begun = await call(server, initiate('a', 'x').call(ids))
    ids.set('x', decodeInitiateResult(begun.body).uploadId)
    await call(server, part('a', 'x', 1, PART).call(ids))
    await server.close()
    const again = await startServer({ fs, credentials: CREDENTIALS })
    await call(again, part('a', 'x', 2, 'tail').call(ids))
    expect((await call(again, complete('a', 'x').call(ids))).status).toBe(200)
    const content = await again.objects.get('bucket', 'a')?.content()
    expect(content?.equals(Buffer.concat([PART, Buffer.from('tail')]))).toBe(true)
  })
})

it('a failing disk is a 500, and the old object stays', async () => {
  const { fs } = memfs()
  const server = await start(fs)
  await call(server, put('a', 'old').call(new Map()))
  await server.close()
  const probe = new CrashingFs(fs, Infinity)
  await (await start(probe)).close()
  const failing = await start(new CrashingFs(fs, probe.changes + 1))
  const reply = await call(failing, put('a', 'new').call(new Map()))
  expect(reply).toMatchObject({ status: 500, code: 'InternalError' })
  const got = await call(failing, object('GET', 'a'))
  expect(got.body.toString()).toBe('old')
  await failing.close()
})

it('a disk that fails behind the point of no return takes no byte from the object', async () => {
  const { fs } = memfs()
  const shaky = new CrashingFs(fs, Infinity)
  const server = await start(shaky)
  const ids: Ids = new Map()
  const begun = await call(server, initiate('a', 'x').call(ids))
  ids.set('x', decodeInitiateResult(begun.body).uploadId)
  await call(server, part('a', 'x', 1, 'content').call(ids))
  const { rename } = shaky.promises
  shaky.promises.rename = async (from, to) => {
    if (to.includes('/trash/')) throw new Error('disk failure')
    return rename(from, to)
  }
  expect((await call(server, complete('a', 'x').call(ids))).status).toBe(500)
  shaky.promises.rename = rename
  expect((await call(server, abort('a', 'x').call(ids))).status).toBe(204)
  expect((await call(server, object('GET', 'a'))).body.toString()).toBe('content')
  await call(server, object('DELETE', 'a'))
  expect(server.storedBodies).toBe(0)
  await server.close()
})

it('a folder that cannot be flushed after the rename leaves what was there, also for a restart', async () => {
  const { fs } = memfs()
  const shaky = new CrashingFs(fs, Infinity)
  const server = await start(shaky)
  const ids: Ids = new Map()
  await call(server, put('a', 'old').call(ids))
  const begun = await call(server, initiate('m', 'x').call(ids))
  ids.set('x', decodeInitiateResult(begun.body).uploadId)
  await call(server, part('m', 'x', 1, 'old part').call(ids))
  const before = await snapshot(server)

  const { open } = shaky.promises
  shaky.promises.open = (path, flags) =>
    /objects$|uploads\/\w+$/.test(path) ? Promise.reject(new Error('EIO')) : open(path, flags)
  for (const step of [
    put('a', 'new'),
    put('b', 'first'),
    part('m', 'x', 1, 'new part'),
    part('m', 'x', 2, 'first'),
  ]) {
    expect((await call(server, step.call(ids))).status, step.what).toBe(500)
  }
  shaky.promises.open = open
  expect(await snapshot(server)).toBe(before)
  await server.close()

  const again = await start(fs)
  expect(await snapshot(again)).toBe(before)
  expect(again.storedBodies).toBe(2)
  await again.close()
})

it('an append that fails leaves what was there, and nothing else', async () => {
  const shaky = new CrashingFs(memfs().fs, Infinity)
  const server = await start(shaky)
  const append = (position: number) =>
    call(
      server,
      object('POST', 'log', { query: { append: '', position: `${position}` }, body: 'x' }),
    )
  await append(0)
  const { rename } = shaky.promises
  shaky.promises.rename = () => Promise.reject(new Error('disk failure'))
  expect((await append(1)).status).toBe(500)
  shaky.promises.rename = rename
  expect((await append(1)).headers['x-oss-next-append-position']).toBe('2')
  await call(server, object('DELETE', 'log'))
  expect(server.storedBodies).toBe(0)
  await server.close()
})
