/**
 * A batch: up to four jobs side by side, turned into calls of the kernels. The plan is made here,
 * whoever carries it out, this thread in slices or the worker in one go, only makes the calls.
 *
 * All lanes are at the same offset of their job all the time; the longest comes first, so that the
 * lanes still busy are always the first ones.
 */
import { crc64 } from '../protocol/digest.js'
import { copyBytes, type Digests, type DigestWish, type HashJob, sizeOf } from './job.js'
import { crc64At, type KernelName, md5At, resetState } from './kernels.js'
import { CRC64_STATE, LANES, stageAt, TAIL_SIZE, TAILS, WINDOW } from './layout.js'
import type { WasmMemory } from './wasm-engine.js'

/** A call of a kernel, or a copy into a lane's window that has to come before it. */
export type Call = KernelCall | Copy

/** May be made in pieces, see {@link argumentsOf}: as long as nothing changes it is one call. */
export interface KernelCall {
  readonly kernel: KernelName
  readonly state: number
  /** Where the bytes of each lane are, or those of another in place of an idle one's. */
  readonly addresses: readonly number[]
  readonly blocks: number
  /** Bits of the lanes that are busy, where the kernel wants them. */
  readonly lanes?: number
}

interface Copy {
  readonly lane: number
  readonly from: number
  readonly length: number
}

export interface BatchSettings extends DigestWish {
  readonly memory: WasmMemory
  /** Address of the state this batch has to itself. */
  readonly state: number
  /** Whether bytes lie in the memory. */
  holds(bytes: Uint8Array): boolean
}

/** Bytes of a block. */
export const BLOCK = 64

interface Lane {
  readonly job: HashJob
  /** Place of the job among those given. */
  readonly index: number
  readonly size: number
  /** Bytes of its whole blocks. */
  readonly end: number
}

export class Batch {
  readonly #settings: BatchSettings
  readonly #lanes: readonly Lane[]

  /** @param jobs one to four; empty ones are fine */
  constructor(jobs: readonly HashJob[], settings: BatchSettings) {
    if (jobs.length < 1 || jobs.length > LANES) throw new RangeError(`No batch has ${jobs.length}`)
    this.#settings = settings
    this.#lanes = jobs
      .map((job, index) => {
        const size = sizeOf(job)
        return { job, index, size, end: size - (size % BLOCK) }
      })
      .sort((a, b) => b.size - a.size)
  }

  /** Prepares the state, then returns the calls in order. */
  *calls(): Generator<Call, void, undefined> {
    const { memory, state, md5 } = this.#settings
    resetState(memory, state)
    const longest = this.#lanes[0]?.end ?? 0
    for (let at = 0; at < longest; ) {
      const busy = this.#lanes.filter(({ end }) => end > at)
      const places = busy.map((lane) => this.#placeOf(lane, at))
      const length = Math.min(...places.map((place) => place.length))
      const addresses: number[] = []
      for (const [lane, { address }] of places.entries()) {
        if (address === undefined) yield { lane, from: at, length }
        addresses.push(address ?? stageAt(lane))
      }
      yield* this.#hash(addresses, length)
      at += length
    }
    if (md5) yield* this.#finishMd5()
  }

  /** Carries a copy out. */
  stage(lane: number, from: number, length: number): void {
    const job = this.#lanes[lane]?.job
    if (job === undefined) throw new RangeError(`No lane ${lane}`)
    copyBytes(job, from, new Uint8Array(this.#settings.memory.buffer, stageAt(lane), length))
  }

  /** The digests in the order of the jobs, once all calls have been made. */
  digests(): Digests[] {
    const { memory, state, md5 } = this.#settings
    const digests: Digests[] = []
    for (const [lane, { job, index, end, size }] of this.#lanes.entries()) {
      const rest = new Uint8Array(size - end)
      copyBytes(job, end, rest)
      digests[index] = {
        md5: md5 ? md5At(memory, state, lane) : undefined,
        crc64: this.#settings.crc64 ? crc64(rest, crc64At(memory, state, lane)) : undefined,
      }
    }
    return digests
  }

  /** Where a lane's bytes from `at` on can be read, and how many at most in one go. */
  #placeOf({ job, end }: Lane, at: number): { address: number | undefined; length: number } {
    const most = end - at
    let start = 0
    for (const bytes of job.bytes) {
      const left = start + bytes.byteLength - at
      if (left > 0) {
        if (!this.#settings.holds(bytes)) {
          return { address: undefined, length: Math.min(WINDOW, most) }
        }
        // A block that lies in two buffers is put together in the window.
        if (left < BLOCK) return { address: undefined, length: BLOCK }
        const address = bytes.byteOffset + at - start
        return { address, length: Math.min(most, left - (left % BLOCK)) }
      }
      start += bytes.byteLength
    }
    throw new RangeError(`No byte ${at}`)
  }

  *#hash(addresses: readonly number[], length: number): Generator<Call, void, undefined> {
    const { state, md5, crc64 } = this.#settings
    const blocks = length / BLOCK
    if (md5) {
      yield md5Call(crc64 ? 'md5crc64x4' : 'md5x4', state, addresses, blocks)
    } else if (crc64) {
      for (const [lane, address] of addresses.entries()) {
        const register = state + CRC64_STATE + 8 * lane
        yield { kernel: 'crc64', state: register, addresses: [address], blocks }
      }
    }
  }

  /** Pads every lane: with one more block, or two where the length finds no room in the first. */
  *#finishMd5(): Generator<Call, void, undefined> {
    const { memory, state } = this.#settings
    const tails = this.#lanes.map(({ job, size, end }, lane) => {
      const address = state + TAILS + TAIL_SIZE * lane
      const rest = size - end
      const length = rest + 9 > BLOCK ? 2 * BLOCK : BLOCK
      const tail = new Uint8Array(memory.buffer, address, length).fill(0)
      copyBytes(job, end, tail.subarray(0, rest))
      tail[rest] = 0x80
      const bits = BigInt(size) * 8n
      new DataView(memory.buffer).setBigUint64(address + length - 8, bits, true)
      return { address, length }
    })
    const addresses = tails.map(({ address }) => address)
    yield md5Call('md5x4', state, addresses, 1)
    const second = addresses.map((address) => address + BLOCK)
    const lanes = tails.reduce((mask, { length }, i) => mask | (length > BLOCK ? 1 << i : 0), 0)
    if (lanes === 0) return
    yield md5Call('md5x4', state, second, 1, lanes)
  }
}

/** What the kernel is called with to take `blocks` of the call's blocks, behind the first `from`. */
export function argumentsOf(call: KernelCall, from = 0, blocks = call.blocks): number[] {
  const { state, addresses, lanes } = call
  const moved = addresses.map((address) => address + BLOCK * from)
  return lanes === undefined ? [state, ...moved, blocks] : [state, ...moved, blocks, lanes]
}

/** Lanes without bytes read those of the first and are left out of the mask. */
function md5Call(
  kernel: KernelName,
  state: number,
  addresses: readonly number[],
  blocks: number,
  lanes = (1 << addresses.length) - 1,
): KernelCall {
  const [first = 0] = addresses
  const idle = Array<number>(LANES - addresses.length).fill(first)
  return { kernel, state, addresses: [...addresses, ...idle], blocks, lanes }
}
