/** A closed standard input is no empty object, and a closed standard output is one that is ignored. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { type DescriptorFs, wasClosed } from '../../src/cli/closed-input.js'
import { environmentOf, MAIN, osspipe } from '../helpers/run-osspipe.js'
import { startServer } from '../helpers/start-server.js'

const NULL = 259
const isLinux = process.platform === 'linux'

/** What `fstat` and /proc say; `null` where there is no such file. */
function fsOf(device: number | undefined, fdinfo: string | null): DescriptorFs {
  return {
    fstatSync: () => ({ isCharacterDevice: () => device !== undefined, rdev: device ?? 0 }),
    statSync: () => ({ rdev: NULL }),
    readFileSync: (path) => {
      expect(path).toBe('/proc/self/fdinfo/0')
      if (fdinfo === null) throw new Error('ENOENT')
      return fdinfo
    },
  }
}

const fdinfo = (flags: string) => `pos:\t0\nflags:\t${flags}\nmnt_id:\t24\nino:\t3\n`

it.each<[boolean, string, number | undefined, string | null]>([
  [true, '/dev/null as Node opens it', NULL, fdinfo('02100002')],
  [true, 'the same with close-on-exec off', NULL, fdinfo('0100002')],
  [false, '/dev/null as a shell opens it', NULL, fdinfo('02100000')],
  [false, '/dev/null that can be written only', NULL, fdinfo('0100001')],
  [false, 'a file or a pipe', undefined, fdinfo('02100002')],
  [false, 'another device, for reading and writing', 261, fdinfo('02100002')],
  [false, '/dev/null on a system without /proc', NULL, null],
  [false, 'a /proc that says something else', NULL, 'pos:\t0\n'],
  [false, 'a /proc that says nothing', NULL, ''],
])('%s for %s', (expected, _name, device, text) => {
  expect(wasClosed(0, fsOf(device, text))).toBe(expected)
})

/** Runs lines of a shell that knows `osspipe`. */
async function inShell(lines: string) {
  const server = await startServer()
  const env = { ...environmentOf(server), NODE: process.execPath, MAIN }
  const script = `osspipe() { "$NODE" "$MAIN" "$@"; }\n${lines}`
  const child = spawn('sh', ['-c', script], { env, stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin?.end()
  const stderr = child.stderr === null ? '' : (await buffer(child.stderr)).toString()
  if (child.exitCode === null) await once(child, 'exit')
  return { code: child.exitCode, stderr, size: server.objects.get('bucket', 'key')?.size }
}

describe.runIf(isLinux)('osspipe put, in a shell', { timeout: 60_000 }, () => {
  const put = (redirection: string) => inShell(`osspipe put - oss://bucket/key ${redirection}`)

  it('refuses a standard input that is closed', async () => {
    const { code, stderr, size } = await put('<&-')
    expect({ code, size }).toEqual({ code: 2, size: undefined })
    expect(stderr).toContain('Expected something to read on standard input, which is closed')
    expect(stderr).toContain('</dev/null')
  })

  it.each(['</dev/null', ''])(
    'stores an empty object of what is open and empty: %j',
    async (how) => {
      expect(await put(how)).toMatchObject({ code: 0, size: 0 })
    },
  )
})

describe.runIf(isLinux)('osspipe whose standard output is closed', { timeout: 60_000 }, () => {
  it.each([
    ['put', 'echo hello | osspipe put -q --json - oss://bucket/key >&-'],
    [
      'get',
      'echo hello | osspipe put -q - oss://bucket/key\nosspipe get -q oss://bucket/key - >&-',
    ],
  ])('%s does its work, as for a parent that ignores the output', async (_command, lines) => {
    expect(await inShell(lines)).toEqual({ code: 0, stderr: '', size: 6 })
  })
})

it.runIf(isLinux)('osspipe put refuses a parent that opens it as Node does', async () => {
  const server = await startServer()
  const fd = openSync('/dev/null', 'r+')
  const run = osspipe(server, ['put', '-', 'oss://bucket/key'], { stdio: [fd, 'pipe', 'pipe'] })
  closeSync(fd)
  expect(await run).toMatchObject({ code: 2 })
  expect(server.requests.all).toEqual([])
})
