/** Batches as full as memory allows, though it comes back part by part. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { HashJob } from '../../src/digest/job.js'
import { hashPlainly } from '../../src/digest/plain.js'
import type { Hashing } from '../../src/digest/process-hasher.js'
import type { HashingMode } from '../../src/digest/schedule.js'
import { planParts } from '../../src/protocol/part-plan.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { Gate } from '../helpers/gate.js'
import { bytes, neverWakes, newUpload, PART } from '../helpers/new-upload.js'

/** An upload with memory for four parts, on a loop that has no time; a part, the fifth, waits at a gate. */
function pressed(
  partMs: number,
  { held = 5, ...more }: { held?: number; budget?: MemoryBudget } = {},
) {
  const gate = new Gate()
  let now = 0
  const target = new (class extends FakeTarget {
    override async uploadPart(request: Parameters<UploadTarget['uploadPart']>[0]) {
      if (request.partNumber === held) await gate.arrive()
      now += partMs
      return super.uploadPart(request)
    }
  })()
  const batches: number[] = []
  const hasher = {
    modeFor: (mode: HashingMode) => mode,
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
    concurrency: 2,
    clock: { breathe: () => Promise.resolve(), sleep: neverWakes, ticks: () => now },
    hashing: {
      mode: 'inline',
      isBusy: () => true,
      isPressed: () => true,
      loaded: () => loaded,
      load: async () => loaded,
    },
    ...more,
  })
  return { upload, target, gate, batches }
}

it('a batch waits for the part that fills the memory of the last one sent', async () => {
  const { upload, target, gate, batches } = pressed(1)
  const content = bytes(9 * PART + 1)
  await upload.append(content.subarray(0, PART + 1))
  while (upload.progress.partsUploaded === 0) await nextTurn()
  const taken = upload.append(content.subarray(PART + 1))
  await gate.reached()
  while (upload.progress.partsUploaded < 4) await nextTurn()
  // Three parts wait, and the writer for the memory of the fifth.
  expect(batches).toEqual([4])
  gate.open()
  await taken
  await upload.finish()
  expect(batches).toEqual([4, 4, 1])
  expect(target.object?.bytes.equals(content)).toBe(true)
})

it('half of the memory is sent while the other half fills where the line is slow', async () => {
  const { upload, gate, batches } = pressed(40)
  gate.open()
  await upload.append(bytes(PART + 1))
  while (upload.progress.partsUploaded === 0) await nextTurn()
  await upload.append(bytes(8 * PART))
  await upload.finish()
  expect(batches).toEqual([2, 2, 2, 2, 1])
})

it('a batch waits for no memory that another upload has been given', async () => {
  // Beside one part for each, memory for one.
  const budget = new MemoryBudget(PART)
  const [one, other] = [pressed(1, { held: 1, budget }), pressed(1, { held: 1, budget })]
  const content = bytes(3 * PART + 1)
  await one.upload.append(content.subarray(0, 2 * PART))
  await one.gate.reached()
  const takenThere = other.upload.append(content.subarray(0, 2 * PART))
  await other.gate.reached()
  // One's second part waits for others to be hashed with, and its writer for memory, behind the other's.
  const taken = one.upload.append(content.subarray(2 * PART))
  expect([one, other].map(({ upload }) => upload.progress.heldBytes)).toEqual([2 * PART, PART])
  one.gate.open()
  await taken
  await one.upload.finish()
  expect(one.target.object?.bytes.equals(content)).toBe(true)
  other.gate.open()
  await takenThere
  await other.upload.finish()
})
