/** What is asked of the service: which header goes on which request, under which key, how often. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { RetryNotice } from '../../src/client/call-options.js'
import type { OssWriteStreamOptions } from '../../src/options.js'
import { OBJECT_HEADER_OPTION_NAMES } from '../../src/protocol/headers.js'
import type { InspectedObject, OssServer } from '../../src/server/server.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { FakeClock } from '../helpers/fake-clock.js'
import { bytes, PART } from '../helpers/new-upload.js'
import { ending, KEY, openStream, streamOptions } from '../helpers/open-stream.js'
import { startServer } from '../helpers/start-server.js'

const SMALL = bytes(1000)
const LARGE = bytes(2.5 * PART)
const INPUTS: readonly [string, Buffer][] = [
  ['a small object', SMALL],
  ['one of several parts', LARGE],
]
const PARTS = ['UploadPart 1', 'UploadPart 2', 'UploadPart 3']
const CREATING = ['InitiateMultipartUpload']
const PUBLISHING = ['CompleteMultipartUpload']
const LARGE_UPLOAD = [...CREATING, ...PARTS, ...PUBLISHING]

/** Uploads `input` and gives the server that has it. */
async function upload(input: Buffer, options: OssWriteStreamOptions): Promise<OssServer> {
  const { server, out } = await openStream(options)
  await finished(out.end(input))
  expect(requests(server)).toEqual(input === LARGE ? LARGE_UPLOAD : ['PutObject'])
  return server
}

/** The requests, those of parts in order of their numbers; of those that carry `header`, if given. */
function requests(server: OssServer, header?: string): string[] {
  const operations = ['PutObject', 'InitiateMultipartUpload', 'UploadPart']
  const rank = (operation: string | undefined) => operations.indexOf(operation ?? '') >>> 0
  return server.requests.all
    .filter(({ headers }) => header === undefined || header in headers)
    .sort(
      (a, b) => rank(a.operation) - rank(b.operation) || (a.partNumber ?? 0) - (b.partNumber ?? 0),
    )
    .map(({ operation, partNumber }) => `${operation} ${partNumber ?? ''}`.trim())
}

/** Every value that `header` had in any request. */
function values(server: OssServer, header: string): string[] {
  const found = server.requests.all.flatMap(({ headers }) => headers[header] ?? [])
  return [...new Set(found)]
}

function object(server: OssServer): InspectedObject | undefined {
  return server.objects.get('bucket', KEY)
}

interface Row {
  readonly options: OssWriteStreamOptions
  readonly header: string
  readonly value: string
  /** The requests of a multipart upload that carry it; a PutObject carries everything. */
  readonly on: readonly string[]
  /** What is to be found in the object. */
  readonly object?: object
}

/** An option whose header is stored as it was sent. */
function kept(options: OssWriteStreamOptions, header: string, value: string): Row {
  return { options, header, value, on: CREATING, object: { headers: { [header]: value } } }
}

const KMS_KEY = 'e1935511-cf88-1123-a0f8-1be8d2511233'
const ROWS: readonly Row[] = [
  {
    options: { headers: { 'X-Oss-Object-Acl': 'private' } },
    header: 'x-oss-object-acl',
    value: 'private',
    on: PUBLISHING,
    object: { acl: 'private' },
  },
  kept({ cacheControl: 'max-age=60' }, 'cache-control', 'max-age=60'),
  kept(
    { contentDisposition: 'attachment; filename="a b"' },
    'content-disposition',
    'attachment; filename="a b"',
  ),
  kept({ contentEncoding: 'gzip' }, 'content-encoding', 'gzip'),
  kept({ expires: new Date(Date.UTC(2032, 0, 1)) }, 'expires', 'Thu, 01 Jan 2032 00:00:00 GMT'),
  kept({ expires: 'tomorrow' }, 'expires', 'tomorrow'),
  kept({ storageClass: 'IA' }, 'x-oss-storage-class', 'IA'),
  kept({ serverSideEncryption: 'AES256' }, 'x-oss-server-side-encryption', 'AES256'),
  kept(
    { serverSideEncryption: 'KMS', sseKmsKeyId: KMS_KEY },
    'x-oss-server-side-encryption-key-id',
    KMS_KEY,
  ),
  kept({ headers: { 'Content-Language': 'de' } }, 'content-language', 'de'),
  kept({ meta: { Owner: 'Müller' } }, 'x-oss-meta-owner', 'Müller'),
  {
    options: { tagging: { team: 'a b', größe: '1&2' } },
    header: 'x-oss-tagging',
    value: 'team=a%20b&gr%C3%B6%C3%9Fe=1%262',
    on: CREATING,
    object: { tagging: { team: 'a b', größe: '1&2' } },
  },
  {
    options: { acl: 'public-read' },
    header: 'x-oss-object-acl',
    value: 'public-read',
    on: PUBLISHING,
    object: { acl: 'public-read' },
  },
  {
    options: { forbidOverwrite: true },
    header: 'x-oss-forbid-overwrite',
    value: 'true',
    on: [...CREATING, ...PUBLISHING],
  },
  {
    options: { trafficLimit: 819_200 },
    header: 'x-oss-traffic-limit',
    value: '819200',
    on: PARTS,
  },
]

describe('an option of the object', () => {
  const rows = ROWS.map((row) => ({ ...row, name: JSON.stringify(row.options) }))

  it.each(rows)('$name goes on PutObject, and is stored', async (row) => {
    const server = await upload(SMALL, row.options)
    expect(requests(server, row.header)).toEqual(['PutObject'])
    expect(values(server, row.header)).toEqual([row.value])
    expect(object(server)).toMatchObject({ type: 'Normal', ...row.object })
  })

  it.each(rows)('$name goes on $on of a multipart upload, and is stored', async (row) => {
    const server = await upload(LARGE, row.options)
    expect(requests(server, row.header)).toEqual(row.on)
    expect(values(server, row.header)).toEqual([row.value])
    expect(object(server)).toMatchObject({ type: 'Multipart', ...row.object })
  })

  it('`contentType` goes on what creates the object; the list of the parts has its own', async () => {
    const options = { contentType: 'text/x-own' }
    const small = await upload(SMALL, options)
    const large = await upload(LARGE, options)
    expect(values(small, 'content-type')).toEqual(['text/x-own'])
    expect(values(large, 'content-type')).toEqual(['text/x-own', 'application/xml'])
    expect(requests(large, 'content-type')).toEqual([...CREATING, ...PUBLISHING])
    for (const server of [small, large]) {
      expect(object(server)?.headers['content-type']).toBe('text/x-own')
    }
  })

  it.each(INPUTS)('that calls back goes on what publishes: %s', async (_, input) => {
    const heard: string[] = []
    const application = createServer(async (request, response) => {
      for await (const text of request.setEncoding('utf8')) heard.push(text)
      response.end('{"ok":true}')
    })
    await once(application.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void application.close().closeAllConnections())
    const url = `http://127.0.0.1:${(application.address() as AddressInfo).port}/done`
    const body = ['object', 'size', 'x:my'].map((name) => `\${${name}}`).join(' ')
    const vars = { 'x:my': 'own' }
    const server = await upload(input, { callback: { url, body, vars } })
    const on = input === LARGE ? PUBLISHING : ['PutObject']
    expect(requests(server, 'x-oss-callback')).toEqual(on)
    expect(requests(server, 'x-oss-callback-var')).toEqual(on)
    const told = (header: string) =>
      JSON.parse(Buffer.from(values(server, header)[0] ?? '', 'base64').toString())
    expect(told('x-oss-callback')).toEqual({ callbackUrl: url, callbackBody: body })
    expect(told('x-oss-callback-var')).toEqual(vars)
    expect(heard).toEqual([`${encodeURIComponent(KEY)} ${input.length} own`])
    expect((await object(server)?.content())?.equals(input)).toBe(true)
  })

  it('is in these tests, whatever its name', () => {
    const tested = ROWS.flatMap(({ options }) => Object.keys(options))
    expect(new Set([...tested, 'contentType', 'callback'])).toEqual(
      new Set(OBJECT_HEADER_OPTION_NAMES),
    )
  })

  it.each(INPUTS)('that forbids overwriting keeps what is there: %s', async (_, input) => {
    const server = await startServer()
    const options = streamOptions(server, { forbidOverwrite: true })
    const target = `oss://bucket/${KEY}`
    const older = bytes(10, 7)
    await finished(createOssWriteStream(target, options).end(older))
    const out = createOssWriteStream(target, options)
    out.end(input)
    expect(await ending(out)).toMatchObject({ ossCode: 'FileAlreadyExists', outcome: 'absent' })
    expect((await object(server)?.content())?.equals(older)).toBe(true)
    expect(server.uploads.list()).toEqual([])
  })
})

describe('a key', () => {
  const keys: readonly [string, string][] = [
    'a//b',
    'a/../b',
    './x',
    '../x',
    'a/.',
    'a/',
    '%2F',
    '%',
    '+',
    'a b',
    ' ',
    '?a=b#c',
    '&',
    'a\\b',
    '中文',
    '😀/👩‍👩‍👧',
    'e\u0301',
    '\u00e9',
    'line\nbreak',
    '~!*\'()"<>',
    'k'.repeat(1023),
    '中'.repeat(341),
  ].map((key) => [key.length > 20 ? `${key.slice(0, 3)}…` : JSON.stringify(key), key])

  it.each(keys)('%s is that of the object, byte for byte, after PutObject', async (_, key) => {
    const server = await startServer()
    const out = createOssWriteStream(`oss://bucket/${key}`, streamOptions(server))
    await finished(out.end(SMALL))
    expect(server.requests.operations()).toEqual(['PutObject'])
    expect(server.objects.list().map((each) => each.key)).toEqual([key])
    expect(out.result).toMatchObject({ bucket: 'bucket', key })
  })

  it.each(keys)('%s is that of the object after a multipart upload', async (_, key) => {
    const server = await startServer()
    const out = createOssWriteStream({ bucket: 'bucket', key, ...streamOptions(server) })
    await finished(out.end(LARGE))
    expect(requests(server)).toEqual(LARGE_UPLOAD)
    expect(server.requests.all.map((request) => request.key)).toEqual(LARGE_UPLOAD.map(() => key))
    expect(server.objects.list().map((each) => each.key)).toEqual([key])
    expect(out.result).toMatchObject({ bucket: 'bucket', key })
  })
})

describe('a retry', () => {
  it('is told to `onRetry` of the stream, and by the event', async () => {
    const notices: RetryNotice[] = []
    const { server, out } = await openStream({ onRetry: (notice) => notices.push(notice) })
    const events: RetryNotice[] = []
    out.on('retry', (notice) => events.push(notice))
    server.faults.add({ operation: 'UploadPart', partNumber: 2, times: 2 }, { status: 503 })
    await finished(out.end(LARGE))
    const expected = { operation: 'UploadPart', bucket: 'bucket', key: KEY, partNumber: 2 }
    expect(notices).toMatchObject([
      { ...expected, attempt: 1, error: { status: 503 } },
      { ...expected, attempt: 2, error: { status: 503 } },
    ])
    expect(events).toEqual(notices)
    expect(out.result?.retries).toBe(2)
  })

  it.each([
    ['PutObject', SMALL],
    ['UploadPart', LARGE],
  ] as const)('of %s is not made with no time for it', async (operation, input) => {
    const clock = new FakeClock()
    const notices: RetryNotice[] = []
    const { server, out } = await openStream(
      {
        clock,
        concurrency: 1,
        retry: { maxElapsedMs: 0 },
        onRetry: (notice) => notices.push(notice),
      },
      { now: () => clock.now() },
    )
    server.faults.add({ operation, times: Number.POSITIVE_INFINITY }, { status: 503 })
    out.end(input)
    expect(await ending(out)).toMatchObject({ operation, attempts: 1, status: 503 })
    expect(server.requests.of(operation)).toHaveLength(1)
    expect(notices).toEqual([])
  })
})
