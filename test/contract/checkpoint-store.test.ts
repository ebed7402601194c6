/** The stores that there are obey the same sentences. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memfs } from 'memfs'
import { onTestFinished } from 'vitest'
import { fileCheckpoint } from '../../src/file-checkpoint.js'
import { MemoryCheckpoint } from '../helpers/memory-checkpoint.js'
import { holdsToStoreContract } from './checkpoint-store.js'

holdsToStoreContract('a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'osspipe-checkpoint-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return () => fileCheckpoint(join(folder, 'a name with 中.json'))
})

holdsToStoreContract('a file in memory', () => {
  const { fs } = memfs({ '/folder': null })
  return () => fileCheckpoint('/folder/checkpoint', { fs: fs.promises })
})

holdsToStoreContract('the store of the tests', () => {
  const store = new MemoryCheckpoint()
  return () => store
})
