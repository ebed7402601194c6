/** Where `get` writes, looked at between its steps. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openDestination } from '../../src/cli/destination.js'
import { FakeContext } from '../helpers/fake-context.js'

async function newFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'osspipe-destination-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

it('takes its file away at once, though taking it away has begun already', async () => {
  const folder = await newFolder()
  const destination = await openDestination(join(folder, 'file'), 'key', new FakeContext(), false)
  expect(await readdir(folder)).toHaveLength(1)
  const discarding = destination.discard()
  destination.discardNow()
  expect(await readdir(folder)).toEqual([])
  await discarding
})

it('has nothing to take away once it is published', async () => {
  const folder = await newFolder()
  const destination = await openDestination(join(folder, 'file'), 'key', new FakeContext(), false)
  await destination.publish()
  destination.discardNow()
  await destination.discard()
  expect(await readdir(folder)).toEqual(['file'])
})
