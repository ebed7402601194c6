/** How `osspipe put` fails: each exit code, what is told, and what is left at the service. */
import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { osspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const TARGET = 'oss://bucket/key'
const MIB = 1024 * 1024

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'osspipe-put-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

describe('osspipe put', { timeout: 60_000 }, () => {
  it.each([
    ['no target', ['put'], 'Expected 1 to 2 arguments (SOURCE, TARGET), got 0'],
    ['too many', ['put', 'a', 'b', 'c'], 'Expected 1 to 2 arguments'],
    ['a target that is none', ['put', '-', 'bucket/key'], 'Expected the target to be oss://'],
    ['a target without a key', ['put', '-', 'oss://bucket/'], 'Expected the target to have a key'],
    ['a bad bucket', ['put', '-', 'oss://A/key'], 'bucket'],
    ['two targets', ['put', TARGET, TARGET], 'Expected a file or - as the source'],
    ['no command', ['put', TARGET, '--'], 'Expected a command after --'],
    ['a source and a command', ['put', '-', TARGET, '--', 'true'], 'Expected no source beside'],
    ['a bad size', ['put', '--part-size', '1x', '-', TARGET], 'Expected --part-size to be a size'],
    ['a small part', ['put', '--part-size', '1', '-', TARGET], 'Expected --part-size to be an int'],
    ['a bad tag', ['put', '--tag', 'x', '-', TARGET], 'Expected --tag to be NAME=VALUE'],
    ['a name twice', ['put', '--meta', 'a=1', '--meta', 'a=2', '-', TARGET], '--meta to name "a"'],
    ['an exact size of nothing', ['put', '--exact-size', '-', TARGET], 'Expected --expected-size'],
    ['an exact size compressed', ['put', '--exact-size', '-z', 'br', TARGET], '--exact-size'],
    ['a bad digest', ['put', '--expect-md5', 'x', '-', TARGET], 'md5'],
    ['an unknown option', ['put', '--parts', '-', TARGET], "Unknown option '--parts'"],
  ])('refuses %s with exit code 2, and asks nothing', async (_name, args, text) => {
    const server = await startServer()
    const { code, stdout, stderr } = await osspipe(server, args, { input: 'hello' })
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^osspipe: .*\nSee `osspipe put --help`\.\n$/)
    expect(stderr).toContain(text)
    expect(server.requests.all).toEqual([])
  })

  it('counts one byte as one', async () => {
    const server = await startServer()
    const { stderr } = await osspipe(server, ['put', '--min-size', '1', '-', TARGET], { input: '' })
    expect(stderr).toBe('osspipe: Expected at least 1 byte, got 0; nothing is published\n')
  })

  it.each([
    ['a small source', 4, ['--min-size', '1KiB'], 'Expected at least 1024 bytes, got 5'],
    ['a missing trailer', 4, ['--expect-trailer', 'EOF'], 'Expected "EOF" in the last 4096 bytes'],
    ['a compressed one', 4, ['-z', 'br', '--min-size', '6'], 'Expected at least 6 bytes, got 5'],
    ['another size', 4, ['--expected-size', '6', '--exact-size'], 'Expected exactly 6 bytes'],
    ['another MD5', 4, ['--expect-md5', '0'.repeat(32)], `Expected md5 ${'0'.repeat(32)}`],
    ['another SHA-256', 4, ['--expect-sha256', '0'.repeat(64)], 'Expected sha256 000'],
    ['another CRC-64', 4, ['--expect-crc64', '1'], 'Expected crc64 1 '],
    ['a key that is taken', 5, ['--no-clobber'], '409 FileAlreadyExists'],
    ['a dead endpoint', 1, ['--endpoint', 'http://127.0.0.1:1', '--max-attempts', '1'], 'ECONN'],
  ])('ends at %s with exit code %d, and leaves what was there', async (_name, code, args, text) => {
    const server = await startServer()
    await osspipe(server, [TARGET], { input: 'older' })
    const run = await osspipe(server, ['put', '--json', ...args, '-', TARGET], { input: 'hello' })
    expect(run.code).toBe(code)
    expect(run.stderr).toContain(text)
    expect(run.stderr).toMatch(/^osspipe: [^\n]*\n$/)
    expect(JSON.parse(run.stdout.toString())).toMatchObject({
      error: { exitCode: code, message: expect.stringContaining(text) },
    })
    expect(await server.objects.get('bucket', 'key')?.content()).toEqual(Buffer.from('older'))
    expect(server.uploads.list()).toEqual([])
  })

  it.each([
    ['wrong ones', { OSS_ACCESS_KEY_SECRET: 'nothing' }],
    ['none', { OSS_ACCESS_KEY_ID: '', OSS_ACCESS_KEY_SECRET: '' }],
    ['half of them', { OSS_ACCESS_KEY_SECRET: '' }],
  ])('ends with exit code 6 for credentials that are %s', async (_name, env) => {
    const server = await startServer()
    const { code, stderr } = await osspipe(server, [TARGET], { input: 'hello', env })
    expect(code).toBe(6)
    expect(stderr).not.toContain('nothing')
    expect(server.objects.list()).toEqual([])
  })

  it('ends with exit code 1 when the service fails, and cleans up', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { status: 503 })
    const args = ['put', '--part-size', '1MiB', '--max-attempts', '1', '-', TARGET]
    const { code, stderr } = await osspipe(server, args, { input: randomBytes(3 * MIB) })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^osspipe: UploadPart 2 of oss:\/\/bucket\/key failed/)
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it('ends with exit code 3 when parts are left, and tells how to remove them', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { status: 403 })
    server.faults.add({ operation: 'AbortMultipartUpload', times: Infinity }, { status: 403 })
    const args = ['put', '--json', '--part-size', '1MiB', '--max-attempts', '1', '-', TARGET]
    const { code, stdout, stderr } = await osspipe(server, args, { input: randomBytes(3 * MIB) })
    const [upload] = server.uploads.list()
    expect(code).toBe(3)
    expect(stderr).toContain(`  osspipe clean ${TARGET} --upload-id ${upload?.uploadId}\n`)
    expect(JSON.parse(stdout.toString())).toMatchObject({
      error: { exitCode: 3, status: 403, uploadId: upload?.uploadId, partsLeft: true },
    })
    // What is told works as it is told.
    server.faults.clear()
    const [, clean = ''] = /^ {2}osspipe (clean .*)$/m.exec(stderr) ?? []
    expect(await osspipe(server, clean.split(' '))).toMatchObject({ code: 0 })
    expect(server.uploads.list()).toEqual([])
  })

  it('keeps the parts that it was told to keep, which is exit code 3', async () => {
    const server = await startServer()
    server.faults.add(
      { operation: 'UploadPart', partNumber: 2 },
      { status: 403, code: 'AccessDenied' },
    )
    const args = ['put', '--part-size', '1MiB', '--leave-parts-on-error', '-', TARGET]
    const { code, stderr } = await osspipe(server, args, { input: randomBytes(3 * MIB) })
    expect(code).toBe(3)
    expect(stderr).toContain('Remove them with:')
    expect(server.uploads.list()).toHaveLength(1)
  })

  it.each([
    ['as it is', []],
    ['compressed', ['-z', 'gzip']],
  ])('does not publish a file that changes meanwhile, %s', async (_name, args) => {
    const server = await startServer()
    const path = join(await folder(), 'log')
    await writeFile(path, randomBytes(8 * MIB))
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    // Not all of it can have been read when the first part arrives.
    const limits = ['--part-size', '1MiB', '--max-memory', '2MiB', '--concurrency', '1']
    const line = ['put', ...args, ...limits, path, TARGET]
    const run = osspipe(server, line)
    await held.reached()
    await appendFile(path, 'more')
    held.release()
    const { code, stderr } = await run
    expect(code).toBe(4)
    expect(stderr).toContain('has changed meanwhile')
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it('guards a file as it does a pipe', async () => {
    const server = await startServer()
    const path = join(await folder(), 'dump')
    await writeFile(path, Buffer.concat([randomBytes(3 * MIB), Buffer.from('the end\n')]))
    const args = (trailer: string) => ['put', '--part-size', '1MiB', '--expect-trailer', trailer]
    expect(await osspipe(server, [...args('no end'), path, TARGET])).toMatchObject({ code: 4 })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
    expect(await osspipe(server, [...args('the end'), path, TARGET])).toMatchObject({ code: 0 })
  })

  it('tells about sources that cannot be read', async () => {
    const server = await startServer()
    const directory = await folder()
    const checkpoint = join(directory, 'checkpoint')
    await writeFile(checkpoint, 'nonsense')
    const sources: [string[], string][] = [
      [['put', '/nowhere/at/all', TARGET], 'Cannot read /nowhere/at/all: ENOENT'],
      [['put', directory, TARGET], `Cannot read ${directory}: it is a directory`],
      [['put', '--checkpoint', checkpoint, '-', TARGET], 'is not a checkpoint'],
    ]
    for (const [args, text] of sources) {
      const { code, stderr } = await osspipe(server, args, { input: 'hello' })
      expect(code).toBe(1)
      expect(stderr).toContain(text)
    }
    expect(server.requests.all).toEqual([])
  })
})

describe('osspipe put with a command', { timeout: 60_000 }, () => {
  it('stores its output, and passes on what it says', async () => {
    const server = await startServer()
    const script = 'echo dumping >&2; cat; echo done >&2'
    const { code, stderr } = await osspipe(
      server,
      ['put', '-z', 'br', TARGET, '--', 'sh', '-c', script],
      { input: 'from standard input' },
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(/^dumping\ndone\nstored /)
  })

  it.each([
    ['exits with 3', 'echo half; exit 3', { childExitCode: 3 }],
    ['is killed', 'echo half; kill -9 $$', { signal: 'SIGKILL', childExitCode: null }],
    ['fails after many bytes', 'head -c 3000000 /dev/zero; exit 1', { childExitCode: 1 }],
  ])('publishes nothing if it %s', async (_name, script, told) => {
    const server = await startServer()
    const args = ['put', '--json', '--part-size', '1MiB', TARGET, '--', 'sh', '-c', script]
    const { code, stdout } = await osspipe(server, args)
    expect(code).toBe(7)
    expect(JSON.parse(stdout.toString())).toMatchObject({ error: { exitCode: 7, ...told } })
    expect([server.objects.list(), server.uploads.list()]).toEqual([[], []])
  })

  it('passes on all that it says, though it says much', async () => {
    const server = await startServer()
    const script = 'head -c 20000000 /dev/zero | tr "\\0" e >&2'
    const { code, stderr } = await osspipe(server, ['put', '-q', TARGET, '--', 'sh', '-c', script])
    expect({ code, length: stderr.length }).toEqual({ code: 0, length: 20_000_000 })
  })

  it('tells about one that cannot be started', async () => {
    const server = await startServer()
    const { code, stderr } = await osspipe(server, ['put', TARGET, '--', 'no-such-command'])
    expect(code).toBe(7)
    expect(stderr).toBe(
      'osspipe: no-such-command could not be started: spawn no-such-command ENOENT\n',
    )
  })
})
