import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inspect } from 'node:util'
import { createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ChildProcessError, fromChildProcess, spawnSource } from '../src/child-process-source.js'
import { InvalidOptionError } from '../src/errors.js'
import { KEY, openStream } from './helpers/open-stream.js'

const node = (script: string) => spawnSource(process.execPath, ['-e', script])

async function textOf(source: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function failure(source: Readable): Promise<unknown> {
  return textOf(source).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Writes until its input ends, whether or not anybody listens, and is content. */
const CARELESS = `
  process.stdout.on('error', () => {})
  process.stdout.write('x')
  process.stdin.resume().on('end', () => process.exit(0))`

describe('spawnSource', () => {
  it('gives all of the output of a command that succeeds', async () => {
    const text = await textOf(node("process.stdout.write('x'.repeat(1_000_000))"))
    expect(text).toBe('x'.repeat(1_000_000))
  })

  it('fails after the output of a command that does not, with its last words', async () => {
    const source = node(
      "process.stdout.write('half'); console.error('first'); console.error('disk full'); process.exitCode = 3",
    )
    const chunks: string[] = []
    source.on('data', (chunk) => chunks.push(String(chunk)))
    const [error] = await once(source, 'error').catch((reason: unknown) => [reason])
    expect(error).toBeInstanceOf(ChildProcessError)
    expect(error).toMatchObject({
      code: 'ERR_OSS_CHILD_PROCESS',
      command: process.execPath,
      message: `${process.execPath} exited with 3: disk full`,
      exitCode: 3,
      signal: null,
      stderr: 'first\ndisk full',
    })
    expect(chunks.join('')).toBe('half')
  })

  it('fails when any command of a pipeline fails that was started with `pipefail`', async () => {
    const source = spawnSource('bash', ['-o', 'pipefail', '-c', 'exit 3 | cat'])
    expect(await failure(source)).toMatchObject({ exitCode: 3 })
  })

  it('fails when a signal ends the command', async () => {
    const error = await failure(node("process.kill(process.pid, 'SIGKILL')"))
    expect(error).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
    expect(error).toHaveProperty('message', expect.stringContaining('was ended by SIGKILL'))
  })

  it('does not say that a command could not be started which its `signal` has ended', async () => {
    const stop = new AbortController()
    const forever = ['-e', "process.stdout.write('x'); setInterval(() => {}, 1000)"]
    const source = spawnSource(process.execPath, forever, { signal: stop.signal })
    const failing = failure(source)
    await once(source, 'data')
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await failing).toMatchObject({
      message: `${process.execPath} was given up`,
      cause: { name: 'AbortError', cause: reason },
    })
  })

  it('fails when there is no such command', async () => {
    const error = await failure(spawnSource('/no/such/command'))
    expect(error).toMatchObject({
      code: 'ERR_OSS_CHILD_PROCESS',
      message: '/no/such/command could not be started',
      cause: { code: 'ENOENT' },
    })
    expect(error).not.toHaveProperty('exitCode')
  })

  it('repeats no argument of the command, among which may be a password', async () => {
    const error = await failure(spawnSource('/no/such/command', ['--password=hunter2']))
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('hunter2')
    expect(error).toMatchObject({ cause: { code: 'ENOENT', syscall: 'spawn /no/such/command' } })
  })

  it('keeps no more than the last 4 KiB of the error output', async () => {
    const error = await failure(
      node("process.stderr.write('y'.repeat(100_000) + 'end', () => process.exit(1))"),
    )
    expect(error).toBeInstanceOf(ChildProcessError)
    expect(error).toHaveProperty('stderr.length', 4096)
    expect(error).toHaveProperty('stderr', expect.stringMatching(/end$/))
  })

  it('ends the command when it is destroyed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const source = fromChildProcess(child)
    source.destroy()
    const [, signal] = await once(child, 'close')
    expect(signal).toBe('SIGTERM')
  })

  it('does not read ahead of a consumer that does not read', async () => {
    const source = spawnSource(process.execPath, ['-e', "process.stdout.write('z'.repeat(5e6))"])
    source.read(0)
    await once(source, 'readable')
    expect(source.readableLength).toBeLessThan(300_000)
    expect((await textOf(source)).length).toBe(5e6)
  })

  it('refuses a bad option', () => {
    expect(() => spawnSource('true', [], { stderr: Object('both') })).toThrow(InvalidOptionError)
  })
})

describe('fromChildProcess', () => {
  it('refuses a process whose output is not piped', () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
    expect(() => fromChildProcess(child)).toThrow(InvalidOptionError)
  })

  it('refuses a process that has ended, whose output Node has thrown away', async () => {
    const child = spawn(process.execPath, ['-e', "console.log('early')"], { stdio: 'pipe' })
    await once(child, 'exit')
    expect(() => fromChildProcess(child)).toThrow(InvalidOptionError)
  })

  it('fails when somebody else closes the output, though the process exits with 0', async () => {
    const child = spawn(process.execPath, ['-e', CARELESS], { stdio: ['pipe', 'pipe', 'pipe'] })
    const failed = failure(fromChildProcess(child))
    await once(child.stdout, 'readable')
    child.stdout.destroy()
    child.stdin.end()
    expect(await failed).toMatchObject({
      code: 'ERR_OSS_CHILD_PROCESS',
      exitCode: 0,
      message: expect.stringContaining('exited with 0, but its output was cut short'),
    })
  })

  it('loses nothing of a process that ends while nobody reads', async () => {
    const script = "process.stdout.write('x'.repeat(60_000))"
    const child = spawn(process.execPath, ['-e', script], { stdio: 'pipe' })
    const source = fromChildProcess(child)
    await once(child, 'exit')
    expect(await textOf(source)).toBe('x'.repeat(60_000))
  })
})

describe('a pipeline from a child process', () => {
  it('publishes the dump of a process that exits 0', async () => {
    const { server, out } = await openStream()
    await pipeline(node("process.stdout.write('dump'.repeat(100_000))"), out)
    expect(server.objects.get('bucket', KEY)?.size).toBe(400_000)
  })

  it('publishes nothing of a process that dies in the middle', async () => {
    const { server, out } = await openStream()
    const source = node("process.stdout.write('dump'.repeat(100_000), () => process.exit(1))")
    await expect(pipeline(source, createGzip(), out)).rejects.toMatchObject({
      code: 'ERR_OSS_CHILD_PROCESS',
      exitCode: 1,
    })
    await out.settled
    expect(server.objects.list()).toEqual([])
    expect(server.uploads.list()).toEqual([])
  })

  it('ends the process when the upload fails', async () => {
    const { server, out } = await openStream()
    server.faults.add({ operation: 'UploadPart' }, { status: 403, code: 'AccessDenied' })
    const child = spawn(
      process.execPath,
      ['-e', "const more = () => process.stdout.write('x'.repeat(65536), more); more()"],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const ended = once(child, 'close')
    await expect(pipeline(fromChildProcess(child), new PassThrough(), out)).rejects.toMatchObject({
      ossCode: 'AccessDenied',
    })
    const [code, signal] = await ended
    expect(code === 0).toBe(false)
    expect(signal === null ? code : signal).toBeTruthy()
  })
})
