/** `osspipe put` that is told to end, whose readers go away, and on a terminal. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { environmentOf, MAIN, startOsspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const TARGET = 'oss://bucket/key'
const PART = Buffer.alloc(1024 * 1024)
const PUT = ['put', '--part-size', '1MiB', '-', TARGET]
const nothing = { objects: [], uploads: [] }

describe('osspipe put', { timeout: 60_000 }, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('cleans up after %s and ends with %d', async (signal, code) => {
    const server = await startServer()
    const held = server.faults.add(
      { operation: 'UploadPart', times: Infinity },
      { hold: 'arrival' },
    )
    const { child, ended } = startOsspipe(server, PUT, { input: 'open' })
    child.stdin?.write(Buffer.concat([PART, PART]))
    await held.reached()
    child.kill(signal)
    const ending = await ended
    held.release()
    expect(ending).toMatchObject({ code, signal: null })
    expect(ending.stderr).toBe(
      `${signal}: cleaning up; another signal ends it at once\n` +
        `osspipe: Ended by ${signal}; nothing is published\n`,
    )
    expect({ objects: server.objects.list(), uploads: server.uploads.list() }).toEqual(nothing)
  })

  it('tells with --json, too, that a signal has ended it', async () => {
    const server = await startServer()
    const held = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const { child, ended } = startOsspipe(server, ['put', '--json', ...PUT.slice(1)], {
      input: 'open',
    })
    child.stdin?.write(Buffer.concat([PART, PART]))
    await held.reached()
    child.kill('SIGTERM')
    const { stdout } = await ended
    held.release()
    expect(JSON.parse(stdout.toString())).toMatchObject({
      error: { exitCode: 143, signal: 'SIGTERM' },
    })
  })

  it('ends at once at a second signal, and tells what it leaves', async () => {
    const server = await startServer()
    const part = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const abort = server.faults.add({ operation: 'AbortMultipartUpload' }, { hold: 'arrival' })
    const { child, ended } = startOsspipe(server, PUT, { input: 'open' })
    child.stdin?.write(Buffer.concat([PART, PART]))
    await part.reached()
    child.kill('SIGINT')
    await abort.reached()
    child.kill('SIGINT')
    const { code, stderr } = await ended
    const [upload] = server.uploads.list()
    expect(code).toBe(130)
    expect(stderr).toContain(
      `Parts of the upload ${upload?.uploadId} are left, and billed.\nRemove them with:\n` +
        `  osspipe clean ${TARGET} --upload-id ${upload?.uploadId}\n`,
    )
    part.release()
    abort.release()
  })

  it('waits no longer than 10 s for the cleaning up', async () => {
    const server = await startServer()
    const part = server.faults.add({ operation: 'UploadPart' }, { hold: 'arrival' })
    const abort = server.faults.add(
      { operation: 'AbortMultipartUpload', times: Infinity },
      { hold: 'arrival' },
    )
    const { child, ended } = startOsspipe(server, PUT, { input: 'open' })
    child.stdin?.write(Buffer.concat([PART, PART]))
    await part.reached()
    child.kill('SIGTERM')
    // The library alone would wait for 30 s and more.
    const { code, stderr } = await ended
    expect(code).toBe(143)
    expect(stderr).toContain('are left, and billed')
    part.release()
    abort.release()
  })

  it('keeps what a checkpoint knows of, and says how to go on', async () => {
    const server = await startServer()
    const part = server.faults.add({ operation: 'UploadPart', partNumber: 2 }, { hold: 'arrival' })
    const folder = await mkdtemp(join(tmpdir(), 'osspipe-put-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const checkpoint = join(folder, 'checkpoint')
    const args = ['put', '--checkpoint', checkpoint, ...PUT.slice(1)]
    const { child, ended } = startOsspipe(server, args, { input: 'open' })
    child.stdin?.write(Buffer.concat([PART, PART, PART]))
    await part.reached()
    child.kill('SIGINT')
    const { code, stderr } = await ended
    part.release()
    expect(code).toBe(130)
    expect(stderr).toContain('Run the same command again to go on with it')
    expect(server.uploads.list()).toHaveLength(1)
  })

  it('ends by the signal, not by the child that the same signal has ended', async () => {
    const server = await startServer()
    const script = 'head -c 3000000 /dev/zero; echo ready >&2; exec sleep 100'
    const args = ['put', '--part-size', '1MiB', TARGET, '--', 'sh', '-c', script]
    const { child, ended, told } = startOsspipe(server, args, { detached: true })
    await told(/ready/)
    // As Ctrl-C does: the whole group gets it.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(await ended).toMatchObject({ code: 130 })
    expect({ objects: server.objects.list(), uploads: server.uploads.list() }).toEqual(nothing)
  })

  it('ends what the command has started in turn, as soon as that writes', async () => {
    const server = await startServer()
    const held = server.faults.add(
      { operation: 'UploadPart', times: Infinity },
      { hold: 'arrival' },
    )
    const folder = await mkdtemp(join(tmpdir(), 'osspipe-put-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const FIFO = join(folder, 'fifo')
    spawnSync('mkfifo', [FIFO])
    const args = ['put', '--part-size', '1MiB', TARGET, '--', 'sh', '-c', 'yes 3>"$FIFO" | cat']
    const { child, ended } = startOsspipe(server, args, { env: { FIFO } })
    // Ends with the last process that has it open: with `yes`, which the signal does not reach.
    const gone = once(createReadStream(FIFO).resume(), 'end')
    await held.reached()
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 143 })
    held.release()
    await gone
    expect({ objects: server.objects.list(), uploads: server.uploads.list() }).toEqual(nothing)
  })

  it('does not wait for a child that does not want to end', async () => {
    const server = await startServer()
    const script = 'trap "" TERM; echo $$ >&2; head -c 3000000 /dev/zero; while :; do sleep 1; done'
    const args = ['put', '--part-size', '1MiB', TARGET, '--', 'sh', '-c', script]
    const { child, told } = startOsspipe(server, args)
    const left = once(child, 'exit')
    let pid = 0
    child.stderr?.once('data', (text: string) => {
      pid = Number.parseInt(text, 10)
    })
    await told(/\d+\n/)
    onTestFinished(() => {
      process.kill(pid, 'SIGKILL')
    })
    child.kill('SIGTERM')
    expect(await left).toEqual([143, null])
    expect({ objects: server.objects.list(), uploads: server.uploads.list() }).toEqual(nothing)
  })
})

describe('osspipe put whose readers have gone', { timeout: 60_000 }, () => {
  it('stores the object, says so, and ends as SIGPIPE would', async () => {
    const server = await startServer()
    const { child, ended } = startOsspipe(server, ['put', '--json', '-', TARGET], { input: 'open' })
    child.stdout?.destroy()
    await once(child.stdout ?? child, 'close')
    child.stdin?.end('hello')
    const { code, stderr } = await ended
    expect(code).toBe(141)
    expect(stderr).toContain(`osspipe: ${TARGET} is stored, but the result could not be written\n`)
    expect(server.objects.get('bucket', 'key')?.size).toBe(5)
  })

  it('waits for a slow reader of stderr to have read all of it', async () => {
    const server = await startServer()
    // Six bytes each where it is told: more than any pipe or socket keeps.
    const name = '\u0001'.repeat(100_000)
    const { child, ended } = startOsspipe(server, [name, '--json'])
    child.stderr?.pause()
    // The result is the last that it tells: it would end now.
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('\n') && resolve())
    })
    child.stderr?.resume()
    expect((await ended).stderr).toContain(JSON.stringify(name))
  })

  it('goes on without a reader of stderr', async () => {
    const server = await startServer()
    server.faults.add({ operation: 'PutObject', times: 2 }, { status: 503 })
    const { child, ended } = startOsspipe(server, ['put', '-v', '--json', '-', TARGET], {
      input: 'open',
    })
    child.stderr?.destroy()
    await once(child.stderr ?? child, 'close')
    child.stdin?.end('hello')
    const { code, stdout } = await ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout.toString())).toMatchObject({ size: 5, retries: 2 })
  })
})

const hasScript = spawnSync('script', ['--version']).status === 0

/** Debian's `script`, from util-linux, gives a command a terminal; other systems have others. */
describe.skipIf(!hasScript)('osspipe put on a terminal', { timeout: 60_000 }, () => {
  /** Runs a command of the shell on a terminal of so many columns, and gives all that it shows. */
  async function onTerminal(command: string, columns: number) {
    const server = await startServer()
    server.faults.add({ operation: 'UploadPart' }, { delayMs: 1000 })
    const env = { ...environmentOf(server), OSSPIPE: `${process.execPath} ${MAIN}` }
    const line = `stty cols ${columns}; ${command}`
    const child = spawn('script', ['-q', '-e', '-c', line, '/dev/null'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text
    })
    const [code] = await once(child, 'close')
    return { code, shown, server }
  }

  it.each([20, 50, 200])('redraws one line that fits %i columns', async (columns) => {
    const { code, shown, server } = await onTerminal(
      `head -c 3000000 /dev/zero | $OSSPIPE put --part-size 1MiB - ${TARGET}`,
      columns,
    )
    expect(code).toBe(0)
    expect(server.objects.get('bucket', 'key')?.size).toBe(3_000_000)
    const drawn = shown
      .split('\u001b[K')
      .slice(0, -1)
      .map((text) => text.split('\r').at(-1) ?? '')
    expect(drawn.length).toBeGreaterThan(2)
    expect(drawn.at(-1)).toBe('')
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(columns)
    expect(drawn.some((line) => / stored/.test(line))).toBe(true)
    expect(shown).toContain(`stored ${TARGET}: `)
  })

  it('draws nothing with --quiet', async () => {
    const { code, shown } = await onTerminal(`echo hello | $OSSPIPE put -q - ${TARGET}`, 80)
    expect({ code, shown }).toEqual({ code: 0, shown: '' })
  })

  it('refuses to read from it, and helps', async () => {
    const { code, shown, server } = await onTerminal(`$OSSPIPE put - ${TARGET}`, 80)
    expect(code).toBe(2)
    expect(shown).toContain('Examples:')
    expect(shown).toContain('Expected a pipe or a file on standard input, which is a terminal')
    expect(server.requests.all).toEqual([])
  })
})
