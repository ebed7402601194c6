/**
 * MD5 of up to eight short messages in one go, of any lengths: copied into a memory of their own, padded
 * there, and hashed side by side by the kernels of four and of eight.
 */
import { md5Of } from '../protocol/digest.js'
import {
  FIRST_SLAB,
  LANES,
  LONGEST_MESSAGE,
  MD5_PADDING,
  MD5_STATE,
  MOST_MESSAGES,
  SCRATCH,
  stageAt,
  stateAt,
  WINDOW,
} from './layout.js'
import { MD5_START, md5x4, writeMd5Tables } from './md5-kernel.js'
import { md5x8 } from './md5-wide-kernel.js'
import { emitModule } from './wasm-emitter.js'
import { wasmEngine } from './wasm-engine.js'

const BLOCK = 64
const PAGE = 64 * 1024
/** The memory is laid out as that of the part buffers, with the windows of the other four in their place. */
const MEMORY_SIZE = FIRST_SLAB + (MOST_MESSAGES - LANES) * WINDOW

type Kernel = (...args: readonly number[]) => void

/** A message in its window; these are used again from call to call. */
interface Lane {
  /** Of its first block. */
  readonly address: number
  /** Place of the message among those given. */
  readonly index: number
  /** Of the message and its padding. */
  blocks: number
}

/** Up to four of them, the longest first, and where their state is. */
interface Four {
  readonly state: number
  readonly lanes: readonly Lane[]
}

export class SmallMd5Kernel {
  readonly #bytes: Uint8Array
  readonly #words: Int32Array
  readonly #view: DataView
  readonly #four: Kernel
  readonly #eight: Kernel
  readonly #lanes = Array.from({ length: MOST_MESSAGES }, (_, index): Lane => {
    const address = index < LANES ? stageAt(index) : FIRST_SLAB + WINDOW * (index - LANES)
    return { address, index, blocks: 0 }
  })
  /** A state in which no block has been absorbed. */
  readonly #start = Int32Array.from(MD5_START.flatMap((word) => Array<number>(LANES).fill(word)))

  /** @throws what the engine throws where there is no WebAssembly, or no SIMD */
  constructor() {
    const pages = Math.ceil(MEMORY_SIZE / PAGE)
    const { Memory, Module, Instance } = wasmEngine()
    const memory = new Memory({ initial: pages, maximum: pages })
    const { exports } = new Instance(new Module(emitModule([md5x4, md5x8], 'own')), {
      env: { memory, scratch: SCRATCH },
    })
    if (!areKernels(exports)) throw new Error('The module does not export the kernels')
    this.#four = exports.md5x4
    this.#eight = exports.md5x8
    this.#bytes = new Uint8Array(memory.buffer)
    this.#words = new Int32Array(memory.buffer)
    this.#view = new DataView(memory.buffer)
    writeMd5Tables(memory.buffer)
    // A wrong digest would be refused by the service, however often the object was sent again.
    const known = this.#lanes.map(({ index }) => Buffer.alloc(50 * index, 'osspipe'))
    const isRight = Buffer.concat(this.hash(known)).equals(Buffer.concat(known.map(md5Of)))
    if (!isRight) throw new Error('The kernels are wrong')
  }

  /** Returns the digests, 16 bytes each, in order, of one to eight messages of up to 65,527 bytes. */
  hash(messages: readonly Uint8Array[]): Uint8Array[] {
    const lanes = this.#stage(messages)
    const first: Four = { state: stateAt(0), lanes: lanes.slice(0, LANES) }
    const second: Four = { state: stateAt(1), lanes: lanes.slice(LANES) }
    const together = second.lanes.at(-1)?.blocks ?? 0
    for (const { state } of [first, second]) this.#words.set(this.#start, (state + MD5_STATE) / 4)
    if (together > 0) {
      this.#eight(...argumentsOf(first, 0, together), ...argumentsOf(second, 0, together))
    }
    const digests: Uint8Array[] = messages.slice()
    for (const four of [first, second]) {
      this.#finish(four, together)
      for (const [lane, { index }] of four.lanes.entries()) {
        digests[index] = this.#digestAt(four.state + MD5_STATE, lane)
      }
    }
    return digests
  }

  /** Puts each message into a window, with its padding; returns them, the longest first. */
  #stage(messages: readonly Uint8Array[]): Lane[] {
    const lanes = this.#lanes.slice(0, messages.length)
    if (lanes.length < messages.length) throw new RangeError(`${messages.length} messages at once`)
    let isSorted = true
    let before = Number.POSITIVE_INFINITY
    for (const lane of lanes) {
      const { address, index } = lane
      const message = messages[index] ?? NOTHING
      const size = message.byteLength
      if (size > LONGEST_MESSAGE) throw new RangeError(`A message of ${size} bytes`)
      lane.blocks = Math.ceil((size + MD5_PADDING) / BLOCK)
      const end = address + BLOCK * lane.blocks
      this.#bytes.set(message, address)
      this.#bytes[address + size] = 0x80
      this.#bytes.fill(0, address + size + 1, end)
      this.#view.setUint32(end - 8, 8 * size, true)
      isSorted &&= lane.blocks <= before
      before = lane.blocks
    }
    return isSorted ? lanes : lanes.sort((a, b) => b.blocks - a.blocks)
  }

  /** Absorbs what is left of the messages behind their first `from` blocks. */
  #finish({ state, lanes }: Four, from: number): void {
    let at = from
    for (let busy = lanes.length; busy > 0; busy--) {
      const until = lanes[busy - 1]?.blocks ?? at
      if (until === at) continue
      this.#four(...argumentsOf({ state, lanes: lanes.slice(0, busy) }, at, until - at))
      at = until
    }
  }

  #digestAt(address: number, lane: number): Uint8Array {
    const digest = Buffer.allocUnsafe(16)
    for (let i = 0; i < 4; i++) {
      digest.writeInt32LE(this.#words[address / 4 + LANES * i + lane] ?? 0, 4 * i)
    }
    return digest
  }
}

const NOTHING = new Uint8Array(0)

/** Lanes without a message read that of the first, and are left out of the mask. */
function argumentsOf({ state, lanes }: Four, from: number, blocks: number): number[] {
  const offset = BLOCK * from
  const first = lanes[0]?.address ?? 0
  const at = (lane: number) => (lanes[lane]?.address ?? first) + offset
  return [state, at(0), at(1), at(2), at(3), blocks, (1 << lanes.length) - 1]
}

function areKernels(exports: object): exports is { md5x4: Kernel; md5x8: Kernel } {
  return 'md5x4' in exports && 'md5x8' in exports
}
