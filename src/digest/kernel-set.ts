/**
 * The kernels on the memory of the part buffers, as far as they work: those of up to four parts, and the
 * joint ones once they are needed. What has failed once is not tried again.
 */
import {
  instantiateJoint,
  instantiateKernels,
  type JointName,
  type Kernel,
  type Kernels,
} from './kernels.js'
import type { WasmMemory } from './wasm-engine.js'

export type SomeKernels = Kernels & Partial<Record<JointName, Kernel>>

export class KernelSet {
  #ready: { readonly memory: WasmMemory; readonly kernels: SomeKernels } | undefined
  #fails = false
  readonly #failing = new Set<JointName>()

  /** The kernels on `memory`; `undefined` where they do not work. */
  on(memory: WasmMemory): SomeKernels | undefined {
    if (this.#fails) return undefined
    if (this.#ready?.memory === memory) return this.#ready.kernels
    try {
      const kernels = { ...instantiateKernels(memory) }
      this.#ready = { memory, kernels }
      return kernels
    } catch {
      this.#fails = true
      return undefined
    }
  }

  /**
   * Adds a joint kernel to those that `on` has returned.
   * @param states two states that are free
   * @returns its name; `undefined` where it does not work
   */
  add(name: JointName, states: readonly number[]): JointName | undefined {
    const [first, second] = states
    if (this.#ready === undefined || this.#failing.has(name)) return undefined
    if (first === undefined || second === undefined) return undefined
    const { memory, kernels } = this.#ready
    try {
      kernels[name] ??= instantiateJoint(name, memory, kernels, [first, second])
      return name
    } catch {
      this.#failing.add(name)
      return undefined
    }
  }

  /** The memory is gone. */
  forget(): void {
    this.#ready = undefined
  }
}
