/** A file system that fails to close what was only read. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { uploadFile } from '../src/upload-file.js'
import { streamOptions } from './helpers/open-stream.js'
import { startServer } from './helpers/start-server.js'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const close = (fd: number, callback: (error: Error | null) => void) =>
    fs.close(fd, () => callback(new Error('EIO: i/o error, close')))
  return { ...fs, close }
})

it('does not make a failure of a published object', async () => {
  const server = await startServer()
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-close-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  await writeFile(path, 'content')
  const result = await uploadFile(path, 'oss://bucket/key', streamOptions(server, {}))
  expect(result.size).toBe(7)
})
