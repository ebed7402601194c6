/** Batches as full as memory allows, though it comes back part by part. */
import { expect, it } from 'vitest'
import type { HashJob } from '../../src/digest/job.js'
import { hashPlainly } from '../../src/digest/plain.js'
import type { Hashing } from '../../src/digest/process-hasher.js'
import { planParts } from '../../src/protocol/part-plan.js'
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { Gate } from '../helpers/gate.js'
import { bytes, newUpload, PART } from '../helpers/new-upload.js'

it('a batch waits for the part that fills the memory of the last one sent', async () => {
  const gate = new Gate()
  const target = new (class extends FakeTarget {
    override async uploadPart(request: Parameters<UploadTarget['uploadPart']>[0]) {
      if (request.partNumber === 1) await gate.arrive()
      return super.uploadPart(request)
    }
  })()
  const batches: number[] = []
  const hasher = {
    usesWorker: () => false,
    async hash(jobs: readonly HashJob[]) {
      batches.push(jobs.length)
      return Promise.all(jobs.map((job) => hashPlainly(job, () => Promise.resolve())))
    },
  }
  const loaded = { hasher } as unknown as Hashing
  const { upload } = newUpload({
    target,
    plan: planParts({ partSize: PART, concurrency: 2, maxMemory: 4 * PART }),
    hashing: {
      mode: 'inline',
      isBusy: () => true,
      isPressed: () => true,
      loaded: () => loaded,
      load: async () => loaded,
    },
  })
  const content = bytes(5 * PART + 1)
  const taken = upload.append(content)
  await gate.reached()
  // Three parts wait, and the writer for the memory of the first.
  expect(batches).toEqual([])
  gate.open()
  await taken
  await upload.finish()
  expect(batches).toEqual([4, 1])
  expect(target.object?.bytes.equals(content)).toBe(true)
})
