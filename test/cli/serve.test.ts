/** `osspipe serve` as a user starts it: a process, its lines, its signals. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createOssWriteStream } from '../../src/write-stream.js'
import { startServer } from '../helpers/start-server.js'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Where nobody may make a folder, not even root. */
const UNWRITABLE = ['/proc/nope', '/sys/nope']

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])

/** What `--host` may say, and what stands in the URL; `::1` where the machine has it. */
const HOSTS: [string, string][] = [
  ['localhost', 'localhost'],
  ['0.0.0.0', '0.0.0.0'],
  ...addresses
    .filter(({ address }) => address === '::1')
    .map(({ address }): [string, string] => [address, `[${address}]`]),
]

const HALF_A_BODY = 'PUT /demo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf'

interface Command {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
  /** The lines up to the one that says where it listens. */
  readonly listening: Promise<string[]>
}

function osspipe(...args: string[]): Command {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const listening = new Promise<string[]>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('listening on ')) resolve([...lines])
    })
  })
  const ended = new Promise<Awaited<Command['ended']>>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout: lines.join('\n'), stderr }))
  })
  return { child, ended, listening }
}

function environment(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => /^export (\w+)=(.*)$/.exec(line))
  return Object.fromEntries(pairs.flatMap((match) => (match ? [[match[1], match[2]]] : [])))
}

async function put(env: Record<string, string>, target: string): Promise<void> {
  const out = createOssWriteStream(target, { env })
  out.end('hello')
  await finished(out)
}

describe('osspipe serve', { timeout: 30_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('serves until %s', async (signal) => {
    const { child, ended, listening } = osspipe('serve', '--port', '0', '--bucket', 'demo')
    const lines = await listening
    expect(lines.at(-1)).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/)
    const env = environment(lines)
    expect(Object.keys(env)).toEqual([
      'OSS_ENDPOINT',
      'OSS_REGION',
      'OSS_ACCESS_KEY_ID',
      'OSS_ACCESS_KEY_SECRET',
    ])
    await put(env, 'oss://demo/greeting')
    child.kill(signal)
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends at %s with connections open, whatever they are in the middle of',
    async (signal) => {
      const { child, ended, listening } = osspipe('serve', '--bucket', 'demo')
      const url = (await listening).at(-1)?.replace('listening on ', '') ?? ''
      const ends = ['\r\n', 'GET / HTTP/1.1\r\nHo', HALF_A_BODY].map(async (bytes) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        // What the server answers before it ends must be read, or the end behind it is never seen.
        socket.resume().on('error', () => {})
        const over = new Promise((resolve) => socket.once('close', resolve))
        await new Promise((resolve) => socket.write(bytes, resolve))
        return { over }
      })
      const open = await Promise.all(ends)
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 0, stderr: '' })
      await Promise.all(open.map(({ over }) => over))
    },
  )

  it('takes a key pair, a region and a folder, and finds everything again', async () => {
    const data = await mkdtemp(join(tmpdir(), 'osspipe-serve-'))
    onTestFinished(() => rm(data, { recursive: true }))
    const keys = ['--access-key-id', 'id', '--access-key-secret', 'secret']
    const args = ['serve', '--data', data, '--region', 'eu-central-1', ...keys]
    const env = (url: string) => ({
      OSS_ENDPOINT: url,
      OSS_REGION: 'eu-central-1',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'secret',
    })
    const first = osspipe(...args, '--bucket', 'demo')
    const lines = await first.listening
    expect(lines).toHaveLength(1)
    await put(env((lines[0] ?? '').replace('listening on ', '')), 'oss://demo/greeting')
    first.child.kill('SIGTERM')
    await first.ended
    const second = osspipe(...args)
    const url = (await second.listening)[0]?.replace('listening on ', '') ?? ''
    const out = createOssWriteStream('oss://demo/greeting', {
      env: env(url),
      forbidOverwrite: true,
    })
    out.end('hello')
    const error = await finished(out).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ ossCode: 'FileAlreadyExists' })
  })

  it.each([
    ['no command', [], 2, 'Expected a command'],
    ['an unknown command', ['serv'], 2, 'Unknown command "serv"'],
    ['an unknown option', ['serve', '--prot', '1'], 2, '--prot'],
    ['a bad port', ['serve', '--port', '65536'], 2, 'Expected --port'],
    ['half a key pair', ['serve', '--access-key-id', 'x'], 2, '--access-key-secret'],
    ['a bad bucket', ['serve', '--bucket', 'A'], 2, 'Expected --bucket to be'],
    ['an empty folder name', ['serve', '--data', ''], 2, 'Expected --data to be'],
    ['an address of another machine', ['serve', '--host', '203.0.113.1'], 1, 'EADDRNOTAVAIL'],
    ['a file for a folder', ['serve', '--data', MAIN], 1, `Cannot keep data in ${MAIN}: E`],
    ...(process.platform === 'linux' ? UNWRITABLE : []).map(
      (folder): [string, string[], number, string] => [
        `the folder ${folder}`,
        ['serve', '--data', folder],
        1,
        `Cannot keep data in ${folder}: E`,
      ],
    ),
  ])('tells about %s', async (_name, args, code, text) => {
    const ending = await osspipe(...args).ended
    expect(ending.code).toBe(code)
    expect(ending.stderr).toContain(text)
    expect(ending.stderr.split('\n')).toHaveLength(code === 1 ? 2 : 3)
    expect(ending.stderr).toMatch(/^osspipe: /)
    expect(ending.stdout).toBe('')
  })

  it('tells about a port that is taken', async () => {
    const other = await startServer()
    const { code, stderr, stdout } = await osspipe('serve', '--port', String(other.port)).ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe(
      `osspipe: listen EADDRINUSE: address already in use 127.0.0.1:${other.port}\n`,
    )
  })

  it.each(HOSTS)('listens at --host %s', async (host, address) => {
    const { child, ended, listening } = osspipe('serve', '--host', host, '--bucket', 'demo')
    const lines = await listening
    const pattern = `^listening on http://${address.replaceAll(/[.[\]]/g, '\\$&')}:\\d+$`
    expect(lines.at(-1)).toMatch(new RegExp(pattern))
    await put(environment(lines), 'oss://demo/greeting')
    child.kill()
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('refuses a folder that another one serves, until that one is dead', async () => {
    const data = await mkdtemp(join(tmpdir(), 'osspipe-serve-'))
    onTestFinished(() => rm(data, { recursive: true }))
    const first = osspipe('serve', '--data', data, '--bucket', 'demo')
    await put(environment(await first.listening), 'oss://demo/greeting')
    expect(await osspipe('serve', '--data', data).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `osspipe: Another server uses the data folder ${data}\n`,
    })
    first.child.kill('SIGKILL')
    await first.ended
    const second = osspipe('serve', '--data', data)
    await put(environment(await second.listening), 'oss://demo/another')
    second.child.kill()
    expect(await second.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('refuses a folder that is not its own and not empty, as a wrong call', async () => {
    const data = await mkdtemp(join(tmpdir(), 'osspipe-serve-'))
    onTestFinished(() => rm(data, { recursive: true }))
    await writeFile(join(data, 'buckets'), 'a list of them')
    expect(await osspipe('serve', '--data', data).ended).toEqual({
      code: 2,
      stdout: '',
      stderr:
        `osspipe: Cannot keep data in ${data}: it holds "buckets" and no osspipe.json, ` +
        'so that no server made it; take a new or an empty folder\nSee `osspipe serve --help`.\n',
    })
    expect(await readdir(data)).toEqual(['buckets'])
  })

  it('helps', async () => {
    const { code, stdout } = await osspipe('--help').ended
    expect(code).toBe(0)
    expect(stdout).toContain('osspipe serve')
    expect(await osspipe('--version').ended).toMatchObject({ code: 0, stdout: '0.1.0' })
  })
})
