/**
 * CRC-64 of a run of bytes as four neighbours side by side, combined at the end: one run alone keeps
 * the processor waiting for its own lookups. Keeps no byte between two calls, so that one serves all
 * streams of a process.
 */
import { crc64, crc64Combiner } from '../protocol/digest.js'
import { crc64At, instantiateKernels, type Kernels, writeTables } from './kernels.js'
import { CRC64_STATE, FIRST_SLAB, LANES, stageAt, stateAt } from './layout.js'
import { type WasmMemory, wasmEngine } from './wasm-engine.js'

const PAGE = 64 * 1024
const STATE = stateAt(0)

/** Bytes of a lane, longest first: what a chunk of the network is cut into. Multiples of 64. */
const LANE_SIZES = [16_384, 4096, 1024] as const

export class Crc64Blocks {
  readonly #memory: WasmMemory
  readonly #kernels: Kernels
  readonly #stage: Uint8Array
  readonly #states: Uint8Array
  readonly #combiners = LANE_SIZES.map((size) => [size, crc64Combiner(size)] as const)

  /** @throws what the engine throws where there is no WebAssembly, or no SIMD */
  constructor() {
    const pages = Math.ceil(FIRST_SLAB / PAGE)
    this.#memory = new (wasmEngine().Memory)({ initial: pages, maximum: pages, shared: true })
    writeTables(this.#memory)
    this.#kernels = instantiateKernels(this.#memory)
    this.#stage = new Uint8Array(this.#memory.buffer, stageAt(0), LANES * LANE_SIZES[0])
    this.#states = new Uint8Array(this.#memory.buffer, STATE + CRC64_STATE, 8 * LANES)
  }

  /** Returns the CRC-64 of the bytes whose CRC-64 is `previous`, followed by `bytes`. */
  extend(previous: bigint, bytes: Uint8Array): bigint {
    let crc = previous
    let at = 0
    for (const [size, combine] of this.#combiners) {
      for (; bytes.byteLength - at >= LANES * size; at += LANES * size) {
        this.#stage.set(bytes.subarray(at, at + LANES * size))
        this.#hashStage(size)
        for (let lane = 0; lane < LANES; lane++) {
          crc = combine(crc, crc64At(this.#memory, STATE, lane))
        }
      }
    }
    return crc64(bytes.subarray(at), crc)
  }

  /** Hashes four neighbours of `size` bytes each. */
  #hashStage(size: number): void {
    this.#states.fill(0xff)
    const lanes = Array.from({ length: LANES }, (_, lane) => stageAt(0) + lane * size)
    this.#kernels.crc64x4(STATE + CRC64_STATE, ...lanes, size / 64)
  }
}
