/**
 * Where part buffers come from and go to: a process has one such place for all its uploads. Slabs
 * that nobody has are kept for the next upload only as long as the garbage collector lets them,
 * so an idle process gives its memory back by itself.
 */

export interface Slabs {
  /**
   * A slab of exactly `size` bytes; its content is arbitrary.
   * @param isFirst of an upload, which may well need no other
   */
  allocate(size: number, isFirst?: boolean): Uint8Array
  /** Takes a slab back. Nobody may touch it afterwards. */
  free(slab: Uint8Array): void
}

/** Memory that the digest kernels can read without a copy; see digest/arena.ts. */
export interface KernelMemory {
  tryAllocate(size: number): Uint8Array | undefined
  holds(slab: Uint8Array): boolean
  free(slab: Uint8Array): void
}

/** Slabs of one size that are kept for later, at most. */
const MOST_KEPT = 64

export class ProcessSlabs implements Slabs {
  readonly #kernelMemory: (isFirst: boolean) => KernelMemory | undefined
  readonly #onUse: ((isUsed: boolean) => void) | undefined
  readonly #kept = new Map<number, WeakRef<Uint8Array>[]>()
  #lent = 0

  /**
   * @param kernelMemory the memory to prefer, if there is one: for a first slab, or for any
   * @param onUse told when the first slab is lent, and when the last one is back
   */
  constructor(
    kernelMemory: (isFirst: boolean) => KernelMemory | undefined,
    onUse?: (isUsed: boolean) => void,
  ) {
    this.#kernelMemory = kernelMemory
    this.#onUse = onUse
  }

  allocate(size: number, isFirst = false): Uint8Array {
    // allocUnsafeSlow: outside Node's shared slab, so that holding on to it holds nothing else.
    const slab =
      this.#kernelMemory(isFirst)?.tryAllocate(size) ??
      this.#takeKept(size) ??
      Buffer.allocUnsafeSlow(size)
    // Not before: where there is no memory it throws.
    this.#lent++
    if (this.#lent === 1) this.#onUse?.(true)
    return slab
  }

  free(slab: Uint8Array): void {
    const memory = this.#kernelMemory(false)
    if (memory?.holds(slab)) memory.free(slab)
    else this.#keep(slab)
    this.#lent--
    if (this.#lent === 0) this.#onUse?.(false)
  }

  #keep(slab: Uint8Array): void {
    const kept = this.#kept.get(slab.byteLength) ?? []
    this.#kept.set(slab.byteLength, kept)
    if (kept.length < MOST_KEPT) kept.push(new WeakRef(slab))
  }

  #takeKept(size: number): Uint8Array | undefined {
    const kept = this.#kept.get(size) ?? []
    for (let next = kept.pop(); next !== undefined; next = kept.pop()) {
      const slab = next.deref()
      if (slab !== undefined) return slab
    }
    // Sizes come and go with the options of uploads; an empty list must not stay for each.
    this.#kept.delete(size)
    return undefined
  }
}
