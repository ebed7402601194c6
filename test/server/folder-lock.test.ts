/** One user at a time of a folder, whoever comes when, and however the one before has ended. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lockFolder } from '../../src/server/folder-lock.js'

const CHILD = fileURLToPath(new URL('./child-lock.ts', import.meta.url))
const IN_USE = { code: 'ERR_OSS_DATA_DIR', reason: 'in-use' }

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oss-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Somebody at a socket of the folder, who says nothing by himself. */
async function stranger(folder: string, name: string) {
  await mkdir(join(folder, 'lock'), { recursive: true })
  const server = createServer()
  const called = once(server, 'connection').then(([socket]: Socket[]) => socket)
  await once(server.listen(join(folder, 'lock', name)), 'listening')
  onTestFinished(() => void server.close())
  return { called }
}

async function child(...args: string[]): Promise<ChildProcess> {
  const process_ = spawn(process.execPath, ['--import', 'tsx', CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void process_.kill('SIGKILL'))
  await once(process_.stdout, 'data')
  return process_
}

async function exited(process_: ChildProcess): Promise<void> {
  if (process_.exitCode === null && process_.signalCode === null) await once(process_, 'exit')
}

describe('the lock of a folder', () => {
  it('is refused while somebody has it, and free once it is released', async () => {
    const folder = await newFolder()
    const first = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({ ...IN_USE, dataDir: folder })
    await expect(lockFolder(folder)).rejects.toThrow(
      `Another server uses the data folder ${folder}`,
    )
    await first.release()
    await (await lockFolder(folder)).release()
    expect(await readdir(join(folder, 'lock'))).toEqual([])
  })

  it('is the same under every name of the folder', async () => {
    const folder = await newFolder()
    const link = join(await newFolder(), 'link')
    await symlink(folder, link)
    const { release } = await lockFolder(folder)
    for (const name of [
      link,
      relative(process.cwd(), folder),
      `${folder}/../${folder.slice(folder.lastIndexOf('/'))}`,
    ]) {
      await expect(lockFolder(name), name).rejects.toMatchObject(IN_USE)
    }
    await release()
  })

  it('is another one for another folder', async () => {
    const one = await lockFolder(await newFolder())
    const two = await lockFolder(await newFolder())
    await one.release()
    await two.release()
  })

  it('works in a folder whose path is too long for a socket', async () => {
    const folder = join(await newFolder(), 'a'.repeat(120))
    await mkdir(folder)
    const links = async () =>
      (await readdir(tmpdir())).filter((name) => /^osspipe-\w{6}$/.test(name)).length
    const before = await links()
    const { release } = await lockFolder(folder)
    expect(await readdir(join(folder, 'lock'))).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)])
    expect(await readdir(join(folder, '..'))).toHaveLength(1)
    await expect(lockFolder(folder)).rejects.toMatchObject(IN_USE)
    expect(await links()).toBe(before)
    await release()
    await (await lockFolder(folder)).release()
    expect(await readdir(join(folder, 'lock'))).toEqual([])
  })

  it('goes to one of many who come at the same moment', async () => {
    const folder = await newFolder()
    for (let round = 0; round < 20; round += 1) {
      const all = await Promise.allSettled(Array.from({ length: 12 }, () => lockFolder(folder)))
      const winners = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      expect(winners).toHaveLength(1)
      for (const one of all) if (one.status === 'rejected') expect(one.reason).toMatchObject(IN_USE)
      await winners[0]?.release()
    }
    expect(await readdir(join(folder, 'lock'))).toEqual([])
  })

  it('needs no answer of who has the smaller name', async () => {
    const folder = await newFolder()
    await stranger(folder, '0'.repeat(16))
    await expect(lockFolder(folder)).rejects.toMatchObject(IN_USE)
  })

  it('waits for the word of who has the greater name: it has it', async () => {
    const folder = await newFolder()
    const { called } = await stranger(folder, 'f'.repeat(16))
    const outcome = expect(lockFolder(folder)).rejects.toMatchObject(IN_USE)
    const socket = await called
    socket?.end('held')
    await outcome
  })

  it('waits for the word of who has the greater name: it has given up', async () => {
    const folder = await newFolder()
    const { called } = await stranger(folder, 'f'.repeat(16))
    const lock = lockFolder(folder)
    const socket = await called
    socket?.destroy()
    await (await lock).release()
  })

  it('is told to those who asked before it was held', async () => {
    const folder = await newFolder()
    const { called } = await stranger(folder, 'f'.repeat(16))
    const lock = lockFolder(folder)
    const socket = await called
    const [name = ''] = await readdir(join(folder, 'lock'))
    const asking = connect(join(folder, 'lock', name))
    await once(asking, 'connect')
    socket?.destroy()
    expect(String(await once(asking, 'data'))).toBe('held')
    asking.destroy()
    await (await lock).release()
  })

  it.each([
    ['killed', 'stays'],
    ['gone by itself, which the lock does not prevent', undefined],
  ])('is free once its process is %s', { timeout: 30_000 }, async (_how, stays) => {
    const folder = await newFolder()
    const process_ = await child(folder, ...(stays === undefined ? [] : [stays]))
    if (stays !== undefined) {
      await expect(lockFolder(folder)).rejects.toMatchObject(IN_USE)
      process_.kill('SIGKILL')
    }
    await exited(process_)
    const dead = await readdir(join(folder, 'lock'))
    expect(dead).toHaveLength(1)
    // Whatever stands there without somebody behind it is in nobody's way, also for several at once.
    await writeFile(join(folder, 'lock', `${'a'.repeat(16)}.new`), '')
    await writeFile(join(folder, 'lock', 'note'), '')
    const all = await Promise.allSettled([1, 2, 3].map(() => lockFolder(folder)))
    const [winner, ...others] = all.flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    )
    expect(others).toEqual([])
    const names = await readdir(join(folder, 'lock'))
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), 'note'])
    expect(names).not.toContain(dead[0])
    await winner?.release()
  })
})
