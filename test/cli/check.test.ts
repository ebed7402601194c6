/** `osspipe check` as a user runs it, with one thing amiss at a time. */
import { describe, expect, it, vi } from 'vitest'
import { checkClock, daysUntilAborted } from '../../src/cli/check-bucket.js'
import { OssClient } from '../../src/client/client.js'
import type { FaultAction, OssServer } from '../../src/server/server.js'
import { osspipe, startOsspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const DENIED: FaultAction = { status: 403, code: 'AccessDenied' }
const ALWAYS = { times: Number.POSITIVE_INFINITY }

async function check(server: OssServer, env: Record<string, string> = {}, bucket = 'bucket') {
  const args = ['check', '--json', '-q', `oss://${bucket}/app/`]
  const { code, stdout, stderr } = await osspipe(server, args, { env })
  const { findings, ...result } = JSON.parse(stdout.toString())
  const amiss = findings.filter(({ status }: { status: string }) => status !== 'ok')
  return { code, stderr, result, findings, amiss }
}

/** What is always amiss here: no TLS, and no lifecycle rule. */
const USUAL = [
  expect.objectContaining({ status: 'warn', name: 'connection' }),
  expect.objectContaining({ status: 'warn', name: 'lifecycle' }),
]

describe('osspipe check', { timeout: 60_000 }, () => {
  it('tries each permission with a key of its own, and leaves nothing behind', async () => {
    const server = await startServer()
    const { code, result, findings, amiss, stderr } = await check(server)
    expect({ code, stderr, result }).toEqual({
      ...{ code: 0, stderr: '' },
      result: { bucket: 'bucket', prefix: 'app/', isReady: true },
    })
    expect(amiss).toEqual(USUAL)
    expect(findings.map(({ name }: { name: string }) => name)).toEqual([
      ...['connection', 'credentials', 'bucket', 'oss:PutObject', 'oss:AbortMultipartUpload'],
      ...['oss:ListParts', 'oss:GetObject', 'oss:ListObjects', 'oss:ListMultipartUploads'],
      ...['oss:DeleteObject', 'clock', 'lifecycle'],
    ])
    expect(server.objects.list()).toEqual([])
    expect(server.uploads.list()).toEqual([])
    const [put] = server.requests.of('PutObject')
    expect(put?.key).toMatch(/^app\/\.osspipe-check-[0-9a-f]{16}$/)
  })

  it('tells people line by line, with what to do', async () => {
    const server = await startServer()
    const { code, stdout, stderr } = await osspipe(server, ['check', 'oss://bucket'])
    const text = stdout.toString()
    expect(text).toMatch(/^ok {4}oss:PutObject {15}granted \(to upload anything\)$/m)
    expect(text).toMatch(/^warn {2}lifecycle {19}no rule .*\n {34}→ add one: <AbortMultipart/m)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Backups to oss://bucket/ can work.\n',
    })
  })

  it('is content with a lifecycle rule for the prefix', async () => {
    const server = await startServer()
    const { endpoint } = server.options()
    const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
    const rules = [{ prefix: 'app/', enabled: true, abortMultipartUpload: { days: 3 } }]
    expect(endpoint).toBe(server.url)
    server.faults.add(
      { operation: 'GetBucketLifecycle' },
      { status: 200, body: lifecycleDocument, headers: { 'content-type': 'application/xml' } },
    )
    const { amiss, findings } = await check(server)
    expect(amiss).toHaveLength(1)
    expect(findings.at(-1).text).toBe('unfinished uploads are ended after 3 days')
    expect(daysUntilAborted(rules, 'app/')).toBe('3 days')
    await client.close()
  })

  it.each([
    ['PutObject', 'oss:PutObject', 6],
    ['AbortMultipartUpload', 'oss:AbortMultipartUpload', 6],
    ['ListParts', 'oss:ListParts', 0],
    ['HeadObject', 'oss:GetObject', 0],
    ['ListObjectsV2', 'oss:ListObjects', 0],
    ['ListMultipartUploads', 'oss:ListMultipartUploads', 0],
    ['DeleteObject', 'oss:DeleteObject', 0],
  ] as const)('says what is denied: %s is %s, exit code %i', async (operation, name, exit) => {
    const server = await startServer()
    server.faults.add({ operation, ...ALWAYS }, DENIED)
    const { code, amiss, result } = await check(server)
    const advice = expect.stringContaining(`grant ${name} `)
    const status = exit === 0 ? 'warn' : 'fail'
    expect(amiss).toContainEqual(expect.objectContaining({ status, name, text: 'denied', advice }))
    expect({ code, isReady: result.isReady }).toEqual({ code: exit, isReady: exit === 0 })
  })

  it('says what it could not take away', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'DeleteObject', ...ALWAYS }, DENIED)
    server.faults.add({ operation: 'AbortMultipartUpload', ...ALWAYS }, DENIED)
    const { amiss } = await check(server)
    const [object] = server.objects.list()
    const [upload] = server.uploads.list()
    const texts = amiss
      .filter(({ name }: { name: string }) => name === 'left behind')
      .map(({ text }: { text: string }) => text)
    expect(texts).toEqual([
      `the unfinished upload ${upload?.uploadId} of ${upload?.key}, without parts`,
      `the object ${object?.key}`,
    ])
  })

  it.each([
    [
      'a wrong secret',
      { OSS_ACCESS_KEY_SECRET: 'not-the-secret-of-this-key' },
      'OSS_ACCESS_KEY_SECRET',
    ],
    ['an unknown key', { OSS_ACCESS_KEY_ID: 'nobody' }, 'OSS_ACCESS_KEY_ID'],
    ['no key', { OSS_ACCESS_KEY_ID: '' }, 'set OSS_ACCESS_KEY_ID'],
  ])('tells %s, and tries nothing', async (_what, env, advice) => {
    const server = await startServer()
    const { code, amiss } = await check(server, env)
    expect(amiss.at(-1)).toMatchObject({
      ...{ status: 'fail', name: 'credentials' },
      advice: expect.stringContaining(advice),
    })
    expect(code).toBe(6)
    expect(server.requests.of('PutObject')).toEqual([])
  })

  it('tells a bucket that is not there', async () => {
    const server = await startServer()
    const { code, amiss } = await check(server, {}, 'nowhere')
    expect(amiss.at(-1)).toMatchObject({ name: 'bucket', text: 'there is no bucket nowhere' })
    expect(code).toBe(1)
  })

  it('tells an endpoint that nobody answers at', async () => {
    const server = await startServer()
    const env = { OSS_ENDPOINT: 'http://127.0.0.1:9', OSS_MAX_ATTEMPTS: '1' }
    const { code, amiss } = await check(server, env)
    expect(amiss.at(-1)).toMatchObject({
      ...{ status: 'fail', name: 'connection' },
      text: expect.stringContaining('ECONNREFUSED'),
    })
    expect(code).toBe(1)
  })

  it('tells an endpoint that speaks no TLS, and calls it no connection', async () => {
    const server = await startServer()
    const env = { OSS_ENDPOINT: server.url.replace('http:', 'https:'), OSS_MAX_ATTEMPTS: '1' }
    const { code, findings } = await check(server, env)
    expect(findings).toEqual([
      expect.objectContaining({
        ...{ status: 'fail', name: 'connection' },
        advice: expect.stringContaining('speaks no TLS'),
      }),
    ])
    expect(code).toBe(1)
  })

  it('goes on where the bucket may not be asked for', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'GetBucketInfo' }, DENIED)
    const { code, amiss } = await check(server)
    expect({ code, amiss }).toEqual({ code: 0, amiss: USUAL })
  })

  it('takes its upload and object away on a signal', async () => {
    const server = await startServer()
    const held = server.faults.add({ operation: 'ListParts' }, { hold: 'before-answer' })
    const { child, ended } = startOsspipe(server, ['check', 'oss://bucket'])
    await held.reached(1)
    child.kill('SIGINT')
    const { code } = await ended
    expect(code).toBe(130)
    expect(server.objects.list()).toEqual([])
    expect(server.uploads.list()).toEqual([])
  })
})

it('check takes the object away whose answer a signal did not wait for', async () => {
  const server = await startServer()
  const held = server.faults.add({ operation: 'PutObject' }, { hold: 'before-answer' })
  const { child, ended } = startOsspipe(server, ['check', 'oss://bucket'])
  await held.reached(1)
  await vi.waitFor(() => expect(server.objects.list()).toHaveLength(1))
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130 })
  expect(server.objects.list()).toEqual([])
})

const lifecycleDocument =
  '<LifecycleConfiguration><Rule><ID>a</ID><Prefix>app/</Prefix><Status>Enabled</Status>' +
  '<AbortMultipartUpload><Days>3</Days></AbortMultipartUpload></Rule></LifecycleConfiguration>'

describe('a lifecycle rule', () => {
  const rule = { prefix: 'app/', enabled: true, abortMultipartUpload: { days: 7 } }
  it.each([
    [[rule], 'app/x', '7 days'],
    [[{ ...rule, prefix: '' }], 'app/', '7 days'],
    [[{ ...rule, abortMultipartUpload: { days: 1 } }], 'app/', '1 day'],
    [[{ ...rule, enabled: false }], 'app/', undefined],
    [[rule], '', undefined],
    [[{ ...rule, abortMultipartUpload: undefined, expiration: { days: 1 } }], 'app/', undefined],
    [[], 'app/', undefined],
  ])('%j for %j', (rules, prefix, days) => {
    expect(daysUntilAborted(rules, prefix)).toBe(days)
  })
})

describe('a clock', () => {
  it.each([
    [undefined, 'warn', 'could not be compared'],
    [500, 'ok', '1 s behind'],
    [-59_000, 'ok', "59 s ahead of the service's"],
    [61_000, 'warn', '61 s behind'],
    [1_000_000, 'warn', 'every process loses a request'],
  ])('%j ms off is %s', (skewMs, status, text) => {
    const found = checkClock(skewMs)
    expect(found.status).toBe(status)
    expect(found.text).toContain(text)
  })
})
