/** A server has its data folder for itself, and says what is wrong with a folder it cannot use. */

import fs from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { memfs } from 'memfs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createOssServer, type OssServer } from '../../src/server/server.js'
import type { ServerFs } from '../../src/server/store-fs.js'
import { createOssWriteStream } from '../../src/write-stream.js'
import { startServer } from '../helpers/start-server.js'

const LINUX = process.platform === 'linux'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oss-data-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function putGreeting(server: OssServer): Promise<void> {
  const out = createOssWriteStream('oss://bucket/greeting', { ...server.options(), env: {} })
  out.end('hello')
  await finished(out)
}

function failing(code: string, call: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: it does not work, ${call}`), { code })
}

describe('a data folder', () => {
  it('belongs to one server at a time', async () => {
    const dataDir = join(await newFolder(), 'of/some', 'depth')
    const first = await startServer({ dataDir })
    for (const again of [{ dataDir }, { dataDir: `${dataDir}/` }, { dataDir, fs }]) {
      await expect(createOssServer(again)).rejects.toMatchObject({
        name: 'DataDirError',
        code: 'ERR_OSS_DATA_DIR',
        reason: 'in-use',
      })
    }
    await first.close()
    const second = await startServer({ dataDir, fs })
    await expect(createOssServer({ dataDir })).rejects.toMatchObject({ reason: 'in-use' })
    await second.close()
    await (await startServer({ dataDir })).close()
    expect(await readdir(join(dataDir, 'lock'))).toEqual([])
  })

  it.each(['blobs', 'buckets', 'lock', 'trash', 'src', '.git', 'a "b"\n'])(
    'is refused, and left as it is, if somebody else keeps a %j there',
    async (name) => {
      const dataDir = await newFolder()
      await mkdir(join(dataDir, name, 'mine'), { recursive: true })
      await writeFile(join(dataDir, name, 'mine.new'), 'precious')
      await expect(createOssServer({ dataDir })).rejects.toMatchObject({
        code: 'ERR_OSS_DATA_DIR',
        reason: 'foreign',
        message: `Cannot keep data in ${dataDir}: it holds ${JSON.stringify(name)} and no osspipe.json, so that no server made it; take a new or an empty folder`,
      })
      expect(await readdir(dataDir)).toEqual([name])
      expect(await readdir(join(dataDir, name))).toEqual(['mine', 'mine.new'])
    },
  )

  it.each(['.DS_Store', '.gitignore', '.gitkeep', 'lost+found'])(
    'is as good as empty with a %s, which stays',
    async (name) => {
      const dataDir = await newFolder()
      await writeFile(join(dataDir, name), 'mine')
      for (const _ of [1, 2]) await (await startServer({ dataDir })).close()
      expect(await readFile(join(dataDir, name), 'utf8')).toBe('mine')
    },
  )

  it('is taken where a server died while it marked it', async () => {
    const dataDir = await newFolder()
    await writeFile(join(dataDir, '.0123456789abcdef.tmp'), '{')
    await startServer({ dataDir })
  })

  it('is found again whatever has come to lie beside it', async () => {
    const dataDir = await newFolder()
    const server = await startServer({ dataDir })
    await putGreeting(server)
    await server.close()
    await mkdir(join(dataDir, 'src'))
    await writeFile(join(dataDir, 'notes.txt'), 'mine')
    const again = await startServer({ dataDir })
    expect(String(await again.objects.get('bucket', 'greeting')?.content())).toBe('hello')
    expect(await readFile(join(dataDir, 'notes.txt'), 'utf8')).toBe('mine')
  })

  it('is free again if the server could not start', async () => {
    const dataDir = await newFolder()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(createOssServer({ dataDir, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    other.close()
    await (await startServer({ dataDir, port })).close()

    await writeFile(join(dataDir, 'buckets/bucket/bucket.json'), '{')
    await expect(createOssServer({ dataDir })).rejects.toMatchObject({ reason: 'unusable' })
    await rm(join(dataDir, 'buckets/bucket/bucket.json'))
    await (await startServer({ dataDir })).close()
  })

  it('is locked by the file system given, from before the first look until after the last change', async () => {
    const { fs } = memfs()
    const story: string[] = []
    const watched: ServerFs = {
      promises: {
        ...fs.promises,
        mkdir: (path, options) => fs.promises.mkdir(path, options),
        open: (path, flags) => fs.promises.open(path, flags),
        rename: (from, to) => fs.promises.rename(from, to),
        unlink: (path) => fs.promises.unlink(path),
        rm: (path, options) => fs.promises.rm(path, options),
        readFile: (path) => fs.promises.readFile(path),
        readdir: (path) => {
          story.push('read')
          return fs.promises.readdir(path)
        },
      },
      lock: async (folder) => {
        story.push(`lock ${folder}`)
        return { release: async () => void story.push('release') }
      },
    }
    const server = await startServer({ fs: watched, dataDir: '/data' })
    // The first look only tells whether the folder is a server's.
    expect(story.slice(0, 3)).toEqual(['read', 'lock /data', 'read'])
    expect(story).not.toContain('release')
    await server.close()
    await server.close()
    expect(story.filter((what) => what !== 'read')).toEqual(['lock /data', 'release'])
  })

  it('needs no lock in memory', async () => {
    const { fs } = memfs()
    const one = await startServer({ fs })
    const two = await startServer({ fs })
    expect(one.port).not.toBe(two.port)
  })

  it.each([
    ['a file', async (folder: string) => folder, 'EEXIST|ENOTDIR'],
    ['in a file', async (folder: string) => join(folder, 'x'), 'ENOTDIR'],
  ])('cannot be %s', async (_what, place, code) => {
    const file = join(await newFolder(), 'file')
    await writeFile(file, '')
    const dataDir = await place(file)
    const error = await createOssServer({ dataDir }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_OSS_DATA_DIR', reason: 'unusable', dataDir })
    expect(String(error)).toMatch(new RegExp(`Cannot keep data in ${dataDir}: (${code}): `))
  })

  // Places that nobody may write to, not even root.
  it.each(LINUX ? ['/proc/nope', '/proc/nope/deeper', '/sys/nope'] : [])(
    'cannot be %s',
    async (dataDir) => {
      await expect(createOssServer({ dataDir })).rejects.toMatchObject({
        reason: 'unusable',
        cause: { code: expect.stringMatching(/^E(NOENT|PERM|ACCES)$/) },
      })
    },
  )

  it.runIf(LINUX)('cannot be /proc, which is not empty', async () => {
    await expect(createOssServer({ dataDir: '/proc' })).rejects.toMatchObject({ reason: 'foreign' })
  })

  it.each(['ENOENT', 'EACCES', 'EROFS', 'ENOSPC'])('is told about at %s', async (code) => {
    const { fs } = memfs()
    let calls = 0
    const promises = {
      ...fs.promises,
      mkdir: async (path: string) => {
        calls += 1
        throw failing(code, `mkdir '${path}'`)
      },
    } as ServerFs['promises']
    await expect(createOssServer({ fs: { promises }, dataDir: '/a/b/c' })).rejects.toMatchObject({
      reason: 'unusable',
      message: expect.stringMatching(
        `^Cannot keep data in /a/b/c: ${code}: it does not work, mkdir`,
      ),
    })
    expect(calls).toBeLessThanOrEqual(4)
  })

  it.each(['', 'a\0b', 7])('has a path, not %j', async (dataDir) => {
    const options = { dataDir } as { dataDir: string }
    await expect(createOssServer(options)).rejects.toMatchObject({
      code: 'ERR_OSS_INVALID_OPTION',
      option: 'dataDir',
    })
  })

  it('may be the root of a file system', async () => {
    const { fs } = memfs()
    await startServer({ fs, dataDir: '/' })
    expect(fs.readdirSync('/')).toEqual(['blobs', 'buckets', 'osspipe.json', 'trash'])
  })

  it('may be there already, empty', async () => {
    const dataDir = join(await newFolder(), 'there')
    await mkdir(dataDir)
    await startServer({ dataDir })
  })
})
