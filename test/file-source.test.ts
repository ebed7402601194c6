/** Whatever a descriptor is open on is read to its end; a reader that waits keeps no process from ending. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createFileSource } from '../src/file-source.js'
import { bytes } from './helpers/new-upload.js'

const MIB = 1024 ** 2
const INPUT = bytes(2.5 * MIB)
const CHILD = fileURLToPath(new URL('children/read-stdin.ts', import.meta.url))

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osspipe-source-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

async function file(content: Buffer = INPUT): Promise<string> {
  const path = join(folder, 'file')
  await writeFile(path, content)
  return path
}

/** A pipe with a name, open for reading; a writer may come later. */
function fifo(): { path: string; fd: number } {
  const path = join(folder, 'fifo')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  return { path, fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) }
}

describe('a source', () => {
  it('reads a file by the MiB, and closes it', async () => {
    const fd = openSync(await file(), 'r')
    const sizes: number[] = []
    const source = createFileSource(fd).on('data', (chunk: Buffer) => sizes.push(chunk.byteLength))
    expect((await buffer(source)).equals(INPUT)).toBe(true)
    expect(sizes).toEqual([MIB, MIB, MIB / 2])
    if (!source.closed) await once(source, 'close')
    expect(() => closeSync(fd)).toThrow('EBADF')
  })

  it('begins where the descriptor stands', async () => {
    const fd = openSync(await file(), 'r')
    readSync(fd, Buffer.alloc(1000))
    expect((await buffer(createFileSource(fd))).equals(INPUT.subarray(1000))).toBe(true)
  })

  it.each([0, 1])('reads a file of %i bytes', async (length) => {
    const fd = openSync(await file(INPUT.subarray(0, length)), 'r')
    expect(await buffer(createFileSource(fd))).toHaveLength(length)
  })

  it('reads a device', async () => {
    expect(await buffer(createFileSource(openSync('/dev/null', 'r')))).toHaveLength(0)
  })

  it('waits for the writer of a pipe with a name', async () => {
    const { path, fd } = fifo()
    const reading = buffer(createFileSource(fd))
    const writer = await open(path, 'w')
    await writer.writeFile(INPUT)
    await writer.close()
    expect((await reading).equals(INPUT)).toBe(true)
  })

  it('that waits for a pipe is destroyed at once', async () => {
    const { path, fd } = fifo()
    const writer = await open(path, 'w')
    const source = createFileSource(fd).resume()
    source.destroy()
    await once(source, 'close')
    await writer.close()
  })

  it('reads a socket', async () => {
    const server = createServer((socket) => socket.end(INPUT)).listen(join(folder, 'socket'))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const script = `import { connect } from 'node:net'
      import { spawn } from 'node:child_process'
      const socket = connect(process.argv[1])
      socket.on('connect', () => {
        const child = spawn(process.execPath, process.argv.slice(2), { stdio: [socket, 1, 2] })
        child.on('close', (code) => process.exit(code))
      })`
    const args = ['--input-type=module', '-e', script, join(folder, 'socket')]
    const child = spawn(process.execPath, [...args, '--import', 'tsx', CHILD], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    expect(String(await buffer(child.stdout))).toBe(`${INPUT.byteLength}\n`)
  })

  it.each([-1, 1.5, 'file', undefined])('cannot be %s', (fd) => {
    expect(() => createFileSource(fd as number)).toThrow('`fd` to be an integer from 0')
  })

  it('that is not open is told at once', () => {
    expect(() => createFileSource(2 ** 20)).toThrow('EBADF')
  })

  it('that is a folder fails', async () => {
    await expect(buffer(createFileSource(openSync(folder, 'r')))).rejects.toThrow('EISDIR')
  })
})

describe('standard input', { timeout: 60_000 }, () => {
  async function child(stdin: 'pipe' | number, ...args: string[]) {
    const started = spawn(process.execPath, ['--import', 'tsx', CHILD, ...args], {
      stdio: [stdin, 'pipe', 'inherit'],
    })
    onTestFinished(() => void started.kill('SIGKILL'))
    return started
  }

  it('is read when it is a file', async () => {
    const handle = await open(await file())
    const { stdout } = await child(handle.fd)
    expect(String(await buffer(stdout ?? new Socket()))).toBe(`${INPUT.byteLength}\n`)
    await handle.close()
  })

  it('is read when it is a pipe', async () => {
    const { stdin, stdout } = await child('pipe')
    stdin?.end(INPUT)
    expect(String(await buffer(stdout ?? new Socket()))).toBe(`${INPUT.byteLength}\n`)
  })

  it('that is silent keeps no process from ending', async () => {
    const started = await child('pipe', 'exit')
    // It ends although its input stays open.
    expect(await once(started, 'exit')).toEqual([7, null])
  })
})
