/** `osspipe get` as a user runs it: what is written, what is told, and what is there when it fails. */
import { createHash, randomBytes } from 'node:crypto'
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { OssClient } from '../../src/client/client.js'
import type { OssServer } from '../../src/server/server.js'
import { osspipe, startOsspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const OBJECT = 'oss://bucket/dir/a%20b.sql'
const KEY = 'dir/a%20b.sql'
const NAME = 'a%20b.sql'
const MIB = 1024 * 1024
const NOTHING = Buffer.alloc(0)
const INPUT = randomBytes(3 * MIB + 7)

let server: OssServer
let client: OssClient
let cwd: string

beforeEach(async () => {
  server = await startServer()
  client = new OssClient({ ...server.options(), bucket: 'bucket', env: {} })
  await client.putObject({ key: KEY, body: INPUT })
  cwd = await mkdtemp(join(tmpdir(), 'osspipe-get-'))
  const folder = cwd
  onTestFinished(() => rm(folder, { recursive: true }))
})

const get = (...args: string[]) => osspipe(server, ['get', '--part-size', '1MiB', ...args], { cwd })
const content = (name: string) => readFile(join(cwd, name))

describe('osspipe get', { timeout: 60_000 }, () => {
  it('writes a file of the name that the key ends with', async () => {
    const { code, stdout, stderr } = await get(OBJECT)
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^wrote a%20b\.sql: 3\.00 MiB, .*etag [0-9A-F]{32}/)
    expect((await content(NAME)).equals(INPUT)).toBe(true)
    expect(await readdir(cwd)).toEqual([NAME])
    expect(server.requests.of('GetObject')).toHaveLength(4)
  })

  it('writes into a folder, and tells a script what it did', async () => {
    await mkdir(join(cwd, 'folder'))
    const { code, stdout, stderr } = await get('--json', '-q', OBJECT, 'folder')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout.toString())).toMatchObject({
      ...{ bucket: 'bucket', key: KEY, file: `folder/${NAME}`, retries: 0 },
      ...{ size: INPUT.length, bytesRead: INPUT.length },
      etag: createHash('md5').update(INPUT).digest('hex').toUpperCase(),
      crc64: server.objects.get('bucket', KEY)?.crc64,
    })
    expect((await content(`folder/${NAME}`)).equals(INPUT)).toBe(true)
  })

  it('writes to standard output, byte for byte and nothing else', async () => {
    const { code, stdout } = await get('--json', OBJECT, '-')
    expect(stdout.equals(INPUT)).toBe(true)
    expect(code).toBe(0)
  })

  it('mixes no failure into standard output that is for bytes', async () => {
    const { code, stdout, stderr } = await get('--json', 'oss://bucket/none', '-')
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('NoSuchKey')
    expect(await get('--json', '--nope', OBJECT, '-')).toMatchObject({ code: 2, stdout: NOTHING })
  })

  it.each([
    ['gzip', gzipSync(INPUT).subarray(0, MIB)],
    ['gzip', INPUT],
    ['br', brotliCompressSync(INPUT).subarray(0, MIB)],
    ['br', INPUT],
  ])('says that it is not whole %s, and keeps the old file', async (method, body) => {
    await writeFile(join(cwd, 'file'), 'old')
    await client.putObject({ key: 'damaged', body })
    const { code, stderr } = await get('-z', method, 'oss://bucket/damaged', 'file')
    expect(stderr).toMatch(
      new RegExp(`^osspipe: Cannot decompress oss://bucket/damaged \\(${method}\\): .+\n$`),
    )
    expect({ code, file: (await content('file')).toString() }).toEqual({ code: 4, file: 'old' })
    expect(await readdir(cwd)).toEqual(['file'])
  })

  it('gives a file the longest name that there is', async () => {
    const name = 'ä'.repeat(127)
    expect(await get('-q', OBJECT, name)).toMatchObject({ code: 0, stderr: '' })
    expect(await readdir(cwd)).toEqual([name])
  })

  it.each([
    ['none/', 1, 'Cannot write none/: there is no such folder'],
    ['link', 1, 'Cannot write link: it is a symbolic link to what is not there'],
    ['', 2, 'Expected FILE not to be empty'],
  ])('does not download what it cannot call %j', async (name, code, text) => {
    await symlink('nowhere', join(cwd, 'link'))
    const run = await get(OBJECT, name)
    expect(run).toMatchObject({ code, stderr: expect.stringContaining(`osspipe: ${text}\n`) })
    expect(server.requests.of('GetObject')).toEqual([])
    expect(await readdir(cwd)).toEqual(['link'])
  })

  it('reads a range, counted as in files', async () => {
    const { stdout } = await get('-q', '--start', '1MiB', '--end', '1048585', OBJECT, '-')
    expect(stdout.equals(INPUT.subarray(MIB, MIB + 10))).toBe(true)
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('decompresses %s on the way', async (method, compress) => {
    const body = compress(Buffer.from('hello '.repeat(1000)))
    await client.putObject({ key: 'small', body })
    const { stdout, code } = await get('-q', '-z', method, 'oss://bucket/small', '-')
    expect({ code, text: stdout.toString() }).toEqual({ code: 0, text: 'hello '.repeat(1000) })
  })

  it('replaces a file as a whole, with its permissions, and what a link points to', async () => {
    await writeFile(join(cwd, 'old'), 'old', { mode: 0o600 })
    await symlink('old', join(cwd, 'link'))
    expect(await get('-q', OBJECT, 'link')).toMatchObject({ code: 0, stderr: '' })
    expect((await content('old')).equals(INPUT)).toBe(true)
    expect((await stat(join(cwd, 'old'))).mode & 0o777).toBe(0o600)
    expect((await lstat(join(cwd, 'link'))).isSymbolicLink()).toBe(true)
  })

  it('with --no-clobber leaves what is there, also if it comes meanwhile', async () => {
    await writeFile(join(cwd, NAME), 'mine')
    const first = await get('--no-clobber', OBJECT)
    expect(first).toMatchObject({ code: 5, stderr: `osspipe: ${NAME} exists already\n` })
    expect(server.requests.of('GetObject')).toEqual([])
    const held = server.faults.add({ operation: 'GetObject' }, { hold: 'before-answer' })
    const running = get('--no-clobber', OBJECT, 'new')
    await held.reached(1)
    await writeFile(join(cwd, 'new'), 'theirs')
    held.release()
    expect(await running).toMatchObject({ code: 5, stderr: 'osspipe: new exists already\n' })
    expect((await content('new')).toString()).toBe('theirs')
    expect((await readdir(cwd)).sort()).toEqual([NAME, 'new'])
  })

  it.each([
    ['the bytes are not those that were stored', { corrupt: 'crc64' } as const, 4],
    ['there is no such object', { status: 404, code: 'NoSuchKey' } as const, 1],
    ['it is not permitted', { status: 403, code: 'AccessDenied' } as const, 6],
  ])('keeps the old file where %s', async (_why, fault, code) => {
    await writeFile(join(cwd, NAME), 'old')
    server.faults.add({ operation: 'GetObject', times: Number.POSITIVE_INFINITY }, fault)
    expect(await get(OBJECT)).toMatchObject({ code })
    expect((await content(NAME)).toString()).toBe('old')
    expect(await readdir(cwd)).toEqual([NAME])
  })

  it('fails where the digest is not the expected one', async () => {
    const sha256 = createHash('sha256').update(INPUT).digest('hex')
    expect(await get('-q', '--expect-sha256', sha256, OBJECT)).toMatchObject({ code: 0 })
    const { code, stderr } = await get('--expect-sha256', '0'.repeat(64), OBJECT, 'other')
    expect(stderr).toContain(sha256)
    expect({ code, files: await readdir(cwd) }).toEqual({ code: 4, files: [NAME] })
  })

  it('does not compare with --no-verify', async () => {
    server.faults.add({ operation: 'GetObject', times: 9 }, { corrupt: 'crc64' })
    expect(await get('-q', '--no-verify', OBJECT)).toMatchObject({ code: 0, stderr: '' })
  })

  it('goes on where a connection broke, and says so', async () => {
    server.faults.add({ operation: 'GetObject' }, { breakAfter: 500_000 })
    const { code, stderr } = await get('-v', OBJECT)
    expect(stderr).toMatch(/GetObject: attempt 1 failed/)
    expect(stderr).toContain(', 1 attempt repeated, ')
    expect({ code, equal: (await content(NAME)).equals(INPUT) }).toEqual({ code: 0, equal: true })
  })

  it.each([
    ['no folder', 'none/file', /^osspipe: Cannot write none\/file: ENOENT/],
    ['a full disk', '/dev/full', /^osspipe: Cannot write \/dev\/full: ENOSPC/],
  ])('says clearly that there is %s', async (_what, path, text) => {
    const { code, stderr } = await get('-q', OBJECT, path)
    expect(stderr).toMatch(text)
    expect({ code, files: await readdir(cwd) }).toEqual({ code: 1, files: [] })
  })

  it('writes to what is no file as it is', async () => {
    expect(await get('-q', OBJECT, '/dev/null')).toMatchObject({ code: 0, stderr: '' })
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it.each([
    [['oss://bucket']],
    [['oss://bucket/dir/']],
    [['oss://bucket/dir/..']],
    [['--end', '1', '--start', '2', OBJECT]],
    [['-z', 'zip', OBJECT]],
    [[OBJECT, 'a', 'b']],
  ])('refuses %j, and asks for nothing', async (args) => {
    expect(await get(...args)).toMatchObject({ code: 2 })
    expect(server.requests.all.filter(({ method }) => method === 'GET')).toEqual([])
    expect(await readdir(cwd)).toEqual([])
  })

  it('ends as by SIGPIPE, without a word, when its reader goes', async () => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const { child, ended } = startOsspipe(server, ['get', '-q', OBJECT, '-'], { stdio: [...stdio] })
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended).toMatchObject({ code: 141, stderr: '' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('takes its file away on %s', async (signal) => {
    const held = server.faults.add({ operation: 'GetObject', skip: 1 }, { hold: 'before-answer' })
    const { child, ended } = startOsspipe(server, ['get', '--part-size', '1MiB', OBJECT], { cwd })
    await held.reached(1)
    child.kill(signal)
    const { code, stderr } = await ended
    expect(stderr).toContain(`${signal}: cleaning up`)
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(await readdir(cwd)).toEqual([])
  })

  it('tells its progress as objects', async () => {
    const { stderr } = await get('--progress', 'json', OBJECT)
    const lines = stderr.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      ...{ bytesIn: INPUT.length, bytesDone: INPUT.length, size: INPUT.length, retries: 0 },
    })
  })
})
