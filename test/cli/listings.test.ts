/** `osspipe ls`, `rm`, `uploads` and `clean` as a user runs them. */
import { describe, expect, it } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssServer } from '../../src/server/server.js'
import { osspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const json = (stdout: Buffer) => JSON.parse(stdout.toString())
const keysOf = (server: OssServer) => server.objects.list().map(({ key }) => key)

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

describe('osspipe rm', { timeout: 60_000 }, () => {
  it('deletes the objects that are named, and no other', async () => {
    const { server } = await withObjects('a', 'b', 'bb')
    const run = await osspipe(server, ['rm', '--json', 'oss://bucket/a', 'oss://bucket/b'])
    expect(run.stderr).toBe('deleted oss://bucket/a\ndeleted oss://bucket/b\n')
    expect(json(run.stdout)).toEqual({
      dryRun: false,
      ifPresent: false,
      deleted: ['oss://bucket/a', 'oss://bucket/b'],
    })
    expect(keysOf(server)).toEqual(['bb'])
  })

  it('fails for what does not exist, unless that is meant', async () => {
    const { server } = await withObjects('a')
    const { code, stderr } = await osspipe(server, ['rm', 'oss://bucket/b'])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'osspipe: There is no object oss://bucket/b\n',
    })
    expect(await osspipe(server, ['rm', '-f', 'oss://bucket/b'])).toMatchObject({ code: 0 })
    expect(keysOf(server)).toEqual(['a'])
  })

  it('ends with the first that fails: those before it are gone, those behind it stay', async () => {
    const { server } = await withObjects('a', 'c')
    const { code, stderr } = await osspipe(server, [
      'rm',
      'oss://bucket/a',
      'oss://bucket/b',
      'oss://bucket/c',
    ])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'deleted oss://bucket/a\nosspipe: There is no object oss://bucket/b\n',
    })
    expect(keysOf(server)).toEqual(['c'])
  })

  it('does not claim with --force that anything was there, and asks no more for that', async () => {
    const { server } = await withObjects('a')
    const deleted = ['oss://bucket/a', 'oss://bucket/b']
    const args = ['rm', '--force', '--json', ...deleted]
    const look = await osspipe(server, [...args, '--dry-run'])
    expect(look.stderr).toBe(
      deleted.map((name) => `would delete ${name}, if it is there\n`).join(''),
    )
    expect(json(look.stdout)).toEqual({ dryRun: true, ifPresent: true, deleted })
    server.requests.clear()
    const run = await osspipe(server, args)
    expect(run.stderr).toBe(deleted.map((name) => `deleted ${name}, if it was there\n`).join(''))
    expect(json(run.stdout)).toEqual({ dryRun: false, ifPresent: true, deleted })
    expect(server.requests.operations()).toEqual(['DeleteObject', 'DeleteObject'])
    expect(keysOf(server)).toEqual([])
  })

  it('knows of what it has listed that it was there, also with --force', async () => {
    const { server } = await withObjects('dir/a')
    const run = await osspipe(server, ['rm', '-rf', '--json', 'oss://bucket/dir/'])
    expect(run.stderr).toBe('deleted oss://bucket/dir/a\n1 object\n')
    expect(json(run.stdout)).toMatchObject({ ifPresent: false })
  })

  it('deletes all that begins with a prefix, after a look', async () => {
    const { server } = await withObjects('a', 'dir/b', 'dir/c')
    const args = ['rm', '-r', 'oss://bucket/dir/']
    const look = await osspipe(server, [...args, '--dry-run'])
    expect(look.stderr).toBe(
      'would delete oss://bucket/dir/b\nwould delete oss://bucket/dir/c\n2 objects to be deleted\n',
    )
    expect(keysOf(server)).toHaveLength(3)
    expect(await osspipe(server, args)).toMatchObject({ code: 0 })
    expect(keysOf(server)).toEqual(['a'])
  })

  it('deletes a page of them in one request, and tells them in order', async () => {
    const keys = Array.from({ length: 1002 }, (_, n) => `dir/${String(n).padStart(4, '0')}`)
    const { server } = await withObjects('other', ...keys)
    server.requests.clear()
    const { code, stdout, stderr } = await osspipe(server, [
      'rm',
      '-r',
      '--json',
      'oss://bucket/dir/',
    ])
    expect(code).toBe(0)
    expect(json(stdout).deleted).toEqual(keys.map((key) => `oss://bucket/${key}`))
    const lines = keys.map((key) => `deleted oss://bucket/${key}\n`)
    expect(stderr).toBe(`${lines.join('')}1002 objects\n`)
    expect(server.requests.operations()).toEqual([
      ...['ListObjectsV2', 'DeleteMultipleObjects'],
      ...['ListObjectsV2', 'DeleteMultipleObjects'],
    ])
    expect(keysOf(server)).toEqual(['other'])
  })

  it('deletes keys that no document can carry, and no other instead', async () => {
    const { server } = await withObjects('d/a', 'd/a\n', 'd/a\u0001', 'd/a ', 'd')
    const { code, stderr } = await osspipe(server, ['rm', '-r', 'oss://bucket/d/a'])
    expect(code).toBe(0)
    expect(stderr).toContain('deleted "oss://bucket/d/a\\n"\n')
    expect(stderr).toContain('4 objects\n')
    expect(keysOf(server)).toEqual(['d'])
  })

  it('tells what it could not delete, and what it has, and goes no further', async () => {
    const { server } = await withObjects('d/a', 'd/b', 'd/c', 'd/d')
    server.faults.add({ operation: 'DeleteMultipleObjects' }, { status: 200, body: '' })
    for (const key of ['d/b', 'd/c']) {
      server.faults.add({ operation: 'DeleteObject', key }, { status: 403, code: 'AccessDenied' })
    }
    const { code, stdout, stderr } = await osspipe(server, [
      'rm',
      '-r',
      '--json',
      'oss://bucket/d/',
    ])
    expect(code).toBe(6)
    expect(stderr).toMatch(
      /^deleted oss:\/\/bucket\/d\/a\ndeleted oss:\/\/bucket\/d\/d\nosspipe: DeleteObject of oss:\/\/bucket\/d\/c failed.*AccessDenied.*\nosspipe: DeleteObject of oss:\/\/bucket\/d\/b failed.*AccessDenied.*\n$/,
    )
    expect(json(stdout)).toMatchObject({ error: { exitCode: 6, ossCode: 'AccessDenied' } })
    expect(keysOf(server)).toEqual(['d/b', 'd/c'])
  })

  it('spares what is younger', async () => {
    const { server } = await withObjects('dir/b')
    const args = ['rm', '-r', '--older-than', '1h', 'oss://bucket/dir/']
    expect(await osspipe(server, args)).toMatchObject({ code: 0, stderr: '0 objects\n' })
    expect(keysOf(server)).toEqual(['dir/b'])
  })

  it.each([
    [['-r', 'oss://bucket']],
    [['-r', 'oss://bucket/']],
    [['-r', 'oss://bucket/a', 'oss://bucket/b']],
    [['--older-than', '1d', 'oss://bucket/a']],
    [['oss://bucket/a', 'oss://bucket/']],
  ])('refuses %j, and deletes nothing', async (args) => {
    const { server } = await withObjects('a', 'b')
    expect(await osspipe(server, ['rm', ...args])).toMatchObject({ code: 2 })
    expect(keysOf(server)).toEqual(['a', 'b'])
  })
})

describe('osspipe uploads', { timeout: 60_000 }, () => {
  it('tells of each since when, its id and its key', async () => {
    const { server, ids } = await withUploads('a', 'dir/b')
    const run = await osspipe(server, ['uploads', 'oss://bucket/dir/'])
    expect(run.stdout.toString()).toMatch(new RegExp(`^\\S+Z ${ids[1]} dir/b\n$`))
    expect(run).toMatchObject({ code: 0, stderr: '1 unfinished upload\n' })
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
