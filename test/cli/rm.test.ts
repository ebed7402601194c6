/** `osspipe rm` as a user runs it. */
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
  return { server }
}

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

  it.each([[[]], [['--force']], [['--dry-run']]])(
    'says with %j that there is no such bucket',
    async (flags) => {
      const { server } = await withObjects('a')
      const { code, stdout, stderr } = await osspipe(server, [
        'rm',
        '--json',
        ...flags,
        'oss://nowhere/a',
      ])
      const FAILURE =
        /^osspipe: (Head|Delete)Object of oss:\/\/nowhere\/a failed .*404 NoSuchBucket/
      expect(stderr).toMatch(FAILURE)
      expect(json(stdout)).toMatchObject({ error: { exitCode: 1, ossCode: 'NoSuchBucket' } })
      expect({ code, keys: keysOf(server) }).toEqual({ code: 1, keys: ['a'] })
    },
  )

  it('takes no 404 but that of the object for its absence', async () => {
    const { server } = await withObjects('a')
    server.faults.add({ operation: 'HeadObject' }, { status: 404, code: 'SymlinkTargetNotExist' })
    const { code, stderr } = await osspipe(server, ['rm', 'oss://bucket/a'])
    expect(stderr).toMatch(/^osspipe: HeadObject of .+404 SymlinkTargetNotExist/)
    expect({ code, keys: keysOf(server) }).toEqual({ code: 1, keys: ['a'] })
  })

  it('ends with the first that fails: those before it are gone, those behind it stay', async () => {
    const { server } = await withObjects('a', 'c')
    const args = ['rm', '--json', 'oss://bucket/a', 'oss://bucket/b', 'oss://bucket/c']
    const { code, stdout, stderr } = await osspipe(server, args)
    const message = 'There is no object oss://bucket/b (after 1 deletion)'
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `deleted oss://bucket/a\nosspipe: ${message}\n`,
    })
    expect(json(stdout)).toEqual({
      error: expect.objectContaining({ message, exitCode: 1, ossCode: 'NoSuchKey' }),
      ...{ dryRun: false, ifPresent: false, deleted: ['oss://bucket/a'] },
    })
    expect(keysOf(server)).toEqual(['c'])
  })

  it('tells of no deletion where there was none, and where there would be none', async () => {
    const { server } = await withObjects('a')
    const names = ['oss://bucket/a', 'oss://bucket/b']
    for (const args of [names.toReversed(), ['--dry-run', ...names]]) {
      const { code, stdout } = await osspipe(server, ['rm', '--json', ...args])
      const { error, ...others } = json(stdout)
      expect({ code, others }).toEqual({ code: 1, others: {} })
      expect(error.message).toBe('There is no object oss://bucket/b')
    }
    expect(keysOf(server)).toEqual(['a'])
  })

  it('looks at every bucket before it deletes the first object', async () => {
    const { server } = await withObjects('a')
    const run = await osspipe(server, ['rm', 'oss://bucket/a', 'oss://B_/b'])
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('got `B_`') })
    expect(server.requests.of('DeleteObject')).toEqual([])
  })

  it('does not say that nothing was done, as 2 does, once something was', async () => {
    const { server } = await withObjects('a')
    const { code, stderr } = await osspipe(server, ['rm', 'oss://bucket/a', 'oss://bucket//b'])
    expect(stderr).toMatch(/got `\/b` \(string\) \(after 1 deletion\)\n$/)
    expect({ code, keys: keysOf(server) }).toEqual({ code: 1, keys: [] })
  })

  it('tells after a page that could not be listed what went before', async () => {
    const keys = Array.from({ length: 1001 }, (_, n) => `d/${String(n).padStart(4, '0')}`)
    const { server } = await withObjects(...keys)
    server.faults.add(
      { operation: 'ListObjectsV2', skip: 1 },
      { status: 403, code: 'AccessDenied' },
    )
    const args = ['rm', '-r', '-q', '--json', 'oss://bucket/d/']
    const { code, stdout, stderr } = await osspipe(server, args)
    expect(stderr).toMatch(/^osspipe: .+AccessDenied.+ \(after 1000 deletions\)\n$/)
    expect(code).toBe(6)
    expect(json(stdout).deleted).toEqual(keys.slice(0, 1000).map((key) => `oss://bucket/${key}`))
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

  it('says that objects may be gone whose deletion was never answered', async () => {
    const { server } = await withObjects('d/a', 'd/b')
    server.faults.add({ operation: 'DeleteMultipleObjects' }, { drop: 'answer' })
    const args = ['rm', '-r', '--json', '--max-attempts', '1', 'oss://bucket/d/']
    const { code, stdout } = await osspipe(server, args)
    expect(code).not.toBe(0)
    expect(json(stdout)).toMatchObject({ error: { uncertain: 'lost' } })
    expect(keysOf(server)).toEqual([])
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
      /^deleted oss:\/\/bucket\/d\/a\ndeleted oss:\/\/bucket\/d\/d\nosspipe: DeleteObject of oss:\/\/bucket\/d\/c failed.*AccessDenied.*\nosspipe: DeleteObject of oss:\/\/bucket\/d\/b failed.*AccessDenied.* \(after 2 deletions\)\n$/,
    )
    expect(json(stdout)).toMatchObject({
      error: { exitCode: 6, ossCode: 'AccessDenied' },
      deleted: ['oss://bucket/d/a', 'oss://bucket/d/d'],
    })
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
