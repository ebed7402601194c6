/**
 * The thread that makes a batch's calls over the shared memory. Starts with the first batch, holds
 * the process open only while it has one, and says so when it dies: its batches then reject, and
 * their bytes are still where they were. Decides nothing.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads'
import {
  JOINT_NAMES,
  type JointName,
  jointModule,
  type KernelName,
  kernelModule,
} from './kernels.js'
import { WORKER_SCRATCH } from './layout.js'
import type { WasmMemory } from './wasm-engine.js'

/** A call as it is posted. */
export type PostedCall = readonly [kernel: KernelName | JointName, args: readonly number[]]

/**
 * All the thread runs. As text, because a file of its own is what bundlers lose and what loaders
 * of TypeScript do not find.
 */
const SOURCE = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const { module, scratch } = workerData
const modules = [module]
let env, kernels
parentPort.on('message', ({ id, memory, module, calls }) => {
  if (memory) env = { memory, scratch }
  if (module) modules.push(module)
  if (memory || module) {
    const instances = modules.map((module) => new WebAssembly.Instance(module, { env }))
    kernels = Object.assign({}, ...instances.map(({ exports }) => exports))
  }
  for (const [kernel, args] of calls) kernels[kernel](...args)
  parentPort.postMessage(id)
})
`

/** Starts a thread; tests look at it, or start another. */
export type Spawn = (source: string, options: WorkerOptions) => Worker

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export class HashWorker {
  readonly #spawn: Spawn
  readonly #waiting = new Map<number, Waiter>()
  #worker: Worker | undefined
  /** The memory the thread has its kernels on. */
  #memory: WasmMemory | undefined
  /** The joint kernels that the thread has. */
  readonly #joint = new Set<JointName>()
  #batches = 0
  #failure: unknown

  constructor(spawn: Spawn = (source, options) => new Worker(source, options)) {
    this.#spawn = spawn
  }

  /** Batches it has been given and not finished. */
  get pending(): number {
    return this.#waiting.size
  }

  get isRunning(): boolean {
    return this.#worker !== undefined
  }

  /** Whether it has died of itself or could not be started: it is not to be asked again. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Makes the calls in order, after those of the batches before. Rejects if the thread ends first. */
  run(memory: WasmMemory, calls: readonly PostedCall[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = this.#start()
      const id = this.#batches++
      const needed = JOINT_NAMES.find(
        (name) => !this.#joint.has(name) && calls.some(([kernel]) => kernel === name),
      )
      const module = needed && jointModule(needed)
      worker.postMessage({
        id,
        memory: memory === this.#memory ? undefined : memory,
        module,
        calls,
      })
      this.#memory = memory
      if (needed !== undefined) this.#joint.add(needed)
      this.#waiting.set(id, { resolve, reject })
      // Without this a process in which nothing else is under way would end before the answer.
      worker.ref()
    })
  }

  /** Ends the thread; batches it still has reject. The next batch starts another. */
  async stop(): Promise<void> {
    const worker = this.#worker
    this.#forget(new Error('The hashing thread was stopped'))
    await worker?.terminate()
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    try {
      const worker = this.#spawn(SOURCE, {
        eval: true,
        workerData: { module: kernelModule(), scratch: WORKER_SCRATCH },
        name: 'osspipe-digest',
        // Neither loaders nor flags of the process: the thread needs none, and some refuse threads.
        execArgv: [],
        env: {},
      })
      worker.on('message', (id: number) => this.#done(worker, id))
      worker.on('error', (error) => this.#died(worker, error))
      worker.on('exit', () => this.#died(worker, new Error('The hashing thread has ended')))
      worker.unref()
      this.#worker = worker
      return worker
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #done(worker: Worker, id: number): void {
    this.#waiting.get(id)?.resolve()
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) worker.unref()
  }

  #died(worker: Worker, reason: unknown): void {
    if (worker !== this.#worker) return
    this.#failure ??= reason
    this.#forget(reason)
  }

  #forget(reason: unknown): void {
    this.#worker = undefined
    this.#memory = undefined
    this.#joint.clear()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(reason)
  }
}
