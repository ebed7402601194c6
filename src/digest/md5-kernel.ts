/**
 * MD5 (RFC 1321) of four messages at once: word `i` of all four lies in one 128-bit register. Takes
 * whole blocks only; padding is the caller's. `md5x4(state, p0, p1, p2, p3, blocks, lanes)` reads
 * `blocks` blocks from each address and leaves the state of lanes whose bit is not set as it is.
 */
import { LANE_MASKS, LANES, MD5_CONSTANTS, MD5_STATE } from './layout.js'
import {
  type Code,
  type FunctionSource,
  get,
  i32,
  i32x4,
  type Local,
  type NewLocal,
  set,
  tee,
  v128,
  whileTrue,
} from './wasm-emitter.js'

/** What the four words of the state start as. */
export const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const

/** What the kernel keeps in registers of the four messages. */
export interface Md5Registers {
  readonly pointers: readonly Local[]
  /** The state, and that of the block under way. */
  readonly sums: readonly Local[]
  readonly working: readonly Local[]
  readonly words: readonly Local[]
  readonly scratch: Local
}

export const md5x4: FunctionSource = {
  name: 'md5x4',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body: (params, local) => {
    const { state, pointers, blocks, lanes } = md5Params(params)
    const registers = md5Registers(pointers, local)
    return [
      loadMd5(registers, state),
      whileTrue(get(blocks), [
        md5Block(registers),
        pointers.map((pointer) => set(pointer, i32.add(get(pointer), i32.const(64)))),
        set(blocks, i32.sub(get(blocks), i32.const(1))),
      ]),
      storeMd5(registers, state, lanes),
    ]
  },
}

/** The parameters of a kernel of four lanes, by name. */
export function md5Params(params: readonly Local[]): {
  readonly state: Local
  readonly pointers: readonly Local[]
  readonly blocks: Local
  readonly lanes: Local
} {
  const pointers = params.slice(1, 1 + LANES)
  return { state: at(params, 0), pointers, blocks: at(params, 5), lanes: at(params, 6) }
}

export function md5Registers(pointers: readonly Local[], local: NewLocal): Md5Registers {
  const vectors = (count: number) => times(count, () => local('v128'))
  return {
    pointers,
    sums: vectors(4),
    working: vectors(4),
    words: vectors(16),
    scratch: local('v128'),
  }
}

export function loadMd5({ sums }: Md5Registers, state: Local): Code {
  return sums.map((sum, i) => set(sum, v128.load(get(state), MD5_STATE + 16 * i)))
}

/** Stores the state of the lanes whose bit is set. */
export function storeMd5({ sums }: Md5Registers, state: Local, lanes: Local): Code {
  const mask = v128.load(i32.shl(get(lanes), 4), LANE_MASKS)
  return sums.map((sum, i) => {
    const before = v128.load(get(state), MD5_STATE + 16 * i)
    return v128.store(get(state), v128.select(get(sum), before, mask), MD5_STATE + 16 * i)
  })
}

/** Absorbs a block. `beside` may do something else after each step: the steps wait for one another. */
export function md5Block(registers: Md5Registers, beside: (step: number) => Code = () => []): Code {
  const { begin, steps, end } = md5Parts(registers)
  return [begin, steps.map((step, i) => [step, beside(i)]), end]
}

/** A block in its parts, to be done in this order. */
export function md5Parts({ pointers, sums, working, words, scratch }: Md5Registers): {
  readonly begin: Code
  readonly steps: readonly Code[]
  readonly end: Code
} {
  return {
    begin: [
      times(4, (quarter) => loadWords(words, working, pointers, quarter)),
      working.map((word, i) => set(word, get(at(sums, i)))),
    ],
    steps: md5Steps(working, vectorOps(scratch), {
      word: (index) => get(at(words, index)),
      constant: (step) => v128.load(i32.const(0), MD5_CONSTANTS + 16 * step),
    }),
    end: sums.map((sum, i) => set(sum, i32x4.add(get(sum), get(at(working, i))))),
  }
}

/** Writes what the kernels of MD5 read into a fresh memory. */
export function writeMd5Tables(buffer: ArrayBufferLike): void {
  const constants = md5Constants().flatMap((constant) => Array<number>(LANES).fill(constant))
  new Uint32Array(buffer, MD5_CONSTANTS, constants.length).set(constants)
  const masks = Array.from({ length: 16 * LANES }, (_, i) => ((i >> 2) & (1 << (i & 3)) ? -1 : 0))
  new Int32Array(buffer, LANE_MASKS, masks.length).set(masks)
}

/** Constants of the 64 steps, as RFC 1321 defines them: 2^32 · |sin(i)|, i from 1. */
export function md5Constants(): number[] {
  return times(64, (i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32))
}

/** Loads 16 bytes from each message and turns rows (messages) into columns (words). */
function loadWords(
  words: readonly Local[],
  rows: readonly Local[],
  pointers: readonly Local[],
  quarter: number,
): Code {
  const [a, b, c, d] = four(rows)
  const [w0, w1, w2, w3] = four(words.slice(4 * quarter))
  return [
    rows.map((row, i) => set(row, v128.load(get(at(pointers, i)), 16 * quarter))),
    set(w0, v128.pick(get(a), get(b), [0, 4, 1, 5])),
    set(w1, v128.pick(get(c), get(d), [0, 4, 1, 5])),
    set(w2, v128.pick(get(a), get(b), [2, 6, 3, 7])),
    set(w3, v128.pick(get(c), get(d), [2, 6, 3, 7])),
    set(a, v128.pick(get(w0), get(w1), [0, 1, 4, 5])),
    set(b, v128.pick(get(w0), get(w1), [2, 3, 6, 7])),
    set(c, v128.pick(get(w2), get(w3), [0, 1, 4, 5])),
    set(d, v128.pick(get(w2), get(w3), [2, 3, 6, 7])),
    [set(w0, get(a)), set(w1, get(b)), set(w2, get(c)), set(w3, get(d))],
  ]
}

/** Of four words at once; `scratch` is overwritten. */
function vectorOps(scratch: Local): Md5Ops {
  const rotate = (words: Code, count: number) => {
    const left = i32x4.shl(tee(scratch, words), count)
    return v128.or(left, i32x4.shr(get(scratch), 32 - count))
  }
  return { ...v128, add: i32x4.add, rotate }
}

const ROTATIONS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const

/** What the steps of MD5 are made of: instructions on the words of one message, or of several at once. */
export interface Md5Ops {
  add(a: Code, b: Code): Code
  and(a: Code, b: Code): Code
  /** Bits of `a` that are not in `b`. */
  andNot(a: Code, b: Code): Code
  or(a: Code, b: Code): Code
  xor(a: Code, b: Code): Code
  not(a: Code): Code
  /** Turns the bits of each word left, by 1 to 31. */
  rotate(a: Code, count: number): Code
}

/** Where a step finds what it adds. */
export interface Md5Operands {
  /** Word of the block, 0 to 15. */
  word(index: number): Code
  /** Constant of a step, 0 to 63. */
  constant(step: number): Code
}

/** The 64 steps on a block. */
export function md5Steps(working: readonly Local[], ops: Md5Ops, operands: Md5Operands): Code[] {
  let [a, b, c, d] = four(working)
  return times(64, (i) => {
    const round = i >> 4
    const word = operands.word(at([i, 5 * i + 1, 3 * i + 5, 7 * i], round) % 16)
    const count = at(at(ROTATIONS, round), i % 4)
    const start = ops.add(ops.add(get(a), operands.constant(i)), word)
    const sum = mix(round, ops, start, [get(b), get(c), get(d)])
    const step = set(a, ops.add(ops.rotate(sum, count), get(b)))
    ;[a, b, c, d] = [d, a, b, c]
    return step
  })
}

/**
 * Adds a round's function of b, c, d to `sum`. `b` comes last from the step before, and every step waits
 * for it, so each form is chosen to have the fewest operations after it.
 */
function mix(round: number, ops: Md5Ops, sum: Code, [b, c, d]: readonly [Code, Code, Code]): Code {
  switch (round) {
    case 0:
      return ops.add(sum, ops.xor(d, ops.and(b, ops.xor(c, d))))
    case 1:
      // (b & d) | (c & ~d): no bit is in both, so that they can be added one after the other.
      return ops.add(ops.add(sum, ops.andNot(c, d)), ops.and(b, d))
    case 2:
      return ops.add(sum, ops.xor(b, ops.xor(c, d)))
    default:
      return ops.add(sum, ops.xor(c, ops.or(b, ops.not(d))))
  }
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function four(locals: readonly Local[]): [Local, Local, Local, Local] {
  return [at(locals, 0), at(locals, 1), at(locals, 2), at(locals, 3)]
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new RangeError(`No item ${index}`)
  return item
}
