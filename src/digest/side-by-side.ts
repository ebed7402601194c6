/**
 * Two batches as one: where both have MD5 to compute, by one call for both. Which are to be hashed
 * so is the hasher's to know.
 */
import { argumentsOf, type Batch, BLOCK, type KernelCall } from './batch.js'
import type { PostedCall } from './hash-worker.js'
import { type JointName, jointArguments } from './kernels.js'
import { LANES } from './layout.js'

/** Two calls of `md5x4` with as many blocks each; for `md5x5` the second has one lane. */
export interface JointCall {
  readonly kernel: JointName
  readonly pair: readonly [KernelCall, KernelCall]
  readonly blocks: number
}

export type AnyCall = KernelCall | JointCall

/**
 * The calls of one batch or two, or `undefined` if some of their bytes lie outside the memory.
 * @param joint the kernel that takes both, if there is one
 */
export function callsOf(batches: readonly Batch[], joint?: JointName): AnyCall[] | undefined {
  const [first, second] = batches.map(inMemory)
  if (first === undefined || (second === undefined && batches.length > 1)) return undefined
  if (second === undefined) return first
  return joint === undefined ? [...first, ...second] : sideBySide(joint, first, second)
}

/**
 * Calls for the worker, in pieces of so many bytes: the engine's better code comes while the first ones
 * run, and only a new call takes it.
 */
export function inPieces(calls: readonly AnyCall[], bytes: number): PostedCall[] {
  const posted: PostedCall[] = []
  for (const call of calls) {
    const most = Math.ceil(bytes / (BLOCK * lanesOf(call)))
    for (let from = 0; from < call.blocks; from += most) {
      const blocks = Math.min(most, call.blocks - from)
      posted.push([call.kernel, argumentsOfAny(call, from, blocks)])
    }
  }
  return posted
}

/** Returns the calls of both batches, each batch's in their order. */
export function sideBySide(
  kernel: JointName,
  first: readonly KernelCall[],
  second: readonly KernelCall[],
): AnyCall[] {
  const calls: AnyCall[] = []
  const [a, b] = [first.toReversed(), second.toReversed()]
  for (let next = a.pop(); next !== undefined; next = a.pop()) {
    const other = next.kernel === 'md5x4' && b.at(-1)?.kernel === 'md5x4' ? b.pop() : undefined
    if (other === undefined) {
      calls.push(next)
      continue
    }
    const blocks = Math.min(next.blocks, other.blocks)
    calls.push({ kernel, pair: [part(next, 0, blocks), part(other, 0, blocks)], blocks })
    if (next.blocks > blocks) a.push(part(next, blocks, next.blocks))
    if (other.blocks > blocks) b.push(part(other, blocks, other.blocks))
  }
  return [...calls, ...b.toReversed()]
}

/** As {@link argumentsOf}. */
export function argumentsOfAny(call: AnyCall, from = 0, blocks = call.blocks): number[] {
  if (!('pair' in call)) return argumentsOf(call, from, blocks)
  const [first, second] = call.pair
  const [a, b] = [argumentsOf(first, from, blocks), argumentsOf(second, from, blocks)]
  return jointArguments(call.kernel, a, b)
}

/** Lanes that the call reads, idle ones included. */
export function lanesOf(call: AnyCall): number {
  if (!('pair' in call)) return call.addresses.length
  return call.kernel === 'md5x5' ? LANES + 1 : 2 * LANES
}

function part(call: KernelCall, from: number, to: number): KernelCall {
  const addresses = call.addresses.map((address) => address + BLOCK * from)
  return { ...call, addresses, blocks: to - from }
}

function inMemory(batch: Batch): KernelCall[] | undefined {
  const calls: KernelCall[] = []
  for (const call of batch.calls()) {
    if (!('kernel' in call)) return undefined
    calls.push(call)
  }
  return calls
}
