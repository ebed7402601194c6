/**
 * Uploads that share a memory budget, whatever else they are: all of them end, what is whole is whole,
 * and all memory is given back. No timer ever goes off: nobody may need one to go on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { HashJob } from '../../src/digest/job.js'
import { hashPlainly } from '../../src/digest/plain.js'
import type { Hashing } from '../../src/digest/process-hasher.js'
import type { HashingMode } from '../../src/digest/schedule.js'
import { MemoryBudget } from '../../src/upload/memory-budget.js'
import type { PartSource } from '../../src/upload/part-reader.js'
import type { UploadTarget } from '../../src/upload/upload-target.js'
import { FakeTarget } from '../helpers/fake-target.js'
import { bytes, newUpload } from '../helpers/new-upload.js'

/** Answers parts after some turns of the event loop, and says now and then that it has too much to do. */
class BusyTarget extends FakeTarget {
  readonly #turns: readonly number[]
  #requests = 0

  constructor(turns: readonly number[]) {
    super()
    this.#turns = turns
  }

  override async uploadPart(request: Parameters<UploadTarget['uploadPart']>[0]) {
    const turns = this.#turns[this.#requests++ % this.#turns.length] ?? 0
    if (turns > 6) request.onPushBack?.()
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    return super.uploadPart(request)
  }
}

/** Of a process: one batch after the other keeps the worker busy. */
const hasher = {
  batches: 0,
  modeFor: (mode: HashingMode) => mode,
  usesWorker: (mode: HashingMode) => mode === 'worker',
  get isWorkerBusy() {
    return hasher.batches > 0
  },
  async hash(jobs: readonly HashJob[]) {
    hasher.batches++
    await nextTurn()
    const digests = await Promise.all(jobs.map((job) => hashPlainly(job, nextTurn)))
    hasher.batches--
    return digests
  },
}
const loaded = { hasher } as unknown as Hashing

/** What is said at one time may not be at another. */
const answers = fc.infiniteStream(fc.boolean()).map((stream) => () => stream.next().value === true)

const hashing = fc.record({
  mode: fc.constantFrom<HashingMode>('inline', 'worker'),
  isBusy: answers,
  isPressed: answers,
})

const upload = fc.record({
  partSize: fc.constantFrom(64, 100, 160),
  memory: fc.integer({ min: 2, max: 12 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  isAutomatic: fc.boolean(),
  /** With the kernels there; without, parts are hashed as they fill. */
  hashing: fc.option(hashing),
  isFile: fc.boolean(),
  size: fc.nat(3000),
  chunk: fc.integer({ min: 1, max: 500 }),
  /** Given up after so many turns. */
  abortAfter: fc.option(fc.nat(40)),
  /** Takes the bytes of the one before, at its pace. */
  isTeed: fc.boolean(),
  turns: fc.array(fc.nat(8), { minLength: 1, maxLength: 5 }),
})

type Wanted = typeof upload extends fc.Arbitrary<infer Value> ? Value : never

function open(wanted: Wanted, budget: MemoryBudget) {
  const { partSize, memory, concurrency, isAutomatic, hashing: chosen } = wanted
  const maxMemory = memory * partSize
  const maxPartSize = Math.floor(memory / 2) * partSize
  return newUpload({
    target: new BusyTarget(wanted.turns),
    plan: { partSize, growAfter: 3, maxPartSize, maxMemory },
    concurrency,
    ...(isAutomatic && { maxConcurrency: 8 }),
    ...(chosen !== null && {
      hashing: { ...chosen, loaded: () => loaded, load: () => Promise.resolve(loaded) },
    }),
    budget,
    clock: {
      breathe: () => nextTurn(),
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
      ticks: () => performance.now(),
    },
  })
}

function sourceOf(input: Buffer): PartSource {
  return {
    size: input.byteLength,
    async read(buffer, position) {
      await nextTurn()
      return input.copy(buffer, 0, position, position + Math.min(buffer.byteLength, 90))
    },
    findChange: async () => undefined,
  }
}

/** Gives all of them the same bytes, each chunk when the slowest has taken the one before. */
async function feed(
  uploads: readonly ReturnType<typeof open>[],
  input: Buffer,
  { chunk, isFile }: Wanted,
): Promise<void> {
  if (isFile && uploads.length === 1) {
    await uploads[0]?.upload.finish(sourceOf(input))
    return
  }
  for (let at = 0; at < input.byteLength; at += chunk) {
    const taken = uploads.map(async (each) => each.upload.append(input.subarray(at, at + chunk)))
    await Promise.all(taken)
  }
  await Promise.all(uploads.map(({ upload: each }) => each.finish()))
}

it('end, whatever they are, and give everything back', async () => {
  const property = fc.asyncProperty(
    fc.nat(2500),
    fc.array(upload, { minLength: 1, maxLength: 6 }),
    async (budgetBytes, all) => {
      const budget = new MemoryBudget(budgetBytes)
      const opened = all.map((wanted) => ({ wanted, ...open(wanted, budget) }))
      const groups: (typeof opened)[] = []
      for (const each of opened) {
        const before = groups.at(-1)
        if (each.wanted.isTeed && before !== undefined) before.push(each)
        else groups.push([each])
      }
      let running = groups.length
      const REASON = new Error('given up')
      const endings = groups.map(async (group, index) => {
        const [first] = group
        if (first === undefined) return
        const input = bytes(first.wanted.size, index + 1)
        try {
          await feed(group, input, first.wanted)
          for (const { target } of group) expect(target.object?.bytes.equals(input)).toBe(true)
        } catch (error) {
          if (error !== REASON) throw error
          for (const each of group) await each.upload.abort(REASON)
        } finally {
          running--
        }
      })
      for (let turn = 0; running > 0 && turn < 20_000; turn++) {
        for (const { wanted, upload: each, target } of opened) {
          if (wanted.abortAfter === turn && target.object === undefined) void each.abort(REASON)
          const { heldBytes } = each.progress
          expect(heldBytes).toBeLessThanOrEqual(wanted.memory * wanted.partSize)
        }
        expect(budget.takenBytes).toBeLessThanOrEqual(budgetBytes)
        await nextTurn()
      }
      expect(running).toBe(0)
      await Promise.all(endings)
      expect([budget.takenBytes, budget.isContended]).toEqual([0, false])
      expect(opened.map(({ upload: each }) => each.progress.heldBytes)).toEqual(all.map(() => 0))
    },
  )
  await fc.assert(property, { numRuns: 150 })
})

it('an upload for which there is no memory gives back what it has, be it a small buffer', async () => {
  const failure = new RangeError('Array buffer allocation failed')
  const lent = new Set<Uint8Array>()
  const { upload: each } = newUpload({
    plan: { partSize: 1024 ** 2, growAfter: 10, maxPartSize: 1024 ** 2, maxMemory: 2 * 1024 ** 2 },
    slabs: {
      allocate(size) {
        if (lent.size === 1) throw failure
        const slab = new Uint8Array(size)
        lent.add(slab)
        return slab
      },
      free: (slab) => lent.delete(slab),
    },
  })
  await each.append(bytes(1000))
  expect(each.progress.heldBytes).toBe(1024 ** 2)
  expect(() => each.append(bytes(100_000))).toThrow(failure)
  await each.abort(failure)
  expect([each.progress.heldBytes, lent.size]).toEqual([0, 0])
})
