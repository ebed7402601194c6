/**
 * Hashes full parts, of any number of streams: up to eight side by side, in slices between which the event loop
 * turns, or in the worker; MD5 of a part that stands alone by node:crypto. It never fails for
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
import { Batch, BLOCK, type Call } from './batch.js'
import { type HashTask, nextTasks, settle } from './hash-task.js'
import { HashWorker, type PostedCall } from './hash-worker.js'
import type { Breathe, Digests, HashJob } from './job.js'
import { KernelSet, type SomeKernels } from './kernel-set.js'
import { LANES, STATE_COUNT, stateAt, WIDE } from './layout.js'
import { hashPlainly } from './plain.js'
import {
  BUSY,
  type HashingMode,
  hashesIn,
  isWorthKernels,
  jointKernelOf,
  modeFor,
} from './schedule.js'
import { type AnyCall, argumentsOfAny, callsOf, inPieces, lanesOf } from './side-by-side.js'
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

/** One batch, or two that are hashed side by side. */
interface ReadyWork {
  readonly batches: readonly Batch[]
  readonly memory: WasmMemory
  readonly kernels: SomeKernels
  /** Undefined if some of the bytes lie outside the memory. */
  readonly calls: readonly AnyCall[] | undefined
}

interface WorkerWork extends ReadyWork {
  readonly states: readonly number[]
  readonly posted: readonly PostedCall[]
}

/** Bytes hashed inline between two turns of the event loop: half a millisecond of MD5. */
const BREATH = 1024 * 1024

export class Hasher {
  readonly #settings: HasherSettings
  readonly #worker: HashWorker
  readonly #waiting: HashTask[] = []
  readonly #ownStates = Array.from({ length: WIDE }, (_, i) => stateAt(i))
  /** Those of the worker that no batch has now. */
  readonly #workerStates = Array.from({ length: STATE_COUNT - WIDE }, (_, i) => stateAt(WIDE + i))
  readonly #kernels = new KernelSet()
  #isHashing = false
  #isGathering = false
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
    if (nextTasks(this.#waiting).length >= LANES) this.#pump()
    else void this.#gather()
    return Promise.all(results)
  }

  /** The mode for the batches of a stream, by its digests and its line. */
  modeFor(stream: Omit<Parameters<typeof modeFor>[0], 'cores'>): HashingMode {
    const { mode, wish, isLineFast } = stream
    // Named one by one: a spread with something behind it leaves a hidden class behind at each call.
    return modeFor({ mode, wish, isLineFast, cores: this.#settings.cores })
  }

  /** Whether a batch of several parts would go to the worker now. */
  usesWorker(mode: HashingMode): boolean {
    const { hasFailed: failed, isRunning: running } = this.#worker
    const { cores } = this.#settings
    const now = { mode, cores, failed, running, busyBatches: this.#busyBatches }
    return hashesIn(now) === 'worker'
  }

  /** The worker has a batch. */
  get isWorkerBusy(): boolean {
    return this.#worker.pending > 0
  }

  /**
   * Ends the worker and lets the arena's memory go, each if nobody uses it. For a process in which
   * nothing has been hashed for a while: both come back with the next batch.
   */
  async trim(): Promise<void> {
    if (this.#settings.arena.trim()) this.#kernels.forget()
    if (this.#worker.isRunning && this.#worker.pending === 0) {
      this.#busyBatches = 0
      await this.#worker.stop()
    }
  }

  /** Lets what is no full batch wait for one turn: many streams with a part each would be hashed one by one. */
  async #gather(): Promise<void> {
    if (this.#isGathering) return
    this.#isGathering = true
    // Hashing itself will tell what it rejects with.
    await this.#settings.breathe().catch(() => undefined)
    this.#isGathering = false
    this.#pump()
  }

  /** Starts as many batches as can be under way: one here, and those of the worker. */
  #pump(): void {
    for (let tasks = nextTasks(this.#waiting); tasks.length > 0; tasks = nextTasks(this.#waiting)) {
      const there = this.#prefersWorker(tasks) ? this.#forWorker(tasks) : undefined
      if (there === 'later' || (there === undefined && this.#isHashing)) return
      this.#waiting.splice(0, tasks.length)
      if (there === undefined) void this.#hashHere(tasks)
      else void this.#hashThere(tasks, there)
    }
  }

  /** A part that stands alone is hashed here: the kernels take as long for one as for four. */
  #prefersWorker(tasks: readonly HashTask[]): boolean {
    const [head] = tasks
    return head !== undefined && tasks.length > 1 && this.usesWorker(head.mode)
  }

  /** A batch that the worker can do; `undefined` if it cannot, `later` if it has enough to do. */
  #forWorker(tasks: readonly HashTask[]): WorkerWork | 'later' | undefined {
    if (this.#workerStates.length < WIDE) return 'later'
    const states = this.#workerStates.splice(0, WIDE)
    const made = this.#workOn(tasks, states)
    if (made?.calls !== undefined) return { ...made, states, posted: inPieces(made.calls, BREATH) }
    this.#workerStates.push(...states)
    return undefined
  }

  async #hashThere(tasks: readonly HashTask[], there: WorkerWork): Promise<void> {
    const { batches, memory, states, posted } = there
    try {
      await this.#worker.run(memory, posted)
      settle(tasks, digestsOf(batches))
    } catch {
      // The thread has died. The bytes are still where they were: from the start, here.
      this.#waiting.unshift(...tasks.map((task): HashTask => ({ ...task, mode: 'inline' })))
    }
    this.#workerStates.push(...states)
    this.#meter()
    this.#pump()
  }

  async #hashHere(tasks: readonly HashTask[]): Promise<void> {
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

  async #hashInSlices(tasks: readonly HashTask[]): Promise<Digests[] | undefined> {
    const work = isWorthKernels(tasks.map(({ job }) => job))
      ? this.#workOn(tasks, this.#ownStates)
      : undefined
    if (work === undefined) return undefined
    const { batches, kernels, calls } = work
    if (calls !== undefined) await this.#make(kernels, calls)
    else for (const batch of batches) await this.#make(kernels, batch.calls(), batch)
    return digestsOf(batches)
  }

  async #make(kernels: SomeKernels, calls: Iterable<AnyCall | Call>, batch?: Batch): Promise<void> {
    let left = BREATH
    for (const call of calls) {
      if (!('kernel' in call)) {
        batch?.stage(call.lane, call.from, call.length)
        continue
      }
      const kernel = kernels[call.kernel]
      if (kernel === undefined) throw new RangeError(`There is no ${call.kernel}`)
      // By the lanes, idle ones included: what takes the time is the call.
      const size = BLOCK * lanesOf(call)
      for (let from = 0; from < call.blocks; ) {
        const blocks = Math.min(call.blocks - from, Math.ceil(left / size))
        kernel(...argumentsOfAny(call, from, blocks))
        from += blocks
        left -= blocks * size
        if (left > 0) continue
        await this.#settings.breathe()
        left = BREATH
      }
    }
  }

  async #hashOneByOne(tasks: readonly HashTask[]): Promise<Digests[]> {
    const digests: Digests[] = []
    for (const task of tasks) digests.push(await this.#hashAlone(task))
    return digests
  }

  /** MD5 by node:crypto; CRC-64 by its kernel, if there is one. */
  async #hashAlone(task: HashTask): Promise<Digests> {
    const { job } = task
    const crc64 = job.crc64
      ? await this.#hashInSlices([{ ...task, job: { ...job, md5: false } }])
      : undefined
    if (crc64 === undefined) return hashPlainly(job, this.#settings.breathe)
    const { md5 } = await hashPlainly({ ...job, crc64: false }, this.#settings.breathe)
    return { md5, crc64: crc64[0]?.crc64 }
  }

  /** Batches with the kernels on their memory, or `undefined` where there are none. */
  #workOn(tasks: readonly HashTask[], states: readonly number[]): ReadyWork | undefined {
    const { arena } = this.#settings
    const memory = arena.memory()
    const kernels = memory && this.#kernels.on(memory)
    if (memory === undefined || kernels === undefined) return undefined
    const name = jointKernelOf(tasks.length)
    const joint = name && this.#kernels.add(name, states)
    const holds = (bytes: Uint8Array) => arena.holds(bytes)
    const batches = states.flatMap((state, index) => {
      const jobs = tasks.slice(LANES * index, LANES * (index + 1)).map(({ job }) => job)
      const [head] = jobs
      if (head === undefined) return []
      const { md5, crc64 } = head
      return [new Batch(jobs, { memory, state, md5, crc64, holds })]
    })
    return { batches, memory, kernels, calls: callsOf(batches, joint) }
  }

  #meter(): void {
    const isBusy = this.#settings.utilization() >= BUSY
    this.#busyBatches = isBusy ? this.#busyBatches + 1 : 0
  }
}

function digestsOf(batches: readonly Batch[]): Digests[] {
  return batches.flatMap((batch) => batch.digests())
}
