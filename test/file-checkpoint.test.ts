import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memfs } from 'memfs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CheckpointFs, fileCheckpoint } from '../src/file-checkpoint.js'
import { newUpload, PART } from './helpers/new-upload.js'

const PATH = '/folder/checkpoint'

function fsWith(files: Record<string, string | null>): {
  readonly fs: CheckpointFs
  files(): Record<string, string | null>
} {
  const { fs, vol } = memfs({ '/folder': null, ...files })
  return { fs: fs.promises, files: () => vol.toJSON() }
}

async function realFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-checkpoint-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A file system that notes what changes, and whose power fails after so many changes. */
function crashing(inner: CheckpointFs, budget = Number.POSITIVE_INFINITY) {
  const changes: string[] = []
  const change = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    changes.push(what)
    if (changes.length > budget) throw new Error('power failure')
    return work()
  }
  const fs: CheckpointFs = {
    readFile: (path, encoding) => inner.readFile(path, encoding),
    rename: (from, to) => change('rename', () => inner.rename(from, to)),
    rm: (path, options) => change('rm', () => inner.rm(path, options)),
    open: async (path, flags, mode) => {
      const name = flags === 'r' ? 'folder' : 'file'
      const file = await change(`open ${name}`, () => inner.open(path, flags, mode))
      return {
        // The write that meets the failure gets half of its text out.
        writeFile: (text) =>
          change('write', () => file.writeFile(text)).catch(async (error: unknown) => {
            await file.writeFile(text.slice(0, text.length / 2))
            throw error
          }),
        sync: () => change(`sync ${name}`, async () => file.sync?.()),
        close: () => file.close(),
      }
    },
  }
  return { fs, changes }
}

describe('fileCheckpoint', () => {
  it.each([[''], ['a\0b'], [undefined], [42]])('refuses the path %j', (path) => {
    // @ts-expect-error: called from JavaScript
    expect(() => fileCheckpoint(path)).toThrow('the path of a file')
  })

  it('has its text on disk before its name, and its name before it says so', async () => {
    const { fs, changes } = crashing(fsWith({}).fs)
    await fileCheckpoint(PATH, { fs }).save('new')
    expect(changes).toEqual([
      ...['open file', 'write', 'sync file', 'rename'],
      ...['open folder', 'sync folder'],
    ])
  })

  it.each([
    ['the first text', {}],
    ['another text', { [PATH]: 'old' }],
    ['another text, after an earlier crash', { [PATH]: 'old', [`${PATH}.tmp`]: 'older and cut' }],
  ])('saving %s leaves the old or the new, wherever the power fails', async (_name, before) => {
    const old = await fileCheckpoint(PATH, { fs: fsWith(before).fs }).load()
    const seen = new Set<unknown>()
    for (let budget = 0; ; budget++) {
      const { fs, files } = fsWith(before)
      const crash = crashing(fs, budget)
      const saving = fileCheckpoint(PATH, { fs: crash.fs }).save('new text')
      const isSaved = await Promise.resolve(saving).then(
        () => true,
        () => false,
      )
      const found = await fileCheckpoint(PATH, { fs }).load()
      expect([old, 'new text']).toContain(found)
      seen.add(found)
      // The next run is not troubled by what is left.
      await fileCheckpoint(PATH, { fs }).save('next')
      expect(files()).toEqual({ [PATH]: 'next' })
      if (isSaved) break
      expect(budget).toBeLessThan(20)
    }
    expect(seen).toEqual(new Set([old, 'new text']))
  })

  it('removing leaves the text or nothing, wherever the power fails', async () => {
    const before = { [PATH]: 'old', [`${PATH}.tmp`]: 'cut' }
    const seen = new Set<unknown>()
    for (let budget = 0; ; budget++) {
      const { fs, files } = fsWith(before)
      const crash = crashing(fs, budget)
      const removing = fileCheckpoint(PATH, { fs: crash.fs }).remove()
      const isRemoved = await Promise.resolve(removing).then(
        () => true,
        () => false,
      )
      seen.add(await fileCheckpoint(PATH, { fs }).load())
      if (isRemoved) {
        expect(files()).toEqual({ '/folder': null })
        break
      }
      expect(budget).toBeLessThan(20)
    }
    expect(seen).toEqual(new Set(['old', undefined]))
  })

  it.each(['write', 'sync file', 'rename'])(
    'leaves nothing beside it when %s fails on a disk that is full',
    async (broken) => {
      const { fs, files } = fsWith({ [PATH]: 'old' })
      const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
      const failing: CheckpointFs = {
        ...fs,
        readFile: (path, encoding) => fs.readFile(path, encoding),
        rm: (path, options) => fs.rm(path, options),
        rename: (from, to) => (broken === 'rename' ? Promise.reject(full) : fs.rename(from, to)),
        open: async (path, flags, mode) => {
          const file = await fs.open(path, flags, mode)
          return {
            writeFile: (text) => (broken === 'write' ? Promise.reject(full) : file.writeFile(text)),
            sync: () =>
              broken === 'sync file' ? Promise.reject(full) : Promise.resolve(file.sync?.()),
            close: () => file.close(),
          }
        },
      }
      await expect(fileCheckpoint(PATH, { fs: failing }).save('new')).rejects.toBe(full)
      expect(files()).toEqual({ [PATH]: 'old' })
    },
  )

  it('is read by its owner alone', async () => {
    const path = join(await realFolder(), 'checkpoint')
    await fileCheckpoint(path).save('text')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).toBe('text')
  })

  it('leaves nothing else in its folder', async () => {
    const folder = await realFolder()
    const store = fileCheckpoint(join(folder, 'checkpoint'))
    await store.save('text')
    expect(await readdir(folder)).toEqual(['checkpoint'])
    await store.remove()
    expect(await readdir(folder)).toEqual([])
  })

  it('has nothing to remove in a folder that is not there', async () => {
    const store = fileCheckpoint(join(await realFolder(), 'none', 'checkpoint'))
    await store.remove()
    expect(await store.load()).toBeUndefined()
  })
})

describe('an upload whose checkpoint', () => {
  it.each<[string, string, (folder: string) => Promise<string>]>([
    ['is a folder', 'EISDIR', async (folder) => folder],
    ['has no folder', 'ENOENT', async (folder) => join(folder, 'none', 'checkpoint')],
    ['has a file for a folder', 'ENOTDIR', fileAsFolder],
    ...(process.getuid?.() === 0 ? [] : forbidden()),
  ])('%s fails with the reason and leaves nothing', async (_name, code, pathIn) => {
    const path = await pathIn(await realFolder())
    const checkpoint = { store: fileCheckpoint(path), headers: 'digest', source: undefined }
    const { upload, target } = newUpload({ checkpoint, leavePartsOnError: true })
    const error = await Promise.resolve(upload.append(Buffer.alloc(2 * PART)))
      .then(() => upload.finish())
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'ERR_OSS_CHECKPOINT',
      reason: 'store',
      cause: { code },
      message: 'The checkpoint given for oss://bucket/key could not be loaded, saved or removed',
    })
    await upload.abort(error)
    expect(target.uploads.size).toBe(0)
    expect(target.object).toBeUndefined()
  })
})

async function fileAsFolder(folder: string): Promise<string> {
  await writeFile(join(folder, 'file'), '')
  return join(folder, 'file', 'checkpoint')
}

/** Nothing is forbidden to root. */
function forbidden(): [string, string, (folder: string) => Promise<string>][] {
  return [
    [
      'must not be read',
      'EACCES',
      async (folder) => {
        const path = join(folder, 'checkpoint')
        await writeFile(path, '', { mode: 0o000 })
        return path
      },
    ],
    [
      'must not be written',
      'EACCES',
      async (folder) => {
        const locked = join(folder, 'locked')
        await mkdir(locked)
        await chmod(locked, 0o500)
        return join(locked, 'checkpoint')
      },
    ],
  ]
}
