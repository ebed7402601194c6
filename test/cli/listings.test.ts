/** `osspipe ls`, `uploads` and `clean` as a user runs them. */
import { describe, expect, it } from 'vitest'
import { uploadLine } from '../../src/cli/uploads.js'
import { OssClient } from '../../src/client/client.js'
import { osspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const json = (stdout: Buffer) => JSON.parse(stdout.toString())

async function withObjects(...keys: string[]) {
  const server = await startServer()
  const client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  for (const key of keys) await client.putObject({ key, body: key })
  return { server, client }
}

async function withUploads(...keys: string[]) {
  const { server, client } = await withObjects()
  const uploads = []
  for (const key of keys) uploads.push(await client.initiateMultipartUpload({ key }))
  return { server, client, ids: uploads.map(({ uploadId }) => uploadId) }
}

describe('osspipe ls', { timeout: 60_000 }, () => {
  it('tells date, size and key of what is not in a folder', async () => {
    const { server } = await withObjects('a.sql', 'dir/b', 'dir/c', 'line\nbreak')
    const { code, stdout, stderr } = await osspipe(server, ['ls', 'oss://bucket'])
    const date = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.000Z'
    expect(stdout.toString()).toMatch(
      new RegExp(`^ +folder dir/\n${date} +5 a\\.sql\n${date} +10 "line\\\\nbreak"\n$`),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '2 objects, 15 B\n' })
  })

  it('tells what is in folders, on more pages than one, as one object', async () => {
    const keys = Array.from({ length: 1001 }, (_, n) => `dir/${String(n).padStart(4, '0')}`)
    const { server } = await withObjects('other', ...keys)
    const args = ['ls', '-r', '--json', '-q', 'oss://bucket/dir/']
    const { code, stdout, stderr } = await osspipe(server, args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const result = json(stdout)
    expect(result).toMatchObject({ bucket: 'bucket', prefix: 'dir/', count: 1001, folders: [] })
    expect(result.objects.map(({ key }: { key: string }) => key)).toEqual(keys)
    expect(result.objects[0]).toMatchObject({ size: 8, etag: expect.any(String) })
  })

  it.each([
    [['ls', 'oss://nowhere'], 1, 'NoSuchBucket'],
    [['ls', 'bucket'], 2, 'Expected oss://BUCKET/PREFIX, got "bucket"'],
    [['ls'], 2, 'Expected 1 argument (PREFIX), got 0'],
  ])('%j fails with exit code %i', async (args, code, text) => {
    const { server } = await withObjects()
    const run = await osspipe(server, args)
    expect(run.stderr).toContain(text)
    expect(run.code).toBe(code)
  })

  it('exits with 6 where it is not permitted', async () => {
    const { server } = await withObjects()
    const env = { OSS_ACCESS_KEY_SECRET: 'wrong' }
    const { code, stderr } = await osspipe(server, ['ls', 'oss://bucket'], { env })
    expect(stderr).toContain('SignatureDoesNotMatch')
    expect(code).toBe(6)
  })
})

describe('osspipe uploads', { timeout: 60_000 }, () => {
  it('tells of each since when, its id and its key', async () => {
    const { server, ids } = await withUploads('a', 'dir/b')
    const run = await osspipe(server, ['uploads', 'oss://bucket/dir/'])
    expect(run.stdout.toString()).toMatch(new RegExp(`^\\S+Z ${ids[1]} dir/b\n$`))
    expect(run).toMatchObject({ code: 0, stderr: '1 unfinished upload\n' })
  })

  it('counts one byte as one', () => {
    const upload = { key: 'a', uploadId: 'ID', initiated: 'then', parts: 1, size: 1 }
    expect(uploadLine(upload)).toBe('then ID a (1 part, 1 byte)\n')
  })

  it('tells how many bytes are billed', async () => {
    const { server, client, ids } = await withUploads('a')
    const [uploadId = ''] = ids
    await client.uploadPart({ key: 'a', uploadId, partNumber: 1, body: Buffer.alloc(5000) })
    const run = await osspipe(server, ['uploads', '--parts', 'oss://bucket'])
    expect(run.stdout.toString()).toContain(' a (1 part, 5000 bytes)\n')
    expect(run.stderr).toBe('1 unfinished upload, 4.88 KiB in parts\n')
    const { stdout } = await osspipe(server, ['uploads', '--parts', '--json', 'oss://bucket'])
    expect(json(stdout).uploads).toEqual([
      {
        key: 'a',
        uploadId,
        initiated: expect.any(String),
        storageClass: 'Standard',
        parts: 1,
        size: 5000,
      },
    ])
  })
})

describe('osspipe clean', { timeout: 60_000 }, () => {
  it('ends what is old enough, after a look', async () => {
    const { server, ids } = await withUploads('dir/a', 'b')
    const args = ['clean', '--older-than', '0s', 'oss://bucket/dir/']
    // An upload of this very second is not older than now.
    server.faults.add({ operation: 'ListMultipartUploads', times: 2 }, { skewMs: 60_000 })
    const look = await osspipe(server, [...args, '--dry-run'])
    expect(look.stderr).toContain(`would end ${ids[0]} of oss://bucket/dir/a, begun 20`)
    expect(look.stderr).toContain('1 upload would be ended, 0 too young\n')
    expect(server.uploads.list()).toHaveLength(2)
    const { code, stdout } = await osspipe(server, [...args, '--json'])
    expect(json(stdout)).toMatchObject({ cleaned: [{ uploadId: ids[0] }], kept: 0, failed: [] })
    expect(code).toBe(0)
    expect(server.uploads.list().map(({ key }) => key)).toEqual(['b'])
  })

  it('spares what is younger', async () => {
    const { server } = await withUploads('a')
    const run = await osspipe(server, ['clean', '--older-than', '1d', 'oss://bucket'])
    expect(run).toMatchObject({ code: 0, stderr: '0 uploads ended, 1 too young\n' })
    expect(server.uploads.list()).toHaveLength(1)
  })

  it('ends the one that is named, once or twice', async () => {
    const { server, ids } = await withUploads('a', 'a')
    const args = ['clean', '--upload-id', ids[0] ?? '', 'oss://bucket/a']
    const first = await osspipe(server, args)
    expect(first).toMatchObject({ code: 0, stderr: `ended ${ids[0]} of oss://bucket/a\n` })
    expect(server.uploads.list().map(({ uploadId }) => uploadId)).toEqual([ids[1]])
    const second = await osspipe(server, args)
    expect(second.stderr).toBe(`has ended already: ${ids[0]} of oss://bucket/a\n`)
    expect(second.code).toBe(0)
  })

  it.each([
    ['all that are old', (_id: string) => ['--older-than', '0s', 'oss://bucket']],
    ['the one that is named', (id: string) => ['--upload-id', id, 'oss://bucket/a']],
  ])('exits with 3 where parts of %s are left', async (_which, argsFor) => {
    const { server, ids } = await withUploads('a')
    server.faults.add({ operation: 'ListMultipartUploads' }, { skewMs: 60_000 })
    server.faults.add({ operation: 'AbortMultipartUpload' }, { status: 403, code: 'AccessDenied' })
    const run = await osspipe(server, ['clean', ...argsFor(ids[0] ?? '')])
    expect(run.stderr).toMatch(/ould not end [0-9A-F]+ of oss:\/\/bucket\/a.*AccessDenied/)
    expect(run.code).toBe(3)
  })

  it.each([
    [['oss://bucket']],
    [['--older-than', '1d', '--upload-id', 'X', 'oss://bucket/a']],
    [['--older-than', 'yesterday', 'oss://bucket']],
    [['--upload-id', 'X', 'oss://bucket']],
  ])('refuses %j', async (args) => {
    const { server } = await withUploads('a')
    expect(await osspipe(server, ['clean', ...args])).toMatchObject({ code: 2 })
    expect(server.uploads.list()).toHaveLength(1)
  })
})
