/**
 * Hashes full parts, of any number of streams: up to four side by side, in slices between which the
 * event loop turns, or in the worker; MD5 of a part that stands alone by node:crypto. It never fails for
 * reasons of its own: where the kernels or the worker do not work, the plain way does.
 *
 * How an upload uses it (one `Hasher` and one `Arena` a process, see process-hasher.ts):
 *  - Its first buffer is an ordinary one and hashed as it fills, so that a small upload touches
 *    neither. Further ones come from `arena.tryAllocate`, or are ordinary if that has none; sizes
 *    that are multiples of 64 spare copies. They go back by `arena.free`, and when the process has
 *    been idle for some seconds, `hasher.trim()` ends the worker and lets the memory go.
 *  - A part that begins to fill asks `hashesAsItFills`. If not so, it goes to the stream's
 *    `BatchQueue` once full, which calls `hash` with as many parts as `partsToHash` says.
 *  - A part's buffers may go back once its promise has settled, not before.
 *  - What is sent is a view over a SharedArrayBuffer; undici, sockets and TLS write it as it is.
 */
import type { Arena } from './arena.js'
import { argumentsOf, Batch, BLOCK } from './batch.js'
import { HashWorker, type PostedCall } from './hash-worker.js'
import { type Breathe, type Digests, type HashJob, sizeOf } from './job.js'
import { instantiateKernels, type Kernels } from './kernels.js'
import { LANES, STATE_COUNT, stateAt } from './layout.js'
import { hashPlainly } from './plain.js'
import { BUSY, type HashingMode, hashesIn } from './schedule.js'
import type { WasmMemory } from './wasm-engine.js'

export interface HasherSettings {
  readonly arena: Arena
  readonly breathe: Breathe
  /** Processors the process may use. */
  readonly cores: number
  /** Share of the event loop's time, 0 to 1, spent working since the last call. */
  utilization(): number
  readonly worker?: HashWorker
}

interface Task {
  readonly job: HashJob
  readonly mode: HashingMode
  readonly resolve: (digests: Digests) => void
  readonly reject: (reason: unknown) => void
}

interface ReadyBatch {
  readonly batch: Batch
  readonly memory: WasmMemory
  readonly kernels: Kernels
}

interface WorkerBatch extends ReadyBatch {
  readonly state: number
  readonly calls: readonly PostedCall[]
}

/** Bytes hashed inline between two turns of the event loop: half a millisecond of MD5. */
const BREATH = 1024 * 1024

/** Bytes of a job that is alone, from which on it is worth having memory and kernels. */
const WORTH_KERNELS = 256 * 1024

export class Hasher {
  readonly #settings: HasherSettings
  readonly #worker: HashWorker
  readonly #waiting: Task[] = []
  /** States no batch has now; the first is the one for this thread. */
  readonly #workerStates = Array.from({ length: STATE_COUNT - 1 }, (_, i) => stateAt(i + 1))
  #ready: { readonly memory: WasmMemory; readonly kernels: Kernels } | undefined
  #kernelsFail = false
  #isHashing = false
  #busyBatches = 0

  constructor(settings: HasherSettings) {
    this.#settings = settings
    this.#worker = settings.worker ?? new HashWorker()
  }

  /**
   * Resolves with the digests of the jobs, in their order. Jobs given together, or waiting together,
   * are hashed together if they want the same digests. Rejects only if `breathe` does.
   */
  hash(jobs: readonly HashJob[], mode: HashingMode = 'auto'): Promise<Digests[]> {
    const results = jobs.map(
      (job) =>
        new Promise<Digests>((resolve, reject) => {
          this.#waiting.push({ job, mode, resolve, reject })
        }),
    )
    this.#pump()
    return Promise.all(results)
  }

  /**
   * Ends the worker and lets the arena's memory go, each if nobody uses it. For a process in which
   * nothing has been hashed for a while: both come back with the next batch.
   */
  async trim(): Promise<void> {
    if (this.#settings.arena.trim()) this.#ready = undefined
    if (this.#worker.isRunning && this.#worker.pending === 0) {
      this.#busyBatches = 0
      await this.#worker.stop()
    }
  }

  /** Starts as many batches as can be under way: one here, and those of the worker. */
  #pump(): void {
    for (let tasks = this.#nextTasks(); tasks.length > 0; tasks = this.#nextTasks()) {
      const there = this.#prefersWorker(tasks) ? this.#forWorker(tasks) : undefined
      if (there === 'later' || (there === undefined && this.#isHashing)) return
      this.#waiting.splice(0, tasks.length)
      if (there === undefined) void this.#hashHere(tasks)
      else void this.#hashThere(tasks, there)
    }
  }

  /** The tasks at the head of the queue that can share a batch. */
  #nextTasks(): Task[] {
    const [head] = this.#waiting
    if (head === undefined) return []
    const differs = ({ job, mode }: Task) =>
      job.md5 !== head.job.md5 || job.crc64 !== head.job.crc64 || mode !== head.mode
    const end = this.#waiting.findIndex(differs)
    return this.#waiting.slice(0, end === -1 ? LANES : Math.min(LANES, end))
  }

  /** A part that stands alone is hashed here: the kernels take as long for one as for four. */
  #prefersWorker(tasks: readonly Task[]): boolean {
    const [head] = tasks
    if (head === undefined || tasks.length < 2) return false
    const { hasFailed: failed, isRunning: running } = this.#worker
    const { cores } = this.#settings
    const now = { mode: head.mode, cores, failed, running, busyBatches: this.#busyBatches }
    return hashesIn(now) === 'worker'
  }

  /** A batch that the worker can do; `undefined` if it cannot, `later` if it has enough to do. */
  #forWorker(tasks: readonly Task[]): WorkerBatch | 'later' | undefined {
    const state = this.#workerStates.pop()
    if (state === undefined) return 'later'
    const made = this.#batchOf(tasks, state)
    const calls = made === undefined ? undefined : postable(made.batch)
    if (made !== undefined && calls !== undefined) return { ...made, state, calls }
    this.#workerStates.push(state)
    return undefined
  }

  async #hashThere(tasks: readonly Task[], there: WorkerBatch): Promise<void> {
    const { batch, memory, state, calls } = there
    try {
      await this.#worker.run(memory, calls)
      settle(tasks, batch.digests())
    } catch {
      // The thread has died. The bytes are still where they were: from the start, here.
      this.#waiting.unshift(...tasks.map((task): Task => ({ ...task, mode: 'inline' })))
    }
    this.#workerStates.push(state)
    this.#meter()
    this.#pump()
  }

  async #hashHere(tasks: readonly Task[]): Promise<void> {
    this.#isHashing = true
    try {
      settle(tasks, (await this.#hashInSlices(tasks)) ?? (await this.#hashOneByOne(tasks)))
    } catch (error) {
      for (const { reject } of tasks) reject(error)
    }
    this.#isHashing = false
    if (tasks.length > 1) this.#meter()
    this.#pump()
  }

  async #hashInSlices(tasks: readonly Task[]): Promise<Digests[] | undefined> {
    const made = isWorthBatch(tasks) ? this.#batchOf(tasks, stateAt(0)) : undefined
    if (made === undefined) return undefined
    const { batch, kernels } = made
    let left = BREATH
    for (const call of batch.calls()) {
      if (!('kernel' in call)) {
        batch.stage(call.lane, call.from, call.length)
        continue
      }
      const kernel = kernels[call.kernel]
      // By the addresses, idle lanes included: what takes the time is the call.
      const size = BLOCK * call.addresses.length
      for (let from = 0; from < call.blocks; ) {
        const blocks = Math.min(call.blocks - from, Math.ceil(left / size))
        kernel(...argumentsOf(call, from, blocks))
        from += blocks
        left -= blocks * size
        if (left > 0) continue
        await this.#settings.breathe()
        left = BREATH
      }
    }
    return batch.digests()
  }

  async #hashOneByOne(tasks: readonly Task[]): Promise<Digests[]> {
    const digests: Digests[] = []
    for (const task of tasks) digests.push(await this.#hashAlone(task))
    return digests
  }

  /** MD5 by node:crypto; CRC-64 by its kernel, if there is one. */
  async #hashAlone(task: Task): Promise<Digests> {
    const { job } = task
    const crc64 = job.crc64
      ? await this.#hashInSlices([{ ...task, job: { ...job, md5: false } }])
      : undefined
    if (crc64 === undefined) return hashPlainly(job, this.#settings.breathe)
    const { md5 } = await hashPlainly({ ...job, crc64: false }, this.#settings.breathe)
    return { md5, crc64: crc64[0]?.crc64 }
  }

  /** A batch with the kernels on its memory, or `undefined` where there are none. */
  #batchOf(tasks: readonly Task[], state: number): ReadyBatch | undefined {
    const { arena } = this.#settings
    const memory = this.#kernelsFail ? undefined : arena.memory()
    const [head] = tasks
    if (memory === undefined || head === undefined) return undefined
    const kernels = this.#kernelsOn(memory)
    if (kernels === undefined) return undefined
    const jobs = tasks.map(({ job }) => job)
    const { md5, crc64 } = head.job
    const holds = (bytes: Uint8Array) => arena.holds(bytes)
    return { batch: new Batch(jobs, { memory, state, md5, crc64, holds }), memory, kernels }
  }

  #kernelsOn(memory: WasmMemory): Kernels | undefined {
    if (this.#ready?.memory === memory) return this.#ready.kernels
    try {
      const kernels = instantiateKernels(memory)
      this.#ready = { memory, kernels }
      return kernels
    } catch {
      this.#kernelsFail = true
      return undefined
    }
  }

  #meter(): void {
    const isBusy = this.#settings.utilization() >= BUSY
    this.#busyBatches = isBusy ? this.#busyBatches + 1 : 0
  }
}

/** Whether the kernels are to be preferred: for MD5 if they have several parts, for CRC-64 always. */
function isWorthBatch(tasks: readonly Task[]): boolean {
  const [head] = tasks
  if (head === undefined || tasks.length > 1) return head !== undefined
  return !head.job.md5 && sizeOf(head.job) >= WORTH_KERNELS
}

/**
 * The batch's calls for the worker, or `undefined` if some of its bytes lie outside the memory. In pieces:
 * the engine's better code comes while the first ones run, and only a new call takes it.
 */
function postable(batch: Batch): PostedCall[] | undefined {
  const calls: PostedCall[] = []
  for (const call of batch.calls()) {
    if (!('kernel' in call)) return undefined
    const most = BREATH / (BLOCK * call.addresses.length)
    for (let from = 0; from < call.blocks; from += most) {
      const blocks = Math.min(most, call.blocks - from)
      calls.push([call.kernel, argumentsOf(call, from, blocks)])
    }
  }
  return calls
}

function settle(tasks: readonly Task[], digests: readonly Digests[]): void {
  for (const [index, { resolve, reject }] of tasks.entries()) {
    const found = digests[index]
    if (found === undefined) reject(new RangeError(`No digests of job ${index}`))
    else resolve(found)
  }
}
